//! What a call brought, and going on with it.

use std::sync::Arc;

use crate::rpc::{Client, Reply};
use crate::runtime::{Local, Mailbox, gone};
use crate::wire::Exception;

use super::error::JsError;
use super::exception::caught;
use super::host::{Object, host, with_own_handles};
use super::parcel::Parcel;
use super::received::Received;
use super::stub::RpcStub;
use super::value::{Limits, Value, View, weigh};

/// The outcome of a call as its caller sees it.
pub(super) fn received(outcome: Result<Reply, Exception>) -> Result<Received, JsError> {
    outcome.map_err(|why| caught(&why)).and_then(Parcel::take_got).map(Received::new)
}

/// An object for one more use of a result that is here already, in the vat it came in.
pub(super) fn again(received: &Received, mailbox: &Arc<Mailbox>) -> Result<RpcStub, JsError> {
    if let Ok(stub) = received.stub() {
        return Ok(stub);
    }
    if !can_go_on(received.value()) {
        return Err(no_object());
    }
    // Calls that were made go on though the result is disposed after that. (Rule 48)
    let externals = weigh(received.value(), &Limits::default())?.externals;
    let value = with_own_handles(received.value(), externals);
    let client = match Local::find(mailbox.id()) {
        Some(here) => host(&here, Object::Plain(value)),
        None => Client::promised(mailbox, move |here| {
            let client = host(here, Object::Plain(value));
            client.lend(here).unwrap_or_else(|| here.with(|graph| graph.broken(gone())))
        }),
    };
    Ok(RpcStub::from_client(client))
}

/// It brought a number, a string, a list … . (Rule 15)
pub(super) fn no_object() -> JsError {
    JsError::type_error("Can't pipeline on RPC that did not return an object.")
}

/// Only an object can be gone on with.
pub(super) fn can_go_on(value: &Value) -> bool {
    matches!(value.view(), View::Object(_))
}
