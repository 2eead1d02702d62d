//! Stubs are made of objects, closures and plain objects of the application.

use std::future::Future;
use std::rc::Rc;

use crate::runtime::Local;

use super::error::JsError;
use super::function::Function;
use super::given::Return;
use super::host::{Object, host, stub_of};
use super::stub::RpcStub;
use super::target::{Call, RpcTarget};
use super::value::{Value, View};

impl RpcStub {
    /// Hosts an object in a vat of this thread, and gives its first stub. The object is dropped some time after
    /// the last one is gone, when its disposer has run.
    #[must_use]
    pub fn new(here: &Local, target: impl RpcTarget) -> Self {
        stub_of(here, Rc::new(target))
    }

    /// Hosts an object that is shared with its owner. Two stubs made so are unrelated: each has the disposer run
    /// when it and its duplicates are gone. (Rule 45)
    #[must_use]
    pub fn share(here: &Local, target: Rc<dyn RpcTarget>) -> Self {
        stub_of(here, target)
    }

    /// A stub of a closure.
    #[must_use]
    pub fn function<F, A, R>(here: &Local, body: F) -> Self
    where
        F: Fn(Call) -> A + 'static,
        A: Future<Output = Result<R, JsError>> + 'static,
        R: Into<Return> + 'static,
    {
        Self::new(here, Function::new(body))
    }

    /// A stub of a plain object: its own properties can be read, and what is a stub among them called. (Rule 25)
    ///
    /// # Errors
    ///
    /// A `TypeError`: it is anything else.
    pub fn wrap(here: &Local, value: Value) -> Result<Self, JsError> {
        if let Some(stub) = Self::of_view(value.view()) {
            return stub.dup();
        }
        match value.view() {
            View::Object(_) => Ok(Self::from_client(host(here, Object::Plain(value)))),
            _ => Err(JsError::type_error(
                "RpcStubs can only wrap plain objects, functions, and RpcTarget derivatives.",
            )),
        }
    }
}
