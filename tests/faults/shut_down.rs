//! A vat shuts down: what runs is waited for, nobody new is served, and everybody is told.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bowline::conn::Config;
use bowline::rpc::{Client, Link, Promise, Reply, ShutDown, shut_down};
use bowline::runtime::{Turn, Vat};
use bowline::transport::{
    Framed, FramedLimits, Peer, Transport, TwoThread, memory_pipe, same_thread, two_thread,
};
use bowline::wire::{Exception, ExceptionKind};
use bowline::worker::stream::{ReadableStream, identity};
use bowline::worker::{Ctx, RpcStub, Service, Worker, args, rpc_target};

use futures::channel::oneshot;

use crate::support::{Ask, Seen, at, cap, method, number, object};

const LONG: Duration = Duration::from_secs(60);
/// Why the vat ends its connections, and what its peers say of that.
const WHY: &str = "the vat is shutting down";
const TOLD: &str = "peer aborted: the vat is shutting down";

/// One who calls and one who is called, and the time, which stands still until it is told to pass.
struct Two {
    near: Vat,
    far: Vat,
    now: Cell<Instant>,
}

type Farewell = Pin<Box<dyn Future<Output = ShutDown>>>;

/// A vat that shuts down while something runs.
struct Amid {
    client: Client,
    seen: Seen,
    slow: Promise,
    farewell: Farewell,
}

impl Two {
    fn new() -> Self {
        Self { near: Vat::local(), far: Vat::local(), now: Cell::new(Instant::now()) }
    }

    /// Connects them by `ends`, and asks for what the far one offers.
    fn join(&self, [a, b]: [Box<dyn Transport>; 2], offered: &Client) -> (Link, Link, Client) {
        let near = Link::connect(self.near.here(), a, Config::default(), None);
        let far = Link::accept(self.far.here(), b, Config::default(), Some(offered));
        let client = near.bootstrap();
        self.settle();
        (near, far, client)
    }

    /// An object of the far vat, offered to the near one.
    fn meet(&self) -> (Link, Client, Seen) {
        let (offered, seen) = object(self.far.here());
        let (near, _, client) = self.join(moved(), &offered);
        (near, client, seen)
    }

    fn shut_down(&self, within: Duration) -> Farewell {
        let here = self.far.here().clone();
        Box::pin(async move { shut_down(&here, within).await })
    }

    /// An object that answers slowly is asked for something, and its vat shuts down meanwhile.
    fn leave_amid_a_call(&self) -> Amid {
        let (_link, client, seen) = self.meet();
        let slow = client.ask(method::GET_LATER, 0, &[]);
        self.settle();
        let mut farewell = self.shut_down(LONG);
        assert_eq!(self.poll(&mut farewell), None);
        Amid { client, seen, slow, farewell }
    }

    /// A peer that only the test is, whose vat shuts down and waits for it to go.
    fn leave_a_peer(&self, offered: Option<&Client>) -> (Link, TwoThread, Farewell) {
        let (ours, peer) = two_thread();
        let link = Link::accept(self.far.here(), ours, Config::default(), offered);
        self.settle();
        let mut farewell = self.shut_down(LONG);
        assert_eq!(self.poll(&mut farewell), None);
        (link, peer, farewell)
    }

    fn settle(&self) {
        for _ in 0..20 {
            for vat in [&self.near, &self.far] {
                while vat.turn(self.now.get()) == Turn::More {}
            }
        }
    }

    fn pass(&self, time: Duration) {
        self.now.set(self.now.get() + time);
        self.settle();
    }

    /// What has come of a future once nothing happens any more.
    fn poll<F: Future + Unpin>(&self, future: &mut F) -> Option<F::Output> {
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..5 {
            if let Poll::Ready(output) = Pin::new(&mut *future).poll(&mut cx) {
                return Some(output);
            }
            self.settle();
        }
        None
    }

    #[track_caller]
    fn done<F: Future>(&self, future: F) -> F::Output {
        self.poll(&mut pin!(future)).expect("it is done")
    }

    #[track_caller]
    fn fails(&self, promise: Promise) -> Exception {
        let outcome: Result<Reply, Exception> = self.done(promise);
        let why = outcome.map(drop).expect_err("it fails");
        assert_eq!(why.kind(), ExceptionKind::Disconnected, "{why}");
        why
    }
}

