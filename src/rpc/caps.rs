//! Capabilities cross from messages to the vat and back: a message holds clients, the vat counts nodes.

use crate::runtime::{Local, gone};
use crate::vat::{Cap, Payload};
use crate::wire::{Content, Exception};

use super::bridge;
use super::client::Client;

/// A reference of what `client` stands for, in the vat `here`.
pub(crate) fn lend(here: &Local, client: &Client) -> Result<Cap, Exception> {
    if client.mailbox().id() != here.id() {
        return bridge::import(here, client);
    }
    client.lend(here).ok_or_else(gone)
}

/// A payload in the vat `here`. What cannot be lent is broken.
#[inline]
pub(crate) fn payload(here: &Local, content: Content, caps: &[Option<Client>]) -> Payload {
    if caps.is_empty() {
        return Payload { content, caps: Vec::new() };
    }
    let caps = caps.iter().map(|client| {
        let lent = lend(here, client.as_ref()?);
        Some(lent.unwrap_or_else(|why| here.with(|graph| graph.broken(why))))
    });
    Payload { content, caps: caps.collect() }
}

/// Clients for the capabilities of a payload, which is taken.
#[inline]
pub(crate) fn clients(here: &Local, caps: Vec<Option<Cap>>) -> Vec<Option<Client>> {
    if caps.is_empty() {
        return Vec::new();
    }
    caps.into_iter().map(|cap| cap.map(|cap| Client::adopt(here, cap))).collect()
}
