//! A connection is one ordered message stream to one peer, and the four tables that say what its ids mean.

mod event;

pub use event::{
    CallRef, Event, InCall, InCap, InPayload, InReturn, InTarget, LocalCap, OutCall, OutCap,
    OutPayload, OutReturn, OutTarget, Tag,
};
