//! A module that denies what it can, and knows no names but its own.
#![deny(warnings, missing_docs, unused_qualifications, clippy::pedantic)]
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unused_self,
    clippy::unused_async,
    reason = "it is there to be compiled"
)]
#![no_implicit_prelude]

use ::bowline::worker::{rpc_interface, rpc_target};
use ::std::convert::From;
use ::std::option::Option;
use ::std::string::String;

/// An object whose type has names that generated code might use.
pub struct Value;

#[rpc_target]
impl Value {
    async fn answer(&self, name: Option<String>) -> String {
        name.unwrap_or_default()
    }

    #[rpc(getter)]
    fn here(&self) -> f64 {
        1.0
    }

    fn method(&self, argument_0: f64, generated: f64) -> f64 {
        argument_0 + generated
    }

    fn getter(&self) {}

    #[allow(clippy::wrong_self_convention, reason = "generated code calls something by this name")]
    fn into_return(&self) {}

    #[rpc(dispose)]
    fn dispose(&self) {}

    fn call(&self, name: f64) -> Self {
        let _ = name;
        Self
    }
}

/// Nothing to be called.
pub struct Empty;

#[rpc_target]
impl Empty {}

/// A stub with such a name.
#[rpc_interface]
pub trait RpcStub {
    /// Answers.
    async fn answer(&self, name: Option<String>) -> String;
    /// Hands out another.
    async fn call(&self, name: f64) -> RpcStub;
    /// Adds.
    async fn method(&self, args: f64, stub: f64) -> f64;
    /// Here.
    #[rpc(getter)]
    fn here(&self) -> f64;
}

/// Nothing to call.
#[rpc_interface]
pub trait Nothing {}

#[::std::prelude::v1::test]
fn generated_code_minds_no_names_around_it() {
    let vat = ::bowline::runtime::Vat::local();
    let stub = RpcStub::from(::bowline::worker::RpcStub::new(vat.here(), Value));
    let answer = crate::cast::run(stub.call(1.0).answer(Option::Some(String::from("yes"))));
    let sum = crate::cast::run(stub.method(1.0, 2.0));
    ::std::assert_eq!(sum, ::std::result::Result::Ok(3.0));
    ::std::assert_eq!(answer.as_deref(), ::std::result::Result::Ok("yes"));
}
