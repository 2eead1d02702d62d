//! Content is what a call carries, apart from who calls whom: one Cap'n Proto pointer and all below it.

use std::fmt;

use capnp::message::{Builder, HeapAllocator, Reader, ReaderSegments};
use capnp::{Word, any_pointer};
use smallvec::SmallVec;

use super::copy::{self, CopyError};
use super::frame::{Frame, WORD};
use super::limits::ReadLimits;
use super::path::Path;
use super::pointer::{self, FieldError, PointerError, ROOT, Target};

/// The params or results of one call, sealed. It knows no connection: capability pointers inside
/// are indices into the cap table that travels beside it.
pub struct Content(Repr);

enum Repr {
    /// A root pointer and nothing below it: null or a capability.
    Root([Word; 1]),
    Built(Builder<HeapAllocator>),
    Copied(Frame),
    /// A frame taken over from the peer. Its root was put in place of the message's own; the rest of the
    /// message is still there, and its pointers are as the peer wrote them.
    Received(Frame),
}

impl Content {
    /// A null pointer: no params, no results.
    #[must_use]
    pub const fn null() -> Self {
        Self::root(0)
    }

    /// A bare capability pointer to entry `index` of the cap table, as a bootstrap returns.
    #[must_use]
    pub const fn capability(index: u32) -> Self {
        Self::root(pointer::capability(index))
    }

    const fn root(word: u64) -> Self {
        let [a, b, c, d, e, f, g, h] = word.to_le_bytes();
        Self(Repr::Root([capnp::word(a, b, c, d, e, f, g, h)]))
    }

    /// What `fill` builds under the root pointer. `words` is a guess at its size: memory for so many is
    /// taken at once, more as needed.
    ///
    /// # Errors
    ///
    /// Those of `fill`.
    pub fn build(
        words: u32,
        fill: impl FnOnce(any_pointer::Builder<'_>) -> capnp::Result<()>,
    ) -> capnp::Result<Self> {
        let allocator = HeapAllocator::new().first_segment_words(words.clamp(1, 1 << 20));
        let mut message = Builder::new(allocator);
        fill(message.get_root()?)?;
        Ok(message.into())
    }

    /// Content of a frame of ours, whose root pointer is word 0 of segment 0.
    pub(super) const fn received(frame: Frame) -> Self {
        Self(Repr::Received(frame))
    }

    /// Opens it for reading.
    #[must_use]
    pub fn reader(&self, limits: &ReadLimits) -> ContentReader<'_> {
        let segments = match &self.0 {
            Repr::Built(message) => return ContentReader(View::Built(message)),
            Repr::Root(word) => Segments::One(Word::words_to_bytes(word)),
            Repr::Copied(frame) | Repr::Received(frame) => Segments::Frame(frame),
        };
        ContentReader(View::Framed(Reader::new(segments, limits.options())))
    }

    /// How many words it takes, with all that came with it.
    #[must_use]
    pub fn words(&self) -> usize {
        match &self.0 {
            Repr::Root(_) => 1,
            Repr::Built(message) => message.size_in_words().max(1),
            Repr::Copied(frame) | Repr::Received(frame) => frame.words(),
        }
    }

