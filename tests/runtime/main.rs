//! One vat, run in every way a vat can be run.

mod budget;
mod driven;
mod ended;
mod fairness;
mod fake;
mod paths;
mod visits;

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use bowline::conn::Config;
use bowline::rpc::{Call, Client, Link, Reply, Response, Target};
use bowline::runtime::{Handle, Local, Turn, Vat};
use bowline::transport::{FramedLimits, Socket, two_thread};
use bowline::wire::{Exception, ExceptionKind};
use capnp::any_pointer;

const ID: u64 = 0x00c0_ffee;
const ADD: u16 = 0;
const LATER: u16 = 1;

/// Adds what it is given, and says the sum. With `LATER`, it says so two polls later.
struct Adder {
    sum: Cell<u32>,
}

impl Target for Adder {
    async fn call(self: Rc<Self>, mut call: Call) -> Result<Response, Exception> {
        let given = number(call.params())?;
        if call.method() == LATER {
            yield_now().await;
            yield_now().await;
        }
        self.sum.set(self.sum.get() + given);
        let sum = self.sum.get();
        call.build(|root| say(root, sum));
        Ok(call.reply())
    }
}

fn say(mut root: any_pointer::Builder<'_>, number: u32) {
    root.set_as::<capnp::text::Owned>(number.to_string().as_str()).expect("a text fits");
}

fn number(reply: &Reply) -> Result<u32, Exception> {
    reply.read(|root| {
        let text = root.get_as::<capnp::text::Reader<'_>>()?.to_string()?;
        text.parse().map_err(|_| capnp::Error::failed(format!("{text} is no number")))
    })
}

fn adder(here: &Local) -> Client {
    Client::new(here, Adder { sum: Cell::new(0) }.into_fn())
}

impl Adder {
    fn into_fn(self) -> impl Target {
        let this = Rc::new(self);
        move |call: Call| Rc::clone(&this).call(call)
    }
}

async fn add(client: &Client, method: u16, number_: u32) -> Result<u32, Exception> {
    let mut request = client.request(ID, method);
    request.build(|root| say(root, number_));
    number(&request.send().await?)
}

async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn exported() -> (Handle, Client) {
    let handle = Vat::spawn().expect("a thread");
    let client = Client::export(&handle, || Adder { sum: Cell::new(0) }).await.expect("it lives");
    (handle, client)
}

#[test]
fn with_no_executor_turns_are_taken_by_hand() {
    let vat = Vat::local();
    let client = adder(vat.here());
    let mut sum = pin!(add(&client, LATER, 3));
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..10 {
        if let Poll::Ready(sum) = sum.as_mut().poll(&mut cx) {
            assert_eq!(sum, Ok(3));
            return;
        }
        while vat.turn(Instant::now()) == Turn::More {}
    }
    panic!("the call did not return");
}

#[test]
fn a_foreign_executor_polls_the_driver_beside_its_own_work() {
    let vat = Vat::local();
    let client = adder(vat.here());
    let driver = vat.timeless_driver();
    let work = async {
        assert_eq!(add(&client, ADD, 1).await, Ok(1));
        assert_eq!(add(&client, LATER, 2).await, Ok(3));
    };
    futures::executor::block_on(async {
        let (driver, work) = (pin!(driver), pin!(work));
        futures::future::select(work, driver).await;
    });
}

#[test]
fn without_a_driver_the_promise_that_is_polled_drives() {
    let vat = Vat::local();
    let client = adder(vat.here());
    assert_eq!(futures::executor::block_on(add(&client, LATER, 7)), Ok(7));
}

#[test]
fn a_driver_that_is_dropped_hands_over_to_the_promises() {
    let vat = Vat::local();
    let client = adder(vat.here());
    let mut sum = pin!(add(&client, LATER, 5));
    let driver = vat.timeless_driver();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(sum.as_mut().poll(&mut cx).is_pending());
    drop(driver);
    assert_eq!(futures::executor::block_on(sum), Ok(5));
}

