//! The contract every transport keeps, sentence by sentence.

use std::task::{Context, Poll};

use super::error::TransportError;
use super::peer::Peer;
use crate::wire::Message;

/// One end of an ordered stream of messages to one peer.
///
/// The transport is polled by one owner, in its turn: receive until `Pending`, handle, [`send`],
/// then flush once. It has two directions, which end separately.
///
/// - **T1 Order.** Messages arrive in the order they were sent, each once and whole.
/// - **T2 Ownership.** `send` takes the message whatever comes of it; `poll_receive` gives it away.
///   The transport keeps nothing of a message it has handed over.
/// - **T3 Sending.** `send` queues and returns: it does no I/O, wakes nobody and never waits. What
///   is queued may stay here until `poll_flush` or `poll_close`.
/// - **T4 Flushing.** `poll_flush` is `Ready(Ok)` once nothing is queued: all of it is with the
///   operating system or with the peer's end, which is woken if it sleeps. It says nothing about
///   whether the peer has read it.
/// - **T5 Pending.** `Pending` from `poll_receive` keeps the waker of that call, and `Pending` from
///   `poll_flush` or `poll_close` that of that call; each replaces the earlier one of its kind. It
///   is woken once that direction can go on. There may be needless wakes, and never a missing one.
///   Nobody is woken from inside a borrow or a lock.
/// - **T6 Clean end.** `poll_receive` is `Ready(Ok(None))` when the peer ended its direction after a
///   whole message, and so it stays. Ours stays open: we may still answer.
/// - **T7 Failed reading.** Any other end is an error: the stream cut inside a frame, a frame that
///   breaks the rules, a failed read. What arrived before it is received first. The error stays.
///   Writing goes on, so that an abort may still be sent.
/// - **T8 Failed writing.** Once writing fails, `poll_flush`, `poll_close` and `send` return that
///   error, and what is queued is dropped. What the peer sent is still received, a last abort among
///   it; the end that follows, clean or not, is then that same error. A peer that stopped reading
///   may take its time to end its own direction: whoever saw the error decides how long to wait.
/// - **T9 Oversized.** A message beyond the limit fails in `send`, alone: nothing of it is sent and
///   the connection goes on. Links that move messages have no such limit.
/// - **T10 Closing.** The first `poll_close` ends our direction: later `send`s fail, what is queued
///   is flushed, then the peer is told. `Ready(Ok)` when that is done, and again when asked again.
///   Receiving goes on.
/// - **T11 Cancel safety.** All progress is kept in the transport: a poll that is not repeated loses
///   no message and no part of one.
/// - **T12 Dropping.** Dropping an end ends both directions at once: the peer receives what was
///   flushed and then the end; what it sends is lost, which it may learn as failed writing.
///
/// [`send`]: Transport::send
pub trait Transport: Unpin {
    /// Takes the next message; `None` when the peer ended its direction (T6).
    ///
    /// # Errors
    ///
    /// The stream is broken, with all that arrived before already received (T7, T8).
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Message>, TransportError>>;

    /// Queues a message (T3).
    ///
    /// # Errors
    ///
    /// [`Oversized`] concerns this message alone (T9). With [`Closed`] or the error that writing
    /// failed with, no message can be sent any more (T8, T10).
    ///
    /// [`Oversized`]: TransportError::Oversized
    /// [`Closed`]: TransportError::Closed
    fn send(&mut self, message: Message) -> Result<(), TransportError>;

    /// Hands on what is queued (T4).
    ///
    /// # Errors
    ///
    /// Writing failed, now or earlier (T8).
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>>;

    /// Flushes and then ends our direction (T10).
    ///
    /// # Errors
    ///
    /// Writing failed, now or earlier (T8).
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>>;

    /// Whether the peer of one that is flushed and dropped (T12) sees what that of one that is closed and dropped does:
    /// then it need not be closed. No where it is not known.
    fn ends_when_dropped(&self) -> bool {
        false
    }

    /// The bytes that are queued and not yet written: a measure for back-pressure. 0 for links that
    /// move messages, which own no bytes.
    fn queued_bytes(&self) -> usize;

    /// Who is at the other end, for errors and logs.
    fn peer(&self) -> &Peer;
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Message>, TransportError>> {
        (**self).poll_receive(cx)
    }

    fn send(&mut self, message: Message) -> Result<(), TransportError> {
        (**self).send(message)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        (**self).poll_flush(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        (**self).poll_close(cx)
    }

    fn ends_when_dropped(&self) -> bool {
        (**self).ends_when_dropped()
    }

    fn queued_bytes(&self) -> usize {
        (**self).queued_bytes()
    }

    fn peer(&self) -> &Peer {
        (**self).peer()
    }
}
