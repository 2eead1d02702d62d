//! What the peer asks of us: Bootstrap, Call, Finish.

use smallvec::SmallVec;

use super::answer::{Answer, AnswerLife, ResultsTo};
use super::caps::counted;
use super::connection::{Connection, TailCalls};
use super::error::{PeerMisbehaved, Plenty};
use super::event::{Event, InCall, InTarget, OutReturn};
use super::queue::Item;
use crate::wire::{
    AnswerId, Bootstrap, Call, CapDescriptor, Exception, Finish, ImportId, Message, MessageTarget,
    Outcome, Return, SendResultsTo,
};

/// What a call is counted as besides its content, in words.
const CALL_WORDS: usize = 8;

/// What each capability in its params is counted as: an entry in a table, and a node in the vat.
const CAP_WORDS: usize = 16;

impl Connection {
    /// `rpc.capnp: Bootstrap`: a question whose results are one capability. (C-B1)
    pub(super) fn on_bootstrap(&mut self, bootstrap: &Bootstrap) -> Result<(), PeerMisbehaved> {
        let answer = bootstrap.question.flip();
        self.check_unused(answer)?;
        if let Some(why) = self.overload(CALL_WORDS) {
            return self.refuse(answer, why, &[]);
        }
        self.add_answer(answer, ResultsTo::Caller, SmallVec::new(), CALL_WORDS);
        self.emit(Event::Bootstrap { answer });
        Ok(())
    }

    /// `rpc.capnp: Call`: an unknown export is misbehaviour; anything else that is not there, or not
    /// known at this level, fails this call alone.
    pub(super) fn on_call(&mut self, call: Call) -> Result<(), PeerMisbehaved> {
        let answer = call.question.flip();
        self.check_unused(answer)?;
        let results_to = match call.results_to {
            SendResultsTo::Caller if call.only_promise_pipeline => ResultsTo::Pipeline,
            SendResultsTo::Caller if call.no_promise_pipelining => ResultsTo::CallerUnpipelined,
            SendResultsTo::Caller => ResultsTo::Caller,
            // The pipeline hint is of no use here, and is ignored.
            SendResultsTo::Yourself => ResultsTo::Kept,
            SendResultsTo::Elsewhere => {
                let why = Exception::unimplemented("unknown Call.sendResultsTo variant");
                return self.refuse_call(&call, why);
            }
        };
        if call.only_promise_pipeline
            || call.no_promise_pipelining
            || call.results_to == SendResultsTo::Yourself
        {
            self.tail_calls = TailCalls::Known;
        }
        let target = match self.find_target(&call.target)? {
            Ok(target) => target,
            Err(why) => return self.refuse_call(&call, why),
        };
        let words = call.params.content.words() + CALL_WORDS + CAP_WORDS * call.params.caps.len();
        if let Some(why) = self.overload(words) {
            return self.refuse_call(&call, why);
        }
        let counted = match call.params.caps.as_slice() {
            [] => SmallVec::new(),
            caps => caps.iter().filter_map(counted).collect(),
        };
        let params = self.receive_payload(call.params)?;
        self.add_answer(answer, results_to, counted, words);
        let call = InCall {
            interface: call.interface,
            method: call.method,
            params,
            keep_results: results_to == ResultsTo::Kept,
            no_promise_pipelining: call.no_promise_pipelining,
            only_promise_pipeline: results_to == ResultsTo::Pipeline,
        };
        self.emit(Event::Call { answer, target, call });
        Ok(())
    }

    #[inline]
    fn check_unused(&self, answer: AnswerId) -> Result<(), PeerMisbehaved> {
        match self.answers.get(answer) {
            Some(_) => Err(PeerMisbehaved::QuestionInUse(answer)),
            None => Ok(()),
        }
    }

    #[inline]
    fn add_answer(
        &mut self,
        answer: AnswerId,
        results_to: ResultsTo,
        params: SmallVec<[ImportId; 2]>,
        words: usize,
    ) {
        let life = AnswerLife::Running;
        self.answers.add(answer, Answer::new(life, results_to, params, words));
    }

    /// Whom a Call is addressed to; the inner error fails that call. (C-Q4, C-Q5, C-Q6, C-Q8)
    #[inline]
    fn find_target(
        &self,
        target: &MessageTarget,
    ) -> Result<Result<InTarget, Exception>, PeerMisbehaved> {
        Ok(match target {
            MessageTarget::ImportedCap(id) => {
                let export = id.flip();
                let cap = self.exports.find(export);
                Ok(InTarget::Local(cap.ok_or(PeerMisbehaved::TargetNotExported(export))?))
            }
            MessageTarget::PromisedAnswer(promised) => {
                match self.answers.open_tag(promised.question.flip()) {
                    Some(tag) => Ok(InTarget::Answer { tag, path: promised.path.clone() }),
                    None => Err(Exception::failed(format!(
                        "pipelined on question {}, which returned no capabilities or is finished",
                        promised.question.0
                    ))),
                }
            }
            MessageTarget::Foreign(variant) => {
                Err(Exception::unimplemented(format!("unknown MessageTarget variant {variant}")))
            }
        })
    }

