//! Courtesies: what is said to whoever is there, and keeps nobody there.
//!
//! One rule: *a call that was given up is not kept by courtesies* (C-A8). Whoever gives up a stream, or comes to the end of a
//! signal, says so to the peer; what that named may be the result of a call of its own that never returns. Did the words
//! that wait for that result keep the call, it and they would be there after everybody else was gone.

use crate::wire::Exception;

use super::call::{Call, Fate, Origin, Pipelines, Place};
use super::graph::{Graph, Work};
use super::id::{CallId, Cap, LinkId};
use super::node::{Item, Node, Source, State};

/// How many calls may have the same outcome, one after the other, for the last to be known as a courtesy.
const STEPS_MAX: usize = 64;

/// How many courtesies may wait for each other's results, one after the other, for the last to be known as one. It takes
/// stack to find out.
const NESTED_MAX: usize = 16;

impl Graph {
    /// As [`detach`](Self::detach), but the call is a courtesy: while it waits for the results of a call, and nothing is
    /// pipelined on it, it does not keep that. It fails where nobody else wants those results either.
    pub fn detach_as_courtesy(&mut self, id: CallId) {
        self.detach(id);
        if let Some(call @ Call { origin: Origin::Detached, .. }) = self.calls.get_mut(id) {
            call.origin = Origin::Courtesy;
            self.unwanted(id);
            self.settle();
        }
    }

    /// What was sent of a stream so far is a courtesy from here on: whoever sent it has cut it off. What others sent to the
    /// same capability goes with it; whoever still wants that to arrive holds more than what was sent.
    pub fn cut_stream(&mut self, cap: Cap) {
        let mut at = cap;
        loop {
            let stream = self.nodes.get(at).and_then(|node| node.stream);
            if let Some(stream) = stream.and_then(|stream| self.streams.get_mut(stream)) {
                stream.cut();
            }
            // What was sent by way of a promise may be counted there, though it came home since.
            match self.resolved(at) {
                Some(to) => at = to,
                None => break,
            }
        }
        self.count_courtesies(at);
        self.look_if_light(at);
        self.settle();
    }

    /// Whether a connection is there, and not over.
    #[must_use]
    pub fn is_connected(&self, link: LinkId) -> bool {
        self.links.get(link).is_some_and(|link| !link.conn.is_closed())
    }

    /// The call that `id` was made as: the one before every membrane it crossed.
    pub(super) fn made_as(&self, id: CallId) -> CallId {
        let mut at = id;
        while let Some(Call { origin: Origin::Crossed(before), .. }) = self.calls.get(at) {
            at = *before;
        }
        at
    }

    /// Looks after a call on which nothing is pipelined any more from its own side of a membrane.
    pub(super) fn unwanted_across(&mut self, id: CallId) {
        match self.calls.get(self.made_as(id)) {
            Some(Call { origin: Origin::Courtesy, .. }) => self.wait_lightly(id),
            Some(call @ Call { origin: Origin::Waiting, .. }) if call.is_offered() => {
                self.forsake_call(id);
                self.take_back(id);
            }
            _ => {}
        }
    }

    /// A courtesy, or what came of it, may wait at a promise: it does not keep what that is for.
    pub(super) fn wait_lightly(&mut self, id: CallId) {
        let next = |at: &CallId| match self.calls.get(*at)?.place {
            Place::Redirected(next) | Place::Across(next, ..) => Some(next),
            _ => None,
        };
        let end = std::iter::successors(Some(id), next).take(STEPS_MAX).last().unwrap_or(id);
        let Some(Call { place: Place::Queued(_, Fate::Wait, at), .. }) = self.calls.get(end) else {
            return;
        };
        let at = *at;
        if self.is_courtesy(end, NESTED_MAX)
            && let Some(node) = self.nodes.get_mut(at)
            && node.kind.promise().is_some()
        {
            node.courtesies += 1;
            self.look_if_light(at);
        }
    }

    fn count_courtesies(&mut self, at: Cap) {
        let light = self.courtesies_at(at);
        if let Some(node) = self.nodes.get_mut(at) {
            node.courtesies = light;
        }
    }

    fn look_if_light(&mut self, at: Cap) {
        if self.nodes.get(at).is_some_and(Node::is_light) {
            self.work.push_back(Work::Die(at));
        }
    }

    /// Whether nobody but who is polite wants the outcome of a call.
    fn is_courtesy(&self, id: CallId, nested: usize) -> bool {
        let mut at = id;
        for _ in 0..STEPS_MAX {
            let Some(call) = self.calls.get(at) else { return false };
            if !self.is_pipelined_lightly(call, nested) {
                return false;
            }
            at = match call.origin {
                Origin::Courtesy => return true,
                Origin::Sent(stream, _) => {
                    return self.streams.get(stream).is_some_and(|stream| stream.is_cut());
                }
                Origin::Crossed(before) | Origin::Tail(before) => before,
                Origin::Gone => match call.taker() {
                    Some(taker) => taker,
                    None => return false,
                },
                _ => return false,
            };
        }
        false
    }

