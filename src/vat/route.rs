//! Routing takes an item from node to node until it is delivered, sent, or must wait.

use std::collections::VecDeque;

use smallvec::SmallVec;

use crate::conn::{CallRef, OutCall, OutPayload, OutReturn, OutTarget, Refused, Tag};
use crate::wire::Exception;

use super::call::{Call, Fate, Keep, Origin, Place};
use super::export::outgoing;
use super::graph::{Graph, Step, Work};
use super::id::{CallId, Cap, LinkId, TargetId};
use super::membrane::Wall;
use super::node::{Item, Kind, Promise, Source, State};
use super::output::Output;
use super::payload::{Payload, Request};

/// For how many steps there stays room when all of them were taken: one busy moment does not stay in memory.
const STEPS_KEPT: usize = 1024;

/// How many calls in a row, each on the results of the one before, may come from a peer and be sent
/// back to it.
const BOUNCES_MAX: u16 = 256;

/// Where an item goes from a node.
pub(super) enum Way {
    /// To the object, whose node this is.
    Target(TargetId, Cap),
    Broken(Exception),
    /// To the null capability, where it fails.
    Null,
    /// To a peer; on the results of a call that bounced so many times.
    Peer(LinkId, OutTarget, u16),
    /// To the wall of a membrane, which is this node.
    Cross(Wall, Cap),
    Wait,
}

impl Graph {
    /// The next thing to be done, if there is one. Each call takes at most one step off the queue
    /// before it returns what came of it.
    #[must_use]
    #[inline]
    pub fn poll_output(&mut self) -> Option<Output> {
        match self.is_quiet() {
            true => None,
            false => self.next_output(),
        }
    }

    /// There is nothing for `poll_output`.
    #[must_use]
    #[inline]
    pub fn is_quiet(&self) -> bool {
        self.outputs.is_empty() && self.queue.is_empty()
    }

    fn next_output(&mut self) -> Option<Output> {
        loop {
            if let Some(output) = self.outputs.pop_front() {
                return Some(output);
            }
            let Some(step) = self.queue.pop_front() else {
                if self.queue.capacity().max(self.outputs.capacity()) > 2 * STEPS_KEPT {
                    self.give_room_back();
                }
                return None;
            };
            if let Some(delivery) = self.deliver_at_once(&step) {
                return Some(delivery);
            }
            if self.send_plain(&step) {
                continue;
            }
            self.route(step);
            self.settle();
        }
    }

    #[cold]
    fn give_room_back(&mut self) {
        self.queue.shrink_to(STEPS_KEPT);
        self.outputs.shrink_to(STEPS_KEPT);
    }

    /// Routes what was made or read so far and is to leave or to wait. Done before anything that shows
    /// somebody a shorter way, lest what they send there overtakes those that were to go the longer
    /// one. (C-E1) What is for an object here has its turn later: an object may hold back what comes
    /// next, and whatever comes by a shorter way queues behind.
    pub(super) fn route_queued(&mut self) {
        if self.queue.is_empty() {
            return;
        }
        let mut staying = VecDeque::new();
        for step in std::mem::take(&mut self.queue) {
            if self.is_for_object(&step) {
                staying.push_back(step);
            } else {
                self.route(step);
                self.settle();
            }
        }
        staying.append(&mut self.queue);
        self.queue = staying;
    }

    fn is_for_object(&mut self, step: &Step) -> bool {
        let to = match (&step.item, self.nodes.get(step.to).and_then(|node| node.kind.state())) {
            (Item::Next, _) => return true,
            (Item::Lift, Some(State::Embargoed(to))) => *to,
            _ => step.to,
        };
        let end = self.follow(to);
        matches!(self.way(end), Way::Target(..))
    }

    /// What most steps are: a call that stands before its target. Does what `route` would, on the
    /// shortest way; `None` if it is anything else.
    #[inline]
    fn deliver_at_once(&mut self, step: &Step) -> Option<Output> {
        let Item::Call(call) = step.item else { return None };
        let (target, Request { interface, method, params }) = self.reach_target(step)?;
        Some(Output::Deliver { target, call, interface, method, params })
    }

