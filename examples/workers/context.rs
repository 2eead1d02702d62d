//! What a Worker has beside its methods: variables, code of its own, and work that goes on behind the answer.

use std::cell::RefCell;
use std::rc::Rc;

use bowline::runtime::Vat;
use bowline::worker::{Ctx, JsError, Worker, rpc_interface, rpc_target};

type Events = Rc<RefCell<Vec<String>>>;

struct Accounts {
    ctx: Ctx,
    events: Events,
}

#[rpc_target]
impl Accounts {
    async fn greet(&self, name: &str) -> Result<String, JsError> {
        let greeting: String = self.ctx.variable("GREETING")?;
        Ok(format!("{greeting}, {name}!"))
    }

    async fn sign_up(&self, email: String) -> &'static str {
        // It goes on when the caller has its answer.
        self.ctx.wait_until(Self::send_event(Rc::clone(&self.events), email));
        "Success"
    }

    /// What has no `self` cannot be called from outside. (`#[rpc(skip)]` hides what has.)
    async fn send_event(events: Events, email: String) {
        events.borrow_mut().push(format!("signed up: {email}"));
    }

    async fn events(&self) -> Vec<String> {
        self.events.borrow().clone()
    }
}

#[rpc_interface]
trait Api {
    async fn greet(&self, name: &str) -> String;
    async fn sign_up(&self, email: &str) -> String;
    async fn events(&self) -> Vec<String>;
}

pub(crate) async fn run() -> Result<String, JsError> {
    let vat = Vat::local();
    let events = Events::default();
    // An instance for every call; what is shared is passed in.
    let worker = Worker::new("accounts")
        .entrypoint("default", move |ctx| Accounts { ctx, events: Rc::clone(&events) });
    worker.set_variable("GREETING", "Ahoy");

    let api = Api::from(worker.service("default")?.stub(vat.here()));
    let greeting = api.greet("ann").await?;
    let answer = api.sign_up("ann@example.org").await?;
    Ok(format!("{greeting} {answer}; {}", api.events().await?.join(", ")))
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), JsError> {
    println!("{}", run().await?);
    Ok(())
}
