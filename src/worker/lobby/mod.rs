//! Calls within a vat wait in its lobby, and most are answered without ever entering the graph.
//!
//! A call of a stub whose object is of the same vat, with nothing but data for it, need not be queued, carried
//! and returned by the graph: whoever awaits its promise on the vat's thread has it from the object. So does a
//! call of what another such call will bring. The order of calls is kept, for the graph is empty when the first is put here, and all
//! that look at the graph, be it to make a call there, have those that are here enter before. (C-E1) So does the next turn, where nobody awaits
//! them; and a promise that goes elsewhere.
//!
//! What every call passes here is always inlined, and what is large is moved once: what a function takes or gives by way of
//! memory is read right after it was written, and waited for. (`benches/README.md`, "What is waited for")

mod asked;
mod call;
mod enter;
mod hint;
mod rows;
mod run;
mod seat;
mod ticket;
mod waiting;

pub(super) use self::call::Room;
pub(super) use self::hint::Hint;
pub(super) use self::seat::{Came, Seat, take};
pub(super) use self::ticket::Ticket;
