//! An id names an entry of one side's table, and knows whose.
//!
//! The sender of a message names things from its own point of view. Whoever receives the message
//! flips each id once, at the door: the peer's question is our answer, its export our import.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{}"), self.0)
            }
        }
    };
}

macro_rules! flip {
    ($one:ident, $other:ident) => {
        impl $one {
            /// The same entry, named from the other side of the connection.
            #[must_use]
            pub const fn flip(self) -> $other {
                $other(self.0)
            }
        }

        impl $other {
            /// The same entry, named from the other side of the connection.
            #[must_use]
            pub const fn flip(self) -> $one {
                $one(self.0)
            }
        }
    };
}

id! {
    /// A call or bootstrap this side asked; the other side's [`AnswerId`].
    QuestionId, "q"
}
id! {
    /// A call or bootstrap this side was asked; the other side's [`QuestionId`].
    AnswerId, "a"
}
id! {
    /// A capability this side gave out; the other side's [`ImportId`].
    ExportId, "e"
}
id! {
    /// A capability this side was given; the other side's [`ExportId`].
    ImportId, "i"
}
id! {
    /// An embargo, chosen by the side that waits for it to be lifted.
    EmbargoId, "m"
}

flip!(QuestionId, AnswerId);
flip!(ExportId, ImportId);