    /// The next step, if it stands for a call of this vat that carries no capabilities along, before a peer's
    /// object or in what a peer will return: does what `route` would, on the shortest way.
    fn send_plain(&mut self, step: &Step) -> bool {
        let Item::Call(id) = step.item else { return false };
        let end = self.end_of(step.to);
        let Some(node) = self.nodes.get(end) else { return false };
        let (link, target) = match &node.kind {
            Kind::Import(link, import) => (*link, OutTarget::Import(*import)),
            Kind::Promise(promise) if matches!(promise.state, State::Pending) => {
                match self.way_of_source(end, promise) {
                    Way::Peer(link, target, _) => (link, target),
                    _ => return false,
                }
            }
            _ => return false,
        };
        let Some(call) = self.calls.get_mut(id) else { return false };
        let Some(request) = call.take_plain() else { return false };
        let Request { interface, method, params: Payload { content, caps: _ } } = request;
        let params = OutPayload { content, caps: Vec::new() };
        let body = OutCall { tag: Tag(id.number()), interface, method, params, tail: false };
        match self.ask(link, target, body) {
            Ok(question) => {
                self.place(id, Place::Remote(link, question));
                self.send_hints(id);
                self.flush_pipelines(id);
            }
            Err(why) => self.work.push_back(Work::Complete(id, Err(why))),
        }
        self.touch(link);
        self.unref(step.to);
        self.settle();
        true
    }

