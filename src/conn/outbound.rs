//! What leaves. Ids and hints are chosen here, when it is known what the vat still wants.

use smallvec::SmallVec;

use super::answer::{AnswerLife, ResultsTo};
use super::connection::{Connection, End, PipelineOnly};
use super::event::{CallRef, Event, OutCall, OutCap, OutReturn, OutTarget};
use super::question::{GivenUp, Lent, QuestionLife, ResultCaps, ResultsAt, Wanted};
use super::queue::Item;
use crate::wire::{
    AnswerId, Bootstrap, Call, Context, Disembargo, EmbargoId, Exception, ExportId, Finish,
    Message, MessageTarget, Outcome, Payload, QuestionId, Release, Resolution, Resolve, Return,
    SendResultsTo,
};

impl Connection {
    /// The next message for the peer. The ids and hints in it are chosen now.
    ///
    /// Releases come last, when nothing else is queued: until then a Return may take them along
    /// (C-R4), and several of one import become one.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<Message> {
        if let End::Closed { parting, .. } = &mut self.end {
            return parting.pop_front();
        }
        while let Some(item) = self.queue.pop() {
            if let Some(message) = self.transmit(item) {
                return Some(message);
            }
        }
        let (import, reference_count) = self.imports.next_release()?;
        Some(Message::Release(Release { import, reference_count }))
    }

    /// The message an item became; none if it need not leave any more.
    pub(super) fn transmit(&mut self, item: Item) -> Option<Message> {
        match item {
            Item::Bootstrap(call) => self.transmit_bootstrap(call),
            Item::Call { call, target, body } => self.transmit_call(call, target, body),
            Item::Return { answer, outcome } => self.transmit_return(answer, outcome),
            Item::Finish(call) => self.transmit_finish(call),
            Item::Resolve { promise, to } => self.transmit_resolve(ExportId(promise), to),
            Item::Disembargo { target, embargo } => self.transmit_disembargo(target, embargo),
            Item::DisembargoReply { target, embargo } => {
                self.echoes = self.echoes.saturating_sub(1);
                let target = self.address(target)?;
                let context = Context::ReceiverLoopback(embargo);
                Some(Message::Disembargo(Disembargo { target, context }))
            }
            Item::Refusal(message) => Some(message),
            Item::Echo(message) => {
                self.echoes = self.echoes.saturating_sub(1);
                Some(message)
            }
            Item::Void => None,
        }
    }

    fn transmit_bootstrap(&mut self, call: CallRef) -> Option<Message> {
        let life = self.questions.get(call)?.life;
        let question = self.questions.take_id(call);
        self.set_life(call, Self::asked(life, question));
        Some(Message::Bootstrap(Bootstrap { question }))
    }

    /// Where a question stands once it left and a Return is due.
    const fn asked(life: QuestionLife, id: QuestionId) -> QuestionLife {
        match life {
            QuestionLife::Withdrawn { .. } => QuestionLife::Cancelling(id),
            _ => QuestionLife::Waiting(id),
        }
    }

    fn transmit_call(
        &mut self,
        call: CallRef,
        target: OutTarget,
        body: OutCall,
    ) -> Option<Message> {
        let question = self.questions.get(call)?;
        let life = question.life;
        let wanted = question.wanted;
        // The Return that says to take the results of a tail call names it, but pipelines nothing on it.
        let named = question.pins > u32::from(body.tail);
        let only_pipeline = wanted == Wanted::Pipeline && self.may_omit_return(&body);
        let no_pipeline = !named && matches!(wanted, Wanted::Results | Wanted::Nothing);
        // The target is addressed first: a question that was let go of has no id for it.
        let Some(target) = self.address(target) else { return self.unaddressed(call, &body) };
        let id = if only_pipeline {
            let id = self.questions.take_high_id();
            self.set_life(
                call,
                match life {
                    QuestionLife::Withdrawn { .. } => {
                        QuestionLife::Finishing(id, ResultCaps::Released)
                    }
                    _ => QuestionLife::PipelineOnly(id),
                },
            );
            id
        } else {
            let id = self.questions.take_id(call);
            self.set_life(call, Self::asked(life, id));
            id
        };
        let mut exports = SmallVec::new();
        let caps = self.describe_all(body.params.caps, &mut exports);
        if !only_pipeline && let Some(question) = self.questions.get_mut(call) {
            question.lent = Lent::Params(exports);
        }
        Some(Message::Call(Box::new(Call {
            question: id,
            target,
            interface: body.interface,
            method: body.method,
            params: Payload { content: body.params.content, caps },
            results_to: if body.tail { SendResultsTo::Yourself } else { SendResultsTo::Caller },
            no_promise_pipelining: no_pipeline,
            only_promise_pipeline: only_pipeline,
        })))
    }

    /// `rpc.capnp: Call.onlyPromisePipeline`: not for a tail call, whose Return says it is over; nor
    /// with capabilities for a level 0 peer, which releases them with a Return alone. (C-H5)
    fn may_omit_return(&self, body: &OutCall) -> bool {
        let exports = body
            .params
            .caps
            .iter()
            .any(|cap| matches!(cap, OutCap::Hosted(_) | OutCap::Promise(_)));
        self.pipeline_only == PipelineOnly::Allowed
            && !body.tail
            && !(exports && self.config.peer_may_be_level_0)
    }

    /// A call on a question the vat finished before it made the call: it fails here.
    fn unaddressed(&mut self, call: CallRef, body: &OutCall) -> Option<Message> {
        debug_assert!(false, "call on a finished question");
        for cap in &body.params.caps {
            self.unhold(cap);
        }
        let question = self.questions.get(call)?;
        if question.life.is_held() {
            let outcome = super::event::InReturn::Exception(Exception::failed("call on nothing"));
            let tag = question.tag;
            self.emit(Event::Return { call, tag, outcome });
        }
        None
    }

    fn transmit_finish(&mut self, call: CallRef) -> Option<Message> {
        let entry = self.questions.get(call)?;
        let deliver_first = entry.given_up == GivenUp::Delivered;
        let (question, results, cancels) = match entry.life {
            QuestionLife::Cancelling(id) => {
                self.set_life(call, QuestionLife::Cancelled(id));
                (id, ResultCaps::Released, true)
            }
            QuestionLife::Finishing(id, ResultCaps::Imported) => (id, self.given_up(call), false),
            QuestionLife::Finishing(id, ResultCaps::Released) => {
                self.questions.discard(call);
                (id, ResultCaps::Released, true)
            }
            _ => {
                self.questions.remove(call);
                return None;
            }
        };
        let workaround = cancels && (deliver_first || self.config.early_cancellation_workaround);
        Some(Message::Finish(Finish {
            question,
            release_result_caps: results == ResultCaps::Released,
            require_early_cancellation_workaround: workaround,
        }))
    }

    /// A question whose Finish leaves: if all its results counted was given up meanwhile, it goes along, and needs no
    /// Release. (C-N2)
    fn given_up(&mut self, call: CallRef) -> ResultCaps {
        let lent = self.questions.remove(call).map(|question| question.lent);
        let Some(Lent::Results(counted)) = lent else { return ResultCaps::Imported };
        // The Finish itself names none of them; what is behind it may.
        let first = self.queue.first_number();
        match !counted.is_empty() && self.imports.settle_all(&counted, first) {
            true => ResultCaps::Released,
            false => ResultCaps::Imported,
        }
    }

    fn transmit_resolve(
        &mut self,
        promise: ExportId,
        to: Result<OutCap, Exception>,
    ) -> Option<Message> {
        if self.exports.find(promise).is_none() {
            if let Ok(cap) = &to {
                self.unhold(cap);
            }
            return None;
        }
        let resolution = match to {
            Ok(cap) => Resolution::Cap(self.describe(cap, &mut SmallVec::new())),
            Err(why) => Resolution::Exception(why),
        };
        Some(Message::Resolve(Resolve { promise, resolution }))
    }

    fn transmit_disembargo(&mut self, target: OutTarget, embargo: EmbargoId) -> Option<Message> {
        let settled = self.is_settled(&target);
        let Some(target) = self.address(target) else {
            self.embargoes.forget(embargo);
            let why = Exception::failed("disembargo of a question already finished");
            self.emit(Event::EmbargoBroken { embargo, why });
            return None;
        };
        if settled {
            self.embargoes.forget(embargo);
            self.emit(Event::Disembargoed { embargo });
            return None;
        }
        self.embargoes.send(embargo);
        Some(disembargo(target, embargo))
    }

    /// The peer dropped its entry for the results, and with it all calls along this path: there is
    /// nothing to wait for, nor anyone to send a disembargo back.
    fn is_settled(&self, target: &OutTarget) -> bool {
        let OutTarget::Answer(call, _) = target else { return false };
        let life = self.questions.get(*call).map(|question| question.life);
        matches!(life, Some(QuestionLife::Settled(_) | QuestionLife::Retiring(_)))
    }

    fn transmit_return(&mut self, answer: AnswerId, outcome: OutReturn) -> Option<Message> {
        let entry = self.answers.get(answer)?;
        let finished = !entry.is_open();
        let unpipelined = entry.results_to == ResultsTo::CallerUnpipelined;
        let params = SmallVec::<[_; 2]>::from_slice(&entry.params);
        // Not what these results name themselves: a peer may release it before it reads them.
        let own_number = self.queue.first_number() - 1;
        let release_param_caps = !params.is_empty() && self.imports.settle_all(&params, own_number);
        let mut exports = SmallVec::new();
        let mut took = None;
        let (outcome, settled) = match outcome {
            OutReturn::Results(payload) => {
                // Whatever is `None` now stays so: nothing in these results can be called. (C-R6)
                let bare = payload.caps.iter().all(|cap| *cap == OutCap::None);
                let caps = self.describe_all(payload.caps, &mut exports);
                (Outcome::Results(Payload { content: payload.content, caps }), bare)
            }
            // Calls pipelined on it, already under way, are to fail with this same exception.
            OutReturn::Exception(why) => (Outcome::Exception(why), unpipelined),
            OutReturn::Canceled => (Outcome::Canceled, true),
            OutReturn::Kept => (Outcome::ResultsSentElsewhere, false),
            OutReturn::TakeFrom(call) => (self.lend(answer, call, &mut took), false),
        };
        let no_finish_needed = settled || finished;
        if no_finish_needed {
            self.answer_done(answer);
        } else if let Some(entry) = self.answers.get_mut(answer) {
            entry.life = AnswerLife::Returned { exports, took };
        }
        Some(Message::Return(Box::new(Return {
            answer,
            release_param_caps,
            no_finish_needed,
            outcome,
        })))
    }

    /// `rpc.capnp: Return.takeFromOtherQuestion`. If the tail call already failed and the peer keeps
    /// nothing of it, there is nothing to take.
    fn lend(&mut self, answer: AnswerId, call: CallRef, took: &mut Option<CallRef>) -> Outcome {
        self.unpin(call);
        let lent = self.questions.get_mut(call).and_then(|question| {
            let settled = matches!(question.life, QuestionLife::Settled(_));
            let id = question.life.id().filter(|_| !settled)?;
            matches!(question.results_at, ResultsAt::Peer | ResultsAt::Offered(_)).then(|| {
                question.results_at = ResultsAt::LentTo(answer);
                id
            })
        });
        let Some(id) = lent else {
            return Outcome::Exception(Exception::failed("the tail call failed"));
        };
        *took = Some(call);
        Outcome::TakeFromOtherQuestion(id)
    }
}

const fn disembargo(target: MessageTarget, embargo: EmbargoId) -> Message {
    Message::Disembargo(Disembargo { target, context: Context::SenderLoopback(embargo) })
}
