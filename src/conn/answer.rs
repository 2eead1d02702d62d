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
    pub(super) tag: Option<Tag>,
    pub(super) life: AnswerLife,
    pub(super) results_to: ResultsTo,
    /// Every counted capability of its params.
    pub(super) params: SmallVec<[ImportId; 2]>,
    /// What its params count against `Config::inbound_words_max`, until `ret`.
    pub(super) words: usize,
    /// What its results count against `Config::kept_words_max`, until it is done.
    pub(super) kept: usize,
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
        self.words += answer.words;
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
        self.get(id).filter(|answer| answer.is_open())?.tag
    }

    /// The vat's `ret` came: the params no longer count.
    #[inline]
    pub(super) fn uncount_words(&mut self, id: AnswerId) {
        if let Some(answer) = self.table.get_mut(id.0) {
            self.words -= std::mem::take(&mut answer.words);
        }
    }

    #[inline]
    pub(super) fn remove(&mut self, id: AnswerId) -> Option<Answer> {
        let answer = self.table.remove(id.0)?;
        self.words -= answer.words;
        self.kept -= answer.kept;
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
        answer.kept += words;
        self.kept += words;
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
