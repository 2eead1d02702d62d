//! One Worker with two entrypoints: which of them a binding names decides what may be done through it.

use std::cell::RefCell;
use std::rc::Rc;

use bowline::runtime::Vat;
use bowline::worker::{JsError, Worker, args, rpc_interface, rpc_target};

type Users = Rc<RefCell<Vec<String>>>;

/// For everybody.
struct PublicApi(Users);

#[rpc_target]
impl PublicApi {
    async fn users(&self) -> Vec<String> {
        self.0.borrow().clone()
    }
}

/// For whoever has a binding to it.
struct AdminApi(Users);

#[rpc_target]
impl AdminApi {
    async fn create_user(&self, name: String) {
        self.0.borrow_mut().push(name);
    }

    async fn delete_user(&self, name: &str) -> bool {
        let before = self.0.borrow().len();
        self.0.borrow_mut().retain(|user| user != name);
        self.0.borrow().len() < before
    }
}

#[rpc_interface]
trait Public {
    async fn users(&self) -> Vec<String>;
}

#[rpc_interface]
trait Admin {
    async fn create_user(&self, name: &str);
    async fn delete_user(&self, name: &str) -> bool;
}

fn api() -> Worker {
    let users = Users::default();
    let of_admin = Rc::clone(&users);
    Worker::new("api-service")
        .entrypoint("default", move |_| PublicApi(Rc::clone(&users)))
        .entrypoint("AdminAPI", move |_| AdminApi(Rc::clone(&of_admin)))
}

pub(crate) async fn run() -> Result<String, JsError> {
    let vat = Vat::local();
    let api = api();
    let public = Public::from(api.service("default")?.stub(vat.here()));
    let admin = Admin::from(api.service("AdminAPI")?.stub(vat.here()));

    admin.create_user("Ann").await?;
    admin.create_user("Bo").await?;
    admin.delete_user("Ann").await?;
    let users = public.users().await?;
    // There is no such method behind the other binding.
    let refused = match public.call("createUser", args!["Eve"]).await {
        Ok(_) => "not at all".to_owned(),
        Err(error) => error.message().into_owned(),
    };
    Ok(format!("users are {users:?}; refused: {refused}"))
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), JsError> {
    println!("{}", run().await?);
    Ok(())
}
