//! A call in this vat, from the moment it is made until nobody has an interest in it.

use smallvec::SmallVec;

use crate::conn::CallRef;
use crate::wire::{AnswerId, Exception, Path};

use super::id::{CallId, Cap, LinkId, MembraneId, StreamId};
use super::membrane::Side;
use super::node::Watch;
use super::payload::{Payload, Request};

/// What came of a call.
pub type Outcome = Result<Payload, Exception>;

/// One call. It is forgotten when nobody waits, nothing is pipelined on it and it is nowhere any more.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) origin: Origin,
    pub(super) place: Place,
    /// The promises for capabilities in its results. They leave the list when they die.
    pub(super) pipelines: Pipelines,
    /// How many pipelines outside, and promises in `pipelines`, keep the call wanted.
    pub(super) pipeline_refs: u32,
    /// Somebody outside wants to hear when the outcome is there.
    pub(super) watch: Watch,
    /// The object whose other calls wait until this one is over: it is one of a stream.
    pub(super) holds: Option<Cap>,
    /// It came from a peer and was sent back to it, on the results of a call of which the same is
    /// true, and so on: this many in a row.
    pub(super) bounces: u16,
    /// What few calls have: in a box, it costs the others next to nothing.
    rare: Option<Box<Rare>>,
}

/// What few calls have.
#[derive(Debug, Default)]
struct Rare {
    /// Promises for its results that a peer called, or that are under an embargo. Those that are,
    /// when the results come, take the place of what they lead to in the results, lest somebody
    /// overtake what is still on its way there. One reference each.
    used: Pipelines,
    /// Results the target announced for pipelining before it returned (`set_pipeline`).
    early: Option<Box<Payload>>,
    /// A call of ours whose results are those of this one (`takeFromOtherQuestion`, tail calls).
    taker: Option<CallId>,
    /// Whoever made it does not want it for as long as it waits at a promise: only what is pipelined on it is
    /// wanted then.
    offered: bool,
    /// The connection it was sent over, of a call that was offered.
    sent_over: Option<LinkId>,
}

/// Promises for capabilities in the results of a call.
pub(super) type Pipelines = SmallVec<[(Path, Cap); 1]>;

/// Who made a call, and what is owed to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// This vat; its promise is held.
    Waiting,
    /// This vat; it runs to its end though nobody waits.
    Detached,
    /// This vat; nobody waits, and it keeps nothing it waits for.
    Courtesy,
    /// A peer, which is owed a Return.
    Peer(LinkId, AnswerId, Keep),
    /// A call of this vat, redirected here; its outcome is this one's.
    Tail(CallId),
    /// A call of this vat before a membrane, which it crossed; its outcome comes back through that.
    Crossed(CallId),
    /// A streaming call of this vat that has not left it; the call beside it, if somebody still waits
    /// for that, is done when there is room for more.
    Write(Option<CallId>),
    /// A streaming call of this vat that was sent: a call of so many words has its part of a window until it
    /// returns.
    Sent(StreamId, u32),
    /// A peer, which was sent the Return and has not sent its Finish.
    Returned,
    /// A peer, which sent its Finish and has not been sent the Return: nothing will be pipelined on it.
    Finished,
    /// Nobody is left to be told.
    Gone,
}

/// What is to be done with the results of a peer's call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Returned; the peer may pipeline on them until it finishes.
    Pipeline,
    /// Never returned: the peer only pipelines on them (`onlyPromisePipeline`).
    PipelineOnly,
    /// Returned, and not needed here any more.
    Nothing,
    /// Not returned: they stay here (`sendResultsTo.yourself`).
    Results,
}

/// Where a call is.
#[derive(Debug)]
pub(super) enum Place {
    /// On its way to this capability, or waiting there: a promise or an embargo. The item that stands
    /// for it carries one reference of the capability; if the call is given up, that is given back,
    /// and the item means nothing any more.
    Queued(Request, Fate, Cap),
    /// With its target, whose node this is.
    Delivered(Option<Cap>),
    /// With a peer.
    Remote(LinkId, CallRef),
    /// Before a membrane, until it is decided whether it crosses: the wall it came to, one reference.
    Judged(Request, Fate, Cap),
    /// It crossed a membrane to this side: its outcome is that of another call, behind the membrane.
    Across(CallId, MembraneId, Side),
    /// Its outcome is that of another call.
    Redirected(CallId),
    /// Here are its results.
    Done(Outcome),
    /// Its results were returned to a peer, which may pipeline on them. Beside each capability
    /// stands what the peer was told it is; its own are pinned.
    Kept(Payload, SmallVec<[Told; 1]>),
    /// Over, and its results, in which there was no capability, given away: what is pipelined on it
    /// is null.
    Bare,
    /// Over, and its results given away.
    Over,
}

/// What a peer was told that a capability is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Something of this vat, or nothing.
    Ours,
    /// The peer's own: once it has, it may send a disembargo this way.
    Theirs,
}

