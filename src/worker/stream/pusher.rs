//! What a peer pushes, and knowing it again when a value refers to it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use capnp::capability::FromClientHook;
use capnp::traits::HasTypeId;

use crate::rpc::{Call, Client, Response, Target, host};
use crate::runtime::Local;
use crate::schema::worker_capnp::js_value::external_pusher;
use crate::wire::Exception;
use crate::worker::abort::{AbortController, AbortSignal};

use super::pipe::{PipeReader, pipe};
use super::served::Served;
use super::trigger::Trigger;

/// The interface, and its methods.
pub(crate) const EXTERNAL_PUSHER: u64 = external_pusher::Client::TYPE_ID;
pub(crate) const PUSH_BYTE_STREAM: u16 = 0;
pub(crate) const PUSH_ABORT_SIGNAL: u16 = 1;

/// How many things may be pushed to one pusher before a value refers to them. A peer that pushed without end
/// would otherwise fill our memory with pipes nobody reads.
pub(super) const PUSHED_MAX: u32 = 4096;

/// Takes what a peer pushes: streams and signals that values to come will refer to. Clones are the same one.
#[derive(Clone)]
pub struct Pusher(Rc<Quota>);

/// What a pusher holds that nobody refers to yet.
#[derive(Default)]
struct Quota {
    waiting: Cell<u32>,
}

impl Default for Pusher {
    fn default() -> Self {
        Self::new()
    }
}

impl Pusher {
    /// One pusher.
    #[must_use]
    pub fn new() -> Self {
        Self(Rc::default())
    }

    /// The pusher as a capability of the vat `here`, to be passed to who will push.
    #[must_use]
    pub fn client(&self, here: &Local) -> Client {
        Client::new(here, self.clone())
    }

    /// Answers a call of the interface ExternalPusher, at once.
    ///
    /// # Errors
    ///
    /// `unimplemented`: another method. `overloaded`: more was pushed than is kept for values to come.
    pub fn take(&self, call: Call) -> Result<Response, Exception> {
        match (call.interface(), call.method()) {
            (EXTERNAL_PUSHER, PUSH_BYTE_STREAM) => self.push_byte_stream(call),
            (EXTERNAL_PUSHER, PUSH_ABORT_SIGNAL) => self.push_abort_signal(call),
            _ => Err(call.unimplemented()),
        }
    }

    fn push_byte_stream(&self, mut call: Call) -> Result<Response, Exception> {
        use external_pusher::{push_byte_stream_params, push_byte_stream_results};
        let length = call.params().read(|root| {
            let params = root.get_as::<push_byte_stream_params::Reader<'_>>()?;
            Ok(params.get_length_plus_one().checked_sub(1))
        })?;
        // Nothing is taken before somebody reads: what is written waits where it is accounted for.
        let (write, read) = pipe(length, 0);
        let source = self.keep(call.here(), Thing::Stream(read))?;
        let sink = host(call.here(), Rc::new(Served::new(Box::new(write))));
        call.build(|root| {
            let mut results = root.init_as::<push_byte_stream_results::Builder<'_>>();
            results.set_source(FromClientHook::new(source.hook()));
            results.set_sink(FromClientHook::new(sink.hook()));
        });
        Ok(call.reply())
    }

    fn push_abort_signal(&self, mut call: Call) -> Result<Response, Exception> {
        use external_pusher::push_abort_signal_results::Builder;
        let controller = AbortController::new();
        let signal = self.keep(call.here(), Thing::Signal(controller.signal()))?;
        let trigger = host(call.here(), Rc::new(Trigger::new(controller)));
        call.build(|root| {
            let mut results = root.init_as::<Builder<'_>>();
            results.set_signal(FromClientHook::new(signal.hook()));
            results.set_trigger(FromClientHook::new(trigger.hook()));
        });
        Ok(call.reply())
    }

    /// An object that stands for a thing until a value refers to it.
    fn keep(&self, here: &Local, thing: Thing) -> Result<Client, Exception> {
        let waiting = self.0.waiting.get();
        if waiting >= PUSHED_MAX {
            let why = format!("more than {PUSHED_MAX} streams and signals that no value refers to");
            return Err(Exception::overloaded(why));
        }
        self.0.waiting.set(waiting + 1);
        let known = here.slot::<Known>();
        let kept = Rc::new(Kept {
            thing: RefCell::new(Some(thing)),
            quota: Rc::clone(&self.0),
            known: Rc::clone(&known),
            key: Cell::new(None),
        });
        let client = host(here, Rc::clone(&kept));
        let key = client.identity();
        kept.key.set(Some(key));
        known.0.borrow_mut().insert(key, Rc::downgrade(&kept));
        Ok(client)
    }
}

impl Target for Pusher {
    async fn call(self: Rc<Self>, call: Call) -> Result<Response, Exception> {
        self.take(call)
    }
}

/// What was pushed to a vat and is not in use yet, by the identity of the object that stands for it.
#[derive(Default)]
struct Known(RefCell<BTreeMap<usize, Weak<Kept>>>);

/// Something that was pushed.
pub(super) enum Thing {
    Stream(PipeReader),
    Signal(AbortSignal),
}

struct Kept {
    thing: RefCell<Option<Thing>>,
    quota: Rc<Quota>,
    known: Rc<Known>,
    key: Cell<Option<usize>>,
}

impl Kept {
    fn claim(&self) -> Option<Thing> {
        let thing = self.thing.borrow_mut().take()?;
        self.quota.waiting.set(self.quota.waiting.get().saturating_sub(1));
        Some(thing)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.claim());
        let mut known = self.known.0.borrow_mut();
        // The same place may already stand for something else.
        if let Some(key) = self.key.get()
            && known.get(&key).is_some_and(|kept| kept.strong_count() == 0)
        {
            known.remove(&key);
        }
    }
}

impl Target for Kept {
    async fn call(self: Rc<Self>, call: Call) -> Result<Response, Exception> {
        Err(call.unimplemented())
    }
}

/// What was pushed to the vat `here` and is named by `source`; `None` if that is not known yet.
///
/// # Errors
///
/// It is nothing that was pushed here, or it was claimed before.
pub(super) fn claim(here: &Local, source: &Client) -> Result<Option<Thing>, Exception> {
    let known = here.slot::<Known>();
    let kept = known.0.borrow().get(&source.identity()).and_then(Weak::upgrade);
    match kept {
        Some(kept) => match kept.claim() {
            Some(thing) => Ok(Some(thing)),
            None => Err(Exception::failed("what was pushed has been used already")),
        },
        None if source.is_promise() => Ok(None),
        None => Err(source
            .why_broken()
            .unwrap_or_else(|| Exception::failed("what the value refers to was not pushed here"))),
    }
}
