//! What the vat owes the peer: to return what it called, to resolve what was promised, to send a
//! disembargo back.

use super::answer::{AnswerLife, ResultsTo};
use super::connection::Connection;
use super::event::{CallRef, Event, LocalCap, OutCap, OutReturn, OutTarget, Tag};
use super::question::ResultsAt;
use super::queue::Item;
use crate::wire::{AnswerId, EmbargoId, Exception};

impl Connection {
    /// Keeps a number of the vat's beside an answer. Until then the peer cannot pipeline on it.
    #[inline]
    pub fn tag_answer(&mut self, answer: AnswerId, tag: Tag) {
        if let Some(entry) = self.answers.get_mut(answer) {
            entry.set_tag(tag);
        }
    }

    /// Counts results of so many words that stay here until the peer finishes. They do not if this says why:
    /// then the call fails with that. (C-M10)
    ///
    /// # Errors
    /// `overloaded`: the peer has too much that it has not finished.
    pub fn keep(&mut self, answer: AnswerId, words: usize) -> Result<(), Exception> {
        if self.answers.keep(answer, words, self.config.kept_words_max) {
            return Ok(());
        }
        self.refused = true;
        Err(Exception::overloaded("too much in results of calls that are not finished"))
    }

    /// Answers a Bootstrap or Call event: exactly once each, also after a Cancel. (C-R1)
    ///
    /// If the results would export too many capabilities, the call fails as overloaded instead.
    pub fn ret(&mut self, answer: AnswerId, outcome: OutReturn) {
        let Some(entry) = self.answers.get(answer).filter(|entry| entry.is_running()) else {
            debug_assert!(self.is_closed(), "{answer} returned twice");
            return self.hand_back_return(&outcome);
        };
        let (results_to, finished) = (entry.results_to, !entry.is_open());
        self.answers.uncount_words(answer);
        let outcome = match results_to {
            ResultsTo::Pipeline => return self.ret_silently(answer, &outcome, finished),
            ResultsTo::Kept | ResultsTo::Taken => {
                self.hand_back_return(&outcome);
                OutReturn::Kept
            }
            ResultsTo::Caller | ResultsTo::CallerUnpipelined if finished => self.cancelled(outcome),
            ResultsTo::Caller | ResultsTo::CallerUnpipelined => self.sendable(outcome),
        };
        match &outcome {
            OutReturn::Results(payload) => payload.caps.iter().for_each(|cap| self.hold(cap)),
            OutReturn::TakeFrom(call) => {
                if let Some(question) = self.questions.get_mut(*call) {
                    question.pins += 1;
                    if question.results_at == ResultsAt::Peer {
                        question.results_at = ResultsAt::Offered(answer);
                    }
                }
            }
            _ => {}
        }
        let at = self.queue.push(Item::Return { answer, outcome });
        if let Some(entry) = self.answers.get_mut(answer) {
            entry.life =
                if finished { AnswerLife::ReturningFinished } else { AnswerLife::Returning { at } };
        }
    }

    /// A tail call failed before our Return that says to take its results left: it fails likewise.
    pub(super) fn fail_offer(&mut self, call: CallRef, why: &Exception) {
        let Some(ResultsAt::Offered(answer)) = self.questions.get(call).map(|it| it.results_at)
        else {
            return;
        };
        let Some(AnswerLife::Returning { at }) = self.answers.get(answer).map(|it| &it.life) else {
            return;
        };
        let at = *at;
        let offers = |item: &Item| matches!(item, Item::Return { outcome: OutReturn::TakeFrom(of), .. } if *of == call);
        if self.queue.get(at).is_some_and(offers) {
            let outcome = OutReturn::Exception(why.clone());
            self.queue.replace(at, Item::Return { answer, outcome });
            self.unpin(call);
        }
    }

    /// `onlyPromisePipeline`: the peer wants no Return. (C-H3)
    fn ret_silently(&mut self, answer: AnswerId, outcome: &OutReturn, finished: bool) {
        self.hand_back_return(outcome);
        if finished {
            self.answer_done(answer);
        } else if let Some(entry) = self.answers.get_mut(answer) {
            entry.life = AnswerLife::Silent;
        }
    }

    /// What is returned to a caller that finished: no capability, which it would not release. (C-N3)
    fn cancelled(&mut self, outcome: OutReturn) -> OutReturn {
        match outcome {
            OutReturn::Exception(why) => OutReturn::Exception(why),
            other => {
                self.hand_back_return(&other);
                OutReturn::Canceled
            }
        }
    }

    #[inline]
    fn sendable(&mut self, outcome: OutReturn) -> OutReturn {
        if self.is_overfull() {
            self.refused = true;
            self.hand_back_return(&outcome);
            return OutReturn::Exception(unread());
        }
        if let OutReturn::Results(payload) = &outcome
            && let Some(why) = self.oversized(payload)
        {
            self.hand_back(&payload.caps);
            return OutReturn::Exception(why);
        }
        match outcome {
            OutReturn::Results(payload) if self.exports_too_many(&payload.caps) => {
                self.refused = true;
                self.hand_back(&payload.caps);
                OutReturn::Exception(Exception::overloaded("the peer holds too many capabilities"))
            }
            OutReturn::Kept => {
                debug_assert!(false, "results kept that the peer wants returned");
                OutReturn::Exception(Exception::failed("the results were not returned"))
            }
            // Only who finished a question may be told it was cancelled.
            OutReturn::Canceled => {
                OutReturn::Exception(Exception::failed("the call was cancelled where it ran"))
            }
            other => other,
        }
    }

    /// Return and Finish are both through: the id is free.
    #[inline]
    pub(super) fn answer_done(&mut self, answer: AnswerId) {
        if let Some(entry) = self.answers.remove(answer)
            && let Some(tag) = entry.tag()
        {
            self.emit(Event::Done { tag });
        }
    }

    /// Says what a promise given out as [`OutCap::Promise`] came to be: once each time it was given
    /// out, so again if the vat gives it out as a promise after this. (C-P1)
    ///
    /// If it is not exported any more, nothing is sent and the reference in `to` is given back.
    pub fn resolve(&mut self, promise: LocalCap, to: Result<OutCap, Exception>) {
        if !self.exports.resolve(promise) {
            if let Ok(cap) = to {
                self.hand_back(&[cap]);
            }
            return;
        }
        let to = match to {
            Ok(cap) if self.exports_too_many(std::slice::from_ref(&cap)) => {
                self.hand_back(&[cap]);
                Err(Exception::overloaded("the peer holds too many capabilities"))
            }
            Err(_) if self.is_overfull() => Err(unread()),
            to => to,
        };
        if let Ok(cap) = &to {
            self.hold(cap);
        }
        self.queue.push(Item::Resolve { promise: promise.0, to });
    }

    /// Answers a [`Event::DisembargoRequested`], behind everything queued so far. `target` is what
    /// the capability the peer embargoed leads back to.
    pub fn disembargo_reply(&mut self, target: OutTarget, embargo: EmbargoId) {
        if !self.is_closed() {
            self.pin_target(&target);
            self.queue.push(Item::DisembargoReply { target, embargo });
        }
    }
}

/// What calls fail with whose results would only wait.
fn unread() -> Exception {
    Exception::overloaded("the peer does not read what it asked for")
}
