//! Small objects the scenarios are played with. All methods belong to one interface.

use std::cell::{Cell, RefCell};
use std::future::{pending, ready};
use std::rc::Rc;

use bowline::rpc::{Call, Client, Promise, Response};
use bowline::runtime::Local;
use bowline::wire::Exception;

use super::fields::{at, cap, fill, number};

/// The interface of all objects.
pub(crate) const ID: u64 = 0xb0b1_b2b3_b4b5_b6b7;

/// What an object is asked for.
pub(crate) mod method {
    /// Writes the number down and returns it.
    pub(crate) const NOTE: u16 = 0;
    /// Returns the first capability of the params.
    pub(crate) const ECHO: u16 = 1;
    /// Keeps the first capability of the params.
    pub(crate) const HOLD: u16 = 2;
    /// Lets go of what is kept.
    pub(crate) const LET_GO: u16 = 3;
    /// Returns what is kept.
    pub(crate) const GET: u16 = 4;
    /// Calls NOTE on what is kept, and returns what that returns.
    pub(crate) const PASS: u16 = 5;
    /// Calls NOTE on the first capability of the params as a tail call.
    pub(crate) const TAIL: u16 = 6;
    /// Never returns.
    pub(crate) const NEVER: u16 = 7;
    /// Fails.
    pub(crate) const THROW: u16 = 8;
    /// Calls NOTE on the first capability of the params, and returns what that returns.
    pub(crate) const CALL_BACK: u16 = 9;
    /// Tail calls GET on the first capability of the params.
    pub(crate) const TAIL_GET: u16 = 10;
    /// Tail calls NEVER on the first capability of the params.
    pub(crate) const TAIL_NEVER: u16 = 11;
    /// Lets pipelined calls go to what is kept, and never returns.
    pub(crate) const EARLY: u16 = 12;
    /// Panics.
    pub(crate) const PANIC: u16 = 13;
    /// Waits for the gate of the object, then returns what is kept.
    pub(crate) const GET_LATER: u16 = 14;
    /// Tail calls GET_LATER on the first capability of the params.
    pub(crate) const TAIL_GET_LATER: u16 = 15;
    /// Returns what is kept besides.
    pub(crate) const GET_SECOND: u16 = 16;
}

/// Short ways to call.
pub(crate) trait Ask {
    fn ask(&self, method: u16, number: u64, caps: &[&Client]) -> Promise;
    fn note(&self, number: u64) -> Promise {
        self.ask(method::NOTE, number, &[])
    }
}

impl Ask for Client {
    fn ask(&self, method: u16, number: u64, caps: &[&Client]) -> Promise {
        let caps: Vec<_> = caps.iter().map(|cap| Some(*cap)).collect();
        self.request(ID, method).with(fill(number, &caps)).send()
    }
}

/// What the test sees of an object.
#[derive(Clone, Default)]
pub(crate) struct Seen(Rc<State>);

#[derive(Default)]
struct State {
    notes: RefCell<Vec<u64>>,
    kept: RefCell<Option<Client>>,
    second: RefCell<Option<Client>>,
    running: Cell<usize>,
    cancelled: Cell<usize>,
    later: RefCell<Vec<futures_channel::oneshot::Sender<()>>>,
    alive: Cell<bool>,
}

impl Seen {
    /// The numbers written down, in order.
    pub(crate) fn notes(&self) -> Vec<u64> {
        self.0.notes.borrow().clone()
    }

    /// How many calls wait in the object.
    pub(crate) fn running(&self) -> usize {
        self.0.running.get()
    }

    /// How many calls were cancelled while they waited in the object.
    pub(crate) fn cancelled(&self) -> usize {
        self.0.cancelled.get()
    }

    /// Whether the object still lives.
    pub(crate) fn is_alive(&self) -> bool {
        self.0.alive.get()
    }

    /// The object keeps this client.
    pub(crate) fn keep(&self, client: &Client) {
        *self.0.kept.borrow_mut() = Some(client.clone());
    }

    /// What GET_SECOND returns.
    pub(crate) fn keep_second(&self, client: &Client) {
        *self.0.second.borrow_mut() = Some(client.clone());
    }

    /// What the object keeps.
    pub(crate) fn kept(&self) -> Client {
        self.0.kept.borrow().clone().expect("it keeps something")
    }

