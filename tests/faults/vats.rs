//! A vat is dropped in the midst of its own turn, by what runs in it.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, ready};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bowline::conn::Config;
use bowline::rpc::{Call, Client, Crossing, Link, Membrane, Promise, Response, Verdict};
use bowline::runtime::{Local, Turn, Vat, post};
use bowline::transport::same_thread;
use bowline::wire::{Exception, ExceptionKind};
use bowline::worker::{RpcStub, args, rpc_target};

use crate::support::{Ask, ID, Seen, method, object};

/// Where the vat is kept until somebody drops it.
#[derive(Clone, Default)]
struct Kept(Rc<RefCell<Option<Vat>>>);

impl Kept {
    fn drop_it(&self) {
        let vat = self.0.borrow_mut().take();
        drop(vat.expect("it is dropped once"));
    }
}

/// A vat that is dropped in a turn, and one that is connected to it.
struct Doomed {
    kept: Kept,
    here: Local,
    other: Vat,
    /// What the other vat holds of it: its bootstrap object.
    client: Client,
    link: Link,
    seen: Seen,
    /// An object of the other vat that only this one knows.
    lent: Seen,
    /// Calls that run: of the other vat, and of this one.
    calls: Vec<Promise>,
}

impl Doomed {
    fn new() -> Self {
        let (vat, other) = (Vat::local(), Vat::local());
        let here = vat.here().clone();
        let (offered, seen) = object(&here);
        let (a, b) = same_thread();
        let link = Link::connect(other.here(), a, Config::default(), None);
        Link::connect(&here, b, Config::default(), Some(&offered));
        let client = link.bootstrap();
        let kept = Kept::default();
        kept.0.replace(Some(vat));
        let (mine, lent) = object(other.here());
        let hold = client.ask(method::HOLD, 0, &[&mine]);
        drop(mine);
        let calls = vec![client.ask(method::NEVER, 0, &[]), offered.ask(method::NEVER, 0, &[])];
        let doomed = Self { kept, here, other, client, link, seen, lent, calls };
        doomed.run();
        assert!(poll(hold).is_ready());
        assert_eq!(doomed.seen.running(), 2);
        doomed
    }

    fn run(&self) {
        for _ in 0..20 {
            while self.here.turn(Some(Instant::now())) == Turn::More {}
            while self.other.turn(Instant::now()) == Turn::More {}
        }
    }

    /// Something in the next turn drops it: everybody is told, and nothing is left.
    #[track_caller]
    fn ends(self, also: Vec<Promise>) {
        self.run();
        assert!(self.kept.0.borrow().is_none(), "nobody dropped it");
        let Self { here, other, client, link, seen, lent, calls, .. } = self;
        for call in calls.into_iter().chain(also).chain([client.note(1)]) {
            let Poll::Ready(outcome) = poll(call) else { panic!("a caller is never told") };
            let why = outcome.map(drop).expect_err("the vat is gone");
            assert_eq!(why.kind(), ExceptionKind::Disconnected, "{why}");
        }
        seen.let_go();
        assert_eq!((seen.running(), seen.cancelled(), seen.is_alive()), (0, 2, false));
        for _ in 0..5 {
            while other.turn(Instant::now()) == Turn::More {}
        }
        assert!(!lent.is_alive(), "what it held of others is let go of");
        assert_eq!(link.ending().expect("over").kind(), ExceptionKind::Disconnected);
        // Turns of what is gone do nothing.
        assert_eq!(here.turn(Some(Instant::now())), Turn::Idle(None));
    }
}

fn poll<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Drops the vat when it is dropped itself.
struct Last(Kept);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.drop_it();
    }
}

#[test]
fn a_call_drops_it_as_it_arrives() {
    let doomed = Doomed::new();
    let kept = doomed.kept.clone();
    let object = Client::new(&doomed.here, move |call: Call| {
        kept.drop_it();
        ready(Ok(call.reply()))
    });
    let calls = vec![object.note(1), object.note(2)];
    doomed.ends(calls);
}

#[test]
fn a_call_drops_it_after_it_waited() {
    let doomed = Doomed::new();
    let (kept, elsewhere) = (doomed.kept.clone(), object(doomed.other.here()).0);
    let object = Client::new(&doomed.here, move |call: Call| {
        let (kept, elsewhere) = (kept.clone(), elsewhere.clone());
        async move {
            elsewhere.note(1).await?;
            kept.drop_it();
            Ok(call.reply())
        }
    });
    let calls = vec![object.note(1)];
    doomed.ends(calls);
}

#[test]
fn a_call_of_a_peer_drops_it() {
    let doomed = Doomed::new();
    let kept = doomed.kept.clone();
    let sore = Client::new(&doomed.here, move |call: Call| {
        kept.drop_it();
        ready(Ok(call.reply()))
    });
    doomed.seen.keep(&sore);
    let call = doomed.client.ask(method::PASS, 1, &[]);
    doomed.ends(vec![call]);
}

