//! Functions: closures that others call.

use std::future::Future;
use std::rc::Rc;

use crate::runtime::Local;

use super::error::JsError;
use super::given::Return;
use super::name::Name;
use super::target::{Answer, Call, RpcTarget};
use super::value::Value;

/// A closure as an object. Its own properties can be read by callers. (Rule 34)
pub struct Function<F> {
    body: F,
    properties: Value,
}

impl<F, A, R> Function<F>
where
    F: Fn(Call) -> A + 'static,
    A: Future<Output = Result<R, JsError>> + 'static,
    R: Into<Return>,
{
    /// A function.
    pub fn new(body: F) -> Self {
        Self { body, properties: Value::UNDEFINED }
    }

    /// The same with own properties: those of a plain object.
    #[must_use]
    pub fn with_properties(self, properties: impl Into<Value>) -> Self {
        Self { properties: properties.into(), ..self }
    }
}

impl<F, A, R> RpcTarget for Function<F>
where
    F: Fn(Call) -> A + 'static,
    A: Future<Output = Result<R, JsError>> + 'static,
    R: Into<Return> + 'static,
{
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        match self.properties.get(name) {
            Some(_) => Answer::property(call),
            None => Answer::Missing,
        }
    }

    fn getter(self: Rc<Self>, name: &str, _: &Local) -> Answer {
        match self.properties.get(name) {
            Some(property) => Answer::Now(Ok(Return::lent(property.to_value()))),
            None => Answer::Missing,
        }
    }

    fn invoke(self: Rc<Self>, call: Call) -> Answer {
        Answer::later((self.body)(call))
    }
}

/// A method taken off its object. (Rule 9)
pub(super) struct Bound {
    pub(super) target: Rc<dyn RpcTarget>,
    pub(super) name: Name,
}

impl RpcTarget for Bound {
    fn method(self: Rc<Self>, _: &str, _: Call) -> Answer {
        Answer::Missing
    }

    fn getter(self: Rc<Self>, _: &str, _: &Local) -> Answer {
        Answer::Missing
    }

    fn invoke(self: Rc<Self>, call: Call) -> Answer {
        Rc::clone(&self.target).method(self.name.as_str(), call)
    }
}
