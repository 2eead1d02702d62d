//! A question is a call or bootstrap of ours. It lives until its Return came *and* its Finish left;
//! only then may its id be used again. (C-Q1)

use std::fmt;

use smallvec::SmallVec;

use super::event::{CallRef, Tag};
use super::table::Slab;
use crate::wire::{AnswerId, ExportId, ImportId, Path, QuestionId};

/// Ids from here on say that no Return is expected. (C-H2)
const HIGH_BIT: u32 = 1 << 31;

/// More distinct paths than this and all count as used: one embargo too many does no harm.
const PATHS_KEPT: usize = 16;

/// Where a question stands.
///
/// `finish` is the vat's, called once for each question; `Return` and `Finish` are the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QuestionLife {
    /// Item `ask` of the queue. It has no id yet.
    Queued { ask: u64 },
    /// Finished while queued, but a queued message names it: it leaves all the same, for its
    /// pipeline, and its Finish with it, so many items behind item `ask`.
    Withdrawn { ask: u64, behind: u32 },
    /// It left; its Return is due.
    Waiting(QuestionId),
    /// It left under a high id: no Return is due, only the vat's `finish`.
    PipelineOnly(QuestionId),
    /// Finished before its Return; the Finish is queued, the Return due.
    Cancelling(QuestionId),
    /// Finished before its Return; the Finish left, the Return is due.
    Cancelled(QuestionId),
    /// Its Return came; the vat's `finish` is due.
    Returned(QuestionId),
    /// Its Return came and wants no Finish; the vat's `finish` is due.
    Settled(QuestionId),
    /// The last thing due is the queued Finish, which releases the result capabilities or not.
    Finishing(QuestionId, ResultCaps),
    /// No Finish is due, but queued messages still name its id.
    Retiring(QuestionId),
}

/// What a Finish says about the capabilities of the results. (C-N2)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResultCaps {
    /// They are imports now, released one by one.
    Imported,
    /// They go with the Finish.
    Released,
}

/// What of a call the vat still wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Everything,
    Results,
    Pipeline,
    /// Only the pipeline, and a stream goes along it: a Return is worth its while.
    PipelineAtLength,
    Nothing,
}

/// What a question that is given up asks of the peer. (C-N4)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GivenUp {
    /// Nothing: it need not leave, nor be delivered.
    Dropped,
    /// It is delivered before it is cancelled, as a peer asked of us whose call it is.
    Delivered,
}

/// Where the results of a call of ours are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResultsAt {
    /// They come back in the Return.
    Us,
    /// They stay with the peer: a tail call.
    Peer,
    /// They stay with the peer, and our Return for this answer, which is queued, says to take them.
    Offered(AnswerId),
    /// They stay with the peer, and our Return for this answer said to take them.
    LentTo(AnswerId),
    /// That answer is finished, yet the peer never said `resultsSentElsewhere` for this call.
    Overdue,
}

/// The paths of a question's results that were sent calls.
#[derive(Debug)]
enum Paths {
    These(SmallVec<[Path; 1]>),
    TooMany,
}

/// References that go back together.
#[derive(Debug)]
pub(super) enum Lent {
    /// What its params exported, to be released if the Return says so. (C-R3)
    Params(SmallVec<[ExportId; 2]>),
    /// What its results counted: given up by the time the Finish leaves, it goes along. (C-N2)
    Results(SmallVec<[ImportId; 2]>),
}

/// A question's entry.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) tag: Tag,
    pub(super) life: QuestionLife,
    pub(super) wanted: Wanted,
    pub(super) given_up: GivenUp,
    pub(super) results_at: ResultsAt,
    /// Queued messages that name this question.
    pub(super) pins: u32,
    pub(super) lent: Lent,
    paths: Paths,
}

/// All questions.
#[derive(Debug, Default)]
pub(super) struct Questions {
    slots: Slab<Question>,
    /// Which question has which ordinary id.
    ids: Slab<CallRef>,
    next_high: u32,
    /// Questions whose results are [`ResultsAt::Overdue`].
    overdue: usize,
}

