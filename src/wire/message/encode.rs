//! Writing a message to bytes: small content is copied behind its envelope, large content is left where it is. What
//! has one segment is written behind the envelope, and the message has one, too; where there are several, the envelope
//! goes into a segment of its own behind them.

use super::data::Message;
use super::template::{self, Segment};
use crate::wire::content::Content;
use crate::wire::limits::ReadLimits;
use crate::wire::pointer::{self, Kind, Place, Pointer};

/// Content of at most so many words (8 KiB) is copied. That costs less than three more entries in a vectored
/// write do, and a second segment at the peer; and it lets many small messages leave in one piece.
const COPY_MAX_WORDS: usize = 1024;

/// Segments other engines accept in one message. Content in so many is copied into one.
const SEGMENTS_MAX: usize = 512;

/// One frame, ready to be written.
pub struct Encoded {
    /// What is in front of the content, and what is behind it from `split` on: the segment table and the root word, and
    /// the envelope, which is in front where there is one segment.
    own: Vec<u8>,
    split: usize,
    /// Without its first word, which `own` replaces.
    content: Option<Content>,
    len: usize,
}

impl Message {
    /// Writes the message as one frame, to be written on its own.
    #[must_use]
    pub fn encode(self) -> Encoded {
        let mut own = Vec::with_capacity(256);
        self.encode_into(&mut own).unwrap_or_else(|| {
            let (split, len) = (own.len(), own.len());
            Encoded { own, split, content: None, len }
        })
    }

    /// Appends the message as one frame to `out` if it is small. If not, `out` is as it was and the
    /// message is to be written from where it lies.
    pub fn encode_into(mut self, out: &mut Vec<u8>) -> Option<Encoded> {
        let content = self.hole().map(|(_, content)| std::mem::take(content));
        let content = content.unwrap_or_default();
        if content.words() > COPY_MAX_WORDS {
            return Some(match content.only_slice() {
                Some(_) if !content.is_received() => self.lead(content),
                _ => self.gather(content),
            });
        }
        // What a peer wrote may hold far pointers to its own segment: that must stay segment 0.
        if let Some(segment) = content.only_slice()
            && !content.is_received()
        {
            self.inline(segment, out);
            return None;
        }
        self.gather(content).append_to(out);
        None
    }

    /// Appends the message as one frame to `out`, and keeps it: for those who record what is said. What it
    /// carries is shared from then on.
    pub fn append_copy_to(&mut self, out: &mut Vec<u8>) {
        let content = self.hole().map(|(_, content)| content.share()).unwrap_or_default();
        match content.only_slice() {
            Some(segment) if !content.is_received() => {
                self.inline(segment, out);
            }
            _ => self.gather(content).append_to(out),
        }
    }

    /// One segment: the envelope, then the content.
    fn inline(&self, content: &[u8], out: &mut Vec<u8>) {
        let (root, below) = split_root(content);
        let below = if self.envelope(root, below.len() / 8, out) { below } else { &[] };
        out.extend_from_slice(below);
    }

    /// One segment: the envelope, then the content, where it lies.
    fn lead(&self, content: Content) -> Encoded {
        let (root, below) = split_root(content.only_slice().unwrap_or_default());
        let (mut own, below) = (Vec::with_capacity(256), below.len());
        let content = self.envelope(root, below / 8, &mut own).then_some(content);
        let (split, behind) = (own.len(), content.as_ref().map_or(0, |_| below));
        Encoded { len: own.len() + behind, own, split, content }
    }

    /// The table and the envelope of a message of one segment, in which so many words of content are to follow. False if
    /// none are: a root that is no pointer to them has nothing below it.
    fn envelope(&self, root: u64, below: usize, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        out.extend_from_slice(&[0; 8]);
        let mut segment = Segment::new(out);
        let mut follows = false;
        if let Some(hole) = template::write(self, &mut segment) {
            let word = match Pointer::parse(root) {
                Pointer::Near { kind, offset, shape } => {
                    follows = true;
                    // Word 1 of the content, which an offset of 0 means, is the first one behind.
                    let target = segment.words() as i64 + i64::from(offset);
                    pointer::near(hole as i64, target, kind, shape)
                }
                _ => root,
            };
            segment.set(hole, word);
        }
        let words = (segment.words() + if follows { below } else { 0 }) as u32;
        // In bounds: the table of eight bytes was appended at `start`.
        out[start + 4..start + 8].copy_from_slice(&words.to_le_bytes());
        follows
    }

