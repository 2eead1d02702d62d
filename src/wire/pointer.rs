//! A pointer is one word of a segment that says where a struct, a list or a capability is.
//!
//! Reads pointers as the peer wrote them, to find places that generated readers do not show.

use std::fmt;

use capnp::message::ReaderSegments;

/// A word, by segment and index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) segment: u32,
    pub(super) word: u32,
}

/// Word 0 of segment 0, where the root pointer of every message is.
pub(super) const ROOT: Place = Place { segment: 0, word: 0 };

/// One pointer word, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pointer {
    Null,
    /// To a struct or list `offset` words behind the end of the pointer; `shape` is the upper half.
    Near {
        kind: Kind,
        offset: i32,
        shape: u32,
    },
    /// To a landing pad elsewhere; `double` pads are two words.
    Far {
        double: bool,
        pad: Place,
    },
    Capability(u32),
    /// Reserved by the encoding.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Struct,
    List,
}

impl Pointer {
    pub(super) const fn parse(word: u64) -> Self {
        let (low, high) = (word as u32, (word >> 32) as u32);
        match low & 3 {
            _ if word == 0 => Self::Null,
            0 => Self::Near { kind: Kind::Struct, offset: low as i32 >> 2, shape: high },
            1 => Self::Near { kind: Kind::List, offset: low as i32 >> 2, shape: high },
            2 => Self::Far { double: low & 4 != 0, pad: Place { segment: high, word: low >> 3 } },
            _ if low == 3 => Self::Capability(high),
            _ => Self::Unknown,
        }
    }
}

/// The word of a pointer at word `at` to a struct or list at word `target` of the same segment.
pub(super) const fn near(at: i64, target: i64, kind: Kind, shape: u32) -> u64 {
    let tag = match kind {
        // A struct of no size is wherever its pointer is. With offset 0 it would read as null.
        Kind::Struct if shape == 0 => return 0xffff_fffc,
        Kind::Struct => 0,
        Kind::List => 1,
    };
    let offset = (target - at - 1) as i32;
    ((shape as u64) << 32) | (((offset as u32) << 2) | tag) as u64
}

/// The word of a pointer to a landing pad.
pub(super) const fn far(double: bool, pad: Place) -> u64 {
    ((pad.segment as u64) << 32) | ((pad.word as u64) << 3) | ((double as u64) << 2) | 2
}

/// The word of a pointer to entry `index` of the cap table.
pub(super) const fn capability(index: u32) -> u64 {
    ((index as u64) << 32) | 3
}

/// The upper half of a pointer to a struct with such sections, in words.
pub(super) const fn struct_shape(data: u16, pointers: u16) -> u32 {
    data as u32 | ((pointers as u32) << 16)
}

/// Element sizes of lists, as the encoding numbers them.
pub(super) const BYTES: u32 = 2;
pub(super) const POINTERS: u32 = 6;
pub(super) const COMPOSITE: u32 = 7;

/// The upper half of a pointer to a list.
pub(super) const fn list_shape(size: u32, count: u32) -> u32 {
    size | (count << 3)
}

/// What a pointer leads to, checked to lie within its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Null,
    Capability(u32),
    Struct { at: Place, data: u16, pointers: u16 },
    List { at: Place, size: u32, count: u32 },
}

/// How a pointer is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PointerError {
    /// It leads out of its segment, or to a segment that does not exist.
    OutOfBounds,
    /// It is far, and leads to something that is no landing pad.
    BadLandingPad,
    /// It is of a kind the encoding reserves.
    UnknownKind,
    /// The elements of a list do not fit into it.
    BadList,
}

impl fmt::Display for PointerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfBounds => "a pointer leads out of its segment",
            Self::BadLandingPad => "a far pointer leads to no landing pad",
            Self::UnknownKind => "a pointer is of an unknown kind",
            Self::BadList => "the elements of a list do not fit into it",
        })
    }
}

impl std::error::Error for PointerError {}

/// The word at `place`.
pub(super) fn word_at<S: ReaderSegments + ?Sized>(
    segments: &S,
    place: Place,
) -> Result<u64, PointerError> {
    let segment = segments.get_segment(place.segment).ok_or(PointerError::OutOfBounds)?;
    let bytes = segment.get(place.word as usize * 8..).ok_or(PointerError::OutOfBounds)?;
    bytes.first_chunk().map(|word| u64::from_le_bytes(*word)).ok_or(PointerError::OutOfBounds)
}

/// `words` words from `place` on.
pub(super) fn words_at<S: ReaderSegments + ?Sized>(
    segments: &S,
    place: Place,
    words: u64,
) -> Result<&[u8], PointerError> {
    let segment = segments.get_segment(place.segment).ok_or(PointerError::OutOfBounds)?;
    let start = u64::from(place.word) * 8;
    // Both fit: a word index is 32 bits, and no shape claims more than 2^32 words.
    let end = start + words * 8;
    let (Ok(start), Ok(end)) = (usize::try_from(start), usize::try_from(end)) else {
        return Err(PointerError::OutOfBounds);
    };
    segment.get(start..end).ok_or(PointerError::OutOfBounds)
}

