//! Streaming calls: whoever makes one goes on when there is room in the window of the capability it
//! was sent to, not when it returns.

use std::time::Instant;

use crate::conn::OutTarget;
use crate::wire::{Content, Exception};

use super::call::{Call, Fate, Origin, Outcome, Place};
use super::graph::{Graph, Work};
use super::id::{CallId, Cap, LinkId, StreamId};
use super::node::{Item, Kind, State};
use super::pace::Probing;
use super::payload::{Payload, Request};
use super::route::Way;
use super::stream::{Room, Stream};

/// What a call costs its window besides its params, so that empty ones count too: the envelope of a
/// small Call message, in bytes.
const ENVELOPE_BYTES: u64 = 128;

/// What came of making a streaming call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Wrote {
    /// It was sent, as this call, which nobody can collect, and there is room for the next.
    Sent(CallId),
    /// There will be room when the outcome of this call is there: to be collected.
    Waits(CallId),
}

impl Graph {
    /// Calls `cap` as a stream does, behind every call made so far. Takes the references in the
    /// request, none of `cap`. What is returned is collected like a call: it is done when the
    /// caller may send more. (C-S1)
    ///
    /// - Sent to a peer: done when there is room in the window of the capability it was sent to, and
    ///   not cancelled any more (C-S4). Once one such call failed, all later ones to that capability
    ///   fail. (C-S2)
    /// - To an object of this vat: done when it returned, and cancelled when nobody waits.
    pub fn write(&mut self, cap: Cap, request: Request) -> Wrote {
        match self.send_at_once(cap, request) {
            Ok(wrote) => wrote,
            Err(request) => Wrote::Waits(self.queue_write(cap, request)),
        }
    }

    /// Sends a streaming call where nothing was made before it that has not left, and its way leads to a peer:
    /// most that are made do. The request comes back if it has to queue.
    fn send_at_once(&mut self, cap: Cap, request: Request) -> Result<Wrote, Request> {
        if !self.queue.is_empty() {
            return Err(request);
        }
        let end = self.follow(cap);
        let Way::Peer(link, target, _) = self.way(end) else { return Err(request) };
        let Some(key) = self.stream_of(end, link) else { return Err(request) };
        let words = words_of(&request.params.content);
        if self.streams.get(key).is_none_or(|stream| stream.why_broken().is_some()) {
            return Err(request);
        }
        let room = self.count_sent(key, words);
        let place = Place::Queued(request, Fate::Deliver, end);
        let id = self.calls.insert(Call::new(Origin::Sent(key, words), place));
        self.send_call(id, link, target);
        // A call that is refused breaks the stream, before it is looked at again.
        self.settle();
        match self.streams.get_mut(key) {
            Some(stream) if room == Room::Free && stream.why_broken().is_none() => {
                Ok(Wrote::Sent(id))
            }
            _ => Ok(Wrote::Waits(self.wait_for_room(key))),
        }
    }

    /// Counts a call that is sent.
    fn count_sent(&mut self, key: StreamId, words: u32) -> Room {
        let Some(stream) = self.streams.get_mut(key) else { return Room::Free };
        let (room, probing) = stream.send(bytes(words));
        if probing == Probing::Begins {
            self.probing.push(key);
        }
        room
    }

    /// It is `now`, until the next time this is said. Streams measure their paths by it
    /// ([`Window::Adaptive`](crate::conn::Window)); nothing else does.
    pub fn tell_time(&mut self, now: Instant) {
        self.now = Some(now);
    }

    /// What was sent leaves now.
    pub(super) fn probes_leave(&mut self) {
        for key in std::mem::take(&mut self.probing) {
            if let (Some(stream), Some(now)) = (self.streams.get_mut(key), self.now) {
                stream.leave(now);
            }
        }
    }

    /// Somebody who waits until there is room in a stream.
    fn wait_for_room(&mut self, key: StreamId) -> CallId {
        let mut sender = Call::new(Origin::Waiting, Place::Over);
        sender.pipeline_refs = 1;
        let sender = self.calls.insert(sender);
        match self.streams.get_mut(key) {
            Some(stream) if stream.why_broken().is_none() => stream.blocked.push(sender),
            stream => {
                let why = stream.and_then(|stream| stream.why_broken().cloned());
                self.tell(vec![sender], &why.map_or(Ok(()), Err));
                self.settle();
            }
        }
        sender
    }

    fn queue_write(&mut self, cap: Cap, request: Request) -> CallId {
        let mut sender = Call::new(Origin::Waiting, Place::Over);
        sender.pipeline_refs = 1;
        let sender = self.calls.insert(sender);
        if let Some(why) = self.why_stream_broken(cap).cloned() {
            self.unref_payload(request.params);
            self.tell(vec![sender], &Err(why));
            self.settle();
            return sender;
        }
        let place = Place::Queued(request, Fate::Deliver, cap);
        let call = self.calls.insert(Call::new(Origin::Write(Some(sender)), place));
        self.place(sender, Place::Redirected(call));
        self.enqueue(cap, Item::Write(call));
        sender
    }

