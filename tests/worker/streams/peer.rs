//! A peer that says by hand what streams and signals say.

use bowline::rpc::{Client, Promise, Reply};
use bowline::schema::byte_stream_capnp::byte_stream;
use bowline::schema::worker_capnp::js_value;
use bowline::schema::worker_capnp::js_value::{external, external_pusher};
use bowline::schema::worker_capnp::stream_canceler;
use bowline::wire::Exception;
use bowline::worker::stream::{ReadableStream, StreamError};
use capnp::capability::FromClientHook;
use capnp::traits::HasTypeId;

use super::scene::put_raw;
use crate::support::{World, at};

pub(crate) const BYTE_STREAM: u64 = byte_stream::Client::TYPE_ID;
pub(crate) const PUSHER: u64 = external_pusher::Client::TYPE_ID;

pub(crate) fn push(pusher: &Client, length_plus_one: u64) -> Promise {
    let request = pusher.request(PUSHER, 0).with(|root| {
        let mut params = root.init_as::<external_pusher::push_byte_stream_params::Builder<'_>>();
        params.set_length_plus_one(length_plus_one);
    });
    request.send()
}

pub(crate) fn write(sink: &Client, bytes: &[u8]) -> Promise {
    let request = sink.request(BYTE_STREAM, 0).with(|root| {
        root.init_as::<byte_stream::write_params::Builder<'_>>().set_bytes(bytes);
    });
    request.send()
}

pub(crate) fn end(sink: &Client) -> Promise {
    sink.request(BYTE_STREAM, 1).send()
}

/// A value that names a readable stream.
pub(crate) fn naming(
    source: &Client,
    canceler: Option<&Client>,
) -> impl FnOnce(external::Builder<'_>) + use<> {
    let (source, canceler) = (source.clone(), canceler.cloned());
    move |external| {
        let mut named = external.init_readable_stream();
        named.set_stream(FromClientHook::new(source.hook()));
        if let Some(canceler) = canceler {
            named.set_canceler(FromClientHook::new(canceler.hook()));
        }
    }
}

/// The canceler of the one stream that a value names.
pub(crate) fn canceler(value: &Reply) -> Client {
    let found = value.read(|root| {
        let external = root.get_as::<js_value::Reader<'_>>()?.get_externals()?.get(0);
        match external.which()? {
            external::Which::ReadableStream(named) => {
                Ok(Client::from_hook(named.get_canceler()?.as_client_hook()))
            }
            _ => panic!("a stream"),
        }
    });
    found.expect("well formed")
}

/// Cancels a stream, for no reason.
pub(crate) fn cancel(canceler: &Client) -> Promise {
    canceler.request(stream_canceler::Client::TYPE_ID, 0).send()
}

/// A stream of `length_plus_one` pushed to a depot and in use there; and its sink.
pub(crate) fn pushed(world: &World, client: &Client, length_plus_one: u64) -> Client {
    let promise = push(client, length_plus_one);
    let (source, sink) = (promise.cap(&at(0)), promise.cap(&at(1)));
    drop(promise);
    world.run(put_raw(client, naming(&source, None))).expect("it is taken");
    sink
}

pub(crate) fn read(
    world: &World,
    stream: &mut ReadableStream,
) -> Option<Result<bytes::Bytes, StreamError>> {
    world.run(stream.next())
}

pub(crate) fn why<T: std::fmt::Debug>(outcome: Result<T, Exception>) -> String {
    outcome.expect_err("it fails").reason().to_owned()
}
