//! The state of one connection, and how full it is.

use std::collections::VecDeque;

use super::answer::Answers;
use super::config::Config;
use super::embargo::Embargoes;
use super::event::{Event, OutTarget};
use super::export::Exports;
use super::import::Imports;
use super::question::Questions;
use super::queue::Queue;
use super::stats::Stats;
use crate::wire::{Exception, Message};

/// Our end of one connection: messages go in and come out, and so do wishes of the vat and events.
///
/// It does no I/O and knows no clock. After each [`handle`](Self::handle) the vat takes all events
/// before it calls anything else here; every other method may queue events too. A wish about
/// something that is no longer there, or after the end, is a no-op: references of the vat in it are
/// given back with [`Event::Released`], which alone may follow [`Event::Closed`].
#[derive(Debug)]
pub struct Connection {
    pub(super) config: Config,
    pub(super) questions: Questions,
    pub(super) answers: Answers,
    pub(super) exports: Exports,
    pub(super) imports: Imports,
    pub(super) embargoes: Embargoes,
    pub(super) queue: Queue,
    pub(super) events: VecDeque<Event>,
    /// Messages that came.
    pub(super) heard: u64,
    /// Something of the peer's was refused over a limit since somebody asked.
    pub(super) refused: bool,
    /// Messages to be sent back for the peer's sake: queued echoes, and disembargoes the vat is to
    /// answer.
    pub(super) echoes: usize,
    pub(super) pipeline_only: PipelineOnly,
    pub(super) tail_calls: TailCalls,
    pub(super) end: End,
}

/// Whether calls may be sent under ids that get no Return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PipelineOnly {
    /// Nothing speaks against it.
    Allowed,
    /// Configured off, or the peer sent a Return for one and does not know the hint. (C-H4)
    Off,
}

/// Whether calls may be sent whose results stay with the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TailCalls {
    /// The peer has not shown that it knows them.
    Unproven,
    /// It has, or is configured to.
    Known,
}

/// Whether the connection is over.
#[derive(Debug)]
pub(super) enum End {
    /// It is not.
    Open,
    /// It is; these messages still leave.
    Closed { why: Exception, parting: VecDeque<Message> },
}