/// What happens to a queued call when its turn comes. (C-N4, C-N5)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is delivered.
    Deliver,
    /// It is delivered and then cancelled at once, unless it would have to wait.
    DeliverThenCancel,
    /// It waits at a promise, for as long as somebody wants it.
    Wait,
}

impl Call {
    #[inline]
    pub(super) fn new(origin: Origin, place: Place) -> Self {
        Self {
            origin,
            place,
            pipelines: SmallVec::new(),
            pipeline_refs: 0,
            watch: Watch::Nobody,
            holds: None,
            bounces: 0,
            rare: None,
        }
    }

    /// Nothing hangs on the outcome but the promise of whoever made the call here.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.origin == Origin::Waiting && self.holds_nothing()
    }

    /// No other call and no capability is held for its sake.
    #[inline]
    pub(super) fn holds_nothing(&self) -> bool {
        self.rare.is_none() && self.holds.is_none() && self.pipelines.is_empty()
    }

    /// Nothing is left of it that would have to be given back: with whoever made it, it goes.
    #[inline]
    pub(super) fn is_spent(&self) -> bool {
        let bare = match &self.place {
            Place::Done(Ok(payload)) | Place::Kept(payload, _) => payload.caps.is_empty(),
            Place::Done(Err(_)) | Place::Bare | Place::Over => true,
            _ => false,
        };
        bare && self.pipeline_refs == 0 && self.holds_nothing()
    }

    /// The request of a call of this vat that is on its way, if no capabilities come with it, nothing in its
    /// params came from a peer, and all that hangs on it are its promise and what is pipelined on it.
    pub(super) fn take_plain(&mut self) -> Option<Request> {
        let Place::Queued(Request { params, .. }, Fate::Deliver | Fate::Wait, _) = &self.place
        else {
            return None;
        };
        let plain = params.caps.is_empty()
            && !params.content.needs_scrub()
            && self.origin == Origin::Waiting
            && self.rare.is_none()
            && self.holds.is_none();
        if !plain {
            return None;
        }
        match std::mem::replace(&mut self.place, Place::Over) {
            Place::Queued(request, ..) => Some(request),
            _ => None,
        }
    }

    /// A call of ours that takes its results from this one.
    #[inline]
    pub(super) fn taker(&self) -> Option<CallId> {
        self.rare.as_ref()?.taker
    }

    pub(super) fn set_taker(&mut self, taker: CallId) {
        self.rare.get_or_insert_default().taker = Some(taker);
    }

    pub(super) fn take_taker(&mut self) -> Option<CallId> {
        self.change_rare(|rare| rare.taker.take())
    }

    /// What its target announced for pipelining.
    pub(super) fn early(&self) -> Option<&Payload> {
        self.rare.as_ref()?.early.as_deref()
    }

    pub(super) fn set_early(&mut self, early: Payload) {
        self.rare.get_or_insert_default().early = Some(Box::new(early));
    }

    pub(super) fn take_early(&mut self) -> Option<Payload> {
        self.change_rare(|rare| rare.early.take()).map(|early| *early)
    }

    /// While it waits at a promise, only what is pipelined on it keeps it.
    pub(super) fn is_offered(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.offered)
    }

    pub(super) fn set_offered(&mut self) {
        self.rare.get_or_insert_default().offered = true;
    }

    /// The connection it was sent over, if it was offered before.
    pub(super) fn sent_over(&self) -> Option<LinkId> {
        self.rare.as_ref()?.sent_over
    }

    pub(super) fn set_sent_over(&mut self, link: LinkId) {
        if let Some(rare) = &mut self.rare
            && rare.offered
        {
            rare.sent_over = Some(link);
        }
    }

    /// Promises for its results that a peer called, or that are under an embargo.
    pub(super) fn used(&self) -> &[(Path, Cap)] {
        self.rare.as_ref().map_or(&[], |rare| &rare.used)
    }

    pub(super) fn push_used(&mut self, path: Path, promise: Cap) {
        self.rare.get_or_insert_default().used.push((path, promise));
    }

    pub(super) fn take_used(&mut self) -> Pipelines {
        self.change_rare(|rare| std::mem::take(&mut rare.used))
    }

    /// Takes something of what few calls have; with the last of it the box goes.
    #[inline]
    fn change_rare<T: Default>(&mut self, take: impl FnOnce(&mut Rare) -> T) -> T {
        let Some(rare) = &mut self.rare else { return T::default() };
        let taken = take(rare);
        if rare.used.is_empty() && rare.early.is_none() && rare.taker.is_none() && !rare.offered {
            self.rare = None;
        }
        taken
    }

    /// All that keeps the call is a pipeline, and there are no capabilities in its outcome.
    #[inline]
    pub(super) fn is_kept_bare(&self, outcome: &Outcome) -> bool {
        self.pipeline_refs > 0
            && self.holds_nothing()
            && outcome.as_ref().is_ok_and(|results| results.caps.is_empty())
    }
}
