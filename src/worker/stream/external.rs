//! Streams and signals as a message names them.

use capnp::capability::FromClientHook;

use crate::rpc::Client;
use crate::schema::worker_capnp::StreamEncoding;
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

/// What a message says of a stream or a signal. `C` stands for its capabilities.
#[derive(Clone)]
pub(in crate::worker) enum Named<C> {
    /// A stream that is read, and how to say that it is read no further.
    Readable(C, Option<C>, Encoding),
    /// A stream that is written.
    Writable(C, Encoding),
    /// What may be aborted.
    Signal(C),
}

impl<C> Named<C> {
    pub(in crate::worker) fn map<D>(self, mut f: impl FnMut(C) -> D) -> Named<D> {
        match self {
            Self::Readable(source, canceler, encoding) => {
                let source = f(source);
                Named::Readable(source, canceler.map(f), encoding)
            }
            Self::Writable(stream, encoding) => Named::Writable(f(stream), encoding),
            Self::Signal(signal) => Named::Signal(f(signal)),
        }
    }
}

impl<C> Named<Option<C>> {
    /// With the capabilities it cannot do without.
    pub(in crate::worker) fn held(self) -> Option<Named<C>> {
        Some(match self {
            Self::Readable(source, canceler, encoding) => {
                Named::Readable(source?, canceler.flatten(), encoding)
            }
            Self::Writable(stream, encoding) => Named::Writable(stream?, encoding),
            Self::Signal(signal) => Named::Signal(signal?),
        })
    }
}

/// A stream or a signal that is ready to be named in a message, for those who write their messages themselves.
/// Dropped unused, it is as if its receiver had dropped it.
pub struct Outgoing {
    pub(in crate::worker) named: Named<Client>,
    feed: Option<Feed>,
}

impl Outgoing {
    /// Makes an external ready that is a [`ReadableStream`], a [`WritableStream`] or an [`AbortSignal`]; `None`
    /// if it is neither. What must go ahead of the value is pushed to `pusher`: to be called before the call,
    /// or the return, that carries the value is made.
    ///
    /// # Errors
    ///
    /// The stream was given away before, is closed, or failed.
    pub fn new(pusher: &Client, external: &External) -> Option<Result<Self, StreamError>> {
        match external.kind() {
            ExternalKind::ReadableStream => {
                let pushed = Pushed::readable(pusher, external.get::<ReadableStream>()?);
                Some(pushed.map(|pushed| Self {
                    feed: Some(pushed.feed()),
                    named: Named::Readable(pushed.source, Some(pushed.canceler), pushed.encoding),
                }))
            }
            ExternalKind::WritableStream => {
                let stream = external.get::<WritableStream>()?;
                let encoding = stream.encoding();
                let hosted = host_writable(pusher, stream);
                Some(
                    hosted.map(|hosted| Self {
                        named: Named::Writable(hosted, encoding),
                        feed: None,
                    }),
                )
            }
            ExternalKind::AbortSignal => {
                let (signal, feed) = signal::push(pusher, external.get::<AbortSignal>()?);
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
    pub fn write(self, mut external: external::Builder<'_>) {
        match self.named {
            Named::Readable(source, canceler, encoding) => {
                let mut to = external.init_readable_stream();
                to.set_stream(FromClientHook::new(source.hook()));
                to.set_encoding(encoding.into());
                if let Some(canceler) = canceler {
                    to.set_canceler(FromClientHook::new(canceler.hook()));
                }
            }
            Named::Writable(stream, encoding) => {
                let mut to = external.init_writable_stream();
                to.set_byte_stream(FromClientHook::new(stream.hook()));
                to.set_encoding(encoding.into());
            }
            Named::Signal(signal) => {
                external.set_abort_signal(FromClientHook::new(signal.hook()));
            }
        }
    }
}

/// The stream or the signal that a message names, for the value beside it; `None` if it names something else.
/// What was pushed for it was pushed to the vat the message came to.
///
/// # Errors
///
/// What it names was not pushed here, or was used before; the message is malformed.
pub fn receive(named: external::Reader<'_>) -> Result<Option<External>, Exception> {
    let named = named.which().map_err(|unknown| Exception::failed(unknown.to_string()))?;
    match read(named).map_err(crate::rpc::exception)? {
        Some(named) => named.arrive().map(Some),
        None => Ok(None),
    }
}

/// What a message says of a stream or a signal, if that is what it names.
pub(in crate::worker) fn read(
    named: external::WhichReader<'_>,
) -> capnp::Result<Option<Named<Client>>> {
    Ok(Some(match named {
        external::ReadableStream(named) => {
            let canceler =
                named.has_canceler().then(|| client(named.get_canceler())).transpose()?;
            Named::Readable(client(named.get_stream())?, canceler, encoding(named.get_encoding())?)
        }
        external::WritableStream(named) => {
            Named::Writable(client(named.get_byte_stream())?, encoding(named.get_encoding())?)
        }
        external::AbortSignal(signal) => Named::Signal(client(signal)?),
        _ => return Ok(None),
    }))
}

fn client<C: FromClientHook>(named: capnp::Result<C>) -> capnp::Result<Client> {
    Ok(Client::from_hook(named?.as_client_hook()))
}

fn encoding(named: Result<StreamEncoding, capnp::NotInSchema>) -> capnp::Result<Encoding> {
    let unknown = |_| capnp::Error::failed("unknown StreamEncoding received from peer".to_owned());
    named.map(Encoding::from).map_err(unknown)
}

impl Named<Client> {
    /// What the value that arrives has in its place.
    pub(in crate::worker) fn arrive(self) -> Result<External, Exception> {
        Ok(match self {
            Self::Readable(source, canceler, encoding) => {
                let received = Received::new(source, canceler)?;
                External::new(ReadableStream::of(Box::new(received), encoding))
            }
            Self::Writable(stream, encoding) => {
                External::new(WritableStream::of(Box::new(Remote::new(stream)), encoding))
            }
            Self::Signal(signal) => External::new(signal::receive(&signal)?),
        })
    }
}
