//! Hints: what of a call nobody wants is told to the peer it goes to. (C-H6)

use crate::conn::CallRef;

use super::call::{Call, Keep, Origin, Place};
use super::graph::Graph;
use super::id::{CallId, LinkId};

/// Through how many membranes and tail calls one after the other a hint is carried. The way is walked
/// each time somebody loses interest, and a peer could make it as long as it has calls in flight.
/// Beyond, the peer is told nothing, and costs no more than without a hint.
const STEPS_MAX: usize = 64;

/// What nobody wants of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spared {
    /// The results: they are only pipelined on.
    Results,
    /// The pipeline: nothing more is called in its results before they are here.
    Pipeline,
}

impl Graph {
    /// Tells the connection a call went to what of it nobody wants, so that its messages can say so.
    pub(super) fn send_hints(&mut self, id: CallId) {
        let Some((sent, link, question)) = self.sent_for(id) else { return };
        let spared = self.spared(sent);
        let Some(at) = self.links.get_mut(link) else { return };
        match spared {
            Some(Spared::Results) => at.conn.drop_result(question),
            Some(Spared::Pipeline) => at.conn.drop_pipeline(question),
            None => {}
        }
    }

    /// The call that left this vat on behalf of `id`: itself, or, where it was answered with a tail call
    /// or crossed a membrane, what that came to.
    fn sent_for(&self, id: CallId) -> Option<(CallId, LinkId, CallRef)> {
        let mut at = id;
        for _ in 0..STEPS_MAX {
            at = match self.calls.get(at)?.place {
                Place::Remote(link, question) => return Some((at, link, question)),
                Place::Across(next, ..) | Place::Redirected(next) => match self.calls.get(next)? {
                    Call { origin: Origin::Crossed(before) | Origin::Tail(before), .. }
                        if *before == at =>
                    {
                        next
                    }
                    _ => return None,
                },
                _ => return None,
            };
        }
        None
    }

    /// Whether a call is made for its pipeline alone: no Return is due.
    pub(super) fn is_for_pipeline(&self, id: CallId) -> bool {
        self.spared(id) == Some(Spared::Results)
    }

    /// What nobody wants of a call, as far as is known: neither on this side of the membranes it
    /// crossed nor whoever made the call it is a tail call for.
    fn spared(&self, id: CallId) -> Option<Spared> {
        let (mut at, mut pipelined) = (id, false);
        for _ in 0..STEPS_MAX {
            let call = self.calls.get(at)?;
            // A call that crossed is held by the one before it.
            let held = u32::from(matches!(call.origin, Origin::Crossed(_)));
            pipelined |= call.pipeline_refs > held;
            at = match call.origin {
                Origin::Crossed(before) | Origin::Tail(before) if call.taker().is_none() => before,
                Origin::Peer(_, _, Keep::PipelineOnly) => return Some(Spared::Results),
                Origin::Gone if call.taker().is_none() => return Some(Spared::Results),
                Origin::Peer(_, _, Keep::Nothing)
                | Origin::Waiting
                | Origin::Detached
                | Origin::Courtesy
                | Origin::Write(_)
                | Origin::Sent(..)
                    if !pipelined =>
                {
                    return Some(Spared::Pipeline);
                }
                _ => return None,
            };
        }
        None
    }
}
