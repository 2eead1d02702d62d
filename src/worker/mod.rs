//! The Workers face: what one Worker can say to another, and how.
//!
//! Floor 6. An [`RpcTarget`] is an object with methods and properties, a closure is a function; an [`RpcStub`] is
//! the address of either, which can be called, passed in values and given up. A call leaves an [`RpcPromise`],
//! on which one can call on before it has come to be anything.
//!
//! ```
//! use bowline::runtime::Vat;
//! use bowline::worker::{Call, RpcStub, args};
//! # fn block_on<F: Future>(future: F) -> F::Output {
//! #     let mut future = std::pin::pin!(future);
//! #     let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
//! #     loop {
//! #         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut cx) { return output }
//! #     }
//! # }
//!
//! let vat = Vat::local();
//! // A function that returns a function.
//! let adder = RpcStub::function(vat.here(), |call: Call| async move {
//!     let first: f64 = call.arg(0)?;
//!     let here = call.here().clone();
//!     Ok(RpcStub::function(&here, move |call: Call| async move {
//!         Ok(first + call.arg::<f64>(0)?)
//!     }))
//! });
//! // Both are called at once: the second without waiting for the first.
//! let sum = block_on(adder.invoke(args![1]).invoke(args![2]))?;
//! assert_eq!(sum.as_f64(), Some(3.0));
//! # Ok::<(), bowline::worker::JsError>(())
//! ```

mod abort;
mod args;
mod ask;
mod calling;
mod ctx;
pub mod debug_port;
mod entry;
mod error;
mod exception;
mod external;
#[cfg(all(feature = "http", unix))]
mod fetch;
mod function;
mod group;
mod held;
mod host;
#[cfg(all(feature = "http", unix))]
pub mod http;
mod interface;
mod path;
mod promise;
mod property;
mod push;
mod received;
mod remote;
mod returned;
mod serial;
mod service;
mod session;
pub mod stream;
mod stub;
mod target;
mod token;
pub mod value;
mod walk;
mod words;
#[expect(clippy::module_inception, reason = "the room is named after what it is about")]
mod worker;

pub use abort::{AbortController, AbortSignal};
pub use args::Args;
pub use ctx::Ctx;
pub use error::JsError;
pub use function::Function;
pub use promise::RpcPromise;
pub use property::RpcProperty;
pub use received::Received;
pub use service::Service;
pub use stub::RpcStub;
pub use target::{Answer, Call, Return, RpcTarget};
pub use worker::Worker;

/// The arguments of a call: anything that is [`Into`] a [`Value`](crate::worker::value::Value).
///
/// ```
/// use bowline::worker::args;
///
/// let args = args![1, "x", true];
/// assert_eq!(args.to::<f64>(0)?, 1.0);
/// # Ok::<(), bowline::worker::JsError>(())
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __bowline_args {
    ($($value:expr),* $(,)?) => {
        $crate::worker::Args::new()$(.with($value))*
    };
}

#[doc(inline)]
pub use crate::__bowline_args as args;
