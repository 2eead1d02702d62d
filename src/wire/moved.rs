//! Content that is passed on as what it was made of, and built only where somebody reads words.

use std::any::Any;
use std::sync::OnceLock;

use capnp::Word;
use capnp::message::Reader;

use super::frame::Frame;
use super::limits::ReadLimits;
use super::path::Path;

/// What content can be before it is built. It is built when it leaves the process or is read as a
/// message, and never where who made it meets its like.
pub trait Unsealed: Any + Send + Sync {
    /// Builds it: the words of one segment, of which the first is the root pointer. Asked once at most for
    /// each time it was made or [shared](Self::share).
    fn seal(&self) -> Vec<u64>;

    /// The index of the capability that will stand at `path`, if that can be said before it is built.
    /// `None`: build it and look.
    fn cap_at(&self, path: &Path) -> Option<Option<u32>>;

    /// How many words it is held to take: an estimate.
    fn words(&self) -> usize;

    /// The same once more.
    fn share(&self) -> Box<dyn Unsealed>;
}

/// Content that is not built, or was because somebody looked.
pub(super) struct Moved {
    content: Box<dyn Unsealed>,
    sealed: OnceLock<Box<Reader<Frame>>>,
}

impl Moved {
    pub(super) fn new(content: Box<dyn Unsealed>) -> Self {
        Self { content, sealed: OnceLock::new() }
    }

    /// The message it is.
    pub(super) fn message(&self) -> &Reader<Frame> {
        // It was made here: reading it as often as one likes does no harm.
        let limits = ReadLimits { traversal_words_max: usize::MAX, ..ReadLimits::default() };
        self.sealed.get_or_init(|| Box::new(message_of(self.content.seal(), &limits)))
    }

    pub(super) fn cap_at(&self, path: &Path) -> Option<Option<u32>> {
        if self.sealed.get().is_some() { None } else { self.content.cap_at(path) }
    }

    /// What was held of it before it was built: whoever counts queued words takes off what they put on.
    pub(super) fn words(&self) -> usize {
        self.content.words().max(1)
    }

    pub(super) fn share(&self) -> Self {
        Self::new(self.content.share())
    }

    pub(super) fn is<T: Unsealed>(&self) -> bool {
        let content: &dyn Any = &*self.content;
        content.is::<T>()
    }

    /// What it was made of, if that is a `T`.
    pub(super) fn take<T: Unsealed>(self) -> Option<Box<T>> {
        let content: Box<dyn Any> = self.content;
        content.downcast().ok()
    }
}

/// The message these words are, the first of which is its root pointer. They stay where they are in memory.
pub(super) fn message_of(words: Vec<u64>, limits: &ReadLimits) -> Reader<Frame> {
    let word = |word: u64| {
        let [a, b, c, d, e, f, g, h] = word.to_le_bytes();
        capnp::word(a, b, c, d, e, f, g, h)
    };
    let mut segment: Vec<Word> = words.into_iter().map(word).collect();
    if segment.is_empty() {
        segment.push(word(0));
    }
    Reader::new(Frame::single(segment), limits.options())
}
