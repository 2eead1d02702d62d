//! Collecting: the outcome of a call goes to whoever made it here and awaits it.

use super::call::{Call, Fate, Origin, Outcome, Place};
use super::graph::{Graph, Step};
use super::id::{CallId, TargetId};
use super::node::{Item, Kind};
use super::payload::Request;

/// Which of its holds of a call a caller ends when it takes the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// That of the result and that of the pipeline.
    Both,
    /// That of the result; that of the pipeline ends with `Graph::drop_pipeline` or
    /// `Graph::try_drop_pipeline`.
    Result,
}

impl Ends {
    const fn pipelines(self) -> u32 {
        match self {
            Self::Both => 1,
            Self::Result => 0,
        }
    }
}

impl Graph {
    /// The outcome of a call, once, if it is there; with it both holds of the caller end. The caller
    /// takes the references in it.
    pub fn collect(&mut self, call: CallId) -> Option<Outcome> {
        self.collect_and_end(call, Ends::Both)
    }

    /// As [`collect`](Self::collect), and says which of the caller's holds end.
    #[inline]
    pub fn collect_and_end(&mut self, id: CallId, ends: Ends) -> Option<Outcome> {
        let call = self.calls.get_mut(id)?;
        if call.origin != Origin::Waiting || !matches!(call.place, Place::Done(_)) {
            return None;
        }
        let Place::Done(outcome) = std::mem::replace(&mut call.place, Place::Over) else {
            return None;
        };
        match self.end_with(id, &outcome, ends) {
            Ended::Wholly => Some(outcome),
            Ended::Held => Some(self.share_outcome(id, outcome)),
        }
    }

    /// Takes the call off the front of the queue, if it stands there and before its target: whoever
    /// awaits it carries it to the target, and ends it with [`answer`](Self::answer) or
    /// [`respond`](Self::respond), before anything else is polled.
    #[inline]
    #[must_use]
    pub fn take_first(&mut self, id: CallId) -> Option<(TargetId, Request)> {
        let step = self.queue.front().filter(|_| self.outputs.is_empty())?;
        if !matches!(step.item, Item::Call(first) if first == id) {
            return None;
        }
        let step = Step { to: step.to, item: step.item };
        let delivery = self.reach_target(&step)?;
        self.queue.pop_front();
        Some(delivery)
    }

    /// A call that an object got without it: from here on it is as if it had been made and delivered. Its
    /// caller holds what it holds of a [`call`](Self::call).
    pub fn adopt(&mut self) -> CallId {
        let mut call = Call::new(Origin::Waiting, Place::Delivered(None));
        call.pipeline_refs = 1;
        self.calls.insert(call)
    }

    /// A call that stands before its target is delivered there, on the shortest way.
    #[inline]
    pub(super) fn reach_target(&mut self, step: &Step) -> Option<(TargetId, Request)> {
        let Item::Call(id) = step.item else { return None };
        let node = self.nodes.get_mut(step.to).filter(|node| node.refs > 1)?;
        let target = match &node.kind {
            Kind::Target(target) => *target,
            Kind::Streamed(streamed) if streamed.is_idle() => streamed.target,
            _ => return None,
        };
        let call = self.calls.get_mut(id)?;
        if !matches!(call.place, Place::Queued(_, Fate::Deliver | Fate::Wait, _)) {
            return None;
        }
        let place = std::mem::replace(&mut call.place, Place::Delivered(Some(step.to)));
        let Place::Queued(request, ..) = place else { return None };
        node.refs -= 1;
        Some((target, request))
    }

    /// As [`respond`](Self::respond) and then [`collect`](Self::collect), for a call whose caller
    /// carried it to its target.
    #[inline]
    pub fn answer(&mut self, id: CallId, outcome: Outcome, ends: Ends) -> Option<Outcome> {
        let is_plain = matches!(
            self.calls.get(id),
            Some(call @ Call { place: Place::Delivered(_), .. }) if call.is_plain()
        );
        if is_plain && outcome.as_ref().is_ok_and(|results| results.caps.is_empty()) {
            self.end_with(id, &outcome, ends);
            return Some(outcome);
        }
        self.respond(id, outcome);
        self.collect_and_end(id, ends)
    }

    /// The caller takes the outcome of a call.
    #[inline]
    fn end_with(&mut self, id: CallId, outcome: &Outcome, ends: Ends) -> Ended {
        let Some(call) = self.calls.get_mut(id) else { return Ended::Wholly };
        call.pipeline_refs = call.pipeline_refs.saturating_sub(ends.pipelines());
        if call.pipeline_refs == 0 && call.is_plain() {
            // With the outcome nothing is left of it.
            self.calls.discard(id);
            return Ended::Wholly;
        }
        call.origin = Origin::Gone;
        if call.is_kept_bare(outcome) {
            call.place = Place::Bare;
            return Ended::Wholly;
        }
        Ended::Held
    }

    /// The outcome of a call whose result was taken, and which something may still need.
    fn share_outcome(&mut self, id: CallId, outcome: Outcome) -> Outcome {
        let keep =
            self.calls.get(id).is_some_and(|call| call.pipeline_refs > 0 || call.taker().is_some());
        let mut outcome = outcome;
        if keep {
            let kept = self.share_with(&mut outcome);
            self.place(id, Place::Done(kept));
        }
        self.unwanted(id);
        self.settle();
        outcome
    }
}

/// What is left of a call whose outcome was taken.
enum Ended {
    /// Nothing, or nothing but that it returned no capabilities.
    Wholly,
    /// It is looked after.
    Held,
}
