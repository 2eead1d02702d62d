//! The graph of a vat: its nodes, calls and links, the one queue, and the door for whoever runs it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use crate::conn::{Connection, Tag};
use crate::wire::{Content, Exception};

use super::arena::Arena;
use super::call::{Call, Fate, Origin, Outcome, Place};
use super::id::{
    CallId, Cap, LinkId, OfCall, OfLink, OfMembrane, OfNode, OfStream, StreamId, TargetId,
};
use super::link::{Attention, Link};
use super::membrane::{Membrane, Side};
use super::node::{Item, Kind, Node, Source, State, Watch};
use super::output::Output;
use super::payload::{Payload, Request};
use super::stream::Stream;

/// What a vat is made of: capabilities, the calls on them, and the connections they come from and go to.
///
/// It does nothing by itself. Four families of methods:
///
/// - *what is wanted*: [`host`](Self::host), [`call`](Self::call), [`pipeline`](Self::pipeline),
///   [`respond`](Self::respond), [`release`](Self::release) …;
/// - *what the world did*: [`connect`](Self::connect), [`handle`](Self::handle),
///   [`handle_disconnect`](Self::handle_disconnect);
/// - *what is due*: [`poll_output`](Self::poll_output) until `None`, then
///   [`poll_transmit`](Self::poll_transmit) until `None`;
/// - *what there is*: [`stats`](Self::stats), [`check`](Self::check), [`dump`](Self::dump).
///
/// A call is queued when it is made and delivered by `poll_output`, in the order of the calls
/// (C-Q3).
/// References are counted by hand: a method that takes a [`Cap`] says whether it takes a reference.
#[derive(Default)]
pub struct Graph {
    pub(super) nodes: Arena<OfNode, Node>,
    pub(super) calls: Arena<OfCall, Call>,
    pub(super) links: Arena<OfLink, Link>,
    pub(super) streams: Arena<OfStream, Stream>,
    pub(super) membranes: Arena<OfMembrane, Membrane>,
    /// The walls there are, by what is behind them: node, membrane, side. No reference.
    pub(super) walls: BTreeMap<(u32, u32, Side), Cap>,
    /// Calls, and ends of embargoes, in the order they were made or read (C-E1). Each step
    /// carries one reference of its node.
    pub(super) queue: VecDeque<Step>,
    /// What follows from what just happened; empty between the methods of the door.
    pub(super) work: VecDeque<Work>,
    /// Links with events to be read.
    pub(super) listed: VecDeque<LinkId>,
    /// Links with messages to be sent.
    pub(super) sending: VecDeque<LinkId>,
    pub(super) outputs: VecDeque<Output>,
    /// The time as of the last turn, if it was told.
    pub(super) now: Option<Instant>,
    /// Streams of which a call has not left by whose round trip their path is measured.
    pub(super) probing: Vec<StreamId>,
}

/// One item on its way to a node.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) to: Cap,
    pub(super) item: Item,
}

/// What follows from something that happened.
#[derive(Debug)]
pub(super) enum Work {
    Route(Step),
    /// The promise comes to be the node, whose reference is taken.
    Resolve(Cap, Cap),
    Complete(CallId, Outcome),
    /// Every peer that holds the promise is told what it came to be.
    Tell(Cap),
    /// The last reference of the node is gone.
    Die(Cap),
    /// Somebody lost interest in the call.
    Unwanted(CallId),
}

impl Graph {
    /// A graph with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes an object a capability. The caller gets the one reference.
    pub fn host(&mut self, target: TargetId) -> Cap {
        self.nodes.insert(Node::new(Kind::Target(target)))
    }

    /// An object that no capability refers to is to be dropped, behind those that are to be dropped already.
    pub fn dismiss(&mut self, target: TargetId) {
        self.outputs.push_back(Output::Dropped { target });
    }

