//! The Workers that the demo's scenarios call, each by its name.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use bowline::rpc::Client;
use bowline::runtime::Local;
use bowline::worker::debug_port::{self, NotFound};
use bowline::worker::stream::ReadableStream;
use bowline::worker::{Call, JsError, RpcStub, Worker, args, rpc_target};

use crate::session::{Counted, Session};
use crate::stream::Chunks;

/// The entrypoint that may change things.
pub(crate) const ADMIN: &str = "Admin";

type Users = Rc<RefCell<Vec<String>>>;

/// All of them. The objects they give out are counted in `session`.
pub(crate) fn crew(session: &Rc<Session>) -> Vec<Worker> {
    let (of_counters, of_databases) = (Rc::clone(session), Rc::clone(session));
    let users = Users::default();
    let of_admin = users.clone();
    vec![
        Worker::new("sums").entrypoint("default", |_| Sums),
        Worker::new("counters").entrypoint("default", move |_| Counters(of_counters.clone())),
        Worker::new("databases").entrypoint("default", move |_| Databases(of_databases.clone())),
        Worker::new("api")
            .entrypoint("default", move |_| Public(users.clone()))
            .entrypoint(ADMIN, move |_| Admin(of_admin.clone())),
        Worker::new("files").entrypoint("default", |_| Files),
        Worker::new("processor").entrypoint("default", |_| Processor),
        Worker::new("auth").entrypoint("default", |_| Auth),
    ]
}

/// The debug port that leads to them.
pub(crate) fn port(here: &Local, session: &Rc<Session>) -> Client {
    let (crew, local) = (crew(session), here.clone());
    debug_port::serve(here, move |asked| {
        let worker = crew.iter().find(|worker| worker.name() == asked.service);
        let name = asked.entrypoint.as_deref().unwrap_or("default");
        let service = worker.ok_or(NotFound::Service)?.service_with(name, asked.props.clone());
        Ok(service.map_err(|_| NotFound::Entrypoint)?.bootstrap(&local))
    })
}

struct Sums;

#[rpc_target]
impl Sums {
    async fn add(&self, a: f64, b: f64) -> f64 {
        a + b
    }
}

struct Counters(Rc<Session>);

#[rpc_target]
impl Counters {
    /// A function, which keeps its count here.
    async fn new_counter(&self, here: &Local) -> RpcStub {
        let (counted, value) = (Counted::new(&self.0), Cell::new(0.0));
        RpcStub::function(here, move |call: Call| {
            let _alive = &counted;
            let increment = call.arg::<Option<f64>>(0);
            let now = increment.map(|by| value.get() + by.unwrap_or(0.0));
            now.iter().for_each(|now| value.set(*now));
            async move { now }
        })
    }
}

struct Databases(Rc<Session>);

#[rpc_target]
impl Databases {
    async fn open(&self) -> Database {
        Database { _counted: Counted::new(&self.0), data: RefCell::default() }
    }
}

struct Database {
    _counted: Counted,
    data: RefCell<BTreeMap<String, String>>,
}

#[rpc_target]
impl Database {
    fn set(&self, key: String, value: String) {
        self.data.borrow_mut().insert(key, value);
    }

    fn get(&self, key: &str) -> Option<String> {
        self.data.borrow().get(key).cloned()
    }

    #[rpc(getter)]
    fn size(&self) -> usize {
        self.data.borrow().len()
    }
}

struct Public(Users);

#[rpc_target]
impl Public {
    async fn users(&self) -> Vec<String> {
        self.0.borrow().clone()
    }
}

struct Admin(Users);

#[rpc_target]
impl Admin {
    async fn create_user(&self, name: String) {
        self.0.borrow_mut().push(name);
    }

    async fn delete_user(&self, name: &str) {
        self.0.borrow_mut().retain(|user| user != name);
    }
}

struct Files;

#[rpc_target]
impl Files {
    async fn stream_large_file(&self) -> ReadableStream {
        ReadableStream::from_stream(Chunks::new())
    }
}

struct Processor;

#[rpc_target]
impl Processor {
    /// Calls a counter that lives elsewhere, and is not told where.
    async fn process_counter(&self, counter: RpcStub) -> Result<(), JsError> {
        counter.invoke(args![10]).await?;
        counter.invoke(args![5]).await?;
        Ok(())
    }
}

struct Auth;

#[rpc_target]
impl Auth {
    /// Whose token it is, if it is one.
    async fn verify_token(&self, token: &str) -> Option<String> {
        token.strip_prefix("Bearer of ").map(str::to_owned)
    }

    async fn get_user_roles(&self, user_id: &str) -> Vec<String> {
        let roles: &[&str] = if user_id == "ann" { &["reader", "writer"] } else { &["reader"] };
        roles.iter().map(|role| (*role).to_owned()).collect()
    }
}