    /// Its segments, in order, at least one. The root pointer is the first word of the first.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.slices().into_iter()
    }

    pub(super) fn slices(&self) -> SmallVec<[&[u8]; 4]> {
        match &self.0 {
            Repr::Root(word) => SmallVec::from_slice(&[Word::words_to_bytes(word)]),
            Repr::Built(message) if message.size_in_words() == 0 => {
                SmallVec::from_slice(&[EMPTY.as_slice()])
            }
            Repr::Built(message) => message.get_segments_for_output().iter().copied().collect(),
            Repr::Copied(frame) | Repr::Received(frame) => {
                (0..).map_while(|id| frame.segment(id)).collect()
            }
        }
    }

    /// It came from a peer: nothing in it has been checked yet.
    #[must_use]
    pub const fn is_received(&self) -> bool {
        matches!(self.0, Repr::Received(_))
    }

    /// It must be [copied](Self::copy) before it is sent on, or the rest of the message it came in would
    /// go with it.
    #[must_use]
    pub const fn needs_scrub(&self) -> bool {
        self.is_received()
    }

    /// The index of the capability at `path`; `None` if that, or a pointer on the way, is null.
    ///
    /// # Errors
    ///
    /// The path does not fit what is there, or a pointer is malformed.
    pub fn cap_at(&self, path: &Path) -> Result<Option<u32>, PathError> {
        match &self.0 {
            Repr::Copied(frame) | Repr::Received(frame) => cap_at(frame, path),
            Repr::Root(_) | Repr::Built(_) => cap_at(self.slices().as_slice(), path),
        }
    }

    /// A copy in one segment that holds what can be reached from the root and nothing else.
    ///
    /// # Errors
    ///
    /// A pointer is malformed, or a limit is passed.
    pub fn copy(&self, limits: &ReadLimits) -> Result<Self, CopyError> {
        let words = match &self.0 {
            Repr::Root(word) => return Ok(Self(Repr::Root(*word))),
            Repr::Copied(frame) | Repr::Received(frame) => copy::copy(frame, limits)?,
            Repr::Built(_) => copy::copy(self.slices().as_slice(), limits)?,
        };
        Ok(Self(Repr::Copied(Frame::single(words))))
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::null()
    }
}

impl From<Builder<HeapAllocator>> for Content {
    /// Seals what was built; nothing is copied.
    fn from(message: Builder<HeapAllocator>) -> Self {
        Self(Repr::Built(message))
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.slices().first().and_then(|segment| segment.first_chunk().copied());
        match pointer::Pointer::parse(first.map_or(0, u64::from_le_bytes)) {
            pointer::Pointer::Null => f.write_str("null"),
            pointer::Pointer::Capability(index) => write!(f, "cap {index}"),
            _ => write!(f, "{} words", self.words()),
        }
    }
}

fn cap_at<S: ReaderSegments + ?Sized>(segments: &S, path: &Path) -> Result<Option<u32>, PathError> {
    let mut place = ROOT;
    for (step, &field) in path.fields().iter().enumerate() {
        match pointer::field(segments, place, field) {
            Ok(Some(next)) => place = next,
            Ok(None) => return Ok(None),
            Err(FieldError::NotAStruct) => return Err(PathError::NotAStruct { step, field }),
            Err(FieldError::Malformed(error)) => return Err(PathError::Malformed(error)),
        }
    }
    match pointer::resolve(segments, place).map_err(PathError::Malformed)? {
        Target::Null => Ok(None),
        Target::Capability(index) => Ok(Some(index)),
        Target::Struct { .. } | Target::List { .. } => Err(PathError::NotACapability),
    }
}

/// A message nothing was built in: its root is null.
const EMPTY: [u8; WORD] = [0; WORD];

/// Content, open for reading. Reading is bounded if the content came from a peer.
pub struct ContentReader<'a>(View<'a>);

enum View<'a> {
    Built(&'a Builder<HeapAllocator>),
    Framed(Reader<Segments<'a>>),
}

impl ContentReader<'_> {
    /// The root pointer.
    ///
    /// # Errors
    ///
    /// A segment is missing, or the traversal limit is passed.
    pub fn root(&self) -> capnp::Result<any_pointer::Reader<'_>> {
        match &self.0 {
            View::Built(message) => message.get_root_as_reader(),
            View::Framed(message) => message.get_root(),
        }
    }
}

enum Segments<'a> {
    One(&'a [u8]),
    Frame(&'a Frame),
}

impl ReaderSegments for Segments<'_> {
    fn get_segment(&self, id: u32) -> Option<&[u8]> {
        match self {
            Self::One(segment) => (id == 0).then_some(segment),
            Self::Frame(frame) => frame.segment(id),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Frame(frame) => frame.segment_count(),
        }
    }
}

/// Why there is no capability at a path. The fault of whoever named the path, or of whoever built
/// the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathError {
    /// Something on the way is a capability or a list.
    NotAStruct {
        /// How many fields were followed before.
        step: usize,
        /// The field that was asked of it.
        field: u16,
    },
    /// The path leads to a struct or a list.
    NotACapability,
    /// A pointer on the way is malformed.
    Malformed(PointerError),
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAStruct { step, field } => {
                write!(f, "pointer field {field} asked of no struct, {step} fields below the root")
            }
            Self::NotACapability => f.write_str("the path leads to no capability"),
            Self::Malformed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PathError {}