fn moved() -> [Box<dyn Transport>; 2] {
    let (a, b) = same_thread();
    [Box::new(a), Box::new(b)]
}

#[test]
fn a_vat_with_nothing_to_do_leaves_at_once_and_says_so() {
    let two = Two::new();
    let (link, client, _) = two.meet();
    two.done(client.note(1)).expect("it returns");
    let mut farewell = two.shut_down(LONG);
    assert_eq!(two.poll(&mut farewell), Some(ShutDown::Finished));
    assert_eq!(link.ending().expect("it is over").reason(), TOLD);
    assert!(two.fails(client.note(2)).reason().contains(WHY));
    // A vat without connections has nobody to tell.
    let here = two.near.here().clone();
    let mut alone = Box::pin(async move { shut_down(&here, LONG).await });
    assert_eq!(two.poll(&mut alone), Some(ShutDown::Finished));
}

// C-A7
#[test]
fn what_runs_is_waited_for_and_nobody_new_is_served() {
    let two = Two::new();
    let (link, client, seen) = two.meet();
    let (inner, inner_seen) = object(two.far.here());
    seen.keep(&inner);
    let got = two.done(client.ask(method::GET, 0, &[])).expect("it returns");
    let inner = cap(&got).expect("a capability");
    let slow = client.ask(method::GET_LATER, 0, &[]);
    let behind = slow.cap(&at(0)).note(7);
    two.settle();
    let mut farewell = two.shut_down(LONG);
    assert_eq!(two.poll(&mut farewell), None);
    // What was offered takes no more calls, whoever asks, and however.
    assert_eq!(two.fails(client.note(1)).reason(), WHY);
    assert_eq!(two.fails(link.bootstrap().note(2)).reason(), WHY);
    assert!(seen.notes().is_empty());
    // What runs may need all else.
    assert_eq!(number(&two.done(inner.note(3)).expect("it returns")), 3);
    two.pass(LONG / 2);
    assert_eq!(two.poll(&mut farewell), None);
    seen.go();
    assert_eq!(two.poll(&mut farewell), Some(ShutDown::Finished));
    two.done(slow).expect("it was waited for");
    two.done(behind).expect("and so was what was pipelined on it");
    assert_eq!(inner_seen.notes(), [3, 7]);
    assert_eq!(link.ending().expect("it is over").reason(), TOLD);
}

// C-A7
#[test]
fn a_deadline_cuts_off_what_still_runs_and_its_caller_is_told() {
    let two = Two::new();
    let (_link, client, seen) = two.meet();
    let (mine, mine_seen) = object(two.near.here());
    let never = client.ask(method::NEVER, 0, &[]);
    two.done(client.ask(method::TAIL, 0, &[&mine])).expect("it returns");
    let back = client.ask(method::TAIL_GET_LATER, 0, &[&mine]);
    two.settle();
    assert_eq!(seen.running(), 1);
    let mut farewell = two.shut_down(Duration::from_secs(10));
    assert_eq!(two.poll(&mut farewell), None);
    two.pass(Duration::from_millis(9_999));
    assert_eq!(two.poll(&mut farewell), None);
    two.pass(Duration::from_millis(1));
    let ended = two.poll(&mut farewell);
    // Results that were taken home before are none of its business.
    assert_eq!(ended, Some(ShutDown::CutOff(1)));
    assert_eq!((seen.running(), seen.cancelled()), (0, 1));
    two.fails(never);
    mine_seen.go();
    two.done(back).expect("it runs where it was called from");
}

#[test]
fn without_patience_what_runs_is_cut_off_at_once() {
    let two = Two::new();
    let (_link, client, seen) = two.meet();
    let never = client.ask(method::NEVER, 0, &[]);
    two.settle();
    let mut farewell = two.shut_down(Duration::ZERO);
    assert_eq!(two.poll(&mut farewell), Some(ShutDown::CutOff(1)));
    assert_eq!(seen.cancelled(), 1);
    two.fails(never);
}

