//! Vats on threads of their own, and clients that travel.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use bowline::rpc::{Call, Client, Promise, Reply, Response};
use bowline::runtime::{Handle, Vat};
use bowline::wire::{Exception, ExceptionKind};

use crate::first::run;
use crate::support::{Ask, at, cap, fill, method, number, object};

/// Blocks this thread on a future, woken by its waker.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut cx = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        if let std::task::Poll::Ready(done) = future.as_mut().poll(&mut cx) {
            return done;
        }
        thread::park_timeout(Duration::from_secs(10));
    }
}

pub(crate) fn spawn() -> Handle {
    Vat::spawn().expect("a thread")
}

/// An object of another thread that returns what it is given, in the order it comes.
fn far_object(handle: &Handle) -> Client {
    block_on(handle.run(|here| object(here).0)).expect("the vat lives")
}

#[test]
fn an_object_on_another_thread_is_called() {
    let handle = spawn();
    let client = far_object(&handle);
    assert_eq!(number(&block_on(client.note(3)).expect("returns")), 3);
    let why = block_on(client.ask(method::THROW, 0, &[])).expect_err("it throws");
    assert_eq!(why.trace(), Some("thrown at the object"));
}

#[test]
fn all_a_caller_holds_may_be_on_any_thread() {
    use bowline::rpc::{Link, Pipeline, Request, Written};
    fn for_any_thread<T: Send + Sync + 'static>() {}
    for_any_thread::<Client>();
    for_any_thread::<Request>();
    for_any_thread::<Promise>();
    for_any_thread::<Pipeline>();
    for_any_thread::<Reply>();
    for_any_thread::<Written>();
    for_any_thread::<Link>();
    for_any_thread::<Handle>();
}

#[test]
fn calls_from_one_foreign_thread_stay_in_order() {
    let handle = spawn();
    let (tell, heard) = mpsc::channel();
    let client = block_on(Client::export(&handle, move || {
        move |call: Call| {
            let sent = tell.send(number(call.params()));
            std::future::ready(sent.map(|()| call.reply()).map_err(|_| Exception::failed("alone")))
        }
    }))
    .expect("the vat lives");
    let calls: Vec<Promise> = (0..1000).map(|n| client.note(n)).collect();
    for call in calls.into_iter().rev() {
        block_on(call).expect("returns");
    }
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), (0..1000).collect::<Vec<_>>());
}

#[test]
fn pipelined_calls_from_a_foreign_thread_need_no_round_trip() {
    let handle = spawn();
    let client = far_object(&handle);
    block_on(client.ask(method::HOLD, 0, &[&client])).expect("returns");
    let mut at_end = client.clone();
    for _ in 0..10 {
        at_end = at_end.ask(method::GET, 0, &[]).cap(&at(0));
    }
    assert_eq!(number(&block_on(at_end.note(4)).expect("returns")), 4);
    block_on(client.ask(method::LET_GO, 0, &[])).expect("returns");
}

#[test]
fn clients_promises_and_replies_move_between_threads() {
    let handle = spawn();
    let client = far_object(&handle);
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let client = client.clone();
            thread::spawn(move || -> Result<Reply, Exception> {
                let promise = client.note(n);
                thread::spawn(move || block_on(promise)).join().expect("no panic")
            })
        })
        .collect();
    for (n, thread) in (0..).zip(threads) {
        assert_eq!(number(&thread.join().expect("no panic").expect("returns")), n);
    }
}

