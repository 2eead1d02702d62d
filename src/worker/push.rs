//! Streams that are pushed to an object, to be read where a value refers to them.

use std::task::Context;

use crate::runtime::{Answer, Conclusion, Local};
use crate::vat::{CallId, Payload};
use crate::wire::Exception;

/// A call of `ExternalPusher`, which every object has.
pub(super) fn dispatch(
    here: &Local,
    _: CallId,
    method: u16,
    params: Payload,
    _: &mut Context<'_>,
) -> Answer {
    here.release_payload(params);
    let why = format!("there is no method {method} of JsValue.ExternalPusher here");
    Answer::Now(Conclusion::Return(Err(Exception::unimplemented(why))))
}