#[test]
fn whoever_comes_meanwhile_is_told_to_leave_and_whoever_is_asked_is_not() {
    let two = Two::new();
    let Amid { seen, slow, mut farewell, .. } = two.leave_amid_a_call();
    let (offered, _) = object(two.far.here());
    let (near, _, late) = two.join(moved(), &offered);
    assert_eq!(near.ending().expect("it is over").reason(), TOLD);
    two.fails(late.note(1));
    // What runs may have to connect to somebody.
    let (theirs, _) = object(two.near.here());
    let (a, b) = same_thread();
    let asked = Link::connect(two.far.here(), a, Config::default(), None);
    Link::connect(two.near.here(), b, Config::default(), Some(&theirs));
    two.done(asked.bootstrap().note(2)).expect("it returns");
    seen.go();
    assert_eq!(two.poll(&mut farewell), Some(ShutDown::Finished));
    assert!(asked.ending().is_some(), "they are told, too");
    two.done(slow).expect("it was waited for");
}

#[test]
fn stubs_of_other_vats_of_the_process_stay_good() {
    let two = Two::new();
    let (offered, seen) = object(two.far.here());
    let (desk, desk_seen) = object(two.near.here());
    // The near vat holds what the far one hosts, over a bridge.
    two.done(desk.ask(method::HOLD, 0, &[&offered])).expect("it returns");
    two.done(desk.ask(method::PASS, 1, &[])).expect("it returns");
    let mut farewell = two.shut_down(LONG);
    assert_eq!(two.poll(&mut farewell), Some(ShutDown::Finished));
    two.done(desk.ask(method::PASS, 2, &[])).expect("it returns");
    assert_eq!(seen.notes(), [1, 2]);
    desk_seen.let_go();
}

// C-A7
#[test]
fn the_last_words_wait_for_a_peer_that_still_talks_and_not_for_ever() {
    let two = Two::new();
    let (offered, _) = object(two.far.here());
    // The peer does not close its end: what it sends is read, and forgotten.
    let (link, mut peer, mut farewell) = two.leave_a_peer(Some(&offered));
    assert!(link.ending().is_some());
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(Some(last))) = peer.poll_receive(&mut cx) else { panic!("an Abort") };
    assert_eq!(last.summary().to_string(), format!("abort disconnected: {WHY}"));
    assert!(matches!(peer.poll_receive(&mut cx), Poll::Ready(Ok(None))), "and then the end");
    two.pass(Duration::from_millis(4_999));
    assert_eq!(two.poll(&mut farewell), None);
    two.pass(Duration::from_millis(1));
    assert_eq!(two.poll(&mut farewell), Some(ShutDown::Finished));
    // One that closes is not waited for.
    let two = Two::new();
    let (_link, mut peer, mut farewell) = two.leave_a_peer(None);
    assert!(peer.poll_close(&mut cx).is_ready());
    assert_eq!(two.poll(&mut farewell), Some(ShutDown::Finished));
}

#[test]
fn a_shut_down_that_was_dropped_goes_on_when_it_is_called_again() {
    let two = Two::new();
    let Amid { client, seen, slow, farewell } = two.leave_amid_a_call();
    drop(farewell);
    assert_eq!(two.fails(client.note(1)).reason(), WHY, "the door stays shut");
    let mut again = two.shut_down(LONG);
    assert_eq!(two.poll(&mut again), None);
    seen.go();
    assert_eq!(two.poll(&mut again), Some(ShutDown::Finished));
    two.done(slow).expect("it was waited for");
}

#[test]
fn a_vat_with_a_thread_of_its_own_shuts_down_there() {
    let two = Two::new();
    let handle = Vat::spawn().expect("a thread");
    let (a, b) = two_thread();
    let link = Link::connect(two.near.here(), a, Config::default(), None);
    let client = link.bootstrap();
    let connected = handle.run(|here| {
        let (offered, _) = object(here);
        drop(Link::accept(here, b, Config::default(), Some(&offered)));
    });
    futures::executor::block_on(connected).expect("it lives");
    let slow = client.ask(method::GET_LATER, 0, &[]);
    futures::executor::block_on(client.note(1)).expect("it returns");
    let (tell, hear) = oneshot::channel();
    let begun = handle.run(|here| {
        let local = here.clone();
        here.spawn(Box::pin(async move {
            let ended = shut_down(&local, Duration::from_millis(50)).await;
            tell.send(ended).expect("the test listens");
        }));
    });
    futures::executor::block_on(begun).expect("it lives");
    let why = futures::executor::block_on(slow).map(drop).expect_err("it is cut off");
    assert_eq!(why.reason(), TOLD);
    // The near end is closed, and not waited for.
    two.settle();
    let ended = futures::executor::block_on(hear).expect("it does not panic");
    assert_eq!(ended, ShutDown::CutOff(1), "nobody lets the call go");
}

