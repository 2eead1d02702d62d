//! What the vat wants of the peer: to ask it, to let go of what it gave, to lift an embargo.

use smallvec::SmallVec;

use super::connection::{Connection, End};
use super::error::{Closed, Refused};
use super::event::{CallRef, Event, OutCall, OutTarget, Tag};
use super::question::{GivenUp, Question, QuestionLife, ResultCaps, ResultsAt, Wanted};
use super::queue::Item;
use crate::wire::{EmbargoId, Exception, ImportId};

/// Ordinary question ids stay below 2^30, far from those that get no Return.
const QUESTIONS_MAX: u32 = 1 << 30;

impl Connection {
    #[inline]
    fn refusal(&self) -> Option<Exception> {
        if let End::Closed { why, .. } = &self.end {
            return Some(Exception::disconnected(why.reason()));
        }
        let max = self.config.questions_max.min(QUESTIONS_MAX) as usize;
        if self.questions.len() >= max {
            return Some(Exception::overloaded(format!("more than {max} questions open")));
        }
        if self.queue.words() > self.config.queued_words_max {
            return Some(Exception::overloaded("the peer does not read what is sent to it"));
        }
        None
    }

    /// Asks for the peer's bootstrap capability. (C-B1)
    ///
    /// # Errors
    /// The connection is over, or a limit is reached.
    pub fn bootstrap(&mut self, tag: Tag) -> Result<CallRef, Closed> {
        if let Some(why) = self.refusal() {
            return Err(Closed(why));
        }
        // The item has to know the question and the question the item: both numbers are chosen here.
        let call = self.questions.add(Question::new(tag, ResultsAt::Us, 0));
        let ask = self.queue.push(Item::Bootstrap(call));
        self.set_life(call, QuestionLife::Queued { ask });
        Ok(call)
    }

    /// Queues a call.
    ///
    /// # Errors
    /// The connection is over, a limit is reached, or the target was let go of; the call is given
    /// back.
    pub fn call(&mut self, target: OutTarget, call: OutCall) -> Result<CallRef, Box<Refused>> {
        let why = self.refusal().or_else(|| {
            if !self.is_live(&target) {
                Some(Exception::failed("the capability was already released"))
            } else if self.exports_too_many(&call.params.caps) {
                Some(Exception::overloaded("the peer holds too many capabilities"))
            } else {
                self.oversized(&call.params)
            }
        });
        if let Some(why) = why {
            return Err(Box::new(Refused { call, why }));
        }
        let results_at = if call.tail { ResultsAt::Peer } else { ResultsAt::Us };
        match &target {
            OutTarget::Import(import) => {
                self.imports.mark_used(*import, self.queue.next_number());
            }
            OutTarget::Answer(call, path) => {
                if let Some(question) = self.questions.get_mut(*call) {
                    question.use_path(path);
                }
            }
        }
        self.pin_target(&target);
        for cap in &call.params.caps {
            self.hold(cap);
        }
        let question = self.questions.add(Question::new(call.tag, results_at, 0));
        let ask = self.queue.push(Item::Call { call: question, target, body: call });
        self.set_life(question, QuestionLife::Queued { ask });
        Ok(question)
    }

    #[inline]
    fn is_live(&self, target: &OutTarget) -> bool {
        match target {
            OutTarget::Import(import) => self.imports.is_held(*import),
            OutTarget::Answer(call, _) => {
                self.questions.get(*call).is_some_and(|question| question.life.is_held())
            }
        }
    }

    #[inline]
    pub(super) fn set_life(&mut self, call: CallRef, life: QuestionLife) {
        if let Some(question) = self.questions.get_mut(call) {
            question.life = life;
        }
    }

    /// Nobody awaits the results any more; the pipeline is still wanted. If the call has not left
    /// yet, there may be no Return event for it; `finish` is due all the same.
    pub fn drop_result(&mut self, call: CallRef) {
        if let Some(question) = self.questions.get_mut(call) {
            question.wanted = question.wanted.without_results();
        }
    }

    /// A stream is sent to `target`. If that is in the results of a call which has not left and of which only the pipeline
    /// is wanted, the peer is to return it all the same: one Return, and each call of the stream behind it names a
    /// capability of the peer's, which both ends find faster than one in the results of a call. (C-H2)
    pub fn will_stream(&mut self, target: &OutTarget) {
        if let OutTarget::Answer(call, _) = target
            && let Some(question) = self.questions.get_mut(*call)
            && matches!(question.life, QuestionLife::Queued { .. })
            && question.wanted == Wanted::Pipeline
        {
            question.wanted = Wanted::PipelineAtLength;
        }
    }

