//! The letters V8 writes before each thing.

pub(super) const VERSION: u8 = 0xff;
pub(super) const PADDING: u8 = 0;
pub(super) const OBJECT_COUNT: u8 = b'?';
pub(super) const HOLE: u8 = b'-';
pub(super) const UNDEFINED: u8 = b'_';
pub(super) const NULL: u8 = b'0';
pub(super) const TRUE: u8 = b'T';
pub(super) const FALSE: u8 = b'F';
pub(super) const INT32: u8 = b'I';
pub(super) const UINT32: u8 = b'U';
pub(super) const DOUBLE: u8 = b'N';
pub(super) const BIGINT: u8 = b'Z';
pub(super) const UTF8_STRING: u8 = b'S';
pub(super) const NARROW_STRING: u8 = b'"';
pub(super) const WIDE_STRING: u8 = b'c';
pub(super) const REFERENCE: u8 = b'^';
pub(super) const OBJECT: u8 = b'o';
pub(super) const OBJECT_END: u8 = b'{';
pub(super) const SPARSE_ARRAY: u8 = b'a';
pub(super) const SPARSE_ARRAY_END: u8 = b'@';
pub(super) const DENSE_ARRAY: u8 = b'A';
pub(super) const DENSE_ARRAY_END: u8 = b'$';
pub(super) const DATE: u8 = b'D';
pub(super) const TRUE_OBJECT: u8 = b'y';
pub(super) const FALSE_OBJECT: u8 = b'x';
pub(super) const NUMBER_OBJECT: u8 = b'n';
pub(super) const BIGINT_OBJECT: u8 = b'z';
pub(super) const STRING_OBJECT: u8 = b's';
pub(super) const REGEXP: u8 = b'R';
pub(super) const MAP: u8 = b';';
pub(super) const MAP_END: u8 = b':';
pub(super) const SET: u8 = b'\'';
pub(super) const SET_END: u8 = b',';
pub(super) const BUFFER: u8 = b'B';
pub(super) const RESIZABLE_BUFFER: u8 = b'~';
pub(super) const BUFFER_VIEW: u8 = b'V';
pub(super) const ERROR: u8 = b'r';
pub(super) const HOST_OBJECT: u8 = b'\\';

/// Within an error.
pub(super) const ERROR_MESSAGE: u8 = b'm';
pub(super) const ERROR_CAUSE: u8 = b'c';
pub(super) const ERROR_STACK: u8 = b's';
pub(super) const ERROR_END: u8 = b'.';

/// A view is as long as its buffer.
pub(super) const VIEW_TRACKS_LENGTH: u32 = 1;
/// The buffer of a view is resizable.
pub(super) const VIEW_RESIZABLE: u32 = 2;

/// Objects of the runtime, by its numbers.
pub(super) mod host {
    pub(in super::super) const STUB: u32 = 1;
    pub(in super::super) const WRITABLE_STREAM: u32 = 2;
    pub(in super::super) const READABLE_STREAM: u32 = 3;
    pub(in super::super) const HEADERS: u32 = 4;
    pub(in super::super) const REQUEST: u32 = 5;
    pub(in super::super) const RESPONSE: u32 = 6;
    pub(in super::super) const OLD_DOM_EXCEPTION: u32 = 7;
    pub(in super::super) const DOM_EXCEPTION: u32 = 8;
    pub(in super::super) const ABORT_SIGNAL: u32 = 9;
    pub(in super::super) const NATIVE_ERROR: u32 = 10;
    pub(in super::super) const SERVICE_STUB: u32 = 11;
    pub(in super::super) const BLOB: u32 = 15;
}
