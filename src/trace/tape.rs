//! A tape is a recording in a file: what was said, by whom and when, one piece behind the other.

use std::io::{self, Read, Write};
use std::time::Duration;

use super::entry::{Entry, Key};
use super::known;
use super::side::Side;
use crate::wire::{Deframer, Limits, Message};

/// What a tape begins with.
const MAGIC: &[u8; 16] = b"bowline tape 01\n";

/// The longest piece that is read: a frame as large as [`Limits`](crate::wire::Limits) lets through, and its table.
/// A tape may have been made to have us take more memory than there is.
const PIECE_MAX: u32 = (64 << 20) + (64 << 10);

/// Something that happened on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Which connection: one recorder may watch several.
    pub session: u32,
    /// When, counted from when recording began.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A connection was made, between these two.
    Opened {
        /// Who is on the left.
        left: String,
        /// Who is on the right.
        right: String,
    },
    /// An entry stood in a table before the first message that was kept.
    Known(Key, Entry),
    /// One side said the message in this frame.
    Frame(Side, Vec<u8>),
    /// One side sent the head of an HTTP message.
    Head(Side, String),
    /// What one side sent is no message; the rest was not recorded.
    Broken(Side, String),
    /// One side ended its direction.
    Ended(Side),
}

impl What {
    /// The message, if it is one.
    #[must_use]
    pub fn message(&self) -> Option<Message> {
        match self {
            Self::Frame(_, bytes) => decode(bytes),
            _ => None,
        }
    }
}

/// The message of a frame, if it is one.
fn decode(frame: &[u8]) -> Option<Message> {
    let mut deframer = Deframer::new(Limits::default());
    let mut rest = frame;
    loop {
        let space = deframer.space();
        let count = space.len().min(rest.len());
        let (now, later) = rest.split_at(count);
        // In bounds: count is no more than there is space.
        space[..count].copy_from_slice(now);
        deframer.advance(count);
        rest = later;
        if let Some(frame) = deframer.next_frame().ok()? {
            return Message::decode(frame, &Limits::default()).ok();
        }
        if count == 0 {
            return None;
        }
    }
}

impl Piece {
    /// How many bytes it takes, on a tape and, more or less, in memory.
    pub(super) fn size(&self) -> usize {
        HEADER
            + match &self.what {
                What::Opened { left, right } => left.len() + right.len(),
                What::Known(..) => 64,
                What::Frame(_, bytes) => bytes.len(),
                What::Head(_, text) | What::Broken(_, text) => text.len(),
                What::Ended(_) => 0,
            }
    }

    fn body(&self) -> (u8, Vec<u8>) {
        let of = |side: &Side, left: u8| if *side == Side::Left { left } else { left + 1 };
        match &self.what {
            What::Opened { left, right } => (1, format!("{}\n{}", line(left), line(right)).into()),
            What::Known(key, entry) => (2, known::write(*key, entry).into()),
            What::Frame(side, bytes) => (of(side, 10), bytes.clone()),
            What::Head(side, text) => (of(side, 12), text.clone().into()),
            What::Broken(side, text) => (of(side, 14), text.clone().into()),
            What::Ended(side) => (of(side, 16), Vec::new()),
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let (kind, body) = self.body();
        let micros = u64::try_from(self.at.as_micros()).unwrap_or(u64::MAX);
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let mut header = Vec::with_capacity(HEADER);
        header.extend_from_slice(&u32::from(kind).to_le_bytes());
        header.extend_from_slice(&self.session.to_le_bytes());
        header.extend_from_slice(&micros.to_le_bytes());
        header.extend_from_slice(&length.to_le_bytes());
        out.write_all(&header)?;
        out.write_all(&body)
    }
}

/// Kind, session, microseconds, length.
const HEADER: usize = 4 + 4 + 8 + 4;

/// A name stands on one line.
fn line(name: &str) -> String {
    name.split(char::is_control).collect::<Vec<_>>().join(" ")
}

/// Writes a tape, piece by piece.
pub struct TapeWriter<W> {
    out: W,
}

impl<W: Write> TapeWriter<W> {
    /// A tape with nothing on it.
    ///
    /// # Errors
    ///
    /// Writing failed.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        Ok(Self { out })
    }

    /// Puts a piece behind those that are there.
    ///
    /// # Errors
    ///
    /// Writing failed.
    pub fn write(&mut self, piece: &Piece) -> io::Result<()> {
        piece.write(&mut self.out)
    }

    /// Hands on what the writer below keeps back.
    ///
    /// # Errors
    ///
    /// Writing failed.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Whether a file that begins like this is a tape.
#[must_use]
pub fn is_tape(beginning: &[u8]) -> bool {
    beginning.starts_with(MAGIC)
}

/// Reads a tape, piece by piece.
pub struct TapeReader<R> {
    input: R,
}

impl<R: Read> TapeReader<R> {
    /// A tape at its beginning.
    ///
    /// # Errors
    ///
    /// This is no tape, or reading failed.
    pub fn new(mut input: R) -> io::Result<Self> {
        let mut magic = [0; MAGIC.len()];
        input.read_exact(&mut magic)?;
        match is_tape(&magic) {
            true => Ok(Self { input }),
            false => Err(broken("it does not begin as a recording does")),
        }
    }

    /// The next piece; `None` at the end. A tape may end anywhere: whoever wrote it may have been killed.
    ///
    /// # Errors
    ///
    /// It is none, or reading failed.
    pub fn read(&mut self) -> io::Result<Option<Piece>> {
        let mut header = Vec::with_capacity(HEADER);
        self.input.by_ref().take(HEADER as u64).read_to_end(&mut header)?;
        let Some(Header { kind, session, at, length }) = Header::read(&header) else {
            return Ok(None);
        };
        if length > PIECE_MAX {
            return Err(broken("a piece is longer than any message"));
        }
        let mut body = Vec::new();
        // Grows as it is read: that the length is true is not known.
        self.input.by_ref().take(length.into()).read_to_end(&mut body)?;
        if body.len() < length as usize {
            return Ok(None);
        }
        Ok(Some(Piece { session, at, what: what(kind, body)? }))
    }
}

struct Header {
    kind: u32,
    session: u32,
    at: Duration,
    length: u32,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first_chunk::<4>()?;
        let (session, rest) = rest.split_first_chunk::<4>()?;
        let (micros, rest) = rest.split_first_chunk::<8>()?;
        let (length, _) = rest.split_first_chunk::<4>()?;
        Some(Self {
            kind: u32::from_le_bytes(*kind),
            session: u32::from_le_bytes(*session),
            at: Duration::from_micros(u64::from_le_bytes(*micros)),
            length: u32::from_le_bytes(*length),
        })
    }
}

fn what(kind: u32, body: Vec<u8>) -> io::Result<What> {
    let side = if kind.is_multiple_of(2) { Side::Left } else { Side::Right };
    if kind == 10 || kind == 11 {
        return Ok(What::Frame(side, body));
    }
    let text = String::from_utf8(body).map_err(|_| broken("a text is none"))?;
    Ok(match kind {
        1 => {
            let (left, right) = text.split_once('\n').unwrap_or((&text, ""));
            What::Opened { left: left.to_owned(), right: right.to_owned() }
        }
        2 => {
            let known = known::read(&text).ok_or_else(|| broken("an entry cannot be read"))?;
            What::Known(known.0, known.1)
        }
        12 | 13 => What::Head(side, text),
        14 | 15 => What::Broken(side, text),
        16 | 17 => What::Ended(side),
        _ => return Err(broken("a piece is of an unknown kind: was it made by a newer version?")),
    })
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
