//! The trigger of a signal that was pushed here.

use std::cell::RefCell;
use std::rc::Rc;

use capnp::traits::HasTypeId;

use crate::rpc::{Call, Response, Target};
use crate::schema::worker_capnp::abort_trigger;
use crate::wire::Exception;
use crate::worker::abort::AbortController;
use crate::worker::value::{DomException, Value};

use super::reason::plain_value;

/// The interface, and its methods.
pub(super) const ABORT_TRIGGER: u64 = abort_trigger::Client::TYPE_ID;
pub(super) const ABORT: u16 = 0;
pub(super) const RELEASE: u16 = 1;

/// What a signal says that lost its trigger, as the runtime words it.
const LOST: &str = "An AbortSignal received over RPC was implicitly aborted because the connection \
                    back to its trigger was lost.";

/// The object behind an AbortTrigger. Dropped without a word, it aborts its signal.
pub(super) struct Trigger(RefCell<Option<AbortController>>);

impl Trigger {
    pub(super) fn new(controller: AbortController) -> Self {
        Self(RefCell::new(Some(controller)))
    }
}

impl Target for Trigger {
    async fn call(self: Rc<Self>, call: Call) -> Result<Response, Exception> {
        match (call.interface(), call.method()) {
            (ABORT_TRIGGER, ABORT) => {
                let reason = call.params().read(|root| {
                    let params = root.get_as::<abort_trigger::abort_params::Reader<'_>>()?;
                    plain_value(params.get_reason()?)
                })?;
                let controller = self.0.borrow_mut().take();
                if let Some(controller) = controller {
                    controller.abort(reason);
                }
                Ok(call.reply())
            }
            (ABORT_TRIGGER, RELEASE) => {
                // Dropped, the controller says that its signal is never aborted.
                drop(self.0.borrow_mut().take());
                Ok(call.reply())
            }
            _ => Err(call.unimplemented()),
        }
    }
}

impl Drop for Trigger {
    fn drop(&mut self) {
        if let Some(controller) = self.0.borrow_mut().take() {
            controller.abort(lost());
        }
    }
}

/// Why a signal is aborted that nobody can abort any more.
pub(super) fn lost() -> Value {
    let (name, message) = ("AbortError".to_owned(), LOST.to_owned());
    Value::dom_exception(DomException { name, message, stack: String::new() })
}