impl QuestionLife {
    /// The id on the wire, from when it left until it may be used again.
    pub(super) const fn id(self) -> Option<QuestionId> {
        match self {
            Self::Queued { .. } | Self::Withdrawn { .. } => None,
            Self::Waiting(id)
            | Self::PipelineOnly(id)
            | Self::Cancelling(id)
            | Self::Cancelled(id)
            | Self::Returned(id)
            | Self::Settled(id)
            | Self::Finishing(id, _)
            | Self::Retiring(id) => Some(id),
        }
    }

    /// The vat has not called `finish`.
    pub(super) const fn is_held(self) -> bool {
        matches!(
            self,
            Self::Queued { .. }
                | Self::Waiting(_)
                | Self::PipelineOnly(_)
                | Self::Returned(_)
                | Self::Settled(_)
        )
    }

    /// The vat holds it and has had no Return event for it.
    pub(super) const fn is_unanswered(self) -> bool {
        matches!(self, Self::Queued { .. } | Self::Waiting(_) | Self::PipelineOnly(_))
    }
}

impl Wanted {
    pub(super) const fn without_results(self) -> Self {
        match self {
            Self::Everything | Self::Pipeline => Self::Pipeline,
            Self::PipelineAtLength => Self::PipelineAtLength,
            Self::Results | Self::Nothing => Self::Nothing,
        }
    }

    pub(super) const fn without_pipeline(self) -> Self {
        match self {
            Self::Everything | Self::Results => Self::Results,
            Self::Pipeline | Self::PipelineAtLength | Self::Nothing => Self::Nothing,
        }
    }
}

impl Question {
    /// A question about to be queued as item `ask`.
    #[inline]
    pub(super) fn new(tag: Tag, results_at: ResultsAt, ask: u64) -> Self {
        Self {
            tag,
            life: QuestionLife::Queued { ask },
            wanted: Wanted::Everything,
            given_up: GivenUp::Dropped,
            results_at,
            pins: 0,
            lent: Lent::Params(SmallVec::new()),
            paths: Paths::These(SmallVec::new()),
        }
    }

    /// What its params exported. From here on they are forgotten.
    pub(super) fn take_params(&mut self) -> SmallVec<[ExportId; 2]> {
        match &mut self.lent {
            Lent::Params(params) => std::mem::take(params),
            Lent::Results(_) => SmallVec::new(),
        }
    }

    pub(super) fn use_path(&mut self, path: &Path) {
        let Paths::These(paths) = &mut self.paths else { return };
        if paths.contains(path) {
            return;
        }
        if paths.len() < PATHS_KEPT {
            paths.push(path.clone());
        } else {
            self.paths = Paths::TooMany;
        }
    }

    pub(super) fn path_used(&self, path: &Path) -> bool {
        match &self.paths {
            Paths::These(paths) => paths.contains(path),
            Paths::TooMany => true,
        }
    }
}

/// Whether `id` is of the kind that gets no Return.
pub(super) const fn is_high(id: QuestionId) -> bool {
    id.0 & HIGH_BIT != 0
}

impl Questions {
    #[inline]
    pub(super) fn add(&mut self, question: Question) -> CallRef {
        CallRef(self.slots.insert(question))
    }

    #[inline]
    pub(super) fn get(&self, call: CallRef) -> Option<&Question> {
        self.slots.get(call.0)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, call: CallRef) -> Option<&mut Question> {
        self.slots.get_mut(call.0)
    }

    /// The question with this ordinary id.
    #[inline]
    pub(super) fn find(&self, id: QuestionId) -> Option<CallRef> {
        if is_high(id) { None } else { self.ids.get(id.0).copied() }
    }

    /// A free small id for `call`.
    #[inline]
    pub(super) fn take_id(&mut self, call: CallRef) -> QuestionId {
        QuestionId(self.ids.insert(call))
    }

