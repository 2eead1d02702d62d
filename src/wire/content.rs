//! Content is what a call carries, apart from who calls whom: one Cap'n Proto pointer and all below it.

use std::fmt;
use std::sync::{Arc, LazyLock};

use capnp::message::{Builder, HeapAllocator, Reader, ReaderSegments};
use capnp::{OutputSegments, Word, any_pointer};
use smallvec::SmallVec;

use super::copy::{self, CopyError};
use super::frame::{Frame, WORD};
use super::limits::ReadLimits;
use super::moved::{Moved, Unsealed, message_of};
use super::path::Path;
use super::pointer::{self, FieldError, PointerError, ROOT, Target};

/// The params or results of one call, sealed. It knows no connection: capability pointers inside
/// are indices into the cap table that travels beside it.
pub struct Content(Repr);

/// It is moved a dozen times on the way of a call: what is large, and not the common case of a call
/// within a vat, is in a box.
enum Repr {
    Null,
    /// A capability pointer and nothing else.
    Root(Box<Reader<Root>>),
    Built(Builder<HeapAllocator>),
    Copied(Box<Reader<Frame>>),
    /// A frame taken over from the peer. Its root was put in place of the message's own; the rest of the
    /// message is still there, and its pointers are as the peer wrote them.
    Received(Box<Reader<Frame>>),
    /// Not built yet.
    Moved(Moved),
    /// Held by several.
    Shared(Arc<Content>),
}

/// A segment of one word.
struct Root([Word; 1]);

impl ReaderSegments for Root {
    fn get_segment(&self, id: u32) -> Option<&[u8]> {
        (id == 0).then(|| Word::words_to_bytes(&self.0))
    }

    fn len(&self) -> usize {
        1
    }
}

impl Content {
    /// A null pointer: no params, no results.
    #[must_use]
    pub const fn null() -> Self {
        Self(Repr::Null)
    }

    /// Whether it was made, or received, as a null pointer.
    #[must_use]
    #[inline]
    pub const fn is_null(&self) -> bool {
        matches!(self.0, Repr::Null)
    }

    /// A bare capability pointer to entry `index` of the cap table, as a bootstrap returns.
    #[must_use]
    pub fn capability(index: u32) -> Self {
        let [a, b, c, d, e, f, g, h] = pointer::capability(index).to_le_bytes();
        let root = Root([capnp::word(a, b, c, d, e, f, g, h)]);
        Self(Repr::Root(Box::new(Reader::new(root, ReadLimits::default().options()))))
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

    /// Content written word by word, in one segment: the first is the root pointer. Nothing is checked, and so it
    /// may be what no builder makes.
    #[must_use]
    pub fn from_words(words: &[u64]) -> Self {
        Self(Repr::Copied(Box::new(message_of(words.to_vec(), &ReadLimits::default()))))
    }

    /// Content that is built where somebody needs words, and [taken](Self::take) as it is elsewhere.
    #[must_use]
    pub fn moved(content: Box<dyn Unsealed>) -> Self {
        Self(Repr::Moved(Moved::new(content)))
    }

    /// What it was [made](Self::moved) of, if that is a `T`.
    ///
    /// # Errors
    ///
    /// It is anything else: here it is again.
    pub fn take<T: Unsealed>(self) -> Result<Box<T>, Self> {
        match self.0 {
            Repr::Moved(moved) if moved.is::<T>() => moved.take().ok_or_else(Self::null),
            _ => Err(self),
        }
    }

    /// Content of a frame a peer sent, whose root pointer is word 0 of segment 0.
    pub(super) fn received(frame: Frame, limits: &ReadLimits) -> Self {
        Self(Repr::Received(Box::new(Reader::new(frame, limits.options()))))
    }

    /// The root pointer. All reading of content that came from a peer is bounded together.
    ///
    /// # Errors
    ///
    /// A segment is missing, or the traversal limit is passed.
    pub fn root(&self) -> capnp::Result<any_pointer::Reader<'_>> {
        match &self.0 {
            Repr::Null => NULL.get_root_as_reader(),
            Repr::Root(message) => message.get_root(),
            Repr::Built(message) => message.get_root_as_reader(),
            Repr::Copied(message) | Repr::Received(message) => message.get_root(),
            Repr::Moved(moved) => moved.message().get_root(),
            Repr::Shared(content) => content.root(),
        }
    }

    /// The same content once more; nothing is copied.
    #[must_use]
    #[inline]
    pub fn share(&mut self) -> Self {
        match &self.0 {
            Repr::Shared(content) => return Self(Repr::Shared(Arc::clone(content))),
            Repr::Moved(moved) => return Self(Repr::Moved(moved.share())),
            _ => {}
        }
        let content = Arc::new(std::mem::take(self));
        *self = Self(Repr::Shared(Arc::clone(&content)));
        Self(Repr::Shared(content))
    }

    /// How many words it takes, with all that came with it.
    #[must_use]
    #[inline]
    pub fn words(&self) -> usize {
        match &self.0 {
            Repr::Null | Repr::Root(_) => 1,
            Repr::Built(message) => message.size_in_words().max(1),
            Repr::Copied(message) | Repr::Received(message) => message.get_segments().words(),
            Repr::Moved(moved) => moved.words(),
            Repr::Shared(content) => content.words(),
        }
    }

