//! Who reads a stream tells who writes it that it reads no further.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};

use capnp::traits::HasTypeId;

use crate::rpc::{Call, Client, Response, Target};
use crate::schema::worker_capnp::stream_canceler;
use crate::wire::Exception;
use crate::worker::value::Value;

use super::reason::{plain_bytes, plain_value};

const STREAM_CANCELER: u64 = stream_canceler::Client::TYPE_ID;

/// What feeds a stream looks here, to know whether it is still wanted.
#[derive(Default)]
pub(super) struct Stop(Mutex<State>);

#[derive(Default)]
struct State {
    wanted: Wanted,
    feeding: Option<Waker>,
}

/// Whether a stream is still read.
#[derive(Clone, Default)]
pub(super) enum Wanted {
    #[default]
    Read,
    /// The canceler was given up unused: nobody can cancel it any more, perhaps because nobody is there.
    Unheld,
    Cancelled(Value),
}

impl Stop {
    pub(super) fn set(&self, wanted: Wanted) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(state.wanted, Wanted::Cancelled(_)) {
            return;
        }
        let old = std::mem::replace(&mut state.wanted, wanted);
        let feeding = state.feeding.take();
        drop(state);
        drop(old);
        feeding.into_iter().for_each(Waker::wake);
    }

    /// How it stands.
    pub(super) fn wanted(&self) -> Wanted {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).wanted.clone()
    }

    /// How it stands; whoever looked last is woken when that changes.
    pub(super) fn look(&self, cx: &Context<'_>) -> Wanted {
        let new = cx.waker().clone();
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.feeding.replace(new);
        let wanted = state.wanted.clone();
        drop(state);
        drop(before);
        wanted
    }
}

/// The object behind a StreamCanceler.
pub(super) struct Canceler(pub(super) Arc<Stop>);

impl Target for Canceler {
    async fn call(self: Rc<Self>, call: Call) -> Result<Response, Exception> {
        if (call.interface(), call.method()) != (STREAM_CANCELER, 0) {
            return Err(call.unimplemented());
        }
        let reason = call.params().read(|root| {
            use stream_canceler::cancel_params::{Reader, reason};
            let params = root.get_as::<Reader<'_>>()?;
            Ok(match params.get_reason().which() {
                Ok(reason::Which::Value(value)) => plain_value(value?)?,
                Ok(reason::Which::Undefined(())) | Err(_) => Value::UNDEFINED,
            })
        })?;
        // Called again, it changes nothing: the first reason was passed on.
        self.0.set(Wanted::Cancelled(reason));
        Ok(call.reply())
    }
}

impl Drop for Canceler {
    fn drop(&mut self) {
        self.0.set(Wanted::Unheld);
    }
}

/// Cancels a stream at whoever writes it.
pub(super) fn cancel(canceler: &Client, reason: &Value) {
    let request = canceler.request(STREAM_CANCELER, 0).with(|root| {
        use stream_canceler::cancel_params::Builder;
        let mut to = root.init_as::<Builder<'_>>().init_reason();
        match plain_bytes(reason) {
            Some(bytes) => to.init_value().set_v8_serialized(&bytes),
            None => to.set_undefined(()),
        }
    });
    request.send().detach_as_courtesy();
}
