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
//!
//! # Objects and interfaces
//!
//! [`rpc_target`] makes an `impl` block an object that others call; [`rpc_interface`] makes a trait a stub with
//! those methods, and promises of such stubs can be called before they have come to be anything. Names are
//! JavaScript's over there and Rust's here: `new_counter` is `newCounter`.
//!
//! ```
//! use std::cell::Cell;
//!
//! use bowline::runtime::Vat;
//! use bowline::worker::{JsError, RpcStub, rpc_interface, rpc_target};
//! # fn block_on<F: Future>(future: F) -> F::Output {
//! #     let mut future = std::pin::pin!(future);
//! #     let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
//! #     loop {
//! #         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut cx) { return output }
//! #     }
//! # }
//!
//! // What is served: an object that makes objects.
//! struct Tally(Cell<f64>);
//!
//! #[rpc_target]
//! impl Tally {
//!     async fn increment(&self, by: f64) -> f64 {
//!         self.0.set(self.0.get() + by);
//!         self.0.get()
//!     }
//!
//!     #[rpc(getter)]
//!     fn value(&self) -> f64 {
//!         self.0.get()
//!     }
//! }
//!
//! struct Tallies;
//!
//! #[rpc_target]
//! impl Tallies {
//!     fn new_counter(&self, start: f64) -> Result<Tally, JsError> {
//!         match start.is_finite() {
//!             true => Ok(Tally(Cell::new(start))),
//!             false => Err(JsError::new("RangeError", "a counter starts somewhere")),
//!         }
//!     }
//! }
//!
//! // What is called, wherever it is, and whatever it is written in.
//! #[rpc_interface]
//! trait Counter {
//!     async fn increment(&self, by: f64) -> f64;
//!     #[rpc(getter)]
//!     async fn value(&self) -> f64;
//! }
//!
//! #[rpc_interface]
//! trait Counters {
//!     async fn new_counter(&self, start: f64) -> Counter;
//! }
//!
//! let vat = Vat::local();
//! let svc = Counters::from(RpcStub::new(vat.here(), Tallies));
//! // One round trip: the counter need not be here to be called.
//! assert_eq!(block_on(svc.new_counter(5.0).increment(5.0))?, 10.0);
//!
//! let counter: Counter = block_on(svc.new_counter(1.0))?;
//! assert_eq!(block_on(counter.value())?, 1.0);
//! // What does not fit is told as JavaScript would.
//! let error = block_on(svc.call("newCounter", bowline::worker::args!["five"])).unwrap_err();
//! let what = "TypeError: newCounter: argument 1: expected f64, found string \"five\"";
//! assert_eq!(error.to_string(), what);
//! # Ok::<(), JsError>(())
//! ```
//!
//! Structs that derive serde's traits are arguments and results; stubs, interfaces and [`Value`](value::Value)s
//! may be inside them. To return an object is to host it: its caller gets a stub, and its disposer runs when the
//! last one is gone.
//!
//! What a method fails with is known by its name, wherever it was thrown:
//!
//! ```
//! # use bowline::runtime::Vat;
//! # use bowline::worker::{JsError, RpcStub, rpc_interface, rpc_target};
//! # fn block_on<F: Future>(future: F) -> F::Output {
//! #     let mut future = std::pin::pin!(future);
//! #     let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
//! #     loop {
//! #         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut cx) { return output }
//! #     }
//! # }
//! struct Shelf;
//!
//! #[rpc_target]
//! impl Shelf {
//!     fn find(&self, id: u32) -> Result<String, JsError> {
//!         Err(JsError::new("NotFoundError", format!("no note {id}")).with_property("id", id))
//!     }
//! }
//!
//! #[rpc_interface]
//! trait Notes {
//!     async fn find(&self, id: u32) -> String;
//! }
//!
//! let vat = Vat::local();
//! let notes = Notes::from(RpcStub::new(vat.here(), Shelf));
//! let error = block_on(notes.find(7)).unwrap_err();
//! assert_eq!((&*error.name(), &*error.message()), ("NotFoundError", "no note 7"));
//! assert_eq!(error.property("id").and_then(|id| id.as_f64()), Some(7.0));
//! assert!(error.is_remote());
//! ```
//!
//! # Where to go on
//!
//! A vat does nothing by itself. Whoever awaits a promise or reads a stream on its thread drives it meanwhile; a vat that
//! serves others needs a driver, such as [`Vat::tokio_driver`](crate::runtime::Vat).
//!
//! | for | see |
//! |---|---|
//! | a service with entrypoints, variables and bindings | [`Worker`], [`Ctx`] |
//! | a service offered to whoever connects | [`Service::bootstrap`], [`rpc::listen`](crate::rpc) |
//! | a service behind a socket, in `workerd` or of one's own | `Service::at`, [`Service::remote`] |
//! | `fetch`, and one port for HTTP and for calls | `worker::http` (feature `http`) |
//! | bindings from `wrangler`'s configs | [`config`] (feature `wrangler`) |
//! | bytes that are more than a value may be | [`stream`] |
//! | a function that others call | [`RpcStub::function`], [`Function`] |
//! | calls without an interface | [`RpcStub`], [`RpcPromise`], [`args!`] |
//! | giving up what one holds | [`RpcStub::dispose`], [`RpcStub::dup`], [`Received::dispose`] |
//! | values | [`value`] |
//!
//! `examples/workers` has a short program for each, and `examples/workerd` one for both directions with `workerd`.

mod abort;
#[cfg(all(feature = "http", unix))]
mod answering;
mod args;
mod ask;
mod asking;
mod away;
mod bind;
mod calling;
pub mod config;
mod ctx;
pub mod debug_port;
#[cfg(all(feature = "tokio", unix))]
mod dial;
mod entry;
mod error;
mod exception;
pub mod expression;
mod external;
#[cfg(all(feature = "http", unix))]
mod fetch;
mod function;
#[doc(hidden)]
pub mod generated;
mod given;
mod group;
mod heard;
mod held;
mod host;
mod hosting;
#[cfg(all(feature = "http", unix))]
pub mod http;
mod interface;
mod into_return;
mod lobby;
mod name;
mod outcome;
mod panicked;
mod parcel;
mod path;
mod promise;
mod promised;
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
mod target_cell;
mod token;
pub mod value;
mod walk;
mod words;
#[expect(clippy::module_inception, reason = "the room is named after what it is about")]
mod worker;

pub use abort::{AbortController, AbortSignal};
pub use args::Args;
pub use asking::Asking;
pub use bind::Bindings;
pub use ctx::Ctx;
pub use error::JsError;
pub use function::Function;
pub use given::Return;
pub use into_return::IntoReturn;
pub use name::Name;
pub use promise::RpcPromise;
pub use promised::{Promised, RpcInterface};
pub use property::RpcProperty;
pub use received::Received;
pub use service::Service;
pub use stub::RpcStub;
pub use target::{Answer, Call, RpcTarget};
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
#[doc(inline)]
pub use bowline_macros::{rpc_interface, rpc_target};
