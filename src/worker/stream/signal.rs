//! Signals on their way: ours is pushed, and follows what becomes of it; theirs is known again.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use crate::rpc::{Client, Offer, Offered, on};
use crate::schema::worker_capnp::abort_trigger;
use crate::wire::{Content, Exception, Path};
use crate::worker::abort::AbortSignal;
use crate::worker::value::Value;

use super::canceler::{Stop, Wanted};
use super::push::Feed;
use super::pusher::{EXTERNAL_PUSHER, PUSH_ABORT_SIGNAL, Thing, claim};
use super::reason::plain_bytes;
use super::trigger::{ABORT, ABORT_TRIGGER, RELEASE, lost};

/// `undefined`, serialized.
const UNDEFINED: &[u8] = &[0xff, 0x0f, b'_'];

/// A struct of no words, as it lies in a message.
const EMPTY_STRUCT: u64 = 0xffff_fffc;

/// Pushes a signal of ours to where a value is going. What the value says of it, and what ends the task that
/// tells the trigger.
pub(super) fn push(pusher: &Client, signal: &AbortSignal) -> (Client, Feed) {
    let method = (EXTERNAL_PUSHER, PUSH_ABORT_SIGNAL);
    let content = Content::from_words(&[EMPTY_STRUCT]);
    let (named, pushed) = pusher.offer(method, content, Path::root().field(0));
    let stop = Arc::new(Stop::default());
    let (signal, stopped) = (signal.clone(), Arc::clone(&stop));
    on(pusher.mailbox(), move |here| here.spawn(Box::pin(follow(signal, pushed, stopped))));
    (named, Feed::new(stop))
}

/// Tells a trigger what becomes of our signal. Over when it is told, or nobody can be told. Whoever waits here does not
/// keep the push: while that waits for the pusher to be known, only those want it whom the value was sent to.
async fn follow(signal: AbortSignal, pushed: Offer, stop: Arc<Stop>) {
    let mut settles = pin!(signal.settles());
    let mut pushed = pin!(pushed);
    let mut settled = None;
    let mut trigger: Option<Offered> = None;
    let told = poll_fn(|cx| {
        if settled.is_none() {
            settled = match settles.as_mut().poll(cx) {
                Poll::Ready(became) => Some(became),
                Poll::Pending => None,
            };
            if settled.is_none()
                && let Wanted::Cancelled(_) = stop.look(cx)
            {
                return Poll::Ready(None);
            }
        }
        if trigger.is_none() {
            match pushed.as_mut().poll(cx) {
                Poll::Ready(Ok(results)) => {
                    trigger = pushed.cap_of(&results, &Path::root().field(1));
                    if trigger.is_none() {
                        return Poll::Ready(None);
                    }
                }
                Poll::Ready(Err(_)) => return Poll::Ready(None),
                Poll::Pending if settled.is_some() => {
                    trigger = pushed.cap(&Path::root().field(1));
                }
                Poll::Pending => {}
            }
        }
        if let Some(trigger) = &mut trigger
            && trigger.is_lost(cx)
        {
            return Poll::Ready(None);
        }
        if settled.is_some() && trigger.is_some() {
            return Poll::Ready(settled.take().zip(trigger.take()));
        }
        Poll::Pending
    });
    match told.await {
        Some((Some(reason), trigger)) => abort(&trigger.client, &reason),
        Some((None, trigger)) => release(&trigger.client),
        None => {}
    }
}

fn abort(trigger: &Client, reason: &Value) {
    let request = trigger.request(ABORT_TRIGGER, ABORT).with(|root| {
        let params = root.init_as::<abort_trigger::abort_params::Builder<'_>>();
        let bytes = plain_bytes(reason).unwrap_or_else(|| UNDEFINED.to_vec());
        params.init_reason().set_v8_serialized(&bytes);
    });
    request.send().detach_as_courtesy();
}

fn release(trigger: &Client) {
    let request = trigger.request(ABORT_TRIGGER, RELEASE).reserve(2).with(|root| {
        root.init_as::<abort_trigger::release_params::Builder<'_>>();
    });
    request.send().detach_as_courtesy();
}

/// The signal that a value names.
pub(super) fn receive(named: &Client) -> Result<AbortSignal, Exception> {
    let claimed = match named.here() {
        Some(here) => claim(&here, named)?,
        None => None,
    };
    match claimed {
        Some(Thing::Signal(signal)) => Ok(signal),
        Some(Thing::Stream(_)) => Err(Exception::failed("what was pushed is no AbortSignal")),
        None => Ok(later(named.clone())),
    }
}

/// The same while it is not known yet what is named, or what becomes of it. What turns out to be no signal aborts it.
fn later(named: Client) -> AbortSignal {
    let (signal, mut follower) = AbortSignal::followed();
    let mailbox = Arc::clone(named.mailbox());
    on(&mailbox, move |here| {
        let there = here.clone();
        here.spawn(Box::pin(async move {
            // A promise that breaks names nothing.
            let Some(_) = follower.unless_dropped(named.settled()).await else { return };
            let Ok(Some(Thing::Signal(known))) = claim(&there, &named) else {
                return follower.abort(lost());
            };
            drop(named);
            if let Some(Some(reason)) = follower.unless_dropped(known.settles()).await {
                follower.abort(reason);
            }
        }));
    });
    signal
}
