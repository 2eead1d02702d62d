//! A payload is what a call carries inside a vat: content, and capabilities named by their nodes.

use crate::wire::Content;

use super::id::Cap;

/// Content and the capabilities its capability pointers mean, by index.
///
/// Each capability is one reference that goes wherever the payload goes: whoever takes a payload
/// takes its references, and gives them back with `Graph::release`.
#[derive(Debug)]
pub struct Payload {
    /// One pointer and all below it.
    pub content: Content,
    /// What its capability pointers mean; `None` is the null capability.
    pub caps: Vec<Option<Cap>>,
}

impl Payload {
    /// Nothing: a null pointer and no capabilities.
    #[must_use]
    pub const fn null() -> Self {
        Self { content: Content::null(), caps: Vec::new() }
    }

    /// Whether it is a null pointer, and no capabilities come with it.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.caps.is_empty() && self.content.is_null()
    }
}

/// A method and what is passed to it.
#[derive(Debug)]
pub struct Request {
    /// The type id of the interface.
    pub interface: u64,
    /// The ordinal of the method within the interface.
    pub method: u16,
    /// What is passed.
    pub params: Payload,
}