    /// There is something for `poll_output` that nothing need be done for.
    #[must_use]
    #[inline]
    pub fn has_outputs(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// There may be something for `poll_output` or `poll_transmit`.
    #[must_use]
    #[inline]
    pub fn has_queued(&self) -> bool {
        !self.queue.is_empty() || !self.outputs.is_empty() || !self.sending.is_empty()
    }

    /// Does all that follows from what was done, until nothing follows any more. What follows is
    /// listed, never called: a chain of promises as long as a peer likes takes no stack.
    #[inline]
    pub(super) fn settle(&mut self) {
        if !self.work.is_empty() || !self.listed.is_empty() {
            self.settle_all();
        }
    }

    fn settle_all(&mut self) {
        loop {
            if let Some(work) = self.work.pop_front() {
                match work {
                    Work::Route(step) => self.route(step),
                    Work::Resolve(promise, to) => self.resolve_to(promise, to),
                    Work::Complete(call, outcome) => self.complete(call, outcome),
                    Work::Tell(promise) => self.tell_resolved(promise),
                    Work::Die(cap) => self.die(cap),
                    Work::Unwanted(call) => self.unwanted(call),
                }
            } else if let Some(link) = self.listed.pop_front() {
                self.read_events(link);
            } else {
                return;
            }
        }
    }

    pub(super) fn route(&mut self, step: Step) {
        let Step { to, item } = step;
        if !self.is_live(&item) {
            return self.forget_item(&item, to);
        }
        if matches!(item, Item::Lift | Item::Next) {
            match item {
                Item::Next => self.take_next(to),
                _ => self.lift(to, None),
            }
            return self.unref(to);
        }
        let end = self.follow(to);
        match self.way(end) {
            Way::Wait => {
                self.retain(end);
                if let Some((line, _)) = self.nodes.get_mut(end).and_then(|node| node.kind.line()) {
                    line.push_back(item);
                }
                if let Item::Disembargo(link, embargo) = item {
                    self.stall(link, embargo, end);
                }
                if let Item::Call(id) | Item::Write(id) | Item::Fence(id) = item
                    && let Some(Call { place: Place::Queued(_, fate, at), .. }) =
                        self.calls.get_mut(id)
                {
                    (*fate, *at) = (Fate::Wait, end);
                    self.unwanted(id);
                }
            }
            way => self.pass(way, item, end),
        }
        self.unref(to);
    }

    /// Where an item goes from a node, which is where what it is resolved to ends.
    pub(super) fn way(&self, cap: Cap) -> Way {
        let Some(node) = self.nodes.get(cap) else {
            return Way::Broken(Exception::failed("the capability is gone"));
        };
        match &node.kind {
            Kind::Target(target) => Way::Target(*target, cap),
            Kind::Streamed(streamed) => Self::way_of_streamed(streamed, cap),
            Kind::Broken(why) => Way::Broken(why.clone()),
            Kind::Null => Way::Null,
            Kind::Wall(wall) => Way::Cross(*wall, cap),
            Kind::Import(link, import) => Way::Peer(*link, OutTarget::Import(*import), 0),
            Kind::Promise(promise) => match promise.state {
                State::Pending => self.way_of_source(cap, promise),
                State::Resolved(_) | State::Embargoed(_) => Way::Wait,
            },
        }
    }

    /// What `cap` is called in front of the peer of `link`, if it is or was the peer's.
    pub(super) fn address_on(&self, link: LinkId, cap: Cap) -> Option<OutTarget> {
        let way = match &self.nodes.get(cap)?.kind {
            Kind::Import(at, import) => Way::Peer(*at, OutTarget::Import(*import), 0),
            Kind::Promise(promise) => self.way_of_source(cap, promise),
            _ => return None,
        };
        match way {
            Way::Peer(at, target, _) if at == link => Some(target),
            _ => None,
        }
    }

    /// The way calls take while the promise is not resolved.
    #[inline]
    fn way_of_source(&self, cap: Cap, promise: &Promise) -> Way {
        match &promise.source {
            Source::Import(link, import) => Way::Peer(*link, OutTarget::Import(*import), 0),
            Source::Answer(link, question, path) => {
                Way::Peer(*link, OutTarget::Answer(*question, path.clone()), 0)
            }
            Source::Pipeline(call, path) => match self.calls.get(*call) {
                Some(Call { place: Place::Remote(link, question), bounces, .. }) => {
                    Way::Peer(*link, OutTarget::Answer(*question, path.clone()), *bounces)
                }
                _ => Way::Wait,
            },
            // What waits to be told what it came to be keeps those behind it waiting, too.
            Source::Wall(wall) if promise.queue.is_empty() => Way::Cross(*wall, cap),
            Source::Here | Source::Wall(_) | Source::Gate(_) | Source::Spent => Way::Wait,
        }
    }

    /// Takes an item the way it goes from the node `from`.
    pub(super) fn pass(&mut self, way: Way, item: Item, from: Cap) {
        match (item, way) {
            (Item::Write(call), Way::Target(..)) if self.is_given_up(call) => self.forgo(call),
            (Item::Call(call) | Item::Write(call), Way::Target(target, cap)) => {
                self.deliver(call, target, cap);
            }
            (Item::Call(call) | Item::Write(call) | Item::Fence(call), Way::Broken(why)) => {
                self.fail_queued(call, why);
            }
            (Item::Call(call) | Item::Write(call) | Item::Fence(call), Way::Null) => {
                self.fail_on_null(call);
            }
            (Item::Write(call), Way::Peer(link, target, _)) => {
                self.send_write(call, link, target, from);
            }
            (Item::Call(call) | Item::Write(call), Way::Cross(wall, at)) => {
                self.reach_wall(call, wall, at);
            }
            (Item::Fence(call), Way::Cross(wall, _)) => self.fence_through(call, wall),
            (Item::Fence(call), Way::Peer(..)) => self.wait_acknowledged(call, from),
            (Item::Fence(call), Way::Target(..)) => self.pass_fence(call),
            (Item::Call(call), Way::Peer(link, target, bounces)) => {
                if self.may_bounce(call, link, bounces) {
                    self.send_call(call, link, target);
                }
            }
            (Item::Disembargo(from, embargo), Way::Peer(link, target, _)) => {
                self.loop_back(from, embargo, Some((link, target)));
            }
            (Item::Disembargo(from, embargo), _) => self.loop_back(from, embargo, None),
            (Item::Call(_) | Item::Write(_) | Item::Fence(_), Way::Wait)
            | (Item::Lift | Item::Next, _) => {}
        }
    }

    /// Takes the request of a queued call; `None` if the call is not wanted any more.
    pub(super) fn dequeue(&mut self, id: CallId) -> Option<(Request, Fate)> {
        let call = self.calls.get_mut(id)?;
        match std::mem::replace(&mut call.place, Place::Over) {
            Place::Queued(request, fate, _) => Some((request, fate)),
            other => {
                call.place = other;
                None
            }
        }
    }

    fn deliver(&mut self, id: CallId, target: TargetId, cap: Cap) {
        let Some((Request { interface, method, params }, fate)) = self.dequeue(id) else { return };
        self.place(id, Place::Delivered(Some(cap)));
        self.outputs.push_back(Output::Deliver { target, call: id, interface, method, params });
        if fate == Fate::DeliverThenCancel {
            self.unwanted(id);
        }
    }

    pub(super) fn fail_queued(&mut self, id: CallId, why: Exception) {
        if let Some((request, _)) = self.dequeue(id) {
            self.unref_payload(request.params);
            self.work.push_back(Work::Complete(id, Err(why)));
        }
    }

    /// Fails a call on the null capability, by the method it wanted: who reads of it may have called
    /// much, and passed on what others call.
    fn fail_on_null(&mut self, id: CallId) {
        if let Some(Place::Queued(request, ..)) = self.calls.get(id).map(|call| &call.place) {
            let Request { interface, method, .. } = request;
            let why = format!(
                "called a null capability (method {method} of interface {interface:#018x})"
            );
            self.fail_queued(id, Exception::failed(why));
        }
    }

    /// Whether a call may go to the peer of `link`, on the results of a call that was sent back
    /// to where it came from `bounces` times in a row. If it may not, it fails.
    ///
    /// Two calls of two vats may each be made on what the other returns. Neither vat sees more
    /// than a call on the results of a call it passed on, and passes it on in turn. (C-M9)
    fn may_bounce(&mut self, id: CallId, link: LinkId, bounces: u16) -> bool {
        let asker = self.calls.get(self.made_as(id)).map(|call| call.origin);
        let Some(call) = self.calls.get_mut(id) else { return false };
        if !matches!(asker, Some(Origin::Peer(from, ..)) if from == link) {
            return true;
        }
        call.bounces = bounces.saturating_add(1);
        if call.bounces <= BOUNCES_MAX {
            return true;
        }
        let why = "calls on each other's results are passed to and fro";
        self.fail_queued(id, Exception::overloaded(why));
        false
    }

    /// Sends a call to a peer; what waits for its results goes after it.
    pub(super) fn send_call(&mut self, id: CallId, link: LinkId, target: OutTarget) {
        let Some((Request { interface, method, params }, fate)) = self.dequeue(id) else { return };
        let asker = self.asker_on(id, link);
        let Payload { content, caps } = params;
        let content = outgoing(content);
        let (params, broken) = match content {
            Ok(content) => self.export_payload(link, Payload { content, caps }),
            Err(why) => {
                caps.into_iter().flatten().for_each(|cap| self.unref(cap));
                return self.work.push_back(Work::Complete(id, Err(why)));
            }
        };
        let tag = Tag(id.number());
        let call = OutCall { tag, interface, method, params, tail: asker.is_some() };
        match self.ask(link, target, call) {
            Ok(question) => {
                self.place(id, Place::Remote(link, question));
                self.note_way(id, link);
                self.send_hints(id);
                if let Some((asker, answer)) = asker {
                    self.origin(asker, Origin::Returned);
                    self.send_return(link, answer, OutReturn::TakeFrom(question));
                    self.send_hints(id);
                }
                self.flush_pipelines(id);
                self.break_exports(link, broken);
                if fate == Fate::DeliverThenCancel {
                    self.deliver_first(id);
                    self.unwanted(id);
                }
            }
            Err(why) => self.work.push_back(Work::Complete(id, Err(why))),
        }
        self.touch(link);
    }

    /// A call a peer cancelled is with another peer, or about to leave for it: it is to be delivered
    /// there before it is cancelled. (C-N4)
    pub(super) fn deliver_first(&mut self, id: CallId) {
        if let Some(Place::Remote(link, question)) = self.calls.get(id).map(|call| &call.place)
            && let Some(at) = self.links.get_mut(*link)
        {
            at.conn.deliver_first(*question);
        }
    }

    /// Asks a question; one that is refused leaves nothing behind.
    #[inline]
    fn ask(
        &mut self,
        link: LinkId,
        target: OutTarget,
        call: OutCall,
    ) -> Result<CallRef, Exception> {
        let Some(at) = self.links.get_mut(link) else {
            self.give_back(link, call.params.caps);
            return Err(Exception::disconnected("the connection is closed"));
        };
        at.conn.call(target, call).map_err(|refused| {
            let Refused { call, why } = *refused;
            self.give_back(link, call.params.caps);
            why
        })
    }

    /// The call whose Return to `link` can name this one, if this is a tail call on behalf of the
    /// peer it is going to. (C-T3)
    fn asker_on(&self, id: CallId, link: LinkId) -> Option<(CallId, crate::wire::AnswerId)> {
        let mut asker = id;
        while let Some(Call { origin: Origin::Tail(parent), .. }) = self.calls.get(asker) {
            asker = *parent;
        }
        match self.calls.get(asker)?.origin {
            Origin::Peer(from, answer, Keep::Pipeline | Keep::Nothing) if from == link => {
                self.links.get(link)?.conn.may_tail_call().then_some((asker, answer))
            }
            _ => None,
        }
    }

    /// What waited for a call to go somewhere follows it.
    fn flush_pipelines(&mut self, id: CallId) {
        let Some(call) = self.calls.get(id).filter(|call| !call.pipelines.is_empty()) else {
            return;
        };
        let waits = |(_, cap): &&(_, Cap)| {
            let node = self.nodes.get(*cap).and_then(|node| node.kind.promise());
            node.is_some_and(|promise| !promise.queue.is_empty())
        };
        let waiting: SmallVec<[Cap; 4]> =
            call.pipelines.iter().filter(waits).map(|(_, cap)| *cap).collect();
        for cap in waiting {
            self.flush(cap);
        }
    }

    /// Routes again what waits at a promise.
    pub(super) fn flush(&mut self, cap: Cap) {
        let Some(node) = self.nodes.get_mut(cap) else { return };
        if let Kind::Promise(promise) = &mut node.kind {
            node.courtesies = 0;
            let queue = std::mem::take(&mut promise.queue);
            let behind_judged = matches!(promise.source, Source::Wall(_));
            let steps = queue.into_iter().map(|item| Step { to: cap, item });
            if behind_judged {
                // Those that crossed before them may be judged once more on their way.
                steps.rev().for_each(|step| self.queue.push_front(step));
            } else {
                self.work.extend(steps.map(Work::Route));
            }
        }
    }
}