    /// Done when every streaming call made on `cap` so far is acknowledged, or with what the first
    /// of them failed with. Takes no reference; collected like a call.
    pub fn fence(&mut self, cap: Cap) -> CallId {
        let nothing = Request { interface: 0, method: 0, params: Payload::null() };
        let mut call = Call::new(Origin::Waiting, Place::Queued(nothing, Fate::Deliver, cap));
        call.pipeline_refs = 1;
        let id = self.calls.insert(call);
        self.enqueue(cap, Item::Fence(id));
        id
    }

    /// Whether nobody waits any more for a streaming call that has not left this vat.
    pub(super) fn is_given_up(&self, id: CallId) -> bool {
        matches!(self.calls.get(id), Some(Call { origin: Origin::Write(None), .. }))
    }

    /// A streaming call is given up at the object that would have taken it. (C-S4)
    pub(super) fn forgo(&mut self, id: CallId) {
        if let Some((request, _)) = self.dequeue(id) {
            self.unref_payload(request.params);
            self.origin(id, Origin::Gone);
            self.unwanted(id);
        }
    }

    /// Sends a streaming call to a peer by way of the node `from`.
    pub(super) fn send_write(&mut self, id: CallId, link: LinkId, target: OutTarget, from: Cap) {
        let key = self.stream_of(from, link);
        let broken = key.and_then(|key| self.streams.get(key)?.why_broken().cloned());
        if let Some(why) = broken {
            return self.fail_queued(id, why);
        }
        let words = match self.calls.get(id).map(|call| &call.place) {
            Some(Place::Queued(request, ..)) => words_of(&request.params.content),
            _ => return,
        };
        if let Some(at) = self.links.get_mut(link) {
            at.conn.will_stream(&target);
        }
        self.send_call(id, link, target);
        let Some(key) = key else { return };
        match self.calls.get(id) {
            Some(Call { place: Place::Remote(..), .. }) => self.charge(id, key, words),
            _ => {
                // What was not sent leaves a hole: nothing behind it may arrive.
                if let Some(Work::Complete(failed, Err(why))) = self.work.back()
                    && *failed == id
                {
                    let why = why.clone();
                    self.break_stream(key, why);
                }
            }
        }
    }

    /// The stream of what is sent by way of a node.
    fn stream_of(&mut self, node: Cap, link: LinkId) -> Option<StreamId> {
        let window = self.links.get(link)?.conn.config().stream_window;
        let at = self.nodes.get_mut(node)?;
        if at.stream.is_none() {
            at.stream = Some(self.streams.insert(Stream::new(window)));
        }
        at.stream
    }

    /// How many words the last streaming call sent by way of `cap` took; 0 if there was none.
    #[must_use]
    pub fn stream_words(&self, cap: Cap) -> u64 {
        let stream = self.nodes.get(self.end_of(cap)).and_then(|node| node.stream);
        let stream = stream.and_then(|key| self.streams.get(key));
        stream.map_or(0, |stream| stream.last().saturating_sub(ENVELOPE_BYTES) / 8)
    }

    /// Counts a call that was sent; its sender goes on if there is room.
    fn charge(&mut self, id: CallId, key: StreamId, words: u32) {
        let Some(Call { origin: Origin::Write(sender), .. }) = self.calls.get(id) else { return };
        let sender = *sender;
        self.origin(id, Origin::Sent(key, words));
        let room = self.count_sent(key, words);
        let (Some(sender), Some(stream)) = (sender, self.streams.get_mut(key)) else { return };
        if room == Room::Full {
            stream.blocked.push(sender);
        }
        if let Some(Call { place: place @ Place::Redirected(_), .. }) = self.calls.get_mut(sender) {
            *place = Place::Over;
        }
        if room == Room::Free {
            self.let_on(sender);
        }
    }

    /// Whoever made a streaming call may go on.
    fn let_on(&mut self, sender: CallId) {
        match self.calls.get(sender) {
            Some(call) if call.is_plain() => self.done(sender, Ok(Payload::null())),
            _ => self.work.push_back(Work::Complete(sender, Ok(Payload::null()))),
        }
    }

    /// A streaming call to an object of this vat has its outcome. Streams have no results.
    pub(super) fn end_write(&mut self, id: CallId, sender: Option<CallId>, outcome: Outcome) {
        self.origin(id, Origin::Gone);
        let outcome = outcome.map(|results| {
            self.unref_payload(results);
            Payload::null()
        });
        if let Some(sender) = sender {
            self.work.push_back(Work::Complete(sender, outcome));
        }
    }

