//! Streams that are pushed to an object, to be read where a value refers to them.

use crate::rpc::{Reply, payload};
use crate::runtime::{Answer, Conclusion, Local};
use crate::vat::Payload;

use super::stream::Pusher;

/// A call of `ExternalPusher`, which every object has.
pub(super) fn dispatch(here: &Local, pusher: &Pusher, method: u16, params: Payload) -> Answer {
    let answered = pusher.answer(here, method, Reply::new(here, params));
    let results = answered.map(|(content, caps)| payload(here, content, &caps));
    Answer::Now(Conclusion::Return(results))
}