    /// The object keeps nothing any more.
    pub(crate) fn let_go(&self) {
        let kept = self.0.kept.borrow_mut().take();
        let second = self.0.second.borrow_mut().take();
        drop((kept, second));
    }

    /// Lets every GET_LATER return.
    pub(crate) fn go(&self) {
        let waiting = std::mem::take(&mut *self.0.later.borrow_mut());
        for one in waiting {
            // Its call may have been cancelled.
            let _ = one.send(());
        }
    }
}

struct Life(Seen);

impl Drop for Life {
    fn drop(&mut self) {
        self.0.0.alive.set(false);
    }
}

/// Counts a call that runs; dropped before its end, it was cancelled.
struct Run {
    seen: Seen,
    done: bool,
}

impl Run {
    fn new(seen: &Seen) -> Self {
        seen.0.running.set(seen.0.running.get() + 1);
        Self { seen: seen.clone(), done: false }
    }

    fn end(mut self) {
        self.done = true;
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let seen = &self.seen.0;
        seen.running.set(seen.running.get() - 1);
        seen.cancelled.set(seen.cancelled.get() + usize::from(!self.done));
    }
}

/// Hosts an object that knows every method.
pub(crate) fn object(here: &Local) -> (Client, Seen) {
    let seen = Seen::default();
    seen.0.alive.set(true);
    let life = Rc::new(Life(seen.clone()));
    let client = Client::new(here, move |call: Call| {
        let life = Rc::clone(&life);
        // The call is taken in when it is delivered, not when its future is polled.
        if call.method() == method::NOTE {
            life.0.0.notes.borrow_mut().push(number(call.params()));
        }
        async move { answer(call, &life.0).await }
    });
    (client, seen)
}

async fn answer(mut call: Call, seen: &Seen) -> Result<Response, Exception> {
    match call.method() {
        method::NOTE => {
            let n = number(call.params());
            call.build(fill(n, &[]));
        }
        method::ECHO => {
            let echoed = cap(call.params()).ok();
            call.build(fill(0, &[echoed.as_ref()]));
        }
        method::HOLD => seen.keep(&cap(call.params())?),
        method::LET_GO => seen.let_go(),
        method::GET => return_kept(&mut call, seen),
        method::GET_LATER => {
            let (go, wait) = futures_channel::oneshot::channel();
            seen.0.later.borrow_mut().push(go);
            let run = Run::new(seen);
            wait.await.map_err(|_| Exception::failed("nobody let it go"))?;
            run.end();
            return_kept(&mut call, seen);
        }
        method::PASS | method::CALL_BACK => return call_on(call, seen).await,
        method::GET_SECOND => {
            let second = seen.0.second.borrow().clone();
            call.build(fill(0, &[second.as_ref()]));
        }
        method::TAIL => return tail(call, method::NOTE),
        method::TAIL_GET => return tail(call, method::GET),
        method::TAIL_GET_LATER => return tail(call, method::GET_LATER),
        method::TAIL_NEVER => return tail(call, method::NEVER),
        method::NEVER => {
            let _run = Run::new(seen);
            pending::<()>().await;
        }
        method::EARLY => {
            let kept = seen.0.kept.borrow().clone();
            call.set_pipeline(fill(0, &[kept.as_ref()]));
            drop(kept);
            let _run = Run::new(seen);
            pending::<()>().await;
        }
        method::PANIC => panic!("the object was told to panic"),
        method::THROW => {
            let why = Exception::failed("the object was told to fail");
            return Err(why.with_trace("thrown at the object").with_detail(7, *b"detail"));
        }
        _ => return Err(call.unimplemented()),
    }
    ready(Ok(call.reply())).await
}

fn return_kept(call: &mut Call, seen: &Seen) {
    let kept = seen.0.kept.borrow().clone();
    call.build(fill(0, &[kept.as_ref()]));
}

async fn call_on(mut call: Call, seen: &Seen) -> Result<Response, Exception> {
    let target = match call.method() {
        method::PASS => {
            seen.0.kept.borrow().clone().ok_or_else(|| Exception::failed("keeps nothing"))?
        }
        _ => cap(call.params())?,
    };
    let reply = target.note(number(call.params())).await?;
    call.build(fill(number(&reply), &[]));
    Ok(call.reply())
}

fn tail(call: Call, to: u16) -> Result<Response, Exception> {
    let target = call.params().cap(&at(0))?;
    let request = target.request(ID, to).with(fill(number(call.params()), &[]));
    Ok(call.tail(request))
}
