//! Making a call that waits in the lobby.

use crate::runtime::Local;
use crate::vat::Cap;

use super::super::ask::Op;
use super::super::path::MethodPath;
use super::queue::{Asked, Home, To};
use super::seat::Seat;
use super::ticket::Ticket;
use super::waiting::Waiting;

/// What is asked by a call that cannot wait in the lobby.
pub(in crate::worker) type Unkept = (MethodPath, Op);

/// Makes a call of an object of the vat `here`, behind all calls made so far, with arguments that take so many
/// bytes and are nothing but data. [`Local::may_wait_in_lobby`] said that it may.
#[inline]
pub(in crate::worker) fn keep(
    here: &Local,
    cap: Cap,
    path: MethodPath,
    op: Op,
    bytes: u64,
) -> Result<Seat, Unkept> {
    let Some(waiting) = here.lobby::<Waiting>() else { return Err((path, op)) };
    let Some(home) = Home::find(here, cap) else { return Err((path, op)) };
    let ticket = waiting.rows(|rows| rows.push(Asked { to: To::Object(home), path, op, bytes }));
    here.keep_ahead();
    Ok(Seat::new(here, ticket))
}

/// As [`keep`], of what the call `before` will bring.
pub(in crate::worker) fn keep_behind(
    here: &Local,
    before: Ticket,
    path: MethodPath,
    op: Op,
    bytes: u64,
) -> Result<Seat, Unkept> {
    let Some(waiting) = here.lobby::<Waiting>() else { return Err((path, op)) };
    if !waiting.rows(|rows| rows.follow(before)) {
        return Err((path, op));
    }
    let asked = Asked { to: To::Result(before), path, op, bytes };
    let ticket = waiting.rows(|rows| rows.push(asked));
    here.keep_ahead();
    Ok(Seat::new(here, ticket))
}
