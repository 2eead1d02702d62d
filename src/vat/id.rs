//! Ids name the entries of a vat: its capabilities, calls and connections.

use super::arena::Key;

/// Marks the keys of capabilities.
#[derive(Debug)]
pub enum OfNode {}

/// Marks the keys of calls.
#[derive(Debug)]
pub enum OfCall {}

/// Marks the keys of connections.
#[derive(Debug)]
pub enum OfLink {}

/// Marks the keys of membranes.
#[derive(Debug)]
pub enum OfMembrane {}

/// Marks the keys of streams.
#[derive(Debug)]
pub(super) enum OfStream {}

/// Names a capability of a vat. Copying the name takes no reference.
pub type Cap = Key<OfNode>;

/// Names a call of a vat.
pub type CallId = Key<OfCall>;

/// Names a connection of a vat.
pub type LinkId = Key<OfLink>;

/// Names a membrane of a vat.
pub type MembraneId = Key<OfMembrane>;

/// Names the streaming calls sent to one capability.
pub(super) type StreamId = Key<OfStream>;

/// Names an object of whoever runs the vat; chosen by them, never interpreted here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetId(pub u32);
