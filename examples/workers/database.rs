//! A service returns an object. Its methods are called before it is there, so that all of it is one round trip.

use std::cell::RefCell;
use std::collections::HashMap;

use bowline::runtime::Vat;
use bowline::worker::{JsError, Worker, rpc_interface, rpc_target};

#[derive(Default)]
struct Database {
    data: RefCell<HashMap<String, String>>,
}

#[rpc_target]
impl Database {
    fn set(&self, key: String, value: String) {
        self.data.borrow_mut().insert(key, value);
    }

    fn get(&self, key: &str) -> Option<String> {
        self.data.borrow().get(key).cloned()
    }

    /// Properties work too.
    #[rpc(getter)]
    fn size(&self) -> usize {
        self.data.borrow().len()
    }
}

struct DatabaseService;

#[rpc_target]
impl DatabaseService {
    async fn open(&self) -> Database {
        Database::default()
    }
}

/// What callers know of a database.
#[rpc_interface]
trait Db {
    async fn set(&self, key: &str, value: &str);
    async fn get(&self, key: &str) -> Option<String>;
    #[rpc(getter)]
    async fn size(&self) -> usize;
}

#[rpc_interface]
trait DbService {
    async fn open(&self) -> Db;
}

pub(crate) async fn run() -> Result<String, JsError> {
    let vat = Vat::local();
    let worker = Worker::new("db-service").entrypoint("default", |_| DatabaseService);
    let service = DbService::from(worker.service("default")?.stub(vat.here()));

    // Nothing is awaited before all has been sent.
    let db = service.open();
    let set = db.set("name", "Alice");
    let name = db.get("name");
    let size = db.size();
    set.await?;
    let (name, size) = (name.await?, size.await?);
    Ok(format!("name = {name:?}, size = {size}"))
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), JsError> {
    println!("{}", run().await?);
    Ok(())
}