    /// The next id that gets no Return. They come round only after 2^31 of them.
    pub(super) fn take_high_id(&mut self) -> QuestionId {
        let id = self.next_high | HIGH_BIT;
        self.next_high = self.next_high.wrapping_add(1);
        QuestionId(id)
    }

    /// Nothing is due on either side any more: entry and id are free.
    pub(super) fn remove(&mut self, call: CallRef) -> Option<Question> {
        let question = self.slots.remove(call.0)?;
        if let Some(id) = question.life.id()
            && !is_high(id)
        {
            self.ids.remove(id.0);
        }
        if question.results_at == ResultsAt::Overdue {
            self.overdue -= 1;
        }
        Some(question)
    }

    /// As [`remove`](Self::remove), where nobody asks what it was.
    #[inline]
    pub(super) fn discard(&mut self, call: CallRef) {
        let Some(question) = self.slots.get(call.0) else { return };
        match question.life.id().filter(|id| !is_high(*id)) {
            Some(id) if question.results_at != ResultsAt::Overdue => {
                self.slots.discard(call.0);
                self.ids.discard(id.0);
            }
            _ => drop(self.remove(call)),
        }
    }

    /// The peer finished `answer`, which took its results from `call`: if the peer never returned
    /// `call`, it does not know tail calls.
    #[inline]
    pub(super) fn outer_finished(&mut self, call: CallRef, answer: AnswerId) {
        let Some(question) = self.slots.get_mut(call.0) else { return };
        let due = matches!(
            question.life,
            QuestionLife::Waiting(_) | QuestionLife::Cancelling(_) | QuestionLife::Cancelled(_)
        );
        if due && question.results_at == ResultsAt::LentTo(answer) {
            question.results_at = ResultsAt::Overdue;
            self.overdue += 1;
        }
    }

    /// The Return of a tail call came after all.
    #[inline]
    pub(super) fn tail_returned(&mut self, call: CallRef) {
        let Some(question) = self.slots.get_mut(call.0) else { return };
        if question.results_at == ResultsAt::Overdue {
            self.overdue -= 1;
            question.results_at = ResultsAt::Peer;
        }
    }

    #[inline]
    pub(super) const fn overdue(&self) -> usize {
        self.overdue
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Ordinary ids in use.
    pub(super) fn ids_len(&self) -> usize {
        self.ids.len()
    }

    /// Those whose Return somebody waits for.
    pub(super) fn unanswered(&self) -> usize {
        let due = |life| matches!(life, QuestionLife::Queued { .. } | QuestionLife::Waiting(_));
        self.iter().filter(|(_, question)| due(question.life)).count()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (CallRef, &Question)> {
        self.slots.iter().map(|(slot, question)| (CallRef(slot), question))
    }

    pub(super) fn into_entries(self) -> impl Iterator<Item = (CallRef, Question)> {
        self.slots.into_entries().map(|(slot, question)| (CallRef(slot), question))
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.life {
            QuestionLife::Queued { .. } => f.write_str("queued")?,
            QuestionLife::Withdrawn { .. } => f.write_str("queued, withdrawn")?,
            QuestionLife::Waiting(id) => write!(f, "{id} waiting")?,
            QuestionLife::PipelineOnly(id) => write!(f, "{id} pipeline only")?,
            QuestionLife::Cancelling(id) => write!(f, "{id} cancelling")?,
            QuestionLife::Cancelled(id) => write!(f, "{id} cancelled")?,
            QuestionLife::Returned(id) => write!(f, "{id} returned")?,
            QuestionLife::Settled(id) => write!(f, "{id} returned, no finish needed")?,
            QuestionLife::Finishing(id, _) => write!(f, "{id} finishing")?,
            QuestionLife::Retiring(id) => write!(f, "{id} retiring")?,
        }
        match &self.lent {
            Lent::Params(params) => params.iter().try_for_each(|export| write!(f, " → {export}")),
            Lent::Results(_) => Ok(()),
        }
    }
}
