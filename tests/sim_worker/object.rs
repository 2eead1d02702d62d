//! The objects that are called. They tell what happens to them, and answer what they are told to.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use bowline::runtime::Local;
use bowline::worker::value::{Value, value};
use bowline::worker::{
    Answer, Call, Ctx, Function, JsError, Return, RpcPromise, RpcStub, RpcTarget,
};

use crate::shadow::{CallNo, ObjectNo};

/// What objects tell.
pub(crate) enum Event {
    /// A call arrived, with these things, and waits for its answer.
    Reached(ObjectNo, CallNo, Vec<Value>, Slot),
    /// What was told to be the answer was given.
    Returned(CallNo),
    /// The call will not be answered.
    Cancelled(CallNo),
    /// The disposer ran, or what a function holds was dropped.
    Disposed(ObjectNo),
    /// The disposer of a result ran.
    ResultDisposed(CallNo),
    /// An instance of an entrypoint came to be.
    Opened(ObjectNo),
    /// What outlasts a call waits.
    Waits(Slot),
    /// It waited to its end.
    Waited,
}

/// Told by all objects of a world, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Rc<RefCell<Vec<Event>>>);

impl Log {
    pub(crate) fn tell(&self, event: Event) {
        self.0.borrow_mut().push(event);
    }

    pub(crate) fn take(&self) -> Vec<Event> {
        self.0.take()
    }
}

/// What a call is to be answered with.
pub(crate) enum Reply {
    With(Result<Return, JsError>),
    /// What comes of another call.
    As(RpcPromise),
}

#[derive(Default)]
struct Filling {
    reply: Option<Reply>,
    waker: Option<Waker>,
}

/// Where the answer to a call is put.
#[derive(Clone, Default)]
pub(crate) struct Slot(Rc<RefCell<Filling>>);

impl Slot {
    pub(crate) fn fill(&self, reply: Reply) {
        let mut filling = self.0.borrow_mut();
        filling.reply = Some(reply);
        let waker = filling.waker.take();
        drop(filling);
        waker.into_iter().for_each(Waker::wake);
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Reply> {
        let mut filling = self.0.borrow_mut();
        let Some(reply) = filling.reply.take() else {
            filling.waker = Some(cx.waker().clone());
            return Poll::Pending;
        };
        Poll::Ready(reply)
    }
}

/// A call that is worked on.
struct Work {
    call: CallNo,
    log: Log,
    slot: Slot,
    promise: Option<RpcPromise>,
    done: bool,
}

impl Future for Work {
    type Output = Result<Return, JsError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.promise.is_none() {
            match ready!(self.slot.poll(cx)) {
                Reply::With(result) => {
                    self.done = true;
                    return Poll::Ready(result);
                }
                Reply::As(promise) => self.promise = Some(promise),
            }
        }
        let promise = self.promise.as_mut().expect("it was just set");
        let outcome = ready!(Pin::new(promise).poll(cx));
        self.promise = None;
        self.done = true;
        Poll::Ready(outcome.map(Into::into))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let event = if self.done { Event::Returned } else { Event::Cancelled };
        self.log.tell(event(self.call));
    }
}

/// An object, or an instance of an entrypoint.
pub(crate) struct Node {
    pub(crate) no: ObjectNo,
    pub(crate) log: Log,
    /// That of an invocation.
    pub(crate) ctx: Option<Ctx>,
}

/// Takes a call in: its number, what goes with it, and whether something outlasts it.
fn take_in(no: ObjectNo, log: &Log, ctx: Option<&Ctx>, call: &Call) -> Work {
    let number = call.args().get(0).as_f64().unwrap_or(-1.0);
    assert!(number >= 0.0, "content: a call came without its number");
    let number = CallNo(number as usize);
    let things = call.args().as_slice()[1..].to_vec();
    if let (Some(ctx), true) = (ctx, number.outlasted()) {
        let (slot, log) = (Slot::default(), log.clone());
        log.tell(Event::Waits(slot.clone()));
        ctx.wait_until(async move {
            std::future::poll_fn(|cx| slot.poll(cx)).await;
            log.tell(Event::Waited);
        });
    }
    let slot = Slot::default();
    log.tell(Event::Reached(no, number, things, slot.clone()));
    Work { call: number, log: log.clone(), slot, promise: None, done: false }
}

impl RpcTarget for Node {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        match name {
            "m" => Answer::later(take_in(self.no, &self.log, self.ctx.as_ref(), &call)),
            _ => Answer::Missing,
        }
    }

    fn getter(self: Rc<Self>, name: &str, _: &Local) -> Answer {
        match name {
            "id" => Answer::now(Ok(self.no.0)),
            "m" => Answer::Method,
            _ => Answer::Missing,
        }
    }

    fn invoke(self: Rc<Self>, call: Call) -> Answer {
        Answer::later(take_in(self.no, &self.log, self.ctx.as_ref(), &call))
    }

    fn dispose(&self) {
        assert!(self.ctx.is_none(), "dispose: an entrypoint has no stubs of its own");
        self.log.tell(Event::Disposed(self.no));
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if self.ctx.is_some() {
            self.log.tell(Event::Disposed(self.no));
        }
    }
}

/// What a function holds.
struct Held {
    no: ObjectNo,
    log: Log,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.log.tell(Event::Disposed(self.no));
    }
}

/// A function, in the vat `here`.
pub(crate) fn function(here: &Local, no: ObjectNo, log: &Log) -> RpcStub {
    let held = Held { no, log: log.clone() };
    let body = move |call: Call| take_in(held.no, &held.log, None, &call);
    RpcStub::new(here, Function::new(body).with_properties(value!({ id: (no.0) })))
}
