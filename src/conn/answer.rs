//! An answer is a call or bootstrap of the peer. It lives until its Return left *and* its Finish
//! came, or until a Return left that wants no Finish. (C-N1)

use std::fmt;

use smallvec::SmallVec;

use super::event::{CallRef, Tag};
use super::table::ChosenTable;
use crate::wire::{AnswerId, Exception, ExportId, ImportId};

/// Ids below this lie in an array, and more of them the more there are. Engines choose small ids first, so this is
/// the common case.
const DENSE_MAX: u32 = 1024;

/// Where an answer stands.
#[derive(Debug)]
pub(super) enum AnswerLife {
    /// The vat's `ret` and the peer's Finish are due.
    Running,
    /// Finished; the vat's `ret` is due.
    Finished,
    /// Item `at` of the queue is its Return; the Finish is due.
    Returning { at: u64 },
    /// Finished; its Return is queued and is the last thing due.
    ReturningFinished,
    /// Its Return left, having exported these; the Finish is due.
    Returned { exports: SmallVec<[ExportId; 2]>, took: Option<CallRef> },
    /// The vat's `ret` came and no Return is ever sent; the Finish is due.
    Silent,
    /// Never given to the vat; this exception is what may be taken as its results. The Finish is due.
    Refused(Exception),
}

/// Where the results go. (`rpc.capnp: Call.sendResultsTo`, C-T1, C-H3, C-H7)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResultsTo {
    /// Into the Return.
    Caller,
    /// Into the Return, and nothing will be pipelined on them.
    CallerUnpipelined,
    /// Nowhere: there is no Return.
    Pipeline,
    /// They stay here until taken.
    Kept,
    /// They stayed here and were taken by another question.
    Taken,
}

/// An answer's entry.
#[derive(Debug)]
pub(super) struct Answer {
    /// Means nothing before the vat set it.
    tag: Tag,
    is_tagged: bool,
    pub(super) life: AnswerLife,
    pub(super) results_to: ResultsTo,
    /// Every counted capability of its params.
    pub(super) params: SmallVec<[ImportId; 2]>,
    /// What its params count against `Config::inbound_words_max`, until `ret`.
    words: u32,
    /// What its results count against `Config::kept_words_max`, until it is done.
    kept: u32,
}

/// All answers.
#[derive(Debug)]
pub(super) struct Answers {
    table: ChosenTable<Answer>,
    /// Words of params not returned.
    words: usize,
    /// Words of results the peer has not finished.
    kept: usize,
}

impl Answer {
    /// An answer the vat does not know yet, whose params count as so many `words`: at most 2^32 of them.
    pub(super) fn new(
        life: AnswerLife,
        results_to: ResultsTo,
        params: SmallVec<[ImportId; 2]>,
        words: usize,
    ) -> Self {
        let (tag, is_tagged, words) = (Tag(0), false, counted(words));
        Self { tag, is_tagged, life, results_to, params, words, kept: 0 }
    }

    /// What the vat keeps beside it, if it does.
    pub(super) fn tag(&self) -> Option<Tag> {
        self.is_tagged.then_some(self.tag)
    }

    pub(super) fn set_tag(&mut self, tag: Tag) {
        (self.tag, self.is_tagged) = (tag, true);
    }

    /// The peer may still name it: it sent no Finish.
    #[inline]
    pub(super) const fn is_open(&self) -> bool {
        !matches!(self.life, AnswerLife::Finished | AnswerLife::ReturningFinished)
    }

    /// The vat's `ret` is due.
    #[inline]
    pub(super) const fn is_running(&self) -> bool {
        matches!(self.life, AnswerLife::Running | AnswerLife::Finished)
    }
}

impl Default for Answers {
    fn default() -> Self {
        Self { table: ChosenTable::new(DENSE_MAX), words: 0, kept: 0 }
    }
}

impl Answers {
    #[inline]
    pub(super) fn add(&mut self, id: AnswerId, answer: Answer) {
        self.words += answer.words as usize;
        self.table.insert(id.0, answer);
    }

    #[inline]
    pub(super) fn get(&self, id: AnswerId) -> Option<&Answer> {
        self.table.get(id.0)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: AnswerId) -> Option<&mut Answer> {
        self.table.get_mut(id.0)
    }

    /// What the vat keeps for an answer the peer may name.
    #[inline]
    pub(super) fn open_tag(&self, id: AnswerId) -> Option<Tag> {
        self.get(id).filter(|answer| answer.is_open())?.tag()
    }

    /// The vat's `ret` came: the params no longer count.
    #[inline]
    pub(super) fn uncount_words(&mut self, id: AnswerId) {
        if let Some(answer) = self.table.get_mut(id.0) {
            self.words -= std::mem::take(&mut answer.words) as usize;
        }
    }

    #[inline]
    pub(super) fn remove(&mut self, id: AnswerId) -> Option<Answer> {
        let answer = self.table.remove(id.0)?;
        self.words -= answer.words as usize;
        self.kept -= answer.kept as usize;
        Some(answer)
    }

    /// Its results of so many words stay here, unless that makes more than `max`: then false.
    pub(super) fn keep(&mut self, id: AnswerId, words: usize, max: usize) -> bool {
        let Some(answer) = self.table.get_mut(id.0).filter(|answer| answer.is_open()) else {
            return true;
        };
        let room = max.saturating_sub(self.kept);
        if words > room {
            return false;
        }
        let before = answer.kept;
        answer.kept = before.saturating_add(counted(words));
        self.kept += (answer.kept - before) as usize;
        true
    }

    /// Words of results that stay here.
    pub(super) const fn kept(&self) -> usize {
        self.kept
    }

    #[inline]
    pub(super) const fn words(&self) -> usize {
        self.words
    }

    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (AnswerId, &Answer)> {
        self.table.iter().map(|(id, answer)| (AnswerId(id), answer))
    }

    pub(super) fn into_entries(self) -> impl Iterator<Item = (AnswerId, Answer)> {
        self.table.into_entries().map(|(id, answer)| (AnswerId(id), answer))
    }
}

/// Words as an answer counts them. No message has more than 2^32.
fn counted(words: usize) -> u32 {
    u32::try_from(words).unwrap_or(u32::MAX)
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.life {
            AnswerLife::Running => f.write_str("running")?,
            AnswerLife::Finished => f.write_str("running, finished")?,
            AnswerLife::Returning { .. } => f.write_str("returning")?,
            AnswerLife::ReturningFinished => f.write_str("returning, finished")?,
            AnswerLife::Returned { exports, .. } => {
                f.write_str("returned")?;
                exports.iter().try_for_each(|export| write!(f, " → {export}"))?;
            }
            AnswerLife::Silent => f.write_str("silent")?,
            AnswerLife::Refused(why) => write!(f, "refused: {why}")?,
        }
        match self.results_to {
            ResultsTo::Caller | ResultsTo::CallerUnpipelined => Ok(()),
            ResultsTo::Pipeline => f.write_str(", pipeline only"),
            ResultsTo::Kept => f.write_str(", results kept"),
            ResultsTo::Taken => f.write_str(", results taken"),
        }
    }
}