    /// Why a call of `words` is not taken. Not reading is the first answer to a loud peer, but not
    /// while a question of ours waits for what would be read.
    #[inline]
    fn overload(&self, words: usize) -> Option<Exception> {
        if self.answers.len() >= self.config.answers_max as usize {
            return Some(Exception::overloaded("too many calls in flight"));
        }
        // What was read before `wants_read` turned false is taken, up to as much again.
        let hard_max = self.config.inbound_words_max.saturating_mul(2);
        let full = self.is_full() && self.questions.len() > 0;
        if full || (self.answers.len() > 0 && self.answers.words() + words > hard_max) {
            return Some(Exception::overloaded("too much data in calls in flight"));
        }
        None
    }

    fn refuse_call(&mut self, call: &Call, why: Exception) -> Result<(), PeerMisbehaved> {
        if call.only_promise_pipeline && call.results_to == SendResultsTo::Caller {
            // No Return, not even this one; so the params go back one by one.
            return call.params.caps.iter().try_for_each(|cap| self.decline(cap));
        }
        let answer = call.question.flip();
        if call.results_to != SendResultsTo::Yourself {
            return self.refuse(answer, why, &call.params.caps);
        }
        // A Return that takes these results may be on its way: there must be something to take.
        let max = self.config.answers_max as usize;
        if self.answers.len() >= max {
            return Err(PeerMisbehaved::TooMany { what: Plenty::KeptCalls, max });
        }
        let (life, results_to) = (AnswerLife::Refused(why), ResultsTo::Kept);
        let params = SmallVec::new();
        self.answers.add(answer, Answer::new(life, results_to, params, 0));
        self.send_refusal(answer, Outcome::ResultsSentElsewhere, &call.params.caps)
    }

    /// Fails a call without an entry for it: a Finish for it is ignored like any unknown one.
    fn refuse(
        &mut self,
        answer: AnswerId,
        why: Exception,
        params: &[CapDescriptor],
    ) -> Result<(), PeerMisbehaved> {
        self.send_refusal(answer, Outcome::Exception(why), params)
    }

    fn send_refusal(
        &mut self,
        answer: AnswerId,
        outcome: Outcome,
        params: &[CapDescriptor],
    ) -> Result<(), PeerMisbehaved> {
        self.check_read()?;
        self.refused = true;
        self.queue.push(Item::Refusal(Message::Return(Box::new(Return {
            answer,
            release_param_caps: params.iter().any(|cap| counted(cap).is_some()),
            no_finish_needed: matches!(outcome, Outcome::Exception(_)),
            outcome,
        }))));
        Ok(())
    }

    /// What is refused or sent back costs the peer nothing; who does not read it is not heard any more. (C-M6)
    pub(super) fn check_read(&self) -> Result<(), PeerMisbehaved> {
        let max = self.config.queued_words_max.saturating_mul(2);
        match self.is_overfull() {
            true => Err(PeerMisbehaved::TooMany { what: Plenty::Unread, max }),
            false => Ok(()),
        }
    }

    /// `rpc.capnp: Finish`: unknown answers are ignored, since a Return with `noFinishNeeded` may
    /// have crossed it. (C-N6)
    pub(super) fn on_finish(&mut self, finish: &Finish) -> Result<(), PeerMisbehaved> {
        let id = finish.question.flip();
        if !finish.require_early_cancellation_workaround {
            self.tail_calls = TailCalls::Known;
        }
        let Some(answer) = self.answers.get_mut(id) else { return Ok(()) };
        match &mut answer.life {
            AnswerLife::Running => {
                answer.life = AnswerLife::Finished;
                let tag = answer.tag().filter(|_| answer.results_to != ResultsTo::Taken);
                if let Some(tag) = tag {
                    let deliver_first = finish.require_early_cancellation_workaround;
                    self.emit(Event::Cancel { answer: id, tag, deliver_first });
                }
            }
            AnswerLife::Returning { at } => {
                let at = *at;
                answer.life = AnswerLife::ReturningFinished;
                self.cancel_queued_return(id, at);
            }
            AnswerLife::Returned { exports, took } => {
                let (exports, took) = (std::mem::take(exports), *took);
                if let Some(call) = took {
                    self.questions.outer_finished(call, id);
                }
                self.answer_done(id);
                if finish.release_result_caps {
                    self.release_exports(&exports)?;
                }
            }
            AnswerLife::Silent | AnswerLife::Refused(_) => self.answer_done(id),
            AnswerLife::Finished | AnswerLife::ReturningFinished => {
                return Err(PeerMisbehaved::FinishedTwice(id));
            }
        }
        Ok(())
    }

    /// The Finish crossed a Return that has not left: its capabilities stay here.
    fn cancel_queued_return(&mut self, answer: AnswerId, at: u64) {
        let canceled = Item::Return { answer, outcome: OutReturn::Canceled };
        let Some(Item::Return { outcome, .. }) = self.queue.replace(at, canceled) else { return };
        match outcome {
            OutReturn::Results(payload) => payload.caps.iter().for_each(|cap| self.unhold(cap)),
            OutReturn::TakeFrom(call) => self.unpin(call),
            OutReturn::Canceled => {}
            OutReturn::Exception(_) | OutReturn::Kept => {
                self.queue.replace(at, Item::Return { answer, outcome });
            }
        }
    }
}
