//! How full a connection is.

use std::fmt;

/// Sizes of a connection's tables and queues at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Questions of ours that are not done.
    pub questions: usize,
    /// Answers of ours that are not done.
    pub answers: usize,
    /// Slots the peer, or a message on its way, holds references of.
    pub exports: usize,
    /// Capabilities of the peer we hold references of.
    pub imports: usize,
    /// Embargoes of ours not lifted.
    pub embargoes: usize,
    /// Messages waiting for `poll_transmit`.
    pub queued_messages: usize,
    /// Words of content in them.
    pub queued_words: usize,
    /// Words of inbound calls that are not returned.
    pub inbound_words: usize,
    /// Words of results that stay here until the peer finishes.
    pub kept_words: usize,
    /// Messages that are to be sent back to the peer.
    pub echoes: usize,
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} questions, {} answers, {} exports, {} imports, {} embargoes, {} queued ({} words), {} words in, {} kept",
            self.questions,
            self.answers,
            self.exports,
            self.imports,
            self.embargoes,
            self.queued_messages,
            self.queued_words,
            self.inbound_words,
            self.kept_words
        )
    }
}