#[test]
fn work_posted_from_elsewhere_drops_it() {
    let doomed = Doomed::new();
    // The work is posted from this thread, as it would be from any other; it finds the vat by its thread.
    thread_local! {
        static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
    }
    KEPT.set(Some(doomed.kept.clone()));
    let done = post(doomed.here.mailbox(), |_| KEPT.take().expect("it is here").drop_it());
    let behind = post(doomed.here.mailbox(), |_| ());
    doomed.ends(Vec::new());
    assert_eq!(poll(done), Poll::Ready(Ok(())));
    // What lay behind it in the same batch is done, or told that the vat is gone.
    let Poll::Ready(behind) = poll(behind) else { panic!("nobody is told") };
    assert!(behind.is_ok() || behind.is_err_and(|why| why.kind() == ExceptionKind::Disconnected));
}

#[test]
fn a_spawned_task_drops_it() {
    let doomed = Doomed::new();
    let kept = doomed.kept.clone();
    doomed.here.spawn(Box::pin(async move { kept.drop_it() }));
    doomed.ends(Vec::new());
}

#[test]
fn an_object_that_is_let_go_of_drops_it() {
    let doomed = Doomed::new();
    let last = Last(doomed.kept.clone());
    let object = Client::new(&doomed.here, move |call: Call| {
        let _mine = &last;
        ready(Ok(call.reply()))
    });
    drop(object);
    doomed.ends(Vec::new());
}

#[test]
fn a_call_that_is_cancelled_drops_it() {
    let doomed = Doomed::new();
    let kept = doomed.kept.clone();
    let object = Client::new(&doomed.here, move |_: Call| {
        let last = Last(kept.clone());
        async move {
            let _mine = last;
            pending::<Result<Response, Exception>>().await
        }
    });
    let call = object.note(1);
    doomed.run();
    drop(call);
    doomed.ends(Vec::new());
}

#[test]
fn a_policy_drops_it() {
    let doomed = Doomed::new();
    let kept = doomed.kept.clone();
    let membrane = Membrane::new(&doomed.here, move |_: &Crossing| {
        if kept.0.borrow().is_some() {
            kept.drop_it();
        }
        Verdict::Allow
    });
    let (inner, _) = object(&doomed.here);
    let calls = vec![membrane.wrap(&inner).note(1)];
    drop((inner, membrane));
    doomed.ends(calls);
}

#[test]
fn a_waker_drops_it() {
    struct Drops(thread_bound::Bound);
    impl std::task::Wake for Drops {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.drop_it();
        }
    }
    let doomed = Doomed::new();
    let waker = Waker::from(std::sync::Arc::new(Drops(thread_bound::keep(&doomed.kept))));
    let (object, seen) = object(&doomed.here);
    seen.keep(&object);
    let mut call = Box::pin(object.request(ID, method::GET_LATER).send());
    assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    doomed.run();
    seen.go();
    seen.let_go();
    drop(object);
    doomed.ends(Vec::new());
    // It was answered just before.
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
}

/// Wakers may be woken anywhere: what is theirs is found on the thread it is of.
mod thread_bound {
    use std::cell::RefCell;

    use super::Kept;

    thread_local! {
        static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
    }

    pub(super) struct Bound;

    pub(super) fn keep(kept: &Kept) -> Bound {
        KEPT.set(Some(kept.clone()));
        Bound
    }

    impl Bound {
        pub(super) fn drop_it(&self) {
            if let Some(kept) = KEPT.take() {
                kept.drop_it();
            }
        }
    }
}

/// Drops the vat when it is disposed, and counts how often that is.
struct Sore(Kept, Rc<Cell<u32>>);

#[rpc_target]
impl Sore {
    fn touch(&self) {}

    fn drop_it(&self) {
        self.0.drop_it();
    }

    #[rpc(dispose)]
    fn disposed(&self) {
        self.1.set(self.1.get() + 1);
        if self.0.0.borrow().is_some() {
            self.0.drop_it();
        }
    }
}

#[test]
fn a_disposer_drops_it_and_runs_once() {
    let (doomed, disposed) = (Doomed::new(), Rc::new(Cell::new(0)));
    let stub = RpcStub::new(&doomed.here, Sore(doomed.kept.clone(), Rc::clone(&disposed)));
    let call = stub.call("touch", args![]);
    doomed.run();
    assert!(poll(call).is_ready());
    stub.dispose();
    doomed.ends(Vec::new());
    assert_eq!(disposed.get(), 1);
}

#[test]
fn a_method_drops_it_and_the_disposer_runs_once() {
    let (doomed, disposed) = (Doomed::new(), Rc::new(Cell::new(0)));
    let stub = RpcStub::new(&doomed.here, Sore(doomed.kept.clone(), Rc::clone(&disposed)));
    let calls = [stub.call("dropIt", args![]), stub.call("touch", args![])];
    doomed.ends(Vec::new());
    for call in calls {
        // The first may have been answered before the vat was gone.
        let Poll::Ready(outcome) = poll(call) else { panic!("a caller is never told") };
        assert!(outcome.is_ok() || outcome.is_err_and(|why| why.is_retryable()));
    }
    drop(stub);
    assert_eq!(disposed.get(), 1);
}
