//! What one connection may cost, and which hints it uses.

use std::time::Duration;

use super::window::Window;

/// Limits and habits of a connection. Every limit names the attack it is there for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Questions of ours open at once; beyond it `call` refuses. (C-M1)
    ///
    /// A peer that never returns would otherwise make us remember every call we ever made.
    pub questions_max: u32,
    /// Answers of ours open at once; beyond it calls fail as overloaded, and a tail call, which needs
    /// an entry even then, ends the connection. (C-M2)
    ///
    /// A peer that calls and never finishes would otherwise fill our memory with results.
    pub answers_max: u32,
    /// Words of inbound calls that are not returned yet, 16 for each capability included. Over it [`wants_read`] turns false while
    /// no question of ours is open; if one is, new calls fail as overloaded. What was read before is
    /// taken, up to twice as many words. (C-M3)
    ///
    /// A peer that calls faster than targets answer would otherwise fill our memory with params.
    ///
    /// [`wants_read`]: super::Connection::wants_read
    pub inbound_words_max: usize,
    /// Words of results that stay with us until the peer finishes, because it may pipeline on what is in them,
    /// or said that it is going to take them; beyond it a call fails as overloaded when it returns. Results without
    /// capabilities that are returned do not count: nothing of them stays. (C-M10)
    ///
    /// A peer that calls and never finishes would otherwise have us keep a frame full of results for each answer.
    pub kept_words_max: usize,
    /// Slots exported at once; beyond it `call` refuses and an answer becomes an exception. (C-M4)
    ///
    /// A peer that asks for capabilities and never releases them would otherwise keep all alive.
    pub exports_max: u32,
    /// Capabilities imported at once; beyond it the connection is aborted. (C-M4)
    ///
    /// A peer that sends ever new export ids would otherwise fill our memory with entries.
    pub imports_max: u32,
    /// Embargoes of ours open at once; beyond it a new one breaks at once. (C-M5)
    ///
    /// A peer that never sends a disembargo back would otherwise make us remember all of them.
    pub embargoes_max: u32,
    /// `unimplemented` echoes waiting to leave, and disembargoes of the peer not sent back yet;
    /// beyond it the connection is aborted. (C-U6)
    ///
    /// A peer that sends such messages and does not read would otherwise have us store them.
    pub echoes_max: u32,
    /// Words queued to leave. Over it `call` refuses, and [`wants_read`] turns false while no
    /// question of ours is open. At twice as many, a call that could only be refused ends the
    /// connection, and those that return meanwhile fail as overloaded. (C-M6)
    ///
    /// A peer that calls and does not read would otherwise fill our memory with results.
    ///
    /// [`wants_read`]: super::Connection::wants_read
    pub queued_words_max: usize,
    /// Words of content and cap table in one call or one Return of ours; beyond it that call fails
    /// alone. (C-M7)
    ///
    /// A peer hangs up on a frame larger than it reads, and everything else of the connection would
    /// go with it. The default leaves room for an envelope in the 8 Mi words (64 MiB) that engines
    /// read.
    pub payload_words_max: usize,
    /// How much of streaming calls may be on its way to one capability of the peer before whoever
    /// makes more waits. (C-S1)
    ///
    /// A peer that takes a stream and never acknowledges it would otherwise fill our memory with what
    /// was written for it.
    pub stream_window: Window,
    /// How long a peer that came to us may take until its first message has come whole. Kept where the peer is
    /// [accepted](crate::rpc::Link::accept), by the vat's clock; without one there is no such limit. (C-M11)
    ///
    /// A peer that connects and says nothing, or a byte a minute, would otherwise occupy a connection for ever.
    pub patience: Duration,
    /// How long a connection of a peer that came to us may be idle: neither side holds anything of the other, and no
    /// message comes. It is looked at so often, so that it may last up to twice as long. Kept as `patience` is. (C-M11)
    ///
    /// A peer that asked once and gave everything back would otherwise occupy a connection for ever.
    pub idle_max: Duration,
    /// Sends every Finish that cancels with `requireEarlyCancellationWorkaround`: the call is
    /// delivered before it is cancelled. (C-N4)
    pub early_cancellation_workaround: bool,
    /// Sends `onlyPromisePipeline` for calls of which only the pipeline is wanted, and along that no stream. (C-H2)
    pub only_promise_pipeline: bool,
    /// The peer may be a level 0 implementation, which releases params with the Return alone: no
    /// call with exported capabilities is sent with `onlyPromisePipeline`.
    pub peer_may_be_level_0: bool,
    /// The peer may be an engine that takes tail calls and never runs them: none is sent to it
    /// before [`may_tail_call`] is sure of it.
    ///
    /// [`may_tail_call`]: super::Connection::may_tail_call
    pub peer_may_drop_tail_calls: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            questions_max: 1 << 20,
            answers_max: 1 << 16,
            inbound_words_max: 1 << 23,
            kept_words_max: 1 << 24,
            exports_max: 1 << 20,
            imports_max: 1 << 20,
            embargoes_max: 1 << 16,
            echoes_max: 1 << 10,
            queued_words_max: 1 << 24,
            payload_words_max: (8 << 20) - (4 << 10),
            stream_window: Window::default(),
            patience: Duration::from_secs(10),
            idle_max: Duration::from_secs(600),
            early_cancellation_workaround: false,
            only_promise_pipeline: true,
            peer_may_be_level_0: true,
            peer_may_drop_tail_calls: true,
        }
    }
}
