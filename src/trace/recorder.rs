//! A recorder keeps what is said on the connections it watches: all of it on a tape, or the latest of it in memory.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::entry::Number;
use super::side::Side;
use super::streams::{Said, Streams};
use super::tables::Tables;
use super::tape::{Piece, TapeWriter, What};
use crate::wire::Message;

/// Records connections, any number of them at once. Clones are the same recorder.
#[derive(Clone)]
pub struct Recorder(Arc<Shared>);

struct Shared {
    began: Instant,
    sessions: AtomicU32,
    store: Mutex<Store>,
}

enum Store {
    Ring(Ring),
    Tape(TapeWriter<Box<dyn Write + Send>>),
    /// Writing failed; nothing is recorded any more.
    Failed(io::ErrorKind, String),
}

impl Recorder {
    /// Keeps the latest messages, of at most so many bytes together. Older ones are forgotten, but not what they left
    /// in the tables: that is known for as long as the connection is recorded.
    #[must_use]
    pub fn ring(bytes_max: usize) -> Self {
        Self::new(Store::Ring(Ring { bytes_max, ..Ring::default() }))
    }

    /// Writes all that is said to `out`, as it is said; put a [`BufWriter`](io::BufWriter) in front of a file.
    ///
    /// # Errors
    ///
    /// Writing failed. If it fails later, recording ends there, and [`finish`](Self::finish) says so.
    pub fn tape(out: impl Write + Send + 'static) -> io::Result<Self> {
        let out: Box<dyn Write + Send> = Box::new(out);
        Ok(Self::new(Store::Tape(TapeWriter::new(out)?)))
    }

    fn new(store: Store) -> Self {
        let store = Mutex::new(store);
        Self(Arc::new(Shared { began: Instant::now(), sessions: AtomicU32::new(0), store }))
    }

    /// Records one more connection, between these two.
    pub fn open(&self, left: impl Into<String>, right: impl Into<String>) -> Session {
        let number = self.0.sessions.fetch_add(1, Ordering::Relaxed);
        let session = Session { recorder: self.clone(), number, streams: Streams::new() };
        session.note(What::Opened { left: left.into(), right: right.into() });
        session
    }

    /// Writes what a [ring](Self::ring) holds, as a tape. Recording goes on.
    ///
    /// # Errors
    ///
    /// Writing failed. A recorder that writes a tape holds nothing, and says so.
    pub fn save(&self, out: impl Write) -> io::Result<()> {
        let pieces = match &*self.store() {
            Store::Ring(ring) => ring.pieces(),
            Store::Tape(_) => return Err(io::Error::other("it is on a tape already")),
            Store::Failed(kind, why) => return Err(io::Error::new(*kind, why.clone())),
        };
        let mut tape = TapeWriter::new(out)?;
        pieces.iter().try_for_each(|piece| tape.write(piece))?;
        tape.flush()
    }

    /// Writes out what was kept back of a [tape](Self::tape). Recording goes on.
    ///
    /// # Errors
    ///
    /// Writing failed, now or earlier.
    pub fn finish(&self) -> io::Result<()> {
        match &mut *self.store() {
            Store::Ring(_) => Ok(()),
            Store::Tape(tape) => tape.flush(),
            Store::Failed(kind, why) => Err(io::Error::new(*kind, why.clone())),
        }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // What a panic left is whole: each piece is put in in one step.
        self.0.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection that is recorded. Show it what passes: [messages](Self::message), or [bytes](Self::bytes).
pub struct Session {
    recorder: Recorder,
    number: u32,
    streams: Streams,
}

impl Session {
    /// `from` said this message. It is encoded for that; what it carries is shared, not copied.
    pub fn message(&mut self, from: Side, message: &mut Message) {
        let mut frame = Vec::new();
        message.append_copy_to(&mut frame);
        self.frame(from, frame);
    }

    pub(super) fn frame(&self, from: Side, frame: Vec<u8>) {
        self.note(What::Frame(from, frame));
    }

    /// `from` said these bytes, as they are on a stream, wherever that was cut; HTTP heads in front of the first
    /// message are told apart.
    pub fn bytes(&mut self, from: Side, bytes: &[u8]) {
        let mut told = Vec::new();
        self.streams.push(from, bytes, |said| told.push(said));
        told.into_iter().for_each(|said| self.said(from, said));
    }

    /// `from` ended its direction.
    pub fn end(&mut self, from: Side) {
        let mut told = Vec::new();
        self.streams.end(from, |said| told.push(said));
        told.into_iter().for_each(|said| self.said(from, said));
    }

    fn said(&self, from: Side, said: Said) {
        self.note(match said {
            Said::Message { frame, .. } => What::Frame(from, frame),
            Said::Head(text) => What::Head(from, text),
            Said::Broken { at, why } => What::Broken(from, format!("at byte {at}: {why}")),
            Said::End => What::Ended(from),
        });
    }

    fn note(&self, what: What) {
        let at = self.recorder.0.began.elapsed();
        let piece = Piece { session: self.number, at, what };
        let mut store = self.recorder.store();
        let failed = match &mut *store {
            Store::Ring(ring) => return ring.push(piece),
            Store::Tape(tape) => tape.write(&piece).err(),
            Store::Failed(..) => None,
        };
        if let Some(error) = failed {
            *store = Store::Failed(error.kind(), error.to_string());
        }
    }
}

impl Drop for Session {
    /// Who is not watched any more is over.
    fn drop(&mut self) {
        self.end(Side::Left);
        self.end(Side::Right);
    }
}

/// The latest pieces, and what those that were forgotten left behind.
#[derive(Default)]
struct Ring {
    pieces: VecDeque<Piece>,
    bytes: usize,
    bytes_max: usize,
    past: BTreeMap<u32, Past>,
}

/// What is known of a connection whose first messages were forgotten.
#[derive(Default)]
struct Past {
    names: (String, String),
    tables: Tables,
    number: Number,
    ended: [bool; 2],
}

impl Ring {
    fn push(&mut self, piece: Piece) {
        self.bytes += piece.size();
        self.pieces.push_back(piece);
        while self.bytes > self.bytes_max {
            let Some(oldest) = self.pieces.pop_front() else { return };
            self.bytes -= oldest.size();
            self.forget(oldest);
        }
    }

    fn forget(&mut self, piece: Piece) {
        let Piece { session, what, .. } = piece;
        let past = self.past.entry(session).or_default();
        let message = what.message();
        match what {
            What::Opened { left, right } => past.names = (left, right),
            What::Frame(from, _) => {
                if let Some(message) = message {
                    past.tables.observe(past.number, from, &message);
                    past.number += 1;
                }
            }
            // In bounds: there are two ends, and a place for each.
            What::Broken(from, _) | What::Ended(from) => past.ended[from.index()] = true,
            What::Known(..) | What::Head(..) => {}
        }
        // The end is what comes last of a connection: nothing of it is left.
        if past.ended == [true; 2] {
            self.past.remove(&session);
        }
    }

    /// What it holds, in front of it what was known before.
    fn pieces(&self) -> Vec<Piece> {
        let at = self.pieces.front().map(|piece| piece.at).unwrap_or_default();
        let mut pieces = Vec::new();
        for (session, past) in &self.past {
            let (left, right) = past.names.clone();
            let piece = |what| Piece { session: *session, at, what };
            pieces.push(piece(What::Opened { left, right }));
            let known = past.tables.entries();
            pieces.extend(known.map(|(key, entry)| piece(What::Known(key, entry.clone()))));
        }
        pieces.extend(self.pieces.iter().cloned());
        pieces
    }
}
