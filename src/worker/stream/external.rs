//! Streams and signals as a message names them.

use capnp::capability::FromClientHook;

use crate::rpc::Client;
use crate::runtime::Local;
use crate::schema::worker_capnp::js_value::external;
use crate::wire::Exception;
use crate::worker::abort::AbortSignal;
use crate::worker::value::{External, ExternalKind};

use super::encoding::Encoding;
use super::error::StreamError;
use super::push::{Feed, Pushed, host_writable};
use super::readable::ReadableStream;
use super::received::Received;
use super::remote::Remote;
use super::signal;
use super::writable::WritableStream;

/// A stream or a signal that is ready to be named in a message. Dropped unused, it is as if its receiver had
/// dropped it.
pub struct Outgoing {
    named: Named,
    feed: Option<Feed>,
}

enum Named {
    Readable(Pushed),
    Writable(Client, Encoding),
    Signal(Client),
}

impl Outgoing {
    /// Makes an external ready that is a [`ReadableStream`], a [`WritableStream`] or an [`AbortSignal`]; `None`
    /// if it is neither. What must go ahead of the value is pushed to `pusher`: to be called before the call,
    /// or the return, that carries the value is made.
    ///
    /// # Errors
    ///
    /// The stream was given away before, is closed, or failed.
    pub fn new(
        here: &Local,
        pusher: &Client,
        external: &External,
    ) -> Option<Result<Self, StreamError>> {
        match external.kind() {
            ExternalKind::ReadableStream => {
                let pushed = Pushed::readable(here, pusher, external.get::<ReadableStream>()?);
                Some(pushed.map(|pushed| Self {
                    feed: Some(pushed.feed()),
                    named: Named::Readable(pushed),
                }))
            }
            ExternalKind::WritableStream => {
                let stream = external.get::<WritableStream>()?;
                let encoding = stream.encoding();
                let hosted = host_writable(here, stream);
                Some(
                    hosted.map(|hosted| Self {
                        named: Named::Writable(hosted, encoding),
                        feed: None,
                    }),
                )
            }
            ExternalKind::AbortSignal => {
                let (signal, feed) = signal::push(here, pusher, external.get::<AbortSignal>()?);
                Some(Ok(Self { named: Named::Signal(signal), feed: Some(feed) }))
            }
            ExternalKind::RpcTarget | ExternalKind::Service | ExternalKind::Refused => None,
        }
    }

    /// What to stop when the session ends that the value is sent in; `None` for a writable stream, which ends
    /// when its capability is released.
    #[must_use]
    pub fn feed(&self) -> Option<Feed> {
        self.feed.clone()
    }

    /// Names it in a message.
    pub fn write(self, external: external::Builder<'_>) {
        match self.named {
            Named::Readable(pushed) => {
                let mut to = external.init_readable_stream();
                to.set_stream(FromClientHook::new(pushed.source.hook()));
                to.set_encoding(pushed.encoding.into());
                to.set_canceler(FromClientHook::new(pushed.canceler.hook()));
            }
            Named::Writable(stream, encoding) => {
                let mut to = external.init_writable_stream();
                to.set_byte_stream(FromClientHook::new(stream.hook()));
                to.set_encoding(encoding.into());
            }
            Named::Signal(signal) => {
                let mut external = external;
                external.set_abort_signal(FromClientHook::new(signal.hook()));
            }
        }
    }
}

/// The stream or the signal that a message names, for the value beside it; `None` if it names something else.
/// What was pushed for it was pushed to the vat `here`.
///
/// # Errors
///
/// What it names was not pushed here, or was used before; the message is malformed.
pub fn receive(here: &Local, named: external::Reader<'_>) -> Result<Option<External>, Exception> {
    Ok(Some(match named.which() {
        Ok(external::ReadableStream(named)) => {
            let (source, canceler) =
                (client(named.get_stream())?, client(named.get_canceler()).ok());
            let received = Received::new(here, source, canceler)?;
            External::new(ReadableStream::of(Box::new(received), encoding(named.get_encoding())?))
        }
        Ok(external::WritableStream(named)) => {
            let remote = Remote::new(client(named.get_byte_stream())?);
            External::new(WritableStream::of(Box::new(remote), encoding(named.get_encoding())?))
        }
        Ok(external::AbortSignal(signal)) => {
            External::new(signal::receive(here, &client(signal)?)?)
        }
        _ => return Ok(None),
    }))
}

fn client<C: FromClientHook>(named: capnp::Result<C>) -> Result<Client, Exception> {
    let named = named.map_err(crate::rpc::exception)?;
    Ok(Client::from_hook(named.as_client_hook()))
}

fn encoding(
    known: Result<crate::schema::worker_capnp::StreamEncoding, capnp::NotInSchema>,
) -> Result<Encoding, Exception> {
    let unknown = |_| Exception::failed("unknown StreamEncoding received from peer");
    known.map(Encoding::from).map_err(unknown)
}
