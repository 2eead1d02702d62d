//! A ByteStream that others write to: each write returns when it was taken.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use capnp::capability::FromClientHook;

use crate::rpc::{Call, Client, Response, Target, host};
use crate::runtime::{Engaged, Local};
use crate::schema::byte_stream_capnp::byte_stream::{self, substream_callback};
use crate::wire::{Exception, Path};

use super::drain::Drain;
use super::error::StreamError;
use super::remote::{self, BYTE_STREAM, END, GET_SUBSTREAM, WRITE};

/// How many substreams may be taken of one another. A peer that took them without end would have us run out
/// of stack when the last is dropped.
pub(super) const SUBSTREAM_DEPTH_MAX: u8 = 8;

/// The object behind a ByteStream.
pub(super) struct Served {
    life: RefCell<Life>,
    bound: Option<Bound>,
    depth: u8,
    /// While more may be written; that of a substream is its home's.
    engaged: Cell<Option<Engaged>>,
}

enum Life {
    Open(Box<dyn Drain>),
    /// A substream writes instead.
    Lent,
    /// A substream that is full: this comes behind it.
    Next(Client),
    Ended,
    Failed(Exception),
    /// The drain was asked and has not answered: it panicked, unless it is still being asked.
    Asked,
}

/// What makes it a substream.
struct Bound {
    /// Called once, and given up with that: whoever lent it may wait for it to be.
    callback: Cell<Option<Client>>,
    /// What it was taken of, and gets the drain back.
    home: Rc<Served>,
    limit: u64,
    taken: Cell<u64>,
}

impl Life {
    /// Why it does not take what a caller sends.
    fn refusal(&self) -> Exception {
        match self {
            Self::Lent => Exception::failed("nothing can be written while a substream is open"),
            Self::Failed(why) => why.clone(),
            Self::Asked => Exception::failed("the sink of the stream panicked"),
            Self::Open(_) | Self::Next(_) | Self::Ended => StreamError::Closed.exception(),
        }
    }
}

impl Served {
    pub(super) fn new(here: &Local, drain: Box<dyn Drain>) -> Self {
        let engaged = Cell::new(Some(here.engage()));
        Self { life: RefCell::new(Life::Open(drain)), bound: None, depth: 0, engaged }
    }

    /// Does something with the drain; what fails is the end of the stream.
    fn poll(
        &self,
        mut f: impl FnMut(&mut Box<dyn Drain>) -> Poll<Result<(), StreamError>>,
    ) -> Poll<Result<(), Exception>> {
        let Ok(mut life) = self.life.try_borrow_mut() else {
            // The drain itself has calls delivered: they are not those of who writes in order.
            return Poll::Ready(Err(busy()));
        };
        let mut drain = match std::mem::replace(&mut *life, Life::Asked) {
            Life::Open(drain) => drain,
            other => {
                *life = other;
                return Poll::Ready(Err(life.refusal()));
            }
        };
        let done = f(&mut drain);
        *life = Life::Open(drain);
        done.map(|done| {
            done.map_err(|why| {
                let why = why.exception();
                *life = Life::Failed(why.clone());
                self.engaged.take();
                why
            })
        })
    }

    /// Hands bytes to the drain, and waits until it took them.
    async fn put(&self, bytes: Bytes) -> Result<(), Exception> {
        let mut writing = Writing { served: self, done: false };
        poll_fn(|cx| self.poll(|drain| drain.poll_ready(cx))).await?;
        let mut bytes = Some(bytes).filter(|bytes| !bytes.is_empty());
        poll_fn(|cx: &mut Context<'_>| {
            self.poll(|drain| {
                if let Some(bytes) = bytes.take() {
                    drain.write(bytes)?;
                }
                drain.poll_ready(cx)
            })
        })
        .await?;
        writing.done = true;
        Ok(())
    }

    /// Nothing more is written: whoever reads finds the stream cut off.
    fn cut_off(&self, then: Life) {
        let Ok(mut life) = self.life.try_borrow_mut() else { return };
        if let Life::Open(_) = &*life {
            let drain = std::mem::replace(&mut *life, then);
            drop(life);
            self.engaged.take();
            drop(drain);
        }
    }

    /// What comes behind a substream that is full.
    fn next(&self) -> Option<Client> {
        let life = self.life.try_borrow().ok()?;
        if let Life::Next(next) = &*life { Some(next.clone()) } else { None }
    }

    async fn write(&self, mut bytes: Bytes) -> Result<(), Exception> {
        if let Some(next) = self.next() {
            return remote::write(&next, &bytes).await;
        }
        let Some(bound) = &self.bound else { return self.put(bytes).await };
        let room = bound.limit.saturating_sub(bound.taken.get());
        let fits = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        let beyond = bytes.split_off(fits);
        self.put(bytes).await?;
        bound.taken.set(bound.taken.get() + fits as u64);
        if bound.taken.get() < bound.limit {
            return Ok(());
        }
        let next = self.fill(bound)?;
        match beyond.is_empty() {
            true => Ok(()),
            false => remote::write(&next, &beyond).await,
        }
    }

    /// The substream is full: it becomes what its callback says.
    fn fill(&self, bound: &Bound) -> Result<Client, Exception> {
        let callback = bound.callback.take().ok_or_else(|| StreamError::Closed.exception())?;
        let promise = callback.request(substream_callback_id(), 1).send();
        let next = promise.cap(&Path::root().field(0));
        promise.detach_as_courtesy();
        bound.home.give_back(self.life.replace(Life::Next(next.clone())));
        Ok(next)
    }

    /// The substream taken of this is over.
    fn give_back(&self, lent: Life) {
        if let Life::Open(_) = lent {
            self.life.replace(lent);
        }
    }

    async fn end(&self) -> Result<(), Exception> {
        if let Some(next) = self.next() {
            return remote::end(&next).await.map(drop);
        }
        let Some(bound) = &self.bound else {
            let _over = Over(self);
            return poll_fn(|cx| self.poll(|drain| drain.poll_end(cx))).await;
        };
        poll_fn(|cx| self.poll(|drain| drain.poll_ready(cx))).await?;
        let callback = bound.callback.take().ok_or_else(|| StreamError::Closed.exception())?;
        bound.home.give_back(self.life.replace(Life::Ended));
        let ended = callback.request(substream_callback_id(), 0).with(|root| {
            let mut params = root.init_as::<substream_callback::ended_params::Builder<'_>>();
            params.set_byte_count(bound.taken.get());
        });
        drop(callback);
        ended.send().await.map(drop)
    }

    fn substream(self: &Rc<Self>, callback: Client, limit: u64) -> Result<Self, Exception> {
        if self.depth >= SUBSTREAM_DEPTH_MAX {
            let why = format!("more than {SUBSTREAM_DEPTH_MAX} substreams of one another");
            return Err(Exception::failed(why));
        }
        let mut life = self.life.try_borrow_mut().map_err(|_| busy())?;
        if !matches!(*life, Life::Open(_)) {
            return Err(life.refusal());
        }
        let drain = std::mem::replace(&mut *life, Life::Lent);
        let callback = Cell::new(Some(callback));
        let bound = Bound { callback, home: Rc::clone(self), limit, taken: Cell::new(0) };
        let (life, depth, engaged) = (RefCell::new(drain), self.depth + 1, Cell::new(None));
        Ok(Self { life, bound: Some(bound), depth, engaged })
    }
}