    /// Its segments, in order, at least one. The root pointer is the first word of the first.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.slices().into_iter()
    }

    pub(super) fn slices(&self) -> SmallVec<[&[u8]; 4]> {
        match &self.0 {
            Repr::Null => SmallVec::from_slice(&[EMPTY.as_slice()]),
            Repr::Root(message) => {
                SmallVec::from_slice(&[Word::words_to_bytes(&message.get_segments().0)])
            }
            Repr::Built(message) => message.get_segments_for_output().iter().copied().collect(),
            Repr::Moved(moved) => {
                (0..).map_while(|id| moved.message().get_segments().segment(id)).collect()
            }
            Repr::Copied(message) | Repr::Received(message) => {
                (0..).map_while(|id| message.get_segments().segment(id)).collect()
            }
            Repr::Shared(content) => content.slices(),
        }
    }

    /// Its only segment, if it has one: nearly all content has.
    pub(super) fn only_slice(&self) -> Option<&[u8]> {
        match &self.0 {
            Repr::Null => Some(&EMPTY),
            Repr::Root(message) => Some(Word::words_to_bytes(&message.get_segments().0)),
            Repr::Built(message) if message.size_in_words() == 0 => Some(&EMPTY),
            Repr::Built(message) => match message.get_segments_for_output() {
                OutputSegments::SingleSegment([only]) => Some(only),
                OutputSegments::MultiSegment(_) => None,
            },
            Repr::Moved(moved) => moved.message().get_segments().segment(0),
            Repr::Copied(message) | Repr::Received(message) => {
                let frame = message.get_segments();
                if frame.segment_count() == 1 { frame.segment(0) } else { None }
            }
            Repr::Shared(content) => content.only_slice(),
        }
    }

    /// It came from a peer: nothing in it has been checked yet.
    #[must_use]
    pub fn is_received(&self) -> bool {
        match &self.0 {
            Repr::Received(_) => true,
            Repr::Shared(content) => content.is_received(),
            _ => false,
        }
    }

    /// The frame it was taken over in, if it was.
    pub(super) fn frame(&self) -> Option<&Frame> {
        match &self.0 {
            Repr::Received(message) => Some(message.get_segments()),
            _ => None,
        }
    }

    /// It must be [copied](Self::copy) before it is sent on, or the rest of the message it came in would
    /// go with it.
    #[must_use]
    #[inline]
    pub fn needs_scrub(&self) -> bool {
        self.is_received()
    }

    /// The index of the capability at `path`; `None` if that, or a pointer on the way, is null.
    ///
    /// # Errors
    ///
    /// The path does not fit what is there, or a pointer is malformed.
    pub fn cap_at(&self, path: &Path) -> Result<Option<u32>, PathError> {
        if !matches!(self.0, Repr::Moved(_))
            && let Some(found) =
                self.only_slice().and_then(|it| pointer::plain_cap(it, path.fields()))
        {
            return Ok(found);
        }
        match &self.0 {
            Repr::Null => Ok(None),
            Repr::Copied(message) | Repr::Received(message) => cap_at(message.get_segments(), path),
            Repr::Moved(moved) if let Some(index) = moved.cap_at(path) => Ok(index),
            Repr::Root(_) | Repr::Built(_) | Repr::Moved(_) => {
                cap_at(self.slices().as_slice(), path)
            }
            Repr::Shared(content) => content.cap_at(path),
        }
    }

    /// A copy in one segment that holds what can be reached from the root and nothing else.
    ///
    /// # Errors
    ///
    /// A pointer is malformed, or a limit is passed. What a peer sent is not copied to more than 8 times
    /// the frame it came in.
    pub fn copy(&self, limits: &ReadLimits) -> Result<Self, CopyError> {
        let words = match &self.0 {
            Repr::Copied(message) => copy::copy(message.get_segments(), limits)?,
            Repr::Received(message) => {
                let frame = message.get_segments();
                copy::copy(frame, &copy::within(limits, frame.words()))?
            }
            Repr::Null | Repr::Root(_) | Repr::Built(_) | Repr::Moved(_) => {
                copy::copy(self.slices().as_slice(), limits)?
            }
            Repr::Shared(content) => return content.copy(limits),
        };
        let frame = Frame::single(words);
        Ok(Self(Repr::Copied(Box::new(Reader::new(frame, limits.options())))))
    }

    /// A copy whose capability pointers have the indices `caps` gives for theirs. It is asked in the
    /// order of the pointers, what is below one before the next.
    ///
    /// # Errors
    ///
    /// A pointer is malformed, or a limit is passed.
    pub fn map_caps(
        &self,
        limits: &ReadLimits,
        caps: impl FnMut(u32) -> u32,
    ) -> Result<Self, CopyError> {
        let within = match self.is_received() {
            true => copy::within(limits, self.words()),
            false => *limits,
        };
        let words = copy::copy_with(self.slices().as_slice(), &within, caps)?;
        Ok(Self(Repr::Copied(Box::new(Reader::new(Frame::single(words), limits.options())))))
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
        if message.size_in_words() == 0 {
            return Self::null();
        }
        Self(Repr::Built(message))
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Repr::Moved(moved) = &self.0 {
            return write!(f, "about {} words, not built", moved.words());
        }
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

/// What null content is read from.
static NULL: LazyLock<Builder<HeapAllocator>> =
    LazyLock::new(|| Builder::new(HeapAllocator::new()));

/// A message nothing was built in: its root is null.
const EMPTY: [u8; WORD] = [0; WORD];

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
