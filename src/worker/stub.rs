//! A stub is the address of an object, to be called, given on and given up.

use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::rpc::Client;
use crate::runtime::Lodger;

use super::error::JsError;
use super::external::disposed;
use super::held::Held;
use super::value::{External, Value, View};

/// A handle of an object: an [`RpcTarget`](super::RpcTarget), a function, or a plain object, wherever it
/// lives. Usable from any thread.
///
/// Clones are the same handle: when one is [disposed](Self::dispose), all are. [`dup`](Self::dup) makes a
/// handle of its own. The object is let go when all its handles are disposed or dropped. (Rules 39 to 48)
///
/// A stub inside a value is the stub: a value passed as an argument gives the callee a handle of its own,
/// good until the call returns; a value that is returned gives its handles away.
#[derive(Clone)]
pub struct RpcStub(pub(super) Arc<Held>);

impl RpcStub {
    /// The handle of a capability that speaks the Workers protocol.
    #[must_use]
    pub fn from_client(client: Client) -> Self {
        Self(Arc::new(Held::new(client)))
    }

    /// The handle of an object that nobody else has.
    #[inline]
    pub(super) fn lodging(lodger: Lodger) -> Self {
        Self(Arc::new(Held::lodging(lodger)))
    }

    /// The handle of nothing: using it fails with this.
    pub(super) fn failed(why: JsError) -> Self {
        Self(Arc::new(Held::failed(why)))
    }

    /// The capability, to be used by other means.
    ///
    /// # Errors
    ///
    /// The stub was disposed.
    pub fn client(&self) -> Result<Client, JsError> {
        self.0.client().ok_or_else(|| self.0.failure().unwrap_or_else(disposed))
    }

    /// Another handle of the same object. It is disposed on its own. (Rule 44)
    ///
    /// # Errors
    ///
    /// The stub was disposed.
    pub fn dup(&self) -> Result<Self, JsError> {
        self.client().map(Self::from_client)
    }

    /// Gives the object up, and with it every clone of this handle. Calls made before run to their end; later
    /// ones fail. Again, it does nothing. (Rule 48)
    pub fn dispose(&self) {
        self.0.dispose();
    }

    /// It was disposed, or the call it was an argument of has returned.
    #[must_use]
    pub fn is_disposed(&self) -> bool {
        self.0.is_disposed()
    }

    /// The stub a value is. It is the same handle.
    ///
    /// # Errors
    ///
    /// A `TypeError`: it is no stub.
    pub fn from_value(value: &Value) -> Result<Self, JsError> {
        Self::of_view(value.view()).ok_or_else(|| {
            JsError::type_error(format!("expected a stub, found {}", named(value.view())))
        })
    }

    pub(super) fn of_view(view: View<'_>) -> Option<Self> {
        view.as_external()?.clone().downcast::<Held>().map(Self)
    }

    /// Nobody else has this handle.
    pub(super) fn is_sole(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    pub(super) fn external(&self) -> External {
        External::shared(Arc::clone(&self.0))
    }
}

fn named(view: View<'_>) -> &'static str {
    view.type_name()
}

impl From<RpcStub> for Value {
    /// The stub itself, as part of a value.
    fn from(stub: RpcStub) -> Self {
        Self::external(External::shared(stub.0))
    }
}

impl From<&RpcStub> for Value {
    /// The same handle, as part of a value.
    fn from(stub: &RpcStub) -> Self {
        Self::external(stub.external())
    }
}

impl Serialize for RpcStub {
    /// As part of a [`Value`]; nothing else can hold it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RpcStub {
    /// Out of a [`Value`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_value(&value).map_err(|why| D::Error::custom(why.message()))
    }
}

impl std::fmt::Debug for RpcStub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_disposed() { "RpcStub (disposed)" } else { "RpcStub {}" })
    }
}