#[tokio::test(flavor = "current_thread")]
async fn a_local_vat_runs_under_a_current_thread_tokio() {
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async {
            let (near, far) = (Vat::local(), Vat::local());
            tokio::task::spawn_local(near.tokio_driver());
            tokio::task::spawn_local(far.tokio_driver());
            let (a, b) = tokio::net::UnixStream::pair().expect("a pair of sockets");
            let framed = |stream| {
                Socket::try_from(stream).expect("a socket").framed(FramedLimits::default())
            };
            let link = Link::connect(near.here(), framed(a), Config::default(), None);
            let offered = adder(far.here());
            Link::connect(far.here(), framed(b), Config::default(), Some(&offered));
            let client = link.bootstrap();
            assert_eq!(add(&client, ADD, 2).await, Ok(2));
            assert_eq!(add(&client, LATER, 2).await, Ok(4));
            drop(client);
            link.idle().await;
        })
        .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_deadline_passes_by_tokios_clock() {
    let vat = Vat::local();
    let stuck =
        Client::new(vat.here(), |_: Call| std::future::pending::<Result<Response, Exception>>());
    let due = Instant::now() + Duration::from_millis(20);
    let late = stuck.request(ID, 0).send().deadline(due);
    let late = tokio::select! {
        () = vat.tokio_driver() => panic!("the vat lives"),
        late = late => late,
    };
    assert_eq!(late.map(drop).map_err(|why| why.kind()), Err(ExceptionKind::Overloaded));
    assert!(Instant::now() >= due);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spawned_vat_is_called_from_every_thread_of_a_multi_thread_tokio() {
    let (_handle, client) = exported().await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    add(&client, ADD, 1).await.expect("it adds");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("the task ends well");
    }
    assert_eq!(add(&client, ADD, 0).await, Ok(400));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_posted_from_a_thread_arrive_in_their_order_polled_or_not() {
    let (_handle, client) = exported().await;
    let numbers: Vec<u32> = (1..=64).collect();
    let promises: Vec<_> = numbers
        .iter()
        .map(|number| client.request(ID, ADD).with(|root| say(root, *number)).send())
        .collect();
    let mut sums = Vec::new();
    for promise in promises.into_iter().rev() {
        sums.push(number(&promise.await.expect("it adds")).expect("a number"));
    }
    sums.reverse();
    let expected: Vec<u32> = numbers.iter().map(|n| n * (n + 1) / 2).collect();
    assert_eq!(sums, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stub_of_one_vat_is_called_inside_of_another() {
    let (_one, adder) = exported().await;
    let other = Vat::spawn().expect("a thread");
    let inside = adder.clone();
    let relay = Client::export(&other, move || {
        move |call: Call| {
            let request = inside.request(ID, call.method());
            let given = number(call.params());
            async move {
                let given = given?;
                Ok(call.tail(request.with(|root| say(root, given))))
            }
        }
    })
    .await
    .expect("it lives");
    assert_eq!(add(&relay, ADD, 4).await, Ok(4));
    assert_eq!(add(&adder, ADD, 4).await, Ok(8));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_vats_with_a_thread_each_talk_over_a_two_thread_link() {
    let (near, far) = (Vat::spawn().expect("a thread"), Vat::spawn().expect("a thread"));
    let (a, b) = two_thread();
    far.run(move |here| {
        let offered = adder(here);
        Link::connect(here, b, Config::default(), Some(&offered));
    })
    .await
    .expect("it lives");
    let link = near
        .run(move |here| Link::connect(here, a, Config::default(), None))
        .await
        .expect("it lives");
    let client = link.bootstrap();
    assert_eq!(add(&client, LATER, 9).await, Ok(9));
}

#[test]
fn a_promise_that_drives_lets_others_have_their_turn() {
    let vat = Vat::local();
    let done = Rc::new(Cell::new(false));
    let until = Rc::clone(&done);
    let patient = Client::new(vat.here(), move |call: Call| {
        let until = Rc::clone(&until);
        async move {
            while !until.get() {
                yield_now().await;
            }
            Ok(call.reply())
        }
    });
    let asked = patient.request(ID, 0).send();
    futures::executor::block_on(async {
        futures::join!(async { asked.await.expect("returns") }, async { done.set(true) });
    });
}

#[test]
fn who_asks_for_a_promise_to_settle_keeps_nothing_once_it_is_gone() {
    let vat = Vat::local();
    let (promised, _resolver) = Client::promise(vat.here());
    let link = Link::connect(vat.here(), two_thread().0, Config::default(), None);
    let woken = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&woken));
    // On the vat's own thread, of a promise that dies unsettled.
    let stuck =
        Client::new(vat.here(), |_: Call| std::future::pending::<Result<Response, Exception>>());
    let asked = stuck.request(ID, 0).send();
    let result = asked.cap(&bowline::wire::Path::root());
    {
        let mut settled = pin!(result.settled());
        assert!(settled.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    drop((result, asked));
    while vat.turn(Instant::now()) == Turn::More {}
    // From another thread, of one that stays.
    let there = promised.clone();
    std::thread::spawn(move || {
        let settled =
            pin!(there.settled()).poll(&mut Context::from_waker(Waker::noop())).is_ready();
        assert!(!settled);
    })
    .join()
    .expect("it waits");
    drop(promised);
    while vat.turn(Instant::now()) == Turn::More {}
    assert_eq!(Arc::strong_count(&woken), 2, "the vat has forgotten the waker");
    let refs = vat.here().with(|graph| graph.dump());
    assert!(
        refs.lines()
            .any(|line| line.contains("source: Here") && line.contains(": 1 refs, 1 outside")),
        "the resolver alone has it: {refs}"
    );
    drop(link);
}

#[test]
fn a_waker_may_ask_the_vat_when_it_is_dropped() {
    struct Asks(std::sync::Mutex<Option<bowline::rpc::Promise>>);
    impl Wake for Asks {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Asks {
        fn drop(&mut self) {
            let mut asked = self.0.lock().expect("one thread").take().expect("dropped once");
            let mut cx = Context::from_waker(Waker::noop());
            assert!(pin!(&mut asked).poll(&mut cx).is_pending());
        }
    }
    let vat = Vat::local();
    let stuck =
        Client::new(vat.here(), |_: Call| std::future::pending::<Result<Response, Exception>>());
    let (mut first, second) = (stuck.request(ID, 0).send(), stuck.request(ID, 0).send());
    let waker = Waker::from(Arc::new(Asks(Some(second).into())));
    let _driver = vat.timeless_driver();
    assert!(pin!(&mut first).poll(&mut Context::from_waker(&waker)).is_pending());
    drop(waker);
    assert!(pin!(&mut first).poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

#[test]
fn a_stub_is_claimed_though_it_was_left_in_the_midst_of_a_turn() {
    let (near, far) = (Rc::new(Vat::local()), Vat::local());
    let quiet = |near: &Vat, far: &Vat| {
        for _ in 0..5 {
            while near.turn(Instant::now()) == Turn::More {}
            while far.turn(Instant::now()) == Turn::More {}
        }
    };
    let echo = Client::new(near.here(), |mut call: Call| async move {
        let given = call.params().cap(&bowline::wire::Path::root())?;
        call.build(|mut root| root.set_as_capability(given.hook()));
        Ok(call.reply())
    });
    let object = adder(far.here());
    let pass = |echo: &Client| {
        let given = object.clone().hook();
        echo.request(ID, 0).with(|mut root| root.set_as_capability(given)).send()
    };
    let bridged = pass(&echo);
    quiet(&near, &far);
    let posted = Rc::new(Cell::new(None));
    let (told, asker) = (Rc::clone(&posted), Rc::clone(&near));
    let request = echo.request(ID, 0);
    let given = object.clone();
    far.here().spawn(Box::pin(async move {
        let given = given.hook();
        told.set(Some(request.with(|mut root| root.set_as_capability(given)).send()));
        while asker.turn(Instant::now()) == Turn::More {}
    }));
    // Another claim, so that the far end is read after the task in the turn to come.
    let other = pass(&echo);
    while near.turn(Instant::now()) == Turn::More {}
    quiet(&near, &far);
    let mut passed = posted.take().expect("the task ran");
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(reply)) = pin!(&mut passed).poll(&mut cx) else { panic!("it returned") };
    let stub = reply.cap(&bowline::wire::Path::root()).expect("the stub");
    quiet(&near, &far);
    assert_eq!(stub.why_broken(), None);
    drop((bridged, other));
}

#[test]
fn whoever_waits_for_a_closing_connection_to_be_idle_is_woken() {
    let vat = Vat::local();
    let (a, b) = two_thread();
    let link = Link::connect(vat.here(), a, Config::default(), None);
    let mut driver = pin!(vat.timeless_driver());
    let woken = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&woken));
    let (mut cx, mut quiet) = (Context::from_waker(&waker), Context::from_waker(Waker::noop()));
    assert!(driver.as_mut().poll(&mut quiet).is_pending());
    link.abort(Exception::failed("enough"));
    let mut idle = pin!(link.idle());
    assert!(idle.as_mut().poll(&mut cx).is_pending(), "the Abort has not left");
    assert!(driver.as_mut().poll(&mut quiet).is_pending());
    assert!(woken.0.load(Ordering::Relaxed) > 0);
    assert!(idle.poll(&mut cx).is_ready());
    drop(b);
}

#[derive(Default)]
struct Count(AtomicU32);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn stubs_may_be_dropped_anywhere_and_at_any_time() {
    struct Late(Cell<Option<Client>>);
    thread_local! {
        static LATE: Late = const { Late(Cell::new(None)) };
    }
    let vat = Vat::local();
    let client = adder(vat.here());
    let (elsewhere, later) = (client.clone(), client.clone());
    std::thread::spawn(move || {
        drop(elsewhere);
        LATE.with(|late| late.0.set(Some(later)));
    })
    .join()
    .expect("neither the drop nor the destructor of the thread panics");
    assert_eq!(futures::executor::block_on(add(&client, ADD, 1)), Ok(1));
    drop(vat);
    std::thread::spawn(move || drop(client)).join().expect("the vat is gone, and that is fine");
}

#[test]
fn stubs_and_promises_cross_threads() {
    fn crosses<T: Send + Sync>() {}
    crosses::<Client>();
    crosses::<bowline::rpc::Promise>();
    crosses::<bowline::rpc::Pipeline>();
    crosses::<Reply>();
    crosses::<bowline::rpc::Request>();
    crosses::<Link>();
    crosses::<Handle>();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vats_that_come_and_go_leave_no_bridges() {
    let hub = Vat::spawn().expect("a thread");
    for round in 1..=20 {
        let (guest, stub) = exported().await;
        let through = Client::export(&hub, move || {
            move |call: Call| {
                let request = stub.request(ID, call.method());
                let given = number(call.params());
                async move { Ok(call.tail(request.with(|root| say(root, given.unwrap_or(0))))) }
            }
        })
        .await
        .expect("it lives");
        assert_eq!(add(&through, ADD, round).await, Ok(round));
        drop((through, guest));
    }
    let (_guest, last) = exported().await;
    let through = Client::export(&hub, move || {
        move |call: Call| {
            std::future::ready(Ok(call.tail(last.request(ID, ADD).with(|root| say(root, 1)))))
        }
    })
    .await
    .expect("it lives");
    assert_eq!(add(&through, ADD, 1).await, Ok(1));
    let nodes = hub.run(|here| here.with(|graph| graph.stats().nodes)).await.expect("it lives");
    assert!(nodes <= 12, "{nodes} capabilities are left");
}
