//! The end: everything is taken out of the tables, and what the vat held is told to it.
//! (C-A3)

use std::collections::VecDeque;

use super::answer::{AnswerLife, Answers, ResultsTo};
use super::connection::{Connection, End};
use super::error::{ConnectionError, PeerMisbehaved};
use super::event::{Event, InReturn};
use super::export::Exports;
use super::import::Imports;
use super::question::Questions;
use super::queue::Queue;
use crate::wire::{Exception, Message};

impl Connection {
    /// The transport ended or failed: everything is lost, nothing more is sent.
    pub fn handle_disconnect(&mut self, why: Exception) {
        self.close_silently(&why);
    }

    /// Ends the connection: what is queued leaves, then an Abort saying `why`. (C-A2)
    pub fn abort(&mut self, why: Exception) {
        let reason = Exception::disconnected(why.reason());
        self.close_with_abort(why, &reason);
    }

    /// Ends the connection over a rule the peer broke.
    pub fn abort_misbehaved(&mut self, rule: PeerMisbehaved) {
        let abort = rule.to_exception();
        self.close_with_abort(abort, &ConnectionError::Misbehaved(rule).to_exception());
    }

    fn close_with_abort(&mut self, abort: Exception, why: &Exception) {
        if self.is_closed() {
            return;
        }
        let mut parting = VecDeque::with_capacity(self.queue.len() + 1);
        while let Some(item) = self.queue.pop() {
            parting.extend(self.transmit(item));
        }
        parting.push_back(Message::Abort(abort));
        self.close(why, parting);
    }

    /// Ends the connection without a word to the peer. (C-A1)
    pub(super) fn close_silently(&mut self, why: &Exception) {
        if !self.is_closed() {
            self.close(why, VecDeque::new());
        }
    }

    /// Everything leaves the tables first, so that whatever the vat does next finds them empty.
    fn close(&mut self, why: &Exception, parting: VecDeque<Message>) {
        self.end = End::Closed { why: why.clone(), parting };
        self.queue = Queue::default();
        self.echoes = 0;
        let questions = std::mem::take(&mut self.questions);
        let answers = std::mem::take(&mut self.answers);
        let exports = std::mem::take(&mut self.exports);
        let embargoes = std::mem::take(&mut self.embargoes);
        let imports = std::mem::replace(&mut self.imports, Imports::new(0));
        self.lose_questions(questions, why);
        for embargo in embargoes.into_ids() {
            self.emit(Event::EmbargoBroken { embargo, why: why.clone() });
        }
        self.lose_answers(answers);
        for back in Exports::into_refs(exports) {
            self.give_back(back);
        }
        for tag in imports.into_tags() {
            self.emit(Event::ImportLost { tag, why: why.clone() });
        }
        self.emit(Event::Closed { why: why.clone() });
    }

    fn lose_questions(&mut self, questions: Questions, why: &Exception) {
        for (call, question) in questions.into_entries() {
            if question.life.is_unanswered() {
                let outcome = InReturn::Exception(why.clone());
                self.emit(Event::Return { call, tag: question.tag, outcome });
            }
        }
    }

    /// What still runs is cancelled, unless its results were taken: they survive. (C-A4, C-A6)
    fn lose_answers(&mut self, answers: Answers) {
        for (answer, entry) in answers.into_entries() {
            let Some(tag) = entry.tag() else { continue };
            if matches!(entry.life, AnswerLife::Running) && entry.results_to != ResultsTo::Taken {
                self.emit(Event::Cancel { answer, tag, deliver_first: false });
            }
            self.emit(Event::Done { tag });
        }
    }
}
