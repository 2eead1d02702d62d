//! bowline: objects on one side call objects on the other, before the answers to earlier calls have
//! come back, and what is given out is given back.
//!
//! It speaks Cap'n Proto RPC (level 1) with C++, Rust, Go and Python peers, over links that move
//! messages, over pipes and over sockets.
//!
//! # The model
//!
//! A **vat** is a set of objects that live on one thread. An object is a [`rpc::Target`]; its address is
//! a [`rpc::Client`], which any thread may hold. A **call** is built as a [`rpc::Request`] and made when
//! it is sent; the [`rpc::Promise`] it leaves gives the [`rpc::Reply`], and, before that, the clients
//! that will be in it: calls on those need not wait. Calls on one client arrive in the order they were
//! made, whoever awaits what first.
//!
//! A **connection** joins two vats. What one offers as its bootstrap, the other calls; what passes in
//! params and results is exported and imported as it goes, and released when nobody holds it.
//!
//! A **stream** is calls made with [`rpc::Request::stream`], each as soon as there is room in the
//! **window** of the capability it is sent to; its target takes them one at a time
//! ([`rpc::Call::streaming`]). A **membrane** ([`rpc::Membrane`]) around a client has a policy decide
//! about everything that crosses it, and comes down in one step.
//!
//! ```
//! use std::pin::pin;
//! use std::task::{Context, Poll, Waker};
//! use std::time::Instant;
//!
//! use bowline::conn::Config;
//! use bowline::rpc::{Call, Client, Link};
//! use bowline::runtime::{Turn, Vat};
//! use bowline::transport::same_thread;
//!
//! const GREETER: u64 = 0xb2f1_0c1d_7f3a_9e55;
//!
//! // 1. Two vats, each on this thread.
//! let (near, far) = (Vat::local(), Vat::local());
//!
//! // 2. The far one hosts an object. It answers with a text.
//! let greeter = Client::new(far.here(), |mut call: Call| async move {
//!     let name = call.params().read(|root| {
//!         Ok(root.get_as::<capnp::text::Reader<'_>>()?.to_string()?)
//!     })?;
//!     call.build(|mut root| root.set_as::<capnp::text::Owned>(format!("Ahoy, {name}!").as_str()))
//!         .map_err(bowline::rpc::exception)?;
//!     Ok(call.reply())
//! });
//!
//! // 3. A transport joins them; the far vat offers its object to whoever connects.
//! let (left, right) = same_thread();
//! let link = Link::connect(near.here(), left, Config::default(), None);
//! Link::connect(far.here(), right, Config::default(), Some(&greeter));
//!
//! // 4. The near one calls what the far one offers. Nothing was waited for so far.
//! let mut request = link.bootstrap().request(GREETER, 0);
//! request.build(|mut root| root.set_as::<capnp::text::Owned>("bowline"))?;
//! let mut promise = pin!(request.send());
//!
//! // 5. Somebody takes turns: here a loop, else an executor that polls `Vat::driver`.
//! let mut cx = Context::from_waker(Waker::noop());
//! let reply = loop {
//!     if let Poll::Ready(outcome) = promise.as_mut().poll(&mut cx) {
//!         break outcome?;
//!     }
//!     for vat in [&near, &far] {
//!         while vat.turn(Instant::now()) == Turn::More {}
//!     }
//! };
//!
//! // 6. The reply is read in place.
//! reply.read(|root| {
//!     assert_eq!(root.get_as::<capnp::text::Reader<'_>>()?, "Ahoy, bowline!");
//!     Ok(())
//! })?;
//! # use std::future::Future;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Floors
//!
//! Each imports those below it and none above.
//!
//! | floor | room | what it is |
//! |---|---|---|
//! | 6 | `worker` | the Workers face: values, stubs, targets, streams, Workers |
//! | 5 | [`rpc`], [`compat`] | clients, targets, promises; the same as `capnp-rpc` says it |
//! | 4 | [`runtime`] | threads, tasks, timers, turns |
//! | 3 | [`vat`] | who can be called, through whom, in which order |
//! | 3 | [`probe`] | a peer that says anything, to test others with |
//! | 2 | [`conn`], [`transport`] | one peer: four tables; messages to it and from it |
//! | 1 | [`wire`], [`schema`] | bytes, frames, messages, ids |
//!
//! Floors 1 to 3 know no I/O, no clock, no randomness and no waker: the same inputs give the same outputs.
//!
//! # Features
//!
//! - `tokio` (default): sockets, pipes of the operating system, child processes, and tokio's clock.
//! - `worker` (default): the Workers face: objects and values as Cloudflare Workers pass them.
//! - `cli`: the `bowline` binary.
#![forbid(unsafe_code)]

pub mod compat;
pub mod conn;
pub mod probe;
pub mod rpc;
pub mod runtime;
pub mod schema;
pub mod transport;
pub mod vat;
pub mod wire;
#[cfg(feature = "worker")]
pub mod worker;