    /// The content's segments as they are but for the root word, then a segment with the envelope.
    fn gather(&self, content: Content) -> Encoded {
        let content = in_few_segments(content);
        if let Self::Foreign(_) = self {
            // The content is the whole message.
            return bare(content);
        }
        let slices = content.slices();
        let count = slices.len();
        let (root, _) = split_root(slices.first().copied().unwrap_or(&[]));
        let table = (count + 3) / 2 * 8;
        let mut own = vec![0; table + 8];
        let mut segment = Segment::new(&mut own);
        if let Some(hole) = template::write(self, &mut segment) {
            let word = behind_far(root, count, &mut segment);
            segment.set(hole, word);
        }
        let front = pointer::far(false, Place { segment: count as u32, word: 0 });
        let envelope = segment.words();
        // In bounds: it began with the table and a word.
        own[table..table + 8].copy_from_slice(&front.to_le_bytes());
        let sizes = slices.iter().map(|slice| slice.len() / 8).chain([envelope]);
        write_table(&mut own, sizes);
        let len = own.len() + slices.iter().map(|slice| slice.len()).sum::<usize>() - 8;
        drop(slices);
        Encoded { own, split: table + 8, content: Some(content), len }
    }
}

/// The pointer, in the envelope's segment, to what `root` points to from word 0 of segment 0.
fn behind_far(root: u64, count: usize, segment: &mut Segment<'_>) -> u64 {
    match Pointer::parse(root) {
        Pointer::Near { kind: Kind::Struct, shape: 0, .. } => pointer::near(0, 0, Kind::Struct, 0),
        Pointer::Near { kind, offset, shape } => {
            let word = offset.saturating_add(1).max(0) as u32;
            let pad = segment.grow(2);
            segment.set(pad, pointer::far(false, Place { segment: 0, word }));
            // The tag: a pointer with offset 0.
            segment.set(pad + 1, pointer::near(0, 1, kind, shape));
            pointer::far(true, Place { segment: count as u32, word: pad as u32 })
        }
        // Null and indices stand for themselves, a far pointer names its segment, which stays.
        _ => root,
    }
}

/// A frame of content alone.
fn bare(content: Content) -> Encoded {
    let slices = content.slices();
    let table = (slices.len() + 2) / 2 * 8;
    let mut own = vec![0; table];
    write_table(&mut own, slices.iter().map(|slice| slice.len() / 8));
    let root = slices.first().and_then(|slice| slice.get(..8)).unwrap_or(&[]);
    own.extend_from_slice(root);
    let len = table + slices.iter().map(|slice| slice.len()).sum::<usize>();
    drop(slices);
    let split = own.len();
    Encoded { own, split, content: Some(content), len }
}

fn write_table(table: &mut [u8], sizes: impl Iterator<Item = usize>) {
    let mut count = 0_u32;
    for (index, size) in sizes.enumerate() {
        count = index as u32;
        // In bounds: who calls made the table for as many sizes.
        table[4 + index * 4..8 + index * 4].copy_from_slice(&(size as u32).to_le_bytes());
    }
    table[..4].copy_from_slice(&count.to_le_bytes());
}

fn in_few_segments(content: Content) -> Content {
    if content.segments().len() < SEGMENTS_MAX {
        return content;
    }
    // Only an echo of a malformed message is lost here; nobody could read it either.
    let all = ReadLimits { traversal_words_max: content.words(), ..ReadLimits::default() };
    content.copy(&all).unwrap_or_default()
}

fn split_root(segment: &[u8]) -> (u64, &[u8]) {
    match segment.split_first_chunk() {
        Some((root, below)) => (u64::from_le_bytes(*root), below),
        None => (0, &[]),
    }
}

impl Encoded {
    /// Bytes of the frame.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a frame is never empty")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// What is left of the frame behind the first `from` bytes, in order, no slice empty.
    pub fn slices(&self, from: usize) -> impl Iterator<Item = &[u8]> {
        let (front, back) = self.own.split_at(self.split);
        let content = self.content.as_ref().map(Content::slices).unwrap_or_default();
        let content = content.into_iter().enumerate();
        let content = content
            .map(|(index, slice)| if index == 0 { slice.get(8..).unwrap_or(&[]) } else { slice });
        let mut skip = from;
        std::iter::once(front).chain(content).chain([back]).filter_map(move |slice| {
            let skipped = skip.min(slice.len());
            skip -= skipped;
            // In bounds: no more is skipped than the slice is long.
            Some(&slice[skipped..]).filter(|slice| !slice.is_empty())
        })
    }

    /// Appends the frame to `out`.
    pub fn append_to(&self, out: &mut Vec<u8>) {
        out.reserve(self.len);
        self.slices(0).for_each(|slice| out.extend_from_slice(slice));
    }
}

impl std::fmt::Debug for Encoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a frame of {} bytes", self.len)
    }
}
