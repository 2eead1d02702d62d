//! Streams on their way into a value: what is pushed ahead of it, and what is hosted for it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use crate::rpc::{Client, host};
use crate::runtime::Local;
use crate::schema::worker_capnp::js_value::external_pusher::push_byte_stream_params;
use crate::wire::Path;
use crate::worker::value::Value;

use super::canceler::{Canceler, Stop, Wanted};
use super::encoding::Encoding;
use super::error::StreamError;
use super::pump::Pump;
use super::pusher::{EXTERNAL_PUSHER, PUSH_BYTE_STREAM};
use super::readable::ReadableStream;
use super::remote::Remote;
use super::served::Served;
use super::writable::WritableStream;

/// A readable stream that was pushed: what the value says of it.
pub(super) struct Pushed {
    pub(super) source: Client,
    pub(super) canceler: Client,
    pub(super) encoding: Encoding,
    stop: Rc<Stop>,
}

/// Stops what feeds a stream that was pushed, when the session it belongs to ends.
#[derive(Clone)]
pub struct Feed(Rc<Stop>);

impl Feed {
    pub(super) fn new(stop: Rc<Stop>) -> Self {
        Self(stop)
    }

    /// Cancels where the bytes come from, and cuts off where they go.
    pub fn stop(&self) {
        self.0.set(Wanted::Cancelled(Value::UNDEFINED));
    }
}

impl Pushed {
    /// Pushes a stream to where a value is going, and has a task of the vat `here` feed it. To be called
    /// before the call, or the return, that carries the value; the stream is taken out of `stream`.
    ///
    /// # Errors
    ///
    /// It was given away before, or failed.
    pub(super) fn readable(
        here: &Local,
        pusher: &Client,
        stream: &ReadableStream,
    ) -> Result<Self, StreamError> {
        let stream = stream.give()?;
        let (encoding, length) = (stream.encoding(), stream.length());
        let from = stream.into_source()?;
        let push = pusher.request(EXTERNAL_PUSHER, PUSH_BYTE_STREAM).reserve(4).with(|root| {
            let mut params = root.init_as::<push_byte_stream_params::Builder<'_>>();
            params
                .set_length_plus_one(length.and_then(|length| length.checked_add(1)).unwrap_or(0));
        });
        let pushed = push.send();
        let (source, sink) =
            (pushed.cap(&Path::root().field(0)), pushed.cap(&Path::root().field(1)));
        // Only what is pipelined on it is wanted.
        drop(pushed);
        let stop = Rc::new(Stop::default());
        let pump = Pump::new(from, Box::new(Remote::new(sink.clone())));
        here.spawn(Box::pin(feed(pump, Rc::clone(&stop), sink)));
        let canceler = host(here, Rc::new(Canceler(Rc::clone(&stop))));
        Ok(Self { source, canceler, encoding, stop })
    }

    /// What stops it early.
    #[must_use]
    pub(super) fn feed(&self) -> Feed {
        Feed::new(Rc::clone(&self.stop))
    }
}

/// Runs a pump until it is done, or nobody reads any more.
async fn feed(mut pump: Pump, stop: Rc<Stop>, sink: Client) {
    let mut lost = pin!(sink.settled());
    let mut watches = true;
    poll_fn(|cx| {
        match stop.look(cx) {
            Wanted::Cancelled(reason) => {
                pump.stop(reason);
                return Poll::Ready(());
            }
            Wanted::Unheld if sink.why_broken().is_some() => {
                pump.stop(Value::UNDEFINED);
                return Poll::Ready(());
            }
            Wanted::Unheld | Wanted::Read => {}
        }
        if watches && let Poll::Ready(settled) = lost.as_mut().poll(cx) {
            watches = false;
            if settled.is_err() {
                pump.stop(Value::UNDEFINED);
                return Poll::Ready(());
            }
        }
        // What failed was told to both sides.
        pump.poll(cx).map(drop)
    })
    .await;
}

/// Hosts a writable stream in the vat `here` for a value to refer to: a ByteStream. It is taken out of
/// `stream`.
///
/// # Errors
///
/// It was given away before, is closed, or failed.
pub(super) fn host_writable(here: &Local, stream: &WritableStream) -> Result<Client, StreamError> {
    let drain = stream.give()?.into_drain()?;
    Ok(host(here, Rc::new(Served::new(drain))))
}
