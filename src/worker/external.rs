//! Stubs and streams on their way: what a message says about each, and what each is where it arrives.

use std::sync::Arc;

use bytes::Bytes;
use capnp::capability::FromClientHook;
use capnp::struct_list;

use crate::rpc::Client;
use crate::schema::worker_capnp::js_value::external;

use super::error::JsError;
use super::exception::caught;
use super::group::Group;
use super::held::Held;
use super::stream::{self, Feed, Named, Outgoing};
use super::token::Token;
use super::value::{CloneError, External};
use super::words::{At, Shape, Words};

const EXTERNAL: Shape = Shape { data: 2, pointers: 2 };
const RPC_TARGET: u64 = 1;
const WRITABLE_STREAM: u64 = 2;
const READABLE_STREAM: u64 = 3;
const ABORT_SIGNAL: u64 = 7;
/// Where the encoding of a stream stands in the word.
const ENCODING_SHIFT: u32 = 16;
const SERVICE_TOKEN: u64 = 5;

/// What a message says about an external. `C` stands for its capabilities: indices into the cap table of a
/// message that is not read yet, clients in one that is.
#[derive(Clone)]
pub(super) enum Carried<C> {
    /// The object behind a stub.
    RpcTarget(C),
    /// A service, as the process that issued the token knows it.
    Service(Bytes),
    /// A stream or a signal.
    Stream(Named<C>),
}

/// An external of a message that is not built yet.
#[derive(Clone)]
pub(super) struct Leaving {
    /// What the value has in its place.
    pub(super) external: External,
    pub(super) carried: Carried<u32>,
}

/// The capabilities of a message that is made.
#[derive(Default)]
pub(super) struct Departure<'a> {
    pub(super) caps: Vec<Option<Client>>,
    /// Where streams are pushed to.
    pusher: Option<&'a Client>,
    /// What feeds them.
    feeds: Vec<Feed>,
}

impl<'a> Departure<'a> {
    /// Of a message that goes where `pusher` is.
    pub(super) fn to(pusher: &'a Client) -> Self {
        Self { pusher: Some(pusher), ..Self::default() }
    }

    /// One more capability: its index.
    pub(super) fn add(&mut self, client: Client) -> u32 {
        self.caps.push(Some(client));
        // Fits: each takes memory for a value that refers to it.
        self.caps.len() as u32 - 1
    }

    /// What a walk over a value found, as a message says it. Nothing is taken from the value: params
    /// duplicate; but streams go to the receiver, ahead of the message. (Rules 46 and 59)
    pub(super) fn depart(&mut self, externals: Vec<External>) -> Result<Vec<Leaving>, JsError> {
        if externals.is_empty() {
            return Ok(Vec::new());
        }
        let leaving = externals.into_iter().map(|external| {
            let carried = self.carry(&external)?;
            Ok(Leaving { external, carried })
        });
        let leaving: Result<_, JsError> = leaving.collect();
        if leaving.is_err() {
            // What was pushed already goes nowhere.
            self.feeds.iter().for_each(Feed::stop);
        }
        leaving
    }

    fn carry(&mut self, external: &External) -> Result<Carried<u32>, JsError> {
        if let Some(held) = external.get::<Held>() {
            let client = held.client().ok_or_else(|| held.failure().unwrap_or_else(disposed))?;
            return Ok(Carried::RpcTarget(self.add(client)));
        }
        if let Some(token) = external.get::<Token>() {
            return Ok(Carried::Service(token.0.clone()));
        }
        if let Some(outgoing) = self.pusher.and_then(|pusher| Outgoing::new(pusher, external)) {
            let outgoing = outgoing?;
            self.feeds.extend(outgoing.feed());
            return Ok(Carried::Stream(outgoing.named.map(|client| self.add(client))));
        }
        Err(CloneError::unsupported(external.type_name()).into())
    }
}

/// It was given up. (Rule 48)
pub(super) fn disposed() -> JsError {
    JsError::error("RPC stub used after being disposed.")
}

