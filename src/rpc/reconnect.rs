//! A client that is connected anew when what it stood for is gone.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use capnp::capability::{FromClientHook, Promise, RemotePromise, Request};
use capnp::private::capability::{ClientHook, ParamsHook, PipelineHook, RequestHook, ResultsHook};
use capnp::{ErrorKind, MessageSize, any_pointer};

use super::ambient::ambient;
use super::client::Client;
use super::error::exception;

/// Sets by hand what a reconnecting client stands for. Clones are for the same client.
pub struct Reconnector<C>(Rc<dyn Retarget<C>>);

impl<C> Clone for Reconnector<C> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<C> Reconnector<C> {
    /// Calls made from here on go to `target`.
    pub fn set_target(&self, target: C) {
        self.0.retarget(target);
    }
}

trait Retarget<C> {
    fn retarget(&self, target: C);
}

/// A client of what `connect` gives, which is asked again whenever a call has failed with
/// `disconnected`: that call fails, and those made after it was known go to the new one.
///
/// As `connect` is asked on this thread without waiting, it gives a promise where connecting takes
/// time. If it fails, calls fail with its error, and the next `disconnected` has it asked again.
///
/// # Errors
///
/// Those of `connect`, when it is first asked.
pub fn reconnecting<C, F>(mut connect: F) -> capnp::Result<(C, Reconnector<C>)>
where
    C: FromClientHook + 'static,
    F: FnMut() -> capnp::Result<C> + 'static,
{
    let first = connect()?.into_client_hook();
    Ok(client(connect, Some(first)))
}

/// As [`reconnecting`], with `connect` asked for the first time when the client is first used.
pub fn connecting_lazily<C, F>(connect: F) -> (C, Reconnector<C>)
where
    C: FromClientHook + 'static,
    F: FnMut() -> capnp::Result<C> + 'static,
{
    client(connect, None)
}

fn client<C, F>(mut connect: F, first: Option<Box<dyn ClientHook>>) -> (C, Reconnector<C>)
where
    C: FromClientHook + 'static,
    F: FnMut() -> capnp::Result<C> + 'static,
{
    let connect = move || connect().map(FromClientHook::into_client_hook);
    let way = Rc::new(Way {
        connect: RefCell::new(Box::new(connect)),
        current: RefCell::new(Current { hook: first, generation: 0 }),
    });
    (C::new(Box::new(Reconnecting(Rc::clone(&way)))), Reconnector(way))
}

type Connect = dyn FnMut() -> capnp::Result<Box<dyn ClientHook>>;

struct Way {
    connect: RefCell<Box<Connect>>,
    current: RefCell<Current>,
}

struct Current {
    hook: Option<Box<dyn ClientHook>>,
    /// How often it was replaced: the calls of an earlier one say nothing about this one.
    generation: u64,
}

impl Way {
    /// What calls go to, and its generation.
    fn current(&self) -> (Box<dyn ClientHook>, u64) {
        let known = {
            let current = self.current.borrow();
            current.hook.as_ref().map(|hook| (hook.add_ref(), current.generation))
        };
        known.unwrap_or_else(|| {
            let hook = self.connect();
            self.set(hook.add_ref());
            (hook, self.current.borrow().generation)
        })
    }

    /// Asks for a new one. Foreign code: nothing but itself is borrowed, and it may come back here.
    fn connect(&self) -> Box<dyn ClientHook> {
        let connected = match self.connect.try_borrow_mut() {
            Ok(mut connect) => connect(),
            Err(_) => Err(capnp::Error::failed("connecting used what is being connected".into())),
        };
        connected.unwrap_or_else(|why| Client::broken(&ambient(), exception(why)).hook())
    }

    fn set(&self, hook: Box<dyn ClientHook>) {
        let mut current = self.current.borrow_mut();
        current.generation += 1;
        let before = current.hook.replace(hook);
        drop(current);
        drop(before);
    }

    /// A call of some generation failed.
    fn failed(&self, why: &capnp::Error, generation: u64) {
        if why.kind == ErrorKind::Disconnected && generation == self.current.borrow().generation {
            let hook = self.connect();
            self.set(hook);
        }
    }
}

impl<C: FromClientHook> Retarget<C> for Way {
    fn retarget(&self, target: C) {
        self.set(target.into_client_hook());
    }
}

struct Reconnecting(Rc<Way>);

impl ClientHook for Reconnecting {
    fn add_ref(&self) -> Box<dyn ClientHook> {
        Box::new(Self(Rc::clone(&self.0)))
    }

    fn new_call(
        &self,
        interface_id: u64,
        method_id: u16,
        size_hint: Option<MessageSize>,
    ) -> Request<any_pointer::Owned, any_pointer::Owned> {
        let (hook, generation) = self.0.current();
        let inner = hook.new_call(interface_id, method_id, size_hint).hook;
        Request::new(Box::new(Watched { way: Rc::clone(&self.0), generation, inner }))
    }

    fn call(
        &self,
        interface_id: u64,
        method_id: u16,
        params: Box<dyn ParamsHook>,
        results: Box<dyn ResultsHook>,
    ) -> Promise<(), capnp::Error> {
        let (hook, generation) = self.0.current();
        let promise = hook.call(interface_id, method_id, params, results);
        watch(&self.0, generation, promise)
    }

    fn get_brand(&self) -> usize {
        0
    }

    fn get_ptr(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    /// What it stands for may change at any time: to who asks it is settled as itself.
    fn get_resolved(&self) -> Option<Box<dyn ClientHook>> {
        None
    }

    fn when_more_resolved(&self) -> Option<Promise<Box<dyn ClientHook>, capnp::Error>> {
        None
    }

    fn when_resolved(&self) -> Promise<(), capnp::Error> {
        Promise::ok(())
    }
}

/// A call whose failure is looked at.
struct Watched {
    way: Rc<Way>,
    generation: u64,
    inner: Box<dyn RequestHook>,
}

impl RequestHook for Watched {
    fn get(&mut self) -> any_pointer::Builder<'_> {
        self.inner.get()
    }

    fn get_brand(&self) -> usize {
        0
    }

    fn send(self: Box<Self>) -> RemotePromise<any_pointer::Owned> {
        let Self { way, generation, inner } = *self;
        let mut sent = inner.send();
        sent.promise = watch(&way, generation, sent.promise);
        sent
    }

    fn send_streaming(self: Box<Self>) -> Promise<(), capnp::Error> {
        let Self { way, generation, inner } = *self;
        watch(&way, generation, inner.send_streaming())
    }

    /// Sent so, its failure could not be seen: whoever asks sends it as any other.
    fn tail_send(
        self: Box<Self>,
    ) -> Option<(u32, Promise<(), capnp::Error>, Box<dyn PipelineHook>)> {
        None
    }
}

fn watch<T: 'static>(
    way: &Rc<Way>,
    generation: u64,
    promise: Promise<T, capnp::Error>,
) -> Promise<T, capnp::Error> {
    Promise::from_future(Outcome { way: Rc::clone(way), generation, promise })
}

struct Outcome<T> {
    way: Rc<Way>,
    generation: u64,
    promise: Promise<T, capnp::Error>,
}

impl<T> Future for Outcome<T> {
    type Output = capnp::Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<capnp::Result<T>> {
        let outcome = ready!(Pin::new(&mut self.promise).poll(cx));
        if let Err(why) = &outcome {
            self.way.failed(why, self.generation);
        }
        Poll::Ready(outcome)
    }
}