    /// A capability every call on which fails with `why`. The caller gets the one reference.
    pub fn broken(&mut self, why: Exception) -> Cap {
        self.nodes.insert(Node::new(Kind::Broken(why)))
    }

    /// A promise this vat will [`resolve`](Self::resolve). The caller gets two references: one to
    /// give out, one that `resolve` takes.
    pub fn promise(&mut self) -> Cap {
        let cap = self.nodes.insert(Node::promise(Source::Here));
        self.retain(cap);
        cap
    }

    /// Says what a promise came to be. Takes a reference of the promise and of what it became.
    pub fn resolve(&mut self, promise: Cap, to: Result<Option<Cap>, Exception>) {
        self.route_queued();
        let to = match to {
            Ok(Some(cap)) => cap,
            Ok(None) => self.null(),
            Err(why) => self.broken(why),
        };
        self.work.push_back(Work::Resolve(promise, to));
        self.settle();
        self.release(promise);
    }

    /// Takes one more reference.
    #[inline]
    pub fn retain(&mut self, cap: Cap) {
        if let Some(node) = self.nodes.get_mut(cap) {
            node.refs += 1;
        }
    }

    /// Gives back one reference.
    #[inline]
    pub fn release(&mut self, cap: Cap) {
        match self.nodes.get_mut(cap) {
            Some(node) if node.refs > node.courtesies + 1 => node.refs -= 1,
            _ => {
                self.unref(cap);
                self.settle();
            }
        }
    }

    /// Gives back the references a payload had.
    pub fn release_caps(&mut self, caps: Vec<Option<Cap>>) {
        caps.into_iter().flatten().for_each(|cap| self.unref(cap));
        self.settle();
    }

    /// Calls `cap`, behind every call made so far. Takes the references in the request, none of `cap`.
    ///
    /// The caller holds the call's result and one pipeline; it ends them with
    /// [`collect`](Self::collect), or each on its own with [`drop_result`](Self::drop_result) and
    /// [`drop_pipeline`](Self::drop_pipeline).
    #[inline]
    pub fn call(&mut self, cap: Cap, request: Request) -> CallId {
        self.retain(cap);
        self.call_lent(cap, request)
    }

    /// As [`call`](Self::call), and takes a reference of `cap` too.
    #[inline]
    pub fn call_lent(&mut self, cap: Cap, request: Request) -> CallId {
        let mut call = Call::new(Origin::Waiting, Place::Queued(request, Fate::Deliver, cap));
        call.pipeline_refs = 1;
        let id = self.calls.insert(call);
        self.queue.push_back(Step { to: cap, item: Item::Call(id) });
        id
    }

    /// Asks the peer of `link` for its bootstrap capability, which stands at the root of the results.
    /// The caller holds what it holds of a [`call`](Self::call).
    pub fn bootstrap(&mut self, link: LinkId) -> CallId {
        let mut call = Call::new(Origin::Waiting, Place::Over);
        call.pipeline_refs = 1;
        let id = self.calls.insert(call);
        let asked = match self.links.get_mut(link) {
            Some(link) => link.conn.bootstrap(Tag(id.number())).map_err(|closed| closed.0),
            None => Err(Exception::disconnected("the connection is closed")),
        };
        match asked {
            Ok(question) => self.place(id, Place::Remote(link, question)),
            Err(why) => self.work.push_back(Work::Complete(id, Err(why))),
        }
        self.touch(link);
        self.settle();
        id
    }

    /// One more pipeline of a call, beside the one its caller has.
    pub fn add_pipeline(&mut self, call: CallId) {
        if let Some(call) = self.calls.get_mut(call) {
            call.pipeline_refs += 1;
        }
    }

    /// Nobody will pipeline on the call through this hold any more.
    pub fn drop_pipeline(&mut self, call: CallId) {
        self.unref_pipeline(call);
        self.forsake_call(call);
        self.settle();
    }

