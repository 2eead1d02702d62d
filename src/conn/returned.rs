//! What the peer answers: Return, and `unimplemented` for what we asked.

use smallvec::SmallVec;

use super::answer::{AnswerLife, ResultsTo};
use super::caps::counted;
use super::connection::{Connection, PipelineOnly, TailCalls};
use super::error::PeerMisbehaved;
use super::event::{CallRef, Event, InReturn};
use super::question::{Lent, QuestionLife, ResultCaps, ResultsAt, is_high};
use crate::wire::{AnswerId, Exception, ImportId, Outcome, QuestionId, Return};

impl Connection {
    /// `rpc.capnp: Return`: exactly one for each question, but none for a high id. (C-R2, C-H4)
    pub(super) fn on_return(&mut self, ret: Return) -> Result<(), PeerMisbehaved> {
        let id = ret.answer.flip();
        if is_high(id) {
            // The peer does not know the hint. The Finish releases whatever this carries.
            self.pipeline_only = PipelineOnly::Off;
            return Ok(());
        }
        let call = self.questions.find(id).ok_or(PeerMisbehaved::ReturnOfNothing(id))?;
        let Some(question) = self.questions.get_mut(call) else { return Ok(()) };
        let params = question.take_params();
        let (life, tag) = (question.life, question.tag);
        let cancelled = match life {
            QuestionLife::Waiting(_) => false,
            QuestionLife::Cancelling(_) | QuestionLife::Cancelled(_) => true,
            _ => return Err(PeerMisbehaved::ReturnOfNothing(id)),
        };
        self.questions.tail_returned(call);
        if let Outcome::TakeFromOtherQuestion(_) | Outcome::ResultsSentElsewhere = &ret.outcome {
            self.tail_calls = TailCalls::Known;
        }
        let results: SmallVec<[ImportId; 2]> = match &ret.outcome {
            Outcome::Results(payload) if !payload.caps.is_empty() => {
                payload.caps.iter().filter_map(counted).collect()
            }
            _ => SmallVec::new(),
        };
        let bare = results.is_empty();
        // With capabilities in the results a Finish is due whatever the peer says. (C-R5)
        let settled = ret.no_finish_needed && bare;
        if cancelled {
            self.return_unwanted(call, life, settled);
        } else {
            if let Outcome::Exception(why) = &ret.outcome {
                self.fail_offer(call, why);
            }
            let outcome = self.receive_outcome(call, id, ret.outcome)?;
            if let Some(question) = self.questions.get_mut(call) {
                // A peer that wants no Finish may not read it.
                question.lent = match ret.no_finish_needed {
                    true => Lent::Params(SmallVec::new()),
                    false => Lent::Results(results),
                };
                question.life = match settled {
                    true => QuestionLife::Settled(id),
                    false => QuestionLife::Returned(id),
                };
            }
            self.emit(Event::Return { call, tag, outcome });
        }
        // Behind the results: they may name what was passed, which is not to be gone by then.
        if ret.release_param_caps {
            self.release_exports(&params)?;
        }
        Ok(())
    }

    #[inline]
    fn receive_outcome(
        &mut self,
        call: CallRef,
        id: QuestionId,
        outcome: Outcome,
    ) -> Result<InReturn, PeerMisbehaved> {
        let tail = self.questions.get(call).is_some_and(|q| q.results_at != ResultsAt::Us);
        Ok(match outcome {
            Outcome::Results(_) if tail => return Err(PeerMisbehaved::ResultsNotKept(id)),
            Outcome::Results(payload) => InReturn::Results(self.receive_payload(payload)?),
            Outcome::Exception(why) => InReturn::Exception(why),
            Outcome::Canceled => InReturn::Canceled,
            Outcome::ResultsSentElsewhere if tail => InReturn::Kept,
            Outcome::ResultsSentElsewhere => {
                return Err(PeerMisbehaved::ResultsNotSentElsewhere(id));
            }
            Outcome::TakeFromOtherQuestion(other) => self.take(other.flip())?,
            // C-R9
            Outcome::Foreign(variant) => InReturn::Exception(Exception::unimplemented(format!(
                "unknown Return variant {variant}"
            ))),
        })
    }

    /// `rpc.capnp: Return.takeFromOtherQuestion`: once per question, which must have been sent with
    /// `sendResultsTo.yourself` and be open. (C-T2, C-T6)
    fn take(&mut self, answer: AnswerId) -> Result<InReturn, PeerMisbehaved> {
        let entry = self.answers.get_mut(answer).filter(|entry| entry.is_open());
        let entry = entry.ok_or(PeerMisbehaved::TakesFromUnknown(answer))?;
        match entry.results_to {
            ResultsTo::Kept => {
                entry.results_to = ResultsTo::Taken;
                if let AnswerLife::Refused(why) = &entry.life {
                    return Ok(InReturn::Exception(why.clone()));
                }
                let tag = entry.tag().ok_or(PeerMisbehaved::TakesFromUnknown(answer))?;
                Ok(InReturn::TakeFrom(tag))
            }
            ResultsTo::Taken => Err(PeerMisbehaved::TakesTwice(answer)),
            _ => Err(PeerMisbehaved::TakesUnkept(answer)),
        }
    }

    /// The question was finished before. Nothing is imported: the Finish released the results. (C-R7)
    ///
    /// Where it is answered with a tail call of the peer's to us, that call is not cancelled here: what was pipelined
    /// on our question before we gave it up may be on its way back to us. Behind it comes the peer's Finish, which
    /// cancels what nobody needs. (C-T4)
    fn return_unwanted(&mut self, call: CallRef, life: QuestionLife, settled: bool) {
        match life {
            QuestionLife::Cancelling(id) if settled => {
                self.set_life(call, QuestionLife::Retiring(id));
            }
            QuestionLife::Cancelling(id) => {
                self.set_life(call, QuestionLife::Finishing(id, ResultCaps::Released));
            }
            _ => {
                self.questions.remove(call);
            }
        }
    }

    /// `unimplemented(call)` or `unimplemented(bootstrap)`: the peer has no entry for it, so its
    /// params are released and no Finish is due. (C-U2)
    pub(super) fn on_unimplemented_question(
        &mut self,
        id: QuestionId,
    ) -> Result<(), PeerMisbehaved> {
        let call = self.questions.find(id).ok_or(PeerMisbehaved::ReturnOfNothing(id))?;
        let Some(question) = self.questions.get_mut(call) else { return Ok(()) };
        let params = question.take_params();
        let tag = question.tag;
        match question.life {
            QuestionLife::Waiting(_) => {
                question.life = QuestionLife::Settled(id);
                let why = Exception::unimplemented("the peer does not implement this message");
                self.emit(Event::Return { call, tag, outcome: InReturn::Exception(why) });
            }
            QuestionLife::Cancelling(_) => question.life = QuestionLife::Retiring(id),
            QuestionLife::Cancelled(_) => {
                self.questions.remove(call);
            }
            _ => return Err(PeerMisbehaved::ReturnOfNothing(id)),
        }
        self.release_exports(&params)
    }
}