/// The end of a stream was said. Done or given up, it lets go of the drain: nobody would ask that for anything again, and
/// what came of its own end may hold this.
struct Over<'a>(&'a Served);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.cut_off(Life::Ended);
    }
}

/// A write under way. Whoever gives it up gives up those that wait behind it, of which nobody here knows: they would leave
/// a hole, behind which nothing may be read.
struct Writing<'a> {
    served: &'a Served,
    done: bool,
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.served.cut_off(Life::Failed(StreamError::Premature.exception()));
        }
    }
}

fn busy() -> Exception {
    Exception::failed("the stream is busy")
}

fn substream_callback_id() -> u64 {
    use capnp::traits::HasTypeId;
    substream_callback::Client::TYPE_ID
}

impl Drop for Served {
    fn drop(&mut self) {
        // A substream that was cut off cuts off what it was taken of.
        if let Life::Open(drain) = std::mem::replace(self.life.get_mut(), Life::Ended)
            && let Some(bound) = &self.bound
        {
            let why = StreamError::Premature.exception();
            bound.home.life.replace(Life::Failed(why));
            drop(drain);
        }
    }
}

impl Target for Served {
    async fn call(self: Rc<Self>, mut call: Call) -> Result<Response, Exception> {
        match (call.interface(), call.method()) {
            (BYTE_STREAM, WRITE) => {
                call.streaming();
                let params = call.take_params();
                let bytes = params.read(|root| {
                    let params = root.get_as::<byte_stream::write_params::Reader<'_>>()?;
                    Ok(Bytes::copy_from_slice(params.get_bytes()?))
                })?;
                drop(params);
                self.write(bytes).await?;
                Ok(call.reply())
            }
            (BYTE_STREAM, END) => {
                call.streaming();
                self.end().await?;
                Ok(call.reply())
            }
            (BYTE_STREAM, GET_SUBSTREAM) => self.get_substream(call),
            _ => Err(call.unimplemented()),
        }
    }
}

impl Served {
    fn get_substream(self: &Rc<Self>, mut call: Call) -> Result<Response, Exception> {
        let (callback, limit) = call.params().read(|root| {
            let params = root.get_as::<byte_stream::get_substream_params::Reader<'_>>()?;
            let callback = params.get_callback()?;
            Ok((Client::from_hook(callback.as_client_hook()), params.get_limit()))
        })?;
        let substream = match self.next() {
            Some(next) => return Ok(call.tail(ask_substream(&next, callback, limit))),
            None => host(call.here(), Rc::new(self.substream(callback, limit)?)),
        };
        call.build(|root| {
            let mut results = root.init_as::<byte_stream::get_substream_results::Builder<'_>>();
            results.set_substream(FromClientHook::new(substream.hook()));
        });
        Ok(call.reply())
    }
}

fn ask_substream(of: &Client, callback: Client, limit: u64) -> crate::rpc::Request {
    of.request(BYTE_STREAM, GET_SUBSTREAM).with(|root| {
        let mut params = root.init_as::<byte_stream::get_substream_params::Builder<'_>>();
        params.set_callback(FromClientHook::new(callback.hook()));
        params.set_limit(limit);
    })
}