    /// A call that was sent has its outcome.
    pub(super) fn acknowledge(&mut self, key: StreamId, words: u32, outcome: Outcome) {
        let Some(stream) = self.streams.get_mut(key) else { return self.unref_outcome(outcome) };
        let room = stream.acknowledge(bytes(words), self.now);
        match outcome {
            Ok(results) => {
                if room == Room::Free {
                    let blocked = std::mem::take(&mut stream.blocked);
                    self.tell(blocked, &Ok(()));
                }
                self.unref_payload(results);
            }
            Err(why) => self.break_stream(key, why),
        }
        self.end_fences(key);
        if self.streams.get(key).is_some_and(Stream::is_over) {
            self.streams.remove(key);
        }
    }

    fn break_stream(&mut self, key: StreamId, why: Exception) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        let blocked = std::mem::take(&mut stream.blocked);
        stream.fail(why.clone());
        self.tell(blocked, &Err(why));
    }

    fn end_fences(&mut self, key: StreamId) {
        if let Some(stream) = self.streams.get_mut(key)
            && stream.is_acknowledged()
            && !stream.fences.is_empty()
        {
            let fences = std::mem::take(&mut stream.fences);
            let outcome = stream.why_broken().cloned().map_or(Ok(()), Err);
            self.tell(fences, &outcome);
        }
    }

    fn tell(&mut self, senders: Vec<CallId>, outcome: &Result<(), Exception>) {
        for sender in senders {
            let outcome = outcome.clone().map(|()| Payload::null());
            self.work.push_back(Work::Complete(sender, outcome));
        }
    }

    /// A fence has come to where everything before it was sent, by way of the node `from`.
    pub(super) fn wait_acknowledged(&mut self, id: CallId, from: Cap) {
        if self.dequeue(id).is_none() {
            return;
        }
        let key = self.nodes.get(from).and_then(|node| node.stream);
        let stream = key.and_then(|key| self.streams.get_mut(key));
        match stream {
            Some(stream) if !stream.is_acknowledged() => stream.fences.push(id),
            Some(stream) => {
                let outcome = stream.why_broken().cloned().map_or(Ok(()), Err);
                self.tell(vec![id], &outcome);
            }
            None => self.tell(vec![id], &Ok(())),
        }
    }

    /// A fence has come to an object of this vat: every streaming call before it is over.
    pub(super) fn pass_fence(&mut self, id: CallId) {
        if self.dequeue(id).is_some() {
            self.tell(vec![id], &Ok(()));
        }
    }

    /// The stream of a promise goes on as that of what it came to be (C-S5). What lives in this vat, and
    /// what has a stream already, leaves the promise's to end by itself.
    pub(super) fn hand_over(&mut self, promise: Cap) {
        let stream = self.nodes.get_mut(promise).and_then(|node| node.stream.take());
        let Some(key) = stream else { return };
        let end = self.follow(promise);
        match self.nodes.get_mut(end) {
            Some(node)
                if node.stream.is_none()
                    && (matches!(node.kind, Kind::Import(..))
                        || matches!(node.kind.state(), Some(State::Pending))) =>
            {
                node.stream = Some(key);
                if let Some(stream) = self.streams.get_mut(key) {
                    stream.moves();
                }
            }
            // What was sent may fail yet, and with it all that is sent through this promise, whatever it came to be.
            _ => {
                if let Some(node) = self.nodes.get_mut(promise) {
                    node.stream = Some(key);
                }
            }
        }
    }

    /// What the streaming calls failed with that were sent by way of `cap` before it was known what that is.
    #[must_use]
    pub fn why_stream_broken(&self, cap: Cap) -> Option<&Exception> {
        let broken = |at: Cap| self.streams.get(self.nodes.get(at)?.stream?)?.why_broken();
        // What it came to be may have been a promise of its own, where what was sent is counted since; at the end of the
        // way, what others sent is counted as well.
        let between = std::iter::successors(self.resolved(cap), |at| self.resolved(*at))
            .take_while(|at| self.resolved(*at).is_some());
        std::iter::once(cap).chain(between).find_map(broken)
    }

    /// Nothing more is sent along a stream.
    pub(super) fn abandon_stream(&mut self, key: StreamId) {
        if let Some(stream) = self.streams.get_mut(key) {
            stream.abandon();
            if stream.is_over() {
                self.streams.remove(key);
            }
        }
    }
}

/// Words of a call's params. No message has more than 2^32.
fn words_of(content: &Content) -> u32 {
    u32::try_from(content.words()).unwrap_or(u32::MAX)
}

/// What a call of so many words takes of its window.
fn bytes(words: u32) -> u64 {
    u64::from(words) * 8 + ENVELOPE_BYTES
}
