//! What can be called: an object's methods and properties, by name.

use std::future::Future;
use std::rc::Rc;

use serde::Deserialize;

use crate::runtime::{Local, LocalFuture};

use super::args::Args;
use super::error::JsError;
use super::given::Return;
use super::stub::RpcStub;

/// An object that others call through stubs. It lives on the thread of its vat and need not be `Send`.
///
/// What it does not name here is not reachable: there are no hidden ways to what it holds. (Rules 29 to 32)
/// The attribute `#[rpc_target]` writes this for an `impl` block.
pub trait RpcTarget: 'static {
    /// A method is called. For a name that is a property [`Answer::Property`] gives the call back, and what
    /// the property holds is called.
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer;

    /// A property is read. For the name of a method this is [`Answer::Method`]: the caller gets a stub of it.
    fn getter(self: Rc<Self>, name: &str, here: &Local) -> Answer;

    /// The object itself is called, as a function. (Rule 6)
    fn invoke(self: Rc<Self>, call: Call) -> Answer {
        drop(call);
        Answer::NoFunction
    }

    /// A request is made of it, where it is an entrypoint: its `fetch` handler. See [`Fetch`](super::http::Fetch).
    /// Without one, whoever asks is told so. (Rule 37)
    #[cfg(all(feature = "http", unix))]
    fn fetch(
        self: Rc<Self>,
        request: http::Request<super::http::Body>,
    ) -> LocalFuture<Result<http::Response<super::http::Body>, JsError>> {
        drop(request);
        Box::pin(std::future::ready(Err(super::http::no_handler())))
    }

    /// The last stub is gone. Runs once, some time later; nobody hears of what goes wrong. (Rule 49)
    fn dispose(&self) {}
}

/// A call, as a target gets it.
#[derive(Debug)]
pub struct Call {
    here: Local,
    args: Args,
}

impl Call {
    pub(super) fn new(here: &Local, args: Args) -> Self {
        Self { here: here.clone(), args }
    }

    /// The vat the target lives in, in which new stubs are made.
    #[must_use]
    pub fn here(&self) -> &Local {
        &self.here
    }

    /// What was passed. Stubs in it are good until the call returns; keep one by [`RpcStub::dup`]. (Rule 41)
    #[must_use]
    pub fn args(&self) -> &Args {
        &self.args
    }

    /// The arguments, taken.
    #[must_use]
    pub fn into_args(self) -> Args {
        self.args
    }

    /// An argument as a Rust type.
    ///
    /// # Errors
    ///
    /// A `TypeError` that says which argument, what was expected and what there is.
    pub fn arg<'de, T: Deserialize<'de>>(&'de self, index: usize) -> Result<T, JsError> {
        self.args.to(index)
    }

    /// An argument that is a stub or a function.
    ///
    /// # Errors
    ///
    /// A `TypeError`: it is none.
    pub fn stub(&self, index: usize) -> Result<RpcStub, JsError> {
        RpcStub::from_value(self.args.get(index)).map_err(|why| {
            JsError::type_error(format!("argument {}: {}", index + 1, why.message()))
        })
    }
}

/// How a target answers.
pub enum Answer {
    /// With this.
    Now(Result<Return, JsError>),
    /// With what comes of a future. It is polled at once, and dropped if the call is cancelled.
    Later(LocalFuture<Result<Return, JsError>>),
    /// There is nothing of that name, or nothing that others may reach. (Rule 5)
    Missing,
    /// To a getter: the name is that of a method.
    Method,
    /// To a call: the name is that of a property. The call comes back, in a box: answers are moved about.
    Property(Box<Call>),
    /// To a call of the object itself: it is no function. (Rule 6)
    NoFunction,
}

impl Answer {
    /// With this value or error, at once.
    pub fn now<R: Into<Return>>(result: Result<R, JsError>) -> Self {
        Self::Now(result.map(Into::into))
    }

    /// To a call of what is a property: the call comes back.
    #[must_use]
    pub fn property(call: Call) -> Self {
        Self::Property(Box::new(call))
    }

    /// With what comes of a future.
    pub fn later<R: Into<Return>>(
        future: impl Future<Output = Result<R, JsError>> + 'static,
    ) -> Self {
        Self::Later(Box::pin(async move { future.await.map(Into::into) }))
    }
}
