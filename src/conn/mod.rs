//! A connection is one ordered message stream to one peer, and the four tables that say what its ids mean.

mod config;
mod error;
mod event;
mod stats;

use std::collections::VecDeque;

pub use config::Config;
pub use error::{Broken, Closed, ConnectionError, PeerMisbehaved, Refused};
pub use event::{
    CallRef, Event, InCall, InCap, InPayload, InReturn, InTarget, LocalCap, OutCall, OutCap,
    OutPayload, OutReturn, OutTarget, Tag,
};
pub use stats::Stats;

use crate::wire::{AnswerId, EmbargoId, Exception, ImportId, Message};

/// Our end of one connection: messages go in and come out, and so do events and wishes of the vat.
///
/// It does no I/O and knows no clock. After each `handle` the vat takes all events before it calls
/// anything else here. A wish about something that is no longer there is a no-op.
#[derive(Debug)]
pub struct Connection {
    config: Config,
    events: VecDeque<Event>,
}

impl Connection {
    /// A connection with empty tables.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, events: VecDeque::new() }
    }

    /// How full it is.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats::default()
    }

    /// All tables and queues are empty.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        true
    }

    /// It is over: aborted by either side or disconnected.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        false
    }

    /// False while more should not be read from the peer: too much of what it sent is unanswered, or
    /// too much of what we sent is unread, and no question of ours waits for what would be read.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        true
    }

    /// Words of content waiting for `poll_transmit`.
    #[must_use]
    pub fn queued_words(&self) -> usize {
        0
    }

    /// False once the peer was seen not to know `sendResultsTo.yourself`: no `tail` calls to it then.
    #[must_use]
    pub fn may_tail_call(&self) -> bool {
        true
    }

    /// The tables, one entry a line, as `q3 waiting → e0`.
    #[must_use]
    pub fn dump(&self) -> String {
        String::new()
    }

    /// Whether the tables agree with each other.
    ///
    /// # Errors
    /// Names the invariant that does not hold: a defect of this library.
    pub fn check(&self) -> Result<(), Broken> {
        Ok(())
    }

    /// Takes one message from the peer. Once the connection is closed, messages are ignored.
    ///
    /// # Errors
    /// The connection is over: the Abort for the peer is queued (unless the peer sent one), so are
    /// the events for all that is lost, `Closed` last.
    pub fn handle(&mut self, message: Message) -> Result<(), ConnectionError> {
        drop(message);
        Ok(())
    }

    /// The transport ended or failed: everything is lost, nothing more is sent.
    pub fn handle_disconnect(&mut self, why: Exception) {
        self.events.push_back(Event::Closed { why });
    }

    /// Asks for the peer's bootstrap capability.
    ///
    /// # Errors
    /// The connection is over, or too many questions are open.
    pub fn bootstrap(&mut self, tag: Tag) -> Result<CallRef, Closed> {
        Ok(CallRef(tag.0))
    }

    /// Queues a call.
    ///
    /// # Errors
    /// The connection is over or a limit is reached; the call is given back.
    pub fn call(&mut self, target: OutTarget, call: OutCall) -> Result<CallRef, Box<Refused>> {
        drop(target);
        Ok(CallRef(call.tag.0))
    }

    /// Nobody awaits the results any more; the pipeline is still wanted.
    pub fn drop_result(&mut self, call: CallRef) {
        let _ = call;
    }

    /// Nothing will be pipelined on this call any more.
    pub fn drop_pipeline(&mut self, call: CallRef) {
        let _ = call;
    }

    /// Gives a question up: exactly once per `CallRef`, before its Return event (which cancels it) or
    /// after. The `CallRef` is dead then, and may be handed out again.
    pub fn finish(&mut self, call: CallRef) {
        let _ = call;
    }

    /// Keeps a number of the vat's beside an answer.
    pub fn tag_answer(&mut self, answer: AnswerId, tag: Tag) {
        let _ = (answer, tag);
    }

    /// Answers a Bootstrap or Call event: exactly once each, also after a Cancel.
    pub fn ret(&mut self, answer: AnswerId, outcome: OutReturn) {
        let _ = (answer, outcome);
    }

    /// Says what a promise given out as [`OutCap::Promise`] came to be. If it is not exported any
    /// more, nothing is sent and the reference in `to` is given back.
    pub fn resolve(&mut self, promise: LocalCap, to: Result<OutCap, Exception>) {
        let _ = (promise, to);
    }

    /// Keeps a number of the vat's beside an import.
    pub fn tag_import(&mut self, import: ImportId, tag: Tag) {
        let _ = (import, tag);
    }

    /// The vat has no use for an import any more: all references counted so far go back.
    pub fn release(&mut self, import: ImportId) {
        let _ = import;
    }

    /// Whether calls were sent to `target` along this path, so that a shorter one needs an embargo.
    #[must_use]
    pub fn path_used(&self, target: &OutTarget) -> bool {
        let _ = target;
        false
    }

    /// Begins an embargo: asks the peer to send a disembargo back along the path `target`. For the
    /// results of a call, before it is finished.
    pub fn disembargo(&mut self, target: OutTarget) -> EmbargoId {
        let _ = target;
        EmbargoId(0)
    }

    /// Answers a [`Event::DisembargoRequested`], behind everything queued so far.
    pub fn disembargo_reply(&mut self, target: OutTarget, embargo: EmbargoId) {
        let _ = (target, embargo);
    }

    /// Ends the connection: what is queued leaves, then an Abort saying `why`.
    pub fn abort(&mut self, why: Exception) {
        let _ = why;
    }

    /// Ends the connection over a rule the vat found broken.
    pub fn abort_misbehaved(&mut self, rule: PeerMisbehaved) {
        let _ = rule;
    }

    /// The next message for the peer. The ids and hints in it are chosen now.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<Message> {
        let _ = &self.config;
        None
    }

    /// The next event for the vat.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}
