//! What a call brought, and what comes with it until it is disposed.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;

use crate::rpc::Client;

use super::error::JsError;
use super::group::Group;
use super::returned::Got;
use super::stub::RpcStub;
use super::value::{Value, from_value};

/// The result of a call: a value that owns the stubs in it. Clones are the same result.
///
/// [`dispose`](Self::dispose) gives up all of them, those taken out of it too; without it each is let go with
/// its last handle. (Rules 42 and 43)
#[derive(Clone)]
pub struct Received {
    value: Value,
    own: Option<Arc<Own>>,
}

/// What comes with a result that is more than data.
struct Own {
    group: Group,
    /// Letting go of it runs the value's own disposer. (Rule 50)
    disposer: Mutex<Option<Client>>,
}

impl Received {
    pub(super) fn new(got: Got) -> Self {
        let (value, group, disposer) = match got {
            Got::Value(value, None) => return Self { value, own: None },
            Got::Value(value, Some(more)) => (value, more.group, more.disposer),
            Got::Stub(stub) => (Value::from(&stub), Group::of(stub.0), None),
        };
        Self { value, own: Some(Arc::new(Own { group, disposer: Mutex::new(disposer) })) }
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The value alone. Its stubs stay good for as long as they are held; its own disposer, if it has one, runs
    /// when no clone of the result is left.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.value
    }

    /// The value as a Rust type.
    ///
    /// # Errors
    ///
    /// A `TypeError` that says where it does not fit.
    pub fn to<'de, T: Deserialize<'de>>(&'de self) -> Result<T, JsError> {
        Ok(from_value(&self.value)?)
    }

    /// The stub it is. It is the same handle.
    ///
    /// # Errors
    ///
    /// A `TypeError`: it is anything else.
    pub fn stub(&self) -> Result<RpcStub, JsError> {
        RpcStub::from_value(&self.value)
    }

    /// Gives up every stub that came with it, and has its own disposer run. Again, it does nothing.
    pub fn dispose(&self) {
        if let Some(own) = &self.own {
            own.group.dispose();
            let disposer = own.disposer.lock().unwrap_or_else(PoisonError::into_inner).take();
            drop(disposer);
        }
    }
}

impl Deref for Received {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.value
    }
}

impl From<Received> for Value {
    fn from(received: Received) -> Self {
        received.value
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
