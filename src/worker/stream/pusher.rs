//! What a peer pushes, and knowing it again when a value refers to it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use capnp::capability::FromClientHook;
use capnp::traits::HasTypeId;

use crate::rpc::{Call, Client, Reply, Response, Target, host};
use crate::runtime::Local;
use crate::schema::worker_capnp::js_value::external_pusher::{
    self, push_byte_stream_params, push_byte_stream_results,
};
use crate::wire::{Content, Exception};
use crate::worker::abort::{AbortController, AbortSignal};

use super::handover::Push;
use super::pipe::pipe;
use super::served::Served;
use super::source::Source;
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
    pub fn take(&self, mut call: Call) -> Result<Response, Exception> {
        if call.interface() != EXTERNAL_PUSHER {
            return Err(call.unimplemented());
        }
        let params = call.take_params();
        let caps = self.push(call.here(), call.method(), params)?;
        call.build(|root| {
            // Both methods return two capabilities.
            let mut results = root.init_as::<push_byte_stream_results::Builder<'_>>();
            let mut caps = caps.into_iter().flatten();
            if let Some(first) = caps.next() {
                results.set_source(FromClientHook::new(first.hook()));
            }
            if let Some(second) = caps.next() {
                results.set_sink(FromClientHook::new(second.hook()));
            }
        });
        Ok(call.reply())
    }

    /// The results of a method of ExternalPusher: content, and its capabilities.
    pub(in crate::worker) fn answer(
        &self,
        here: &Local,
        method: u16,
        params: Reply,
    ) -> Result<(Content, Vec<Option<Client>>), Exception> {
        let caps = self.push(here, method, params)?;
        Ok((results(caps.len()), caps))
    }

    fn push(
        &self,
        here: &Local,
        method: u16,
        params: Reply,
    ) -> Result<Vec<Option<Client>>, Exception> {
        match method {
            PUSH_BYTE_STREAM => self.push_byte_stream(here, params),
            PUSH_ABORT_SIGNAL => self.push_abort_signal(here),
            _ => Err(Exception::unimplemented(format!(
                "there is no method {method} of JsValue.ExternalPusher here"
            ))),
        }
    }

    fn push_byte_stream(
        &self,
        here: &Local,
        params: Reply,
    ) -> Result<Vec<Option<Client>>, Exception> {
        let (content, caps) = params.into_parts();
        let length = match content.take::<Push>().map(|push| push.take()) {
            Ok(Ok(source)) => {
                return Ok(vec![Some(self.keep(here, Thing::Stream(Box::new(source)))?)]);
            }
            Ok(Err(length)) => length,
            Err(content) => Reply::from_parts(content, caps).read(|root| {
                let params = root.get_as::<push_byte_stream_params::Reader<'_>>()?;
                Ok(params.get_length_plus_one().checked_sub(1))
            })?,
        };
        // Nothing is taken before somebody reads: what is written waits where it is accounted for.
        let (write, read) = pipe(length, 0);
        let source = self.keep(here, Thing::Stream(Box::new(read)))?;
        let sink = host(here, Rc::new(Served::new(here, Box::new(write))));
        Ok(vec![Some(source), Some(sink)])
    }

    fn push_abort_signal(&self, here: &Local) -> Result<Vec<Option<Client>>, Exception> {
        let controller = AbortController::new();
        let signal = self.keep(here, Thing::Signal(controller.signal()))?;
        let trigger = host(here, Rc::new(Trigger::new(controller)));
        Ok(vec![Some(signal), Some(trigger)])
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

/// A struct whose pointers are the first capabilities of its message.
fn results(caps: usize) -> Content {
    let pointers = (0..caps as u64).map(|index| 3 | index << 32);
    let words: Vec<u64> = std::iter::once((caps as u64) << 48).chain(pointers).collect();
    Content::from_words(&words)
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
    Stream(Box<dyn Source>),
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
