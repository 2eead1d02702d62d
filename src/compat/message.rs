//! A message that is built with capabilities in it.

use capnp::any_pointer;
use capnp::message::{Allocator, Builder};
use capnp::private::capability::ClientHook;
use capnp::traits::{FromPointerBuilder, ImbueMut, Owned, SetterInput};

/// A message builder with a table for the capabilities in it.
pub struct ImbuedMessageBuilder<A>
where
    A: Allocator,
{
    builder: Builder<A>,
    cap_table: Vec<Option<Box<dyn ClientHook>>>,
}

impl<A> ImbuedMessageBuilder<A>
where
    A: Allocator,
{
    /// An empty message.
    pub fn new(allocator: A) -> Self {
        Self { builder: Builder::new(allocator), cap_table: Vec::new() }
    }

    /// The root, as what it was set to.
    ///
    /// # Errors
    ///
    /// The root is something else.
    pub fn get_root<'a, T>(&'a mut self) -> capnp::Result<T>
    where
        T: FromPointerBuilder<'a>,
    {
        let mut root: any_pointer::Builder<'_> = self.builder.get_root()?;
        root.imbue_mut(&mut self.cap_table);
        root.get_as()
    }

    /// Copies `value` to the root, with the capabilities in it.
    ///
    /// # Errors
    ///
    /// `value` is malformed.
    pub fn set_root<T: Owned>(&mut self, value: impl SetterInput<T>) -> capnp::Result<()> {
        let mut root: any_pointer::Builder<'_> = self.builder.get_root()?;
        root.imbue_mut(&mut self.cap_table);
        root.set_as(value)
    }
}
