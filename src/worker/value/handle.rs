//! Objects to look at: each is a reference to one object of somebody's value.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::region::{Node, Region, Slot};
use super::value::Value;

/// One object.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) region: &'a Arc<Region>,
    pub(super) id: u32,
}

impl<'a> At<'a> {
    pub(super) fn node(self) -> &'a Node {
        self.region.node(self.id)
    }

    pub(super) fn to_value(self) -> Value {
        Value(Slot::Outside(Arc::clone(self.region), self.id))
    }

    pub(super) fn same(self, other: Self) -> bool {
        Arc::ptr_eq(self.region, other.region) && self.id == other.id
    }
}

macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name<'a>(pub(super) At<'a>);

        impl $name<'_> {
            /// The same object, held.
            #[must_use]
            pub fn to_value(self) -> Value {
                self.0.to_value()
            }

            /// Both are the same object.
            #[must_use]
            pub fn same(self, other: Self) -> bool {
                self.0.same(other.0)
            }
        }

        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.to_value().fmt(f)
            }
        }
    )*};
}

handles! {
    /// A plain object: properties in the order JavaScript has them, array indices first.
    Object,
    /// An array, with or without holes.
    Array,
    /// A Map: pairs in order.
    Map,
    /// A Set: members in order.
    Set,
    /// A Date.
    Date,
    /// A regular expression, not compiled.
    RegExp,
    /// A primitive wrapped in an object, such as `new Number(5)`.
    Boxed,
    /// An ArrayBuffer.
    ArrayBuffer,
    /// A typed array or a DataView.
    BufferView,
    /// An Error of some class.
    ErrorObject,
    /// A Request.
    Request,
    /// A Response.
    Response,
    /// An AbortSignal.
    AbortSignal,
}

/// An object of the runtime that is a `T`.
pub struct Hosted<'a, T> {
    pub(super) at: At<'a>,
    pub(super) data: &'a T,
}

impl<T> Clone for Hosted<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Hosted<'_, T> {}

impl<'a, T> Hosted<'a, T> {
    /// The same object, held.
    #[must_use]
    pub fn to_value(self) -> Value {
        self.at.to_value()
    }

    /// Both are the same object.
    #[must_use]
    pub fn same(self, other: Self) -> bool {
        self.at.same(other.at)
    }

    /// What it is, for as long as its value is held.
    #[must_use]
    pub fn data(self) -> &'a T {
        self.data
    }
}

impl<T> Deref for Hosted<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.data
    }
}

impl<T: fmt::Debug> fmt::Debug for Hosted<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.data.fmt(f)
    }
}
