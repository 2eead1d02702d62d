//! Foreign hooks: a capability of another engine, as an object of this vat that hands its calls on.
//!
//! What the two engines share is the `capnp` crate, whose hooks say nothing of how a call travels:
//! so params and results are copied, and what is pipelined waits for the results.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use capnp::any_pointer;
use capnp::capability::{Promise, Response};
use capnp::message::{Builder, HeapAllocator};
use capnp::private::capability::ClientHook;
use capnp::traits::{Imbue, ImbueMut};

use crate::runtime::{Answer, Conclusion, Delivery, Dispatch, Local};
use crate::wire::{Content, Exception};

use super::caps;
use super::client::Client;
use super::error::exception;
use super::reply::Reply;

/// The cap table of a message that is being built or read.
pub(super) type CapTable = Vec<Option<Box<dyn ClientHook>>>;

/// How clients become hooks and hooks clients, which is known above.
pub(super) struct Crossing {
    pub(super) hooks: fn(&[Option<Client>]) -> CapTable,
    pub(super) clients: fn(&Local, CapTable) -> Vec<Option<Client>>,
}

struct Foreign {
    here: Local,
    hook: Box<dyn ClientHook>,
    crossing: &'static Crossing,
}

/// Hosts a hook of another engine.
pub(super) fn host(here: &Local, hook: Box<dyn ClientHook>, crossing: &'static Crossing) -> Client {
    let foreign = Foreign { here: here.clone(), hook, crossing };
    Client::adopt(here, here.host(Rc::new(foreign)))
}

impl Foreign {
    /// Makes the call over there.
    fn call(
        &self,
        delivery: Delivery,
    ) -> capnp::Result<Promise<Response<any_pointer::Owned>, capnp::Error>> {
        let Delivery { interface, method, params, .. } = delivery;
        let params = Reply::new(&self.here, params);
        let hooks = (self.crossing.hooks)(&params.caps);
        let mut root = params.content.root()?;
        root.imbue(&hooks);
        let mut request = self.hook.new_call(interface, method, root.target_size().ok());
        request.get().set_as(root)?;
        Ok(request.hook.send().promise)
    }
}

impl Dispatch for Foreign {
    fn dispatch(self: Rc<Self>, delivery: Delivery, cx: &mut Context<'_>) -> Answer {
        match self.call(delivery) {
            Ok(promise) => Answer::of(Called { by: self, promise }, cx),
            Err(why) => Answer::Now(Conclusion::Return(Err(exception(why)))),
        }
    }

    fn address(&self) -> Option<usize> {
        Some(self.hook.get_ptr())
    }
}

/// A call that runs over there; dropping it cancels that.
struct Called {
    by: Rc<Foreign>,
    promise: Promise<Response<any_pointer::Owned>, capnp::Error>,
}

impl Future for Called {
    type Output = Conclusion;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Conclusion> {
        Pin::new(&mut self.promise).poll(cx).map(|answer| {
            let copied = answer.and_then(|response| self.by.copy(&response));
            Conclusion::Return(
                copied
                    .map_err(exception)
                    .map(|(content, clients)| caps::payload(&self.by.here, content, &clients)),
            )
        })
    }
}

impl Foreign {
    fn copy(
        &self,
        response: &Response<any_pointer::Owned>,
    ) -> capnp::Result<(Content, Vec<Option<Client>>)> {
        let root = response.hook.get()?;
        let words = root.target_size()?.word_count.saturating_add(1);
        let words = u32::try_from(words)
            .map_err(|_| capnp::Error::failed("the results have more than 2^32 words".into()))?;
        let mut copy = Builder::new(HeapAllocator::new().first_segment_words(words));
        let mut table = CapTable::new();
        let mut to: any_pointer::Builder<'_> = copy.get_root()?;
        to.imbue_mut(&mut table);
        to.set_as(root)?;
        Ok((copy.into(), (self.crossing.clients)(&self.here, table)))
    }
}

/// What a hook is that nobody can host, the vat it should live in being on another thread.
pub(super) fn homeless(here: &Local) -> Client {
    let why = "a capability of another engine was passed to a vat of another thread; \
               host it in a vat of this one first, with `Client::host_hook`";
    Client::broken(here, Exception::failed(why))
}
