//! Streams on their way into a value: what is pushed ahead of it, and what is hosted for it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use crate::rpc::{Client, Offer, Offered, host};
use crate::runtime::{Local, gone};
use crate::wire::Path;
use crate::worker::value::Value;

use super::canceler::{Canceler, Stop, Wanted};
use super::drain::Drain;
use super::encoding::Encoding;
use super::error::StreamError;
use super::handover::{Handover, Push};
use super::pump::Pump;
use super::pusher::{EXTERNAL_PUSHER, PUSH_BYTE_STREAM};
use super::readable::ReadableStream;
use super::remote::Remote;
use super::served::Served;
use super::source::Source;
use super::writable::WritableStream;

/// A readable stream that was pushed: what the value says of it.
pub(super) struct Pushed {
    pub(super) source: Client,
    pub(super) canceler: Client,
    pub(super) encoding: Encoding,
    stop: Arc<Stop>,
}

/// Stops what feeds a stream that was pushed, when the session it belongs to ends.
#[derive(Clone)]
pub struct Feed(Arc<Stop>);

impl Feed {
    pub(super) fn new(stop: Arc<Stop>) -> Self {
        Self(stop)
    }

    /// Cancels where the bytes come from, and cuts off where they go.
    pub fn stop(&self) {
        self.0.set(Wanted::Cancelled(Value::UNDEFINED));
    }
}

impl Pushed {
    /// Pushes a stream to where a value is going, and has a task of that vat feed it. To be called before the
    /// call, or the return, that carries the value; the stream is taken out of `stream`.
    pub(super) fn readable(pusher: &Client, stream: &ReadableStream) -> Result<Self, StreamError> {
        let stream = stream.give()?;
        let (encoding, length) = (stream.encoding(), stream.length());
        let stop = Arc::new(Stop::default());
        let handover = Handover::new(stream.into_source()?, Arc::clone(&stop));
        let content = Push::content(&handover, length);
        let method = (EXTERNAL_PUSHER, PUSH_BYTE_STREAM);
        let (source, pushed) = pusher.offer(method, content, Path::root().field(0));
        let stopped = Arc::clone(&stop);
        let canceler = hosted(pusher, move |here| {
            let fed = feed(handover, Arc::clone(&stopped), pushed);
            let engaged = here.engage();
            here.spawn(Box::pin(async move {
                fed.await;
                drop(engaged);
            }));
            host(here, Rc::new(Canceler(stopped)))
        });
        Ok(Self { source, canceler, encoding, stop })
    }

    /// What stops it early.
    pub(super) fn feed(&self) -> Feed {
        Feed::new(Arc::clone(&self.stop))
    }
}

/// Hosts something in the vat of `of`, from any thread.
fn hosted(of: &Client, make: impl FnOnce(&Local) -> Client + Send + 'static) -> Client {
    match of.here() {
        Some(here) => make(&here),
        None => Client::promised(of.mailbox(), |here| {
            make(here).lend(here).unwrap_or_else(|| here.with(|graph| graph.broken(gone())))
        }),
    }
}

/// Runs a pump until it is done, or nobody reads any more.
async fn feed(handover: Arc<Handover>, stop: Arc<Stop>, pushed: Offer) {
    let Some((source, mut sink)) = sealed(handover, &stop, pushed).await else { return };
    let stream = sink.client.clone();
    let mut pump = Pump::new(source, Box::new(Remote::new(stream.clone())));
    let mut lost = pin!(stream.settled());
    let mut watches = true;
    poll_fn(|cx| {
        if sink.is_lost(cx) {
            stream.cut_stream();
            pump.stop(Value::UNDEFINED);
            return Poll::Ready(());
        }
        match stop.look(cx) {
            Wanted::Cancelled(reason) => {
                pump.stop(reason);
                return Poll::Ready(());
            }
            Wanted::Unheld if stream.is_broken() => {
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

/// The source, if it is to be fed, and where to; nothing once that will not be. Whoever waits here does not keep the
/// push: while that waits for the pusher to be known, only those want it whom the value was sent to.
async fn sealed(
    handover: Arc<Handover>,
    stop: &Stop,
    pushed: Offer,
) -> Option<(Box<dyn Source>, Offered)> {
    let sink = Path::root().field(1);
    let mut pushed = Some(pushed);
    poll_fn(|cx| {
        match stop.look(cx) {
            Wanted::Cancelled(reason) => {
                handover.give_up(reason);
                return Poll::Ready(None);
            }
            Wanted::Unheld => handover.wake_reader(),
            Wanted::Read => {}
        }
        // Its results are not kept: of a source that is not fed they are all there is of it.
        let returned = match pushed.as_mut().map(|pushed| Pin::new(pushed).poll(cx)) {
            Some(Poll::Ready(returned)) => {
                let pushed = pushed.take();
                pushed
                    .zip(returned.ok())
                    .and_then(|(pushed, results)| pushed.cap_of(&results, &sink))
            }
            Some(Poll::Pending) | None => None,
        };
        handover.poll_feed(cx).map(|source| {
            let source = source?;
            let to = returned.or_else(|| {
                let mut pushed = pushed.take()?;
                let to = pushed.cap(&sink);
                // Its return is waited for: until then the results are the peer's to keep, and a source nobody ever
                // asked for stays with the sink that is written to.
                pushed.detach();
                to
            });
            match to {
                Some(to) => Some((source, to)),
                None => {
                    source.cancel(Value::UNDEFINED);
                    None
                }
            }
        })
    })
    .await
}

/// Hosts a writable stream in the vat of `pusher` for a value to refer to: a ByteStream. It is taken out of
/// `stream`.
pub(super) fn host_writable(
    pusher: &Client,
    stream: &WritableStream,
) -> Result<Client, StreamError> {
    let drain: Box<dyn Drain> = stream.give()?.into_drain()?;
    Ok(hosted(pusher, move |here| host(here, Rc::new(Served::new(here, drain)))))
}
