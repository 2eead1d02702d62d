//! What a method's result becomes on the way to its caller.

use std::future::Future;

use serde::Serialize;

use crate::runtime::Local;

use super::error::JsError;
use super::function::Function;
use super::given::Return;
use super::received::Received;
use super::stub::RpcStub;
use super::target::{Call, RpcTarget};
use super::value::to_value;

/// What a method of an `#[rpc_target]` may return: anything `serde` can write, a [`Value`](super::value::Value), a [`Return`], what
/// another call brought, and an `#[rpc_target]` itself, of which the caller gets a stub.
///
/// [`rpc_target`](super::rpc_target) implements it for its type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a method that is called over RPC",
    label = "neither data nor an object of RPC",
    note = "results are types with #[derive(serde::Serialize)], `Value`, `RpcStub`, `Return`, types with #[rpc_target], \
            and `Result`s of these"
)]
pub trait IntoReturn {
    /// Makes it what the caller gets. What it hosts lives in the vat `here`.
    ///
    /// # Errors
    ///
    /// A `TypeError`: it has no form as a value.
    fn into_return(self, here: &Local) -> Result<Return, JsError>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> IntoReturn for T {
    fn into_return(self, _: &Local) -> Result<Return, JsError> {
        Ok(Return::new(to_value(&self)?))
    }
}

impl IntoReturn for Return {
    fn into_return(self, _: &Local) -> Result<Return, JsError> {
        Ok(self)
    }
}

impl IntoReturn for Received {
    fn into_return(self, _: &Local) -> Result<Return, JsError> {
        Ok(self.into())
    }
}

impl<F, A, R> IntoReturn for Function<F>
where
    F: Fn(Call) -> A + 'static,
    A: Future<Output = Result<R, JsError>> + 'static,
    R: Into<Return> + 'static,
{
    fn into_return(self, here: &Local) -> Result<Return, JsError> {
        hosted(here, self)
    }
}

/// A stub of an object, as a result.
pub fn hosted(here: &Local, target: impl RpcTarget) -> Result<Return, JsError> {
    Ok(RpcStub::new(here, target).into())
}