    /// Nobody awaits the results any more. A call nobody pipelines on either is cancelled.
    /// (C-Q9)
    pub fn drop_result(&mut self, call: CallId) {
        if let Some(Call { origin: origin @ Origin::Waiting, .. }) = self.calls.get_mut(call) {
            *origin = Origin::Gone;
            self.unwanted(call);
            self.settle();
        }
    }

    /// Nobody awaits the results, but the call is to run to its end.
    pub fn detach(&mut self, call: CallId) {
        if let Some(Call { origin: origin @ Origin::Waiting, place, .. }) = self.calls.get_mut(call)
        {
            // One that ran to its end already has nobody left to take its outcome.
            *origin = if matches!(place, Place::Done(_)) { Origin::Gone } else { Origin::Detached };
            self.unwanted(call);
            self.settle();
        }
    }

    /// Has [`Output::Completed`] tell when there is an outcome to be collected.
    pub fn watch_outcome(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(id) {
            call.watch = Watch::Told;
        }
    }

    /// As [`drop_pipeline`](Self::drop_pipeline), if nothing follows from it but that the call may be
    /// forgotten, which no table of a connection and no object knows of; else nothing is done, and
    /// false.
    #[inline]
    pub fn try_drop_pipeline(&mut self, id: CallId) -> bool {
        let Some(call) = self.calls.get_mut(id) else { return true };
        match (call.origin, &call.place) {
            (Origin::Waiting, Place::Queued(..) | Place::Delivered(_) | Place::Done(_))
                if !call.is_offered() =>
            {
                call.pipeline_refs = call.pipeline_refs.saturating_sub(1);
                true
            }
            (Origin::Gone, Place::Bare) if call.pipeline_refs == 1 && call.holds_nothing() => {
                self.calls.discard(id);
                true
            }
            _ => false,
        }
    }

    /// Answers a delivered call. Takes the references in the outcome.
    #[inline]
    pub fn respond(&mut self, id: CallId, outcome: Outcome) {
        match self.calls.get(id) {
            Some(call @ Call { place: Place::Delivered(_), .. }) if call.is_plain() => {
                return self.done(id, outcome);
            }
            Some(Call { place: Place::Delivered(_), .. }) => {
                let outcome = match self.return_at_once(id, outcome) {
                    Ok(()) => return,
                    Err(outcome) => outcome,
                };
                if outcome.as_ref().is_ok_and(|results| !results.caps.is_empty()) {
                    self.route_queued();
                }
                if !self.is_delivered(id) {
                    // It was cancelled just now, and is over: nothing runs for it.
                    let cancels =
                        |output: &Output| matches!(output, Output::Cancel { call } if *call == id);
                    self.outputs.retain(|output| !cancels(output));
                }
                self.complete(id, outcome);
            }
            _ => self.unref_outcome(outcome),
        }
        self.settle();
    }

    /// Whether an answer to the call is still wanted.
    #[must_use]
    pub fn is_delivered(&self, call: CallId) -> bool {
        matches!(self.calls.get(call), Some(Call { place: Place::Delivered(_), .. }))
    }

    /// Answers a delivered call with the outcome of another, made here and now: a tail call. Takes
    /// the references in the request, none of `cap`.
    pub fn redirect(&mut self, call: CallId, cap: Cap, request: Request) {
        if !self.is_delivered(call) {
            self.unref_payload(request.params);
            return self.settle();
        }
        let next = Call::new(Origin::Tail(call), Place::Queued(request, Fate::Deliver, cap));
        let next = self.calls.insert(next);
        self.enqueue(cap, Item::Call(next));
        self.redirect_to(call, next);
        self.settle();
    }

    /// Says early what will stand in the results of a delivered call, so that what is pipelined on
    /// it need not wait. Takes the references in the payload.
    pub fn set_pipeline(&mut self, id: CallId, early: Payload) {
        match self.calls.get_mut(id) {
            Some(call) if matches!(call.place, Place::Delivered(_)) && call.early().is_none() => {
                let pipelines = std::mem::take(&mut call.pipelines);
                self.resolve_pipelines(&pipelines, Ok(&early));
                if let Some(call) = self.calls.get_mut(id) {
                    call.set_early(early);
                }
            }
            _ => self.unref_payload(early),
        }
        self.settle();
    }