impl Carried<u32> {
    /// With its capability in hand.
    pub(super) fn claim(self, caps: &mut [Option<Client>]) -> Carried<Option<Client>> {
        match self {
            Self::RpcTarget(index) => {
                Carried::RpcTarget(caps.get_mut(index as usize).and_then(Option::take))
            }
            Self::Service(token) => Carried::Service(token),
            Self::Stream(named) => Carried::Stream(
                named.map(|index| caps.get_mut(index as usize).and_then(Option::take)),
            ),
        }
    }

    fn write(&self, words: &mut Words, at: At) {
        let pointers = at + usize::from(EXTERNAL.data);
        match self {
            Self::RpcTarget(index) => {
                words.put(at, RPC_TARGET);
                words.capability(pointers, *index);
            }
            Self::Service(token) => {
                words.put(at, SERVICE_TOKEN);
                words.data(pointers, token);
            }
            Self::Stream(Named::Readable(source, canceler, encoding)) => {
                words.put(at, READABLE_STREAM | encoding.number() << ENCODING_SHIFT);
                words.capability(pointers, *source);
                if let Some(canceler) = canceler {
                    words.capability(pointers + 1, *canceler);
                }
            }
            Self::Stream(Named::Writable(stream, encoding)) => {
                words.put(at, WRITABLE_STREAM | encoding.number() << ENCODING_SHIFT);
                words.capability(pointers, *stream);
            }
            Self::Stream(Named::Signal(signal)) => {
                words.put(at, ABORT_SIGNAL);
                words.capability(pointers, *signal);
            }
        }
    }
}

impl Carried<Option<Client>> {
    /// What the value that arrives has in its place; a stub is of the group. (Rules 41 and 42)
    pub(super) fn arrive(self, group: &mut Group) -> Result<External, JsError> {
        match self {
            Self::RpcTarget(Some(client)) => {
                let held = Arc::new(Held::new(client));
                group.add(Arc::clone(&held));
                Ok(External::shared(held))
            }
            Self::RpcTarget(None) => Err(JsError::error("A stub came without its capability.")),
            Self::Service(token) => Ok(External::new(Token(token))),
            Self::Stream(named) => {
                let named = named
                    .held()
                    .ok_or_else(|| JsError::error("A stream came without its capability."))?;
                named.arrive().map_err(|why| caught(&why))
            }
        }
    }

    pub(super) fn read(external: external::Reader<'_>) -> capnp::Result<Self> {
        match external.which()? {
            external::RpcTarget(target) if !target.has_cap() => Ok(Self::RpcTarget(None)),
            external::RpcTarget(target) => {
                let hook = target.get_cap()?.into_client_hook();
                Ok(Self::RpcTarget(Some(Client::from_hook(&*hook))))
            }
            external::SubrequestChannelToken(token) => {
                Ok(Self::Service(Bytes::copy_from_slice(token?)))
            }
            other => match stream::read(other)? {
                Some(named) => Ok(Self::Stream(named.map(Some))),
                None => {
                    let why = "an external of a kind that is not known here";
                    Err(capnp::Error::failed(why.into()))
                }
            },
        }
    }
}

/// Writes the externals of a value, if there are any.
pub(super) fn write(leaving: &[Leaving], words: &mut Words, pointer: At) {
    if leaving.is_empty() {
        return;
    }
    let size = usize::from(EXTERNAL.data) + usize::from(EXTERNAL.pointers);
    let first = words.structures(pointer, leaving.len(), EXTERNAL);
    for (index, leaving) in leaving.iter().enumerate() {
        leaving.carried.write(words, first + index * size);
    }
}

/// Reads the externals of a value of so many bytes. Each is meant by two bytes at least: more of them would
/// only take memory.
pub(super) fn read(
    list: struct_list::Reader<'_, external::Owned>,
    bytes: usize,
) -> capnp::Result<Vec<Carried<Option<Client>>>> {
    if list.len() as usize > bytes / 2 {
        return Err(capnp::Error::failed("more externals than the value can refer to".into()));
    }
    list.iter().map(Carried::read).collect()
}
