//! Capabilities cross from messages to the vat and back: a message holds hooks, the vat counts nodes.

use capnp::private::capability::ClientHook;

use crate::runtime::Local;
use crate::vat::{Cap, Payload};
use crate::wire::{Content, Exception};

use super::client::Client;
use super::hook::Hook;

/// The cap table of a message that is being built or read.
pub(super) type CapTable = Vec<Option<Box<dyn ClientHook>>>;

/// A reference of what `client` stands for, in the vat `here`.
pub(super) fn lend(here: &Local, client: &Client) -> Result<Cap, Exception> {
    if client.mailbox().id() != here.id() {
        return super::bridge::import(here, client);
    }
    let cap = client.cap_here(here).ok_or_else(crate::runtime::gone)?;
    here.with(|graph| graph.retain(cap));
    Ok(cap)
}

/// A payload in the vat `here`. What cannot be lent is broken.
pub(super) fn payload(here: &Local, content: Content, caps: &[Option<Client>]) -> Payload {
    let caps = caps.iter().map(|client| {
        let lent = lend(here, client.as_ref()?);
        Some(lent.unwrap_or_else(|why| here.with(|graph| graph.broken(why))))
    });
    Payload { content, caps: caps.collect() }
}

/// Clients for the capabilities of a payload, which is taken.
pub(super) fn clients(here: &Local, caps: Vec<Option<Cap>>) -> Vec<Option<Client>> {
    caps.into_iter().map(|cap| cap.map(|cap| Client::adopt(here, cap))).collect()
}

/// The table a message is built or read with.
pub(super) fn table(caps: &[Option<Client>]) -> CapTable {
    caps.iter().map(|client| client.clone().map(Hook::boxed)).collect()
}

/// The clients in a table, after a message was built with it.
pub(super) fn untable(table: CapTable) -> Vec<Option<Client>> {
    table.into_iter().map(|hook| hook.map(|hook| Hook::client(hook.as_ref()))).collect()
}
