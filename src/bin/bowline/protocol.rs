//! The demo's protocol, written on the raw object API: requests by number, params and results by
//! the readers and builders generated from `schema/demo.capnp`.

use bowline::conn::{Config, Window};
use bowline::rpc::{Client, Promise, Reply, Request, Written};
use bowline::wire::{Exception, Path};
use bowline::worker::debug_port::DebugPort;
use capnp::capability::FromClientHook;
use capnp::traits::HasTypeId;

use crate::demo_capnp::demo::{
    Kind, call_back_params, call_back_results, cancelled_results, count_twice_params,
    count_twice_results, fail_params, next_results, tables_results,
};
use crate::demo_capnp::{callback, counter, demo, sink};

/// The interface ids.
pub(crate) const DEMO: u64 = <demo::Client as HasTypeId>::TYPE_ID;
pub(crate) const CALLBACK: u64 = <callback::Client as HasTypeId>::TYPE_ID;
pub(crate) const COUNTER: u64 = <counter::Client as HasTypeId>::TYPE_ID;
pub(crate) const SINK: u64 = <sink::Client as HasTypeId>::TYPE_ID;

/// The methods of `Demo`, by their ordinals.
pub(crate) mod method {
    pub(crate) const NULL: u16 = 0;
    pub(crate) const NEXT: u16 = 1;
    pub(crate) const CALL_BACK: u16 = 2;
    pub(crate) const COUNTER: u16 = 3;
    pub(crate) const COUNT_TWICE: u16 = 4;
    pub(crate) const HANG: u16 = 5;
    pub(crate) const CANCELLED: u16 = 6;
    pub(crate) const FAIL: u16 = 7;
    pub(crate) const RECEIVE: u16 = 8;
    pub(crate) const TABLES: u16 = 9;
    pub(crate) const WORKERS: u16 = 10;
}

/// The methods of the other interfaces.
pub(crate) const CALLBACK_CALL: u16 = 0;
pub(crate) const COUNTER_COUNT: u16 = 0;
pub(crate) const SINK_WRITE: u16 = 0;
pub(crate) const SINK_END: u16 = 1;

/// Where results, and params, that hold one capability hold it.
pub(crate) fn first_pointer() -> Path {
    Path::root().field(0)
}

/// Typed code holds a capability as a typed client.
pub(crate) fn typed<C: FromClientHook>(client: Client) -> C {
    C::new(client.hook())
}

fn method(demo: &Client, method: u16) -> Request {
    demo.request(DEMO, method)
}

pub(crate) fn null(demo: &Client) -> Promise {
    method(demo, method::NULL).send()
}

pub(crate) fn next(demo: &Client) -> Promise {
    method(demo, method::NEXT).send()
}

pub(crate) fn depth(reply: &Reply) -> Result<u32, Exception> {
    reply.read(|root| Ok(root.get_as::<next_results::Reader<'_>>()?.get_depth()))
}

pub(crate) async fn call_back(demo: &Client, callback: Client, n: u32) -> Result<u32, Exception> {
    let request = method(demo, method::CALL_BACK).with(|root| {
        let mut params: call_back_params::Builder<'_> = root.init_as();
        params.set_callback(typed(callback));
        params.set_n(n);
    });
    let reply = request.send().await?;
    reply.read(|root| Ok(root.get_as::<call_back_results::Reader<'_>>()?.get_n()))
}

pub(crate) fn counter(demo: &Client) -> Promise {
    method(demo, method::COUNTER).send()
}

pub(crate) async fn count(counter: &Client) -> Result<u32, Exception> {
    let reply = counter.request(COUNTER, COUNTER_COUNT).send().await?;
    reply.read(|root| Ok(root.get_as::<counter::count_results::Reader<'_>>()?.get_count()))
}

pub(crate) async fn count_twice(demo: &Client, counter: Client) -> Result<(u32, u32), Exception> {
    let request = method(demo, method::COUNT_TWICE).with(|root| {
        root.init_as::<count_twice_params::Builder<'_>>().set_counter(typed(counter));
    });
    let reply = request.send().await?;
    reply.read(|root| {
        let results = root.get_as::<count_twice_results::Reader<'_>>()?;
        Ok((results.get_first(), results.get_second()))
    })
}

pub(crate) fn hang(demo: &Client) -> Promise {
    method(demo, method::HANG).send()
}

pub(crate) async fn cancelled(demo: &Client) -> Result<u32, Exception> {
    let reply = method(demo, method::CANCELLED).send().await?;
    reply.read(|root| Ok(root.get_as::<cancelled_results::Reader<'_>>()?.get_cancelled()))
}

pub(crate) fn fail(demo: &Client, kind: Kind, reason: &str) -> Promise {
    let request = method(demo, method::FAIL).with(|root| {
        let mut params: fail_params::Builder<'_> = root.init_as();
        params.set_kind(kind);
        params.set_reason(reason);
    });
    request.send()
}

/// What the peer still holds for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) objects: u32,
    pub(crate) questions: u32,
    pub(crate) answers: u32,
    pub(crate) exports: u32,
    pub(crate) imports: u32,
    pub(crate) embargoes: u32,
}

pub(crate) async fn tables(demo: &Client) -> Result<Held, Exception> {
    let reply = method(demo, method::TABLES).send().await?;
    reply.read(|root| {
        let results = root.get_as::<tables_results::Reader<'_>>()?;
        Ok(Held {
            objects: results.get_objects(),
            questions: results.get_questions(),
            answers: results.get_answers(),
            exports: results.get_exports(),
            imports: results.get_imports(),
            embargoes: results.get_embargoes(),
        })
    })
}

/// The way to the Workers of a demo.
pub(crate) fn workers(demo: &Client) -> DebugPort {
    DebugPort::new(method(demo, method::WORKERS).send().cap(&first_pointer()))
}

pub(crate) fn receive(demo: &Client) -> Promise {
    method(demo, method::RECEIVE).send()
}

/// How many bytes of a stream are on their way at once: more than any buffer on the way holds.
const WINDOW: Window = Window::Fixed(1 << 20);

/// How whoever works at a demo connects to it.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    config.stream_window = WINDOW;
    config
}

pub(crate) fn write(sink: &Client, bytes: &[u8]) -> Written {
    // The words of the bytes, and four for the pointers around them.
    let words = u32::try_from(bytes.len() / 8 + 4).unwrap_or(u32::MAX);
    let request = sink.request(SINK, SINK_WRITE).reserve(words).with(|root| {
        root.init_as::<sink::write_params::Builder<'_>>().set_bytes(bytes);
    });
    request.stream()
}

/// How many bytes arrived, and their hash.
pub(crate) async fn end(sink: &Client) -> Result<(u64, u64), Exception> {
    let reply = sink.request(SINK, SINK_END).send().await?;
    reply.read(|root| {
        let results = root.get_as::<sink::end_results::Reader<'_>>()?;
        Ok((results.get_bytes(), results.get_hash()))
    })
}