/// What is served in sessions.
struct Desk {
    ctx: Ctx,
    gate: Gate,
}

/// Opened by the test.
#[derive(Clone, Default)]
struct Gate(Rc<RefCell<Vec<oneshot::Sender<()>>>>);

impl Gate {
    /// Ready when the test opens it.
    fn opens(&self) -> impl Future<Output = ()> + use<> {
        let (open, opened) = oneshot::channel();
        self.0.borrow_mut().push(open);
        async { opened.await.expect("it opens") }
    }

    fn open(&self) {
        self.0.take().into_iter().for_each(|one| one.send(()).expect("somebody waits"));
    }
}

#[rpc_target]
impl Desk {
    fn outlasting(&self) {
        self.ctx.wait_until(self.gate.opens());
    }

    fn download(&self) -> ReadableStream {
        let (mut write, read) = identity();
        let opens = self.gate.opens();
        self.ctx.here().spawn(Box::pin(async move {
            write.write("first").await.expect("there is room");
            opens.await;
            write.write(" and last").await.expect("there is room");
            write.close().await.expect("it is open");
        }));
        read
    }

    fn sink(&self) -> bowline::worker::stream::WritableStream {
        let (write, mut read) = identity();
        self.ctx.here().spawn(Box::pin(async move {
            assert_eq!(read.read_all(100).await.expect("all of it"), "to the end");
        }));
        write
    }

    fn quick(&self) {}
}

/// A Worker over a pipe of bytes.
fn serve(two: &Two) -> (RpcStub, Gate) {
    let gate = Gate::default();
    let own = gate.clone();
    let worker =
        Worker::new("desk").entrypoint("default", move |ctx| Desk { ctx, gate: own.clone() });
    let offered = worker.service("default").expect("it is there").bootstrap(two.far.here());
    let (a, b) = memory_pipe(1 << 12);
    let framed = |end| -> Box<dyn Transport> {
        Box::new(Framed::new(end, Peer::Memory, FramedLimits::default()))
    };
    let (_, _, client) = two.join([framed(a), framed(b)], &offered);
    let service = Service::remote(move |_| client.clone());
    (service.stub(two.near.here()), gate)
}

#[test]
fn what_outlasts_a_call_is_waited_for() {
    let two = Two::new();
    let (svc, gate) = serve(&two);
    two.done(svc.call("outlasting", args![])).expect("it returns");
    let mut farewell = two.shut_down(LONG);
    assert_eq!(two.poll(&mut farewell), None);
    let why = two.done(svc.call("quick", args![])).expect_err("no new session begins");
    assert!(why.is_retryable(), "{why:?}");
    gate.open();
    assert_eq!(two.poll(&mut farewell), Some(ShutDown::Finished));
}

#[test]
fn streams_on_their_way_come_to_their_ends() {
    let two = Two::new();
    let (svc, gate) = serve(&two);
    let got = two.done(svc.call("download", args![])).expect("it returns");
    let mut download = ReadableStream::take(got.value()).expect("a stream");
    let first = two.done(download.next()).expect("bytes").expect("they came");
    assert_eq!(first, "first");
    let got = two.done(svc.call("sink", args![])).expect("it returns");
    let mut sink = bowline::worker::stream::WritableStream::take(got.value()).expect("a stream");
    two.done(sink.write("to ")).expect("there is room");
    let mut farewell = two.shut_down(LONG);
    assert_eq!(two.poll(&mut farewell), None);
    gate.open();
    assert_eq!(two.done(download.read_all(100)).expect("all of it"), " and last");
    drop((download, got));
    assert_eq!(two.poll(&mut farewell), None, "the other goes on");
    two.done(sink.write("the end")).expect("there is room");
    two.done(sink.close()).expect("it is open");
    assert_eq!(two.poll(&mut farewell), Some(ShutDown::Finished));
}