impl Connection {
    /// A connection with empty tables.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let pipeline_only =
            if config.only_promise_pipeline { PipelineOnly::Allowed } else { PipelineOnly::Off };
        let tail_calls = match config.peer_may_drop_tail_calls {
            true => TailCalls::Unproven,
            false => TailCalls::Known,
        };
        Self {
            questions: Questions::default(),
            answers: Answers::default(),
            exports: Exports::default(),
            imports: Imports::new(config.imports_max),
            embargoes: Embargoes::default(),
            queue: Queue::default(),
            events: VecDeque::new(),
            heard: 0,
            refused: false,
            echoes: 0,
            pipeline_only,
            tail_calls,
            end: End::Open,
            config,
        }
    }

    /// What it was made with.
    #[must_use]
    #[inline]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// How many messages came.
    #[must_use]
    pub const fn heard(&self) -> u64 {
        self.heard
    }

    /// Whether the peer asked for more than it may since this was asked last.
    pub fn take_refused(&mut self) -> bool {
        std::mem::take(&mut self.refused)
    }

    /// How full it is.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let parting = match &self.end {
            End::Open => 0,
            End::Closed { parting, .. } => parting.len(),
        };
        Stats {
            questions: self.questions.len(),
            answers: self.answers.len(),
            exports: self.exports.len(),
            imports: self.imports.len(),
            embargoes: self.embargoes.len(),
            queued_messages: self.queue.len() + parting,
            queued_words: self.queue.words(),
            inbound_words: self.answers.words(),
            kept_words: self.answers.kept(),
            echoes: self.echoes,
        }
    }

    /// All tables and queues are empty. (C-I1, C-I2)
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.stats() == Stats::default() && self.events.is_empty()
    }

    /// How many calls are under way: of the peer, that are not answered, and of ours. It counts, from the one end of
    /// both tables to the other.
    #[must_use]
    pub fn calls_under_way(&self) -> usize {
        let theirs = self.answers.iter().filter(|(_, answer)| answer.is_running()).count();
        theirs + self.questions.unanswered()
    }

    /// It is over: aborted by either side or disconnected. What `poll_transmit` has still leaves.
    #[must_use]
    #[inline]
    pub const fn is_closed(&self) -> bool {
        matches!(self.end, End::Closed { .. })
    }

    /// It is over, and its last messages were taken.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        matches!(&self.end, End::Closed { parting, .. } if parting.is_empty())
    }

    /// False while more should not be read from the peer: too much of what it sent is unanswered, or
    /// too much of what we sent is unread, and no question of ours waits for what would be read.
    /// (C-M3, C-M6)
    #[must_use]
    #[inline]
    pub fn wants_read(&self) -> bool {
        !self.is_closed() && (self.questions.len() > 0 || !self.is_full())
    }

    /// Too much of what the peer sent is unanswered, or of what we sent unread.
    #[inline]
    pub(super) const fn is_full(&self) -> bool {
        self.answers.words() > self.config.inbound_words_max
            || self.queue.words() > self.config.queued_words_max
    }

    /// So much is queued to leave that nothing more is taken that may be refused. (C-M6)
    pub(super) const fn is_overfull(&self) -> bool {
        self.queue.words() > self.config.queued_words_max.saturating_mul(2)
    }

    /// Whether [`poll_transmit`](Self::poll_transmit) has something, or had: what was withdrawn leaves nothing.
    #[must_use]
    #[inline]
    pub fn is_due(&self) -> bool {
        match &self.end {
            End::Open => self.queue.len() > 0 || self.imports.owes(),
            End::Closed { parting, .. } => !parting.is_empty(),
        }
    }

    /// Whether all that [`poll_transmit`](Self::poll_transmit) has is Finish and Release, which nobody waits for;
    /// `None` if it has nothing.
    #[must_use]
    #[inline]
    pub fn only_gives_back(&self) -> Option<bool> {
        if let End::Closed { parting, .. } = &self.end {
            return (!parting.is_empty()).then_some(false);
        }
        if self.queue.len() == 0 {
            return self.imports.owes().then_some(true);
        }
        Some(!self.queue.is_awaited())
    }

    /// Words waiting for `poll_transmit`, envelopes included.
    #[must_use]
    pub const fn queued_words(&self) -> usize {
        self.queue.words()
    }

    /// Whether the peer answers `sendResultsTo.yourself`.
    ///
    /// The protocol has no way to ask, and a peer that does not know it may do worse than refuse:
    /// `capnp-rpc` takes such a call, never runs it, and leaves whoever waits for its results
    /// waiting for ever. So the answer is no until the peer did something that only engines with
    /// tail calls do: it used one itself, it sent a pipeline hint, or it finished a call without
    /// `requireEarlyCancellationWorkaround`. Until then results are copied, which every peer takes.
    ///
    /// It is no again while the peer has finished a question whose results it was told to take from
    /// a tail call, and not returned that tail call. (C-T3, C-T5)
    #[must_use]
    pub fn may_tail_call(&self) -> bool {
        self.tail_calls == TailCalls::Known && self.questions.overdue() == 0
    }

    /// Whether calls went along this path, so that a shorter one needs an embargo. A capability that
    /// was merely passed needs none: its receiver calls what it has itself. (C-E5)
    #[must_use]
    pub fn path_used(&self, target: &OutTarget) -> bool {
        match target {
            OutTarget::Import(import) => self.imports.is_used(*import),
            OutTarget::Answer(call, path) => {
                self.questions.get(*call).is_some_and(|question| question.path_used(path))
            }
        }
    }

    /// Whether [`poll_event`](Self::poll_event) has something.
    #[must_use]
    #[inline]
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// The next event for the vat.
    #[must_use]
    #[inline]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    #[inline]
    pub(super) fn emit(&mut self, event: Event) {
        self.events.push_back(event);
    }
}
