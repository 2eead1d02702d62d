//! The attributes of `bowline::worker`: objects and interfaces, written as Rust writes them.
//!
//! What they generate names the library as `::bowline::worker`, and what only generated code needs as
//! `::bowline::worker::generated`.
#![forbid(unsafe_code)]

mod interface;
mod marks;
mod method;
mod target;

use proc_macro::TokenStream;

/// Makes the methods of an `impl` block callable through stubs: the type becomes a
/// `RpcTarget`, which can also be returned by value.
///
/// Every function that takes `&self` (or `self: Rc<Self>`) is a method; callers know it by its name in camel
/// case. Functions without `self` are not reachable. `async fn`s may wait; the others answer at once.
///
/// - **Arguments** are anything that implements `serde::Deserialize`: numbers, strings, `Option`s, structs, and
///   `Value`, `RpcStub` and types made with [`macro@rpc_interface`]. `&T` is read as `T`, `&str` as a string,
///   `Vec<u8>` and `&[u8]` as bytes. What was not passed is `undefined`. An argument that does not fit is a
///   `TypeError` that names method, position, what was expected and what there is.
/// - `&Call` and `&Local` are no arguments: they are the call itself, and the vat.
/// - **Results** are anything that implements `serde::Serialize`, a `Return`, or another `#[rpc_target]` type,
///   of which the caller gets a stub; or a `Result` of one of these, whose error is `Into<JsError>`. `Vec<u8>` is
///   a `Uint8Array`.
///
/// | mark | on | meaning |
/// |---|---|---|
/// | `#[rpc(getter)]` | a method without arguments | a property |
/// | `#[rpc(fetch)]` | one `async` method that takes a `Request<Body>` | answers requests, where it is an entrypoint |
/// | `#[rpc(dispose)]` | one method without arguments | runs once, when the last stub is gone |
/// | `#[rpc(skip)]` | a method | not reachable |
/// | `#[rpc(name = "…")]` | a method or getter | its name for callers |
/// | `#[rpc(rest)]` | the last argument, a `Vec` | all arguments from there on |
///
/// `dup`, `constructor` and `then` mean something else to callers, and are refused.
#[proc_macro_attribute]
pub fn rpc_target(attribute: TokenStream, item: TokenStream) -> TokenStream {
    target::expand(attribute.into(), item.into()).into()
}

/// Makes a trait of method signatures a typed client: a stub of that name, with these methods.
///
/// The trait itself is gone: the type `Counter` made of `trait Counter` is a handle like `RpcStub`, and made `From`
/// one; it can be an argument and a result wherever a stub can. A call is made at once, and leaves a
/// `Promised<T>`. When `T` is such a type itself, its methods can be called on the promise.
///
/// Methods take `&self` and arguments that implement `serde::Serialize`; `Vec<u8>` and `&[u8]` are sent as a
/// `Uint8Array`. A result is anything that implements `serde::Deserialize`; `-> Result<T, …>` is the same as
/// `-> T`, and whether `async` is written makes no difference: every call may fail, and is waited for. The marks are
/// those of [`macro@rpc_target`]: `getter`, `name` and `rest`.
#[proc_macro_attribute]
pub fn rpc_interface(attribute: TokenStream, item: TokenStream) -> TokenStream {
    interface::expand(attribute.into(), item.into()).into()
}