/// Follows the pointer at `place`, through its landing pad if it is far.
pub(super) fn resolve<S: ReaderSegments + ?Sized>(
    segments: &S,
    place: Place,
) -> Result<Target, PointerError> {
    match Pointer::parse(word_at(segments, place)?) {
        Pointer::Null => Ok(Target::Null),
        Pointer::Capability(index) => Ok(Target::Capability(index)),
        Pointer::Unknown => Err(PointerError::UnknownKind),
        Pointer::Near { kind, offset, shape } => {
            within(segments, offset_from(place, offset)?, kind, shape)
        }
        Pointer::Far { double: false, pad } => match Pointer::parse(word_at(segments, pad)?) {
            Pointer::Near { kind, offset, shape } => {
                within(segments, offset_from(pad, offset)?, kind, shape)
            }
            _ => Err(PointerError::BadLandingPad),
        },
        Pointer::Far { double: true, pad } => resolve_double(segments, pad),
    }
}

/// A double-far pad is a far pointer to the object itself, and a tag with its shape.
fn resolve_double<S: ReaderSegments + ?Sized>(
    segments: &S,
    pad: Place,
) -> Result<Target, PointerError> {
    let tag = Place { word: pad.word + 1, ..pad };
    match (Pointer::parse(word_at(segments, pad)?), Pointer::parse(word_at(segments, tag)?)) {
        (Pointer::Far { double: false, pad: at }, Pointer::Near { kind, offset: 0, shape }) => {
            within(segments, at, kind, shape)
        }
        _ => Err(PointerError::BadLandingPad),
    }
}

/// The word `offset` words behind the end of the pointer at `place`.
pub(super) fn offset_from(place: Place, offset: i32) -> Result<Place, PointerError> {
    let word = i64::from(place.word) + 1 + i64::from(offset);
    let word = u32::try_from(word).map_err(|_| PointerError::OutOfBounds)?;
    Ok(Place { word, ..place })
}

fn within<S: ReaderSegments + ?Sized>(
    segments: &S,
    at: Place,
    kind: Kind,
    shape: u32,
) -> Result<Target, PointerError> {
    let (words, target) = match kind {
        Kind::Struct => {
            let (data, pointers) = (shape as u16, (shape >> 16) as u16);
            (u64::from(data) + u64::from(pointers), Target::Struct { at, data, pointers })
        }
        Kind::List => {
            let (size, count) = (shape & 7, shape >> 3);
            (list_words(size, count), Target::List { at, size, count })
        }
    };
    words_at(segments, at, words)?;
    Ok(target)
}

/// Words a list takes; for a composite one, `count` is that number without the tag.
pub(super) const fn list_words(size: u32, count: u32) -> u64 {
    let count = count as u64;
    match size {
        0 => 0,
        1 => count.div_ceil(64),
        2 => count.div_ceil(8),
        3 => count.div_ceil(4),
        4 => count.div_ceil(2),
        COMPOSITE => count + 1,
        _ => count,
    }
}

/// Where pointer field `field` of the struct at `place` is; `None` if the struct is null or too short.
pub(super) fn field<S: ReaderSegments + ?Sized>(
    segments: &S,
    place: Place,
    field: u16,
) -> Result<Option<Place>, FieldError> {
    match resolve(segments, place).map_err(FieldError::Malformed)? {
        Target::Null => Ok(None),
        Target::Struct { at, data, pointers } if field < pointers => {
            // In bounds of a segment, thus of a u32: `resolve` checked the whole struct.
            Ok(Some(Place { word: at.word + u32::from(data) + u32::from(field), ..at }))
        }
        Target::Struct { .. } => Ok(None),
        Target::Capability(_) | Target::List { .. } => Err(FieldError::NotAStruct),
    }
}

/// The capability that pointer fields lead to from the root of a message of one segment, if all that is on the
/// way is as nearly every message has it; else `None`, and [`field`] says what it is.
pub(super) fn plain_cap(segment: &[u8], fields: &[u16]) -> Option<Option<u32>> {
    let word = |at: usize| {
        let bytes = segment.get(at.checked_mul(8)?..)?;
        bytes.first_chunk().map(|word| Pointer::parse(u64::from_le_bytes(*word)))
    };
    let mut at = 0;
    for &field in fields {
        let (offset, shape) = match word(at)? {
            Pointer::Near { kind: Kind::Struct, offset, shape } => (offset, shape),
            Pointer::Null => return Some(None),
            _ => return None,
        };
        let (data, pointers) = (usize::from(shape as u16), (shape >> 16) as u16);
        let start = usize::try_from(i64::try_from(at).ok()? + 1 + i64::from(offset)).ok()?;
        if start + data + usize::from(pointers) > segment.len() / 8 {
            return None;
        }
        if field >= pointers {
            return Some(None);
        }
        at = start + data + usize::from(field);
    }
    match word(at)? {
        Pointer::Null => Some(None),
        Pointer::Capability(index) => Some(Some(index)),
        _ => None,
    }
}

/// Why a field has no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldError {
    Malformed(PointerError),
    NotAStruct,
}

/// Follows pointer fields from the root; where the last one is, unless something on the way is null
/// or malformed.
pub(super) fn place_of<S: ReaderSegments + ?Sized>(segments: &S, fields: &[u16]) -> Option<Place> {
    fields.iter().try_fold(ROOT, |place, &index| field(segments, place, index).ok().flatten())
}