#[test]
fn dropping_on_a_foreign_thread_cancels_and_releases() {
    struct Count(Arc<AtomicUsize>);
    impl Drop for Count {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let handle = spawn();
    let (calls, objects) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (count, life) = (Arc::clone(&calls), Count(Arc::clone(&objects)));
    let (tell, begun) = mpsc::channel();
    let client = block_on(Client::export(&handle, move || {
        move |_: Call| {
            let _ = &life;
            let count = Count(Arc::clone(&count));
            let _ = tell.send(());
            async move {
                let _count = count;
                std::future::pending::<Result<Response, Exception>>().await
            }
        }
    }))
    .expect("the vat lives");
    let call = client.note(1);
    begun.recv_timeout(Duration::from_secs(10)).expect("it is delivered unpolled");
    thread::spawn(move || drop(call)).join().expect("no panic");
    block_until(&handle, || calls.load(Ordering::SeqCst) == 1);
    thread::spawn(move || drop(client)).join().expect("no panic");
    block_until(&handle, || objects.load(Ordering::SeqCst) == 1);
}

pub(crate) fn block_until(handle: &Handle, done: impl Fn() -> bool) {
    for _ in 0..1000 {
        if done() {
            return;
        }
        block_on(handle.run(|_| ())).expect("the vat lives");
        thread::sleep(Duration::from_millis(1));
    }
    panic!("it never happens");
}

#[test]
fn a_detached_call_from_a_foreign_thread_runs_to_its_end() {
    let handle = spawn();
    let (tell, heard) = mpsc::channel();
    let client = block_on(Client::export(&handle, move || {
        move |call: Call| {
            let _ = tell.send(number(call.params()));
            std::future::ready(Ok(call.reply()))
        }
    }))
    .expect("the vat lives");
    client.note(5).detach();
    assert_eq!(heard.recv_timeout(Duration::from_secs(10)), Ok(5));
}

#[test]
fn a_stub_of_one_vat_is_called_from_another() {
    let handle = spawn();
    let far = far_object(&handle);
    let near = Vat::local();
    let (mine, seen) = object(near.here());
    // The far object is passed into the near vat, which calls it.
    let reply = call_through(&near, mine.ask(method::CALL_BACK, 6, &[&far]));
    assert_eq!(number(&reply.expect("returns")), 6);
    // The near object is passed to the far one, which calls it back.
    let call = far.request(crate::support::ID, method::CALL_BACK).with(fill(7, &[Some(&mine)]));
    let reply = call_through(&near, call.send());
    assert_eq!(number(&reply.expect("returns")), 7);
    assert_eq!(seen.notes(), [7]);
}

/// Turns the near vat while the future waits for another thread.
fn call_through<T>(near: &Vat, future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..5000 {
        while near.turn(std::time::Instant::now()) == bowline::runtime::Turn::More {}
        if let std::task::Poll::Ready(done) = future.as_mut().poll(&mut cx) {
            return done;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("it is never done");
}

#[test]
fn a_stub_of_one_vat_of_this_thread_is_echoed_by_another() {
    let (left, right) = (Vat::local(), Vat::local());
    let (client, _) = object(left.here());
    let (mine, seen) = object(right.here());
    let echo = client.ask(method::ECHO, 0, &[&mine]);
    let echoed = cap(&run(&[&left, &right], echo).expect("returns")).expect("a cap");
    let notes: Vec<_> = (0..3).map(|n| echoed.note(n)).collect();
    for note in notes {
        run(&[&left, &right], note).expect("returns");
    }
    assert_eq!(seen.notes(), [0, 1, 2]);
}

#[test]
fn a_vat_ends_with_its_last_handle_and_its_clients_fail() {
    let handle = spawn();
    let client = far_object(&handle);
    let never = client.ask(method::NEVER, 0, &[]);
    block_on(client.note(1)).expect("returns");
    drop(handle);
    let why = block_on(never).expect_err("the vat is gone");
    assert_eq!(why.kind(), ExceptionKind::Disconnected);
    let why = block_on(client.note(1)).expect_err("the vat is gone");
    assert_eq!(why.kind(), ExceptionKind::Disconnected);
}

#[test]
fn work_that_panics_on_the_vats_thread_leaves_the_vat_alive() {
    let handle = spawn();
    let client = far_object(&handle);
    let why = block_on(handle.run(|_| panic!("told to panic"))).expect_err("it panicked");
    assert_eq!(why.kind(), ExceptionKind::Disconnected);
    block_on(client.ask(method::PANIC, 0, &[])).expect_err("it panics");
    assert_eq!(number(&block_on(client.note(2)).expect("returns")), 2);
}

#[test]
fn a_client_kept_in_a_thread_local_dies_with_its_thread() {
    thread_local! {
        static KEPT: std::cell::RefCell<Option<Client>> = const { std::cell::RefCell::new(None) };
    }
    let handle = spawn();
    let client = far_object(&handle);
    let kept = client.clone();
    thread::spawn(move || KEPT.set(Some(kept))).join().expect("no panic");
    let vat_of_thread = thread::spawn(|| {
        let vat = Vat::local();
        KEPT.set(Some(object(vat.here()).0));
    });
    vat_of_thread.join().expect("no panic");
    block_on(client.note(1)).expect("returns");
}

#[test]
fn a_stub_left_for_a_vat_that_ends_before_it_claims_it_is_let_go() {
    let (home, near) = (Vat::local(), Vat::local());
    let (stub, seen) = object(home.here());
    let (other, _) = object(near.here());
    let asked = other.ask(method::HOLD, 0, &[&stub]);
    drop((asked, other, near));
    drop(stub);
    assert!(seen.is_alive(), "it was left for the other vat");
    for _ in 0..20 {
        let _ = home.turn(std::time::Instant::now());
    }
    assert!(!seen.is_alive(), "nobody will claim it");
}