    /// Nothing will be pipelined on this call any more. (C-H1)
    pub fn drop_pipeline(&mut self, call: CallRef) {
        if let Some(question) = self.questions.get_mut(call) {
            question.wanted = question.wanted.without_pipeline();
        }
    }

    /// If this call is given up, it is delivered all the same, and cancelled then. (C-N4)
    pub fn deliver_first(&mut self, call: CallRef) {
        if let Some(question) = self.questions.get_mut(call) {
            question.given_up = GivenUp::Delivered;
        }
    }

    /// Gives a question up: exactly once per `CallRef`, before its Return event (which cancels it) or
    /// after. The `CallRef` is dead then, and may be handed out again.
    ///
    /// A call that has not left yet does not leave at all, unless a queued message names it or it is
    /// to be [delivered first](Self::deliver_first).
    #[inline]
    pub fn finish(&mut self, call: CallRef) {
        let Some(question) = self.questions.get(call) else { return };
        let pinned = question.pins > 0;
        let delivered = question.given_up == GivenUp::Delivered;
        match question.life {
            QuestionLife::Queued { ask } if pinned || delivered => {
                let finish = self.queue.push(Item::Finish(call));
                // Limits far below 2^32 bound the queue.
                let behind = u32::try_from(finish - ask).unwrap_or(u32::MAX);
                self.set_life(call, QuestionLife::Withdrawn { ask, behind });
                if let Some(question) = self.questions.get_mut(call) {
                    question.wanted = if pinned { Wanted::Pipeline } else { Wanted::Nothing };
                }
            }
            QuestionLife::Queued { ask } => {
                self.questions.remove(call);
                let mut unpinned = SmallVec::new();
                self.void_ask(ask, &mut unpinned);
                unpinned.into_iter().for_each(|call| self.unpin(call));
            }
            QuestionLife::Waiting(id) => self.queue_finish(call, QuestionLife::Cancelling(id)),
            QuestionLife::PipelineOnly(id) => {
                self.queue_finish(call, QuestionLife::Finishing(id, ResultCaps::Released));
            }
            QuestionLife::Returned(id) => {
                self.queue_finish(call, QuestionLife::Finishing(id, ResultCaps::Imported));
            }
            QuestionLife::Settled(id) if pinned => {
                self.queue_finish(call, QuestionLife::Retiring(id));
            }
            QuestionLife::Settled(_) => self.questions.discard(call),
            QuestionLife::Withdrawn { .. }
            | QuestionLife::Cancelling(_)
            | QuestionLife::Cancelled(_)
            | QuestionLife::Finishing(..)
            | QuestionLife::Retiring(_) => debug_assert!(false, "{call:?} finished twice"),
        }
    }

    fn queue_finish(&mut self, call: CallRef, life: QuestionLife) {
        self.set_life(call, life);
        self.queue.push(Item::Finish(call));
    }

    /// Keeps a number of the vat's beside an import, until it is released.
    pub fn tag_import(&mut self, import: ImportId, tag: Tag) {
        self.imports.set_tag(import, tag);
    }

    /// Calls are on their way to an import over another path, which it came to be the end of.
    pub fn mark_used(&mut self, import: ImportId) {
        self.imports.inherit_use(import);
    }

    /// What [`tag_import`](Self::tag_import) set, if the import is still counted. An import that
    /// comes twice in one payload is new both times in the event, and known the second time here.
    #[must_use]
    pub fn import_tag(&self, import: ImportId) -> Option<Tag> {
        self.imports.tag(import)
    }

    /// The vat has no use for an import any more: all references counted so far go back. If the peer
    /// sends it again, it is a new import without a tag.
    pub fn release(&mut self, import: ImportId) {
        self.imports.release(import);
    }

    /// Begins an embargo: asks the peer to send a disembargo back along the path `target`. For the
    /// results of a call: after its Return event and before it is finished. [`Event::Disembargoed`] or
    /// [`Event::EmbargoBroken`] ends it, the latter at once if there are too many; on a closed
    /// connection there is neither.
    pub fn disembargo(&mut self, target: OutTarget) -> EmbargoId {
        if self.is_closed() {
            return EmbargoId(u32::MAX);
        }
        let embargo = self.embargoes.add();
        if self.embargoes.len() > self.config.embargoes_max as usize {
            self.embargoes.forget(embargo);
            self.refused = true;
            let why = Exception::overloaded("too many embargoes wait for the peer");
            self.emit(Event::EmbargoBroken { embargo, why });
            return embargo;
        }
        self.pin_target(&target);
        self.queue.push(Item::Disembargo { target, embargo });
        embargo
    }
}
