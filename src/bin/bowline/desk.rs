//! A Worker to call: sums, counters, and users whom only an admin makes.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bowline::runtime::{Local, LocalFuture};
use bowline::worker::http::Body;
use bowline::worker::value::Value;
use bowline::worker::{Answer, Call, Ctx, JsError, RpcStub, RpcTarget, Worker};
use http::{Request, Response, StatusCode};

/// The name of the service.
pub(crate) const NAME: &str = "desk";
/// The entrypoint that may change things.
pub(crate) const ADMIN: &str = "Admin";

/// What is said to requests for anything else.
const PLACES: &str = "here are GET /users and POST /echo, and Workers RPC behind a CONNECT\n";

type Users = Rc<RefCell<Vec<String>>>;

/// A Worker with a public and an admin entrypoint, which share their users.
pub(crate) fn worker() -> Worker {
    let users = Users::default();
    let of_admin = Rc::clone(&users);
    Worker::new(NAME)
        .entrypoint("default", move |ctx| Public { ctx, users: Rc::clone(&users) })
        .entrypoint(ADMIN, move |_: Ctx| Admin(Rc::clone(&of_admin)))
}

struct Public {
    ctx: Ctx,
    users: Users,
}

impl RpcTarget for Public {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        match name {
            "add" => Answer::now(add(&call)),
            "echo" => Answer::now(Ok(call.args().get(0).clone())),
            "props" => Answer::now(Ok(self.ctx.props().clone())),
            "users" => Answer::now(Ok(Value::array(self.users.borrow().iter()))),
            "newCounter" => Answer::now(counter(&call)),
            _ => Answer::Missing,
        }
    }

    fn getter(self: Rc<Self>, name: &str, _: &Local) -> Answer {
        match name {
            "add" | "echo" | "props" | "users" | "newCounter" => Answer::Method,
            _ => Answer::Missing,
        }
    }

    fn fetch(self: Rc<Self>, request: Request<Body>) -> LocalFuture<Answered> {
        Box::pin(std::future::ready(Ok(self.answer(request))))
    }
}

type Answered = Result<Response<Body>, JsError>;

impl Public {
    fn answer(&self, request: Request<Body>) -> Response<Body> {
        match (request.method().as_str(), request.uri().path()) {
            ("GET", "/users") => {
                let users: String =
                    self.users.borrow().iter().map(|user| format!("{user}\n")).collect();
                Response::new(Body::from(users))
            }
            // It goes back as it comes.
            ("POST", "/echo") => Response::new(request.into_body()),
            _ => {
                let mut response = Response::new(Body::from(PLACES));
                *response.status_mut() = StatusCode::NOT_FOUND;
                response
            }
        }
    }
}

fn add(call: &Call) -> Result<f64, JsError> {
    Ok(call.arg::<f64>(0)? + call.arg::<f64>(1)?)
}

fn counter(call: &Call) -> Result<RpcStub, JsError> {
    let start = call.arg::<Option<f64>>(0)?.unwrap_or(0.0);
    Ok(RpcStub::new(call.here(), Counter(Cell::new(start))))
}

/// What `newCounter` gives.
struct Counter(Cell<f64>);

impl RpcTarget for Counter {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        match name {
            "increment" => Answer::now(call.arg::<Option<f64>>(0).map(|by| {
                self.0.set(self.0.get() + by.unwrap_or(1.0));
                self.0.get()
            })),
            "value" => Answer::property(call),
            _ => Answer::Missing,
        }
    }

    fn getter(self: Rc<Self>, name: &str, _: &Local) -> Answer {
        match name {
            "increment" => Answer::Method,
            "value" => Answer::now(Ok(self.0.get())),
            _ => Answer::Missing,
        }
    }
}

struct Admin(Users);

impl RpcTarget for Admin {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        let mut users = self.0.borrow_mut();
        match name {
            "createUser" => Answer::now(call.arg::<String>(0).map(|name| {
                let new = !users.contains(&name);
                if new {
                    users.push(name);
                }
                new
            })),
            "deleteUser" => Answer::now(call.arg::<String>(0).map(|name| {
                let before = users.len();
                users.retain(|user| *user != name);
                users.len() < before
            })),
            _ => Answer::Missing,
        }
    }

    fn getter(self: Rc<Self>, name: &str, _: &Local) -> Answer {
        match name {
            "createUser" | "deleteUser" => Answer::Method,
            _ => Answer::Missing,
        }
    }
}