    /// Whether at most courtesies are pipelined on a call.
    fn is_pipelined_lightly(&self, call: &Call, nested: usize) -> bool {
        // Whoever made a call that crossed a membrane holds a pipeline of it.
        let own = usize::from(matches!(call.origin, Origin::Crossed(_)));
        let is_light = |cap: Cap| {
            self.nodes.get(cap).is_some_and(|node| {
                // The count of a node is never too low, and costs nothing to look at.
                node.is_light() && node.refs == self.count_at(cap, nested - 1)
            })
        };
        match call.pipeline_refs as usize {
            refs if refs <= own => true,
            refs => {
                nested > 0
                    && refs == call.pipelines.len() + own
                    && call.pipelines.iter().all(|(_, cap)| is_light(*cap))
            }
        }
    }

    /// How many of those who wait at a promise are courtesies.
    pub(super) fn courtesies_at(&self, cap: Cap) -> u32 {
        self.count_at(cap, NESTED_MAX)
    }

    fn count_at(&self, cap: Cap, nested: usize) -> u32 {
        let queue = self.nodes.get(cap).and_then(|node| node.kind.promise()).map(|it| &it.queue);
        let is_light = |item: &&Item| match item {
            Item::Call(id) => self.is_live(item) && self.is_courtesy(*id, nested),
            _ => false,
        };
        // Fits: every one of them has a reference.
        queue.map_or(0, |queue| queue.iter().filter(is_light).count() as u32)
    }

    /// All that is left of the references of a promise may be courtesies: what it is for may be kept by nothing else.
    pub(super) fn forsake(&mut self, cap: Cap) {
        let promise = self.nodes.get(cap).and_then(|node| node.kind.promise());
        if let Some(promise) = promise
            && matches!(promise.state, State::Pending)
            && let Source::Pipeline(call, _) = promise.source
        {
            self.forsake_call(call);
        }
    }

    /// Whether a call was given up, and all that keeps it is courtesies that wait for its results.
    pub(super) fn is_kept_out_of_courtesy(&self, id: CallId) -> bool {
        self.may_be_forsaken(id).is_some_and(|pipelines| {
            let is_light = |cap: Cap| {
                self.nodes.get(cap).is_some_and(|node| node.refs == self.courtesies_at(cap))
            };
            pipelines.iter().all(|(_, cap)| is_light(*cap))
        })
    }

    /// What is pipelined on a call that was given up, if each of that may be held by courtesies alone: the count of a node
    /// is never too low, and costs nothing to look at.
    fn may_be_forsaken(&self, id: CallId) -> Option<&Pipelines> {
        let call = self.calls.get(id)?;
        let (is_given_up, own) = match (call.origin, &call.place) {
            (Origin::Gone, _) => (call.taker().is_none(), 0),
            (Origin::Waiting, Place::Queued(..)) => (call.is_offered(), 0),
            (Origin::Crossed(_), Place::Queued(..)) => (self.is_made_as_offer(id), 1),
            _ => return None,
        };
        let may_be = is_given_up
            && !call.pipelines.is_empty()
            && call.pipeline_refs as usize == call.pipelines.len() + own
            && call
                .pipelines
                .iter()
                .all(|(_, cap)| self.nodes.get(*cap).is_some_and(Node::is_light));
        may_be.then_some(&call.pipelines)
    }

    fn is_made_as_offer(&self, id: CallId) -> bool {
        let made = self.calls.get(self.made_as(id));
        made.is_some_and(|made| made.origin == Origin::Waiting && made.is_offered())
    }

    /// Less is pipelined on a call than before, and what is left may be courtesies. If the call was given up, they break;
    /// with that, nobody wants it any more. If it is a courtesy itself, it counts as one where it waits.
    pub(super) fn forsake_call(&mut self, id: CallId) {
        if self.calls.get(id).is_none_or(|call| call.pipelines.is_empty()) {
            return;
        }
        self.wait_lightly(id);
        let Some(pipelines) = self.may_be_forsaken(id).cloned() else { return };
        // A count that is too high is set right when it is found out, and costs no more the next time.
        pipelines.iter().for_each(|(_, cap)| self.count_courtesies(*cap));
        if self.may_be_forsaken(id).is_none() {
            return;
        }
        for (_, promise) in pipelines {
            let why = Exception::disconnected("nobody wants the results of the call any more");
            let broken = self.broken(why);
            self.work.push_back(Work::Resolve(promise, broken));
        }
    }
}

impl Node {
    /// At most courtesies hold it, if anything does.
    #[inline]
    pub(super) fn is_light(&self) -> bool {
        self.refs <= self.courtesies
    }
}