    /// Tells [`Output::Settled`] once the promise is settled or broken. False: it is already, or
    /// never will be, because its call was made for its pipeline alone.
    pub fn watch(&mut self, cap: Cap) -> bool {
        let mut at = cap;
        while let Some(wall) = self.wall_at(at) {
            at = wall.to;
        }
        let Some(node) = self.nodes.get(at) else { return false };
        let Kind::Promise(promise) = &node.kind else { return false };
        let waits = match (&promise.state, &promise.source) {
            (State::Resolved(_), _) => false,
            (State::Pending, Source::Pipeline(call, _)) => match self.calls.get(*call) {
                Some(Call { place: Place::Remote(link, _), .. }) if self.is_for_pipeline(*call) => {
                    let at = self.links.get(*link);
                    at.is_some_and(|at| !at.conn.config().only_promise_pipeline)
                }
                _ => true,
            },
            _ => true,
        };
        if let Some(node) = self.nodes.get_mut(cap)
            && waits
        {
            node.watch = Watch::Told;
        }
        waits
    }

    /// Why every call on `cap` would fail, if that is known already.
    pub fn why_broken(&mut self, cap: Cap) -> Option<Exception> {
        let end = self.follow(cap);
        self.settle();
        match &self.nodes.get(end)?.kind {
            Kind::Broken(why) => Some(why.clone()),
            Kind::Null => Some(Exception::failed("it is the null capability")),
            _ => None,
        }
    }

    /// Adds a connection; the peer will get `bootstrap` when it asks, whose reference is taken.
    pub fn connect(&mut self, conn: Connection, bootstrap: Option<Cap>) -> LinkId {
        self.links.insert(Link::new(conn, bootstrap))
    }

    #[inline]
    pub(super) fn enqueue(&mut self, to: Cap, item: Item) {
        self.retain(to);
        self.queue.push_back(Step { to, item });
    }

    pub(super) fn null(&mut self) -> Cap {
        self.nodes.insert(Node::new(Kind::Null))
    }

    #[inline]
    pub(super) fn place(&mut self, call: CallId, place: Place) {
        if let Some(call) = self.calls.get_mut(call) {
            call.place = place;
        }
    }

    /// The link may have events to read and messages to send.
    #[inline]
    pub(super) fn touch(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(id) else { return };
        if link.conn.has_events() && self.listed.back() != Some(&id) {
            self.listed.push_back(id);
        }
        let held_no_more = link.attention == Attention::Held && !link.is_held();
        if (link.attention == Attention::Quiet || held_no_more) && link.conn.is_due() {
            link.attention = Attention::Listed;
            self.sending.push_back(id);
        }
    }

    #[inline]
    pub(super) fn unref(&mut self, cap: Cap) {
        if let Some(node) = self.nodes.get_mut(cap) {
            node.refs = node.refs.saturating_sub(1);
            if node.is_light() {
                self.work.push_back(Work::Die(cap));
            }
        }
    }

    pub(super) fn unref_payload(&mut self, payload: Payload) {
        payload.caps.into_iter().flatten().for_each(|cap| self.unref(cap));
    }

    pub(super) fn unref_outcome(&mut self, outcome: Outcome) {
        if let Ok(payload) = outcome {
            self.unref_payload(payload);
        }
    }

    /// A second payload with the same content, sharing its memory, and references of its own.
    pub(super) fn share(&mut self, payload: &mut Payload) -> Payload {
        payload.caps.iter().flatten().for_each(|cap| self.retain(*cap));
        Payload { content: Content::share(&mut payload.content), caps: payload.caps.clone() }
    }
}
