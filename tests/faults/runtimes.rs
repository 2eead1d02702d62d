//! The runtime below the vats goes, with calls in flight.

use std::sync::mpsc;
use std::time::Duration;

use bowline::conn::Config;
use bowline::rpc::Link;
use bowline::runtime::Vat;
use bowline::transport::{FramedLimits, Socket};
use futures::executor::block_on;
use tokio::net::UnixStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

use crate::reached::{lost, until};
use crate::support::{Ask, Seen, method, object};

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn socket(stream: UnixStream) -> bowline::transport::Framed<Socket> {
    Socket::try_from(stream).expect("a socket").framed(FramedLimits::default())
}

/// Two vats over sockets in one runtime, and a call that runs.
struct Stage {
    near: Vat,
    far: Vat,
    call: bowline::rpc::Promise,
    seen: Seen,
}

async fn stage() -> Stage {
    let (near, far) = (Vat::local(), Vat::local());
    tokio::task::spawn_local(near.tokio_driver());
    tokio::task::spawn_local(far.tokio_driver());
    let (a, b) = UnixStream::pair().expect("two sockets");
    let (offered, seen) = object(far.here());
    let link = Link::connect(near.here(), socket(a), Config::default(), None);
    Link::connect(far.here(), socket(b), Config::default(), Some(&offered));
    let call = link.bootstrap().ask(method::NEVER, 0, &[]);
    until(|| seen.running() == 1).await;
    Stage { near, far, call, seen }
}

#[test]
fn a_runtime_that_is_dropped_takes_the_sockets_and_whoever_still_waits_is_told() {
    for background in [false, true] {
        let runtime = current_thread();
        let set = LocalSet::new();
        let Stage { near, far, call, seen } = set.block_on(&runtime, stage());
        drop(set);
        match background {
            true => runtime.shutdown_background(),
            false => drop(runtime),
        }
        // Nobody drives any more but who waits; and the sockets are of no use.
        lost(block_on(call));
        drop(near);
        drop(far);
        assert_eq!((seen.running(), seen.cancelled(), seen.is_alive()), (0, 1, false));
    }
}

#[test]
fn tasks_that_are_dropped_with_all_their_vats_leave_nothing() {
    let runtime = current_thread();
    let set = LocalSet::new();
    let (tell, told) = mpsc::channel();
    set.spawn_local(async move {
        let stage = stage().await;
        let seen = stage.seen.clone();
        tell.send(seen).expect("the test listens");
        let Stage { near, far, call, .. } = stage;
        drop(call.await);
        drop((near, far));
    });
    let seen = set.block_on(&runtime, async {
        loop {
            if let Ok(seen) = told.try_recv() {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    assert_eq!(seen.running(), 1);
    drop(set);
    assert_eq!((seen.running(), seen.cancelled(), seen.is_alive()), (0, 1, false));
    drop(runtime);
}

#[test]
fn callers_of_another_thread_are_told_when_the_runtime_of_the_vat_goes() {
    let (tell, told) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        let runtime = current_thread();
        let set = LocalSet::new();
        let (client, seen) = set.block_on(&runtime, async {
            let vat = Vat::local();
            let (client, seen) = object(vat.here());
            let driver = vat.tokio_driver();
            // The vat goes with its task.
            tokio::task::spawn_local(async move {
                driver.await;
                drop(vat);
            });
            (client, seen)
        });
        tell.send(client).expect("the test listens");
        set.block_on(&runtime, async {
            while ended.try_recv().is_err() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        runtime.shutdown_background();
        drop(set);
        assert_eq!((seen.running(), seen.is_alive()), (0, false));
    });
    let client = told.recv().expect("a client");
    block_on(client.note(1)).expect("it returns");
    let never = client.ask(method::NEVER, 0, &[]);
    end.send(()).expect("it waits");
    lost(block_on(never));
    lost(block_on(client.note(2)));
    thread.join().expect("nothing panics");
}

#[test]
fn a_runtime_of_many_threads_that_is_shut_down_strands_nobody() {
    let handle = Vat::spawn().expect("a thread");
    let client = block_on(handle.run(|here| object(here).0)).expect("the vat lives");
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let (tell, told) = mpsc::channel();
    for _ in 0..8 {
        let (client, tell) = (client.clone(), tell.clone());
        runtime.spawn(async move {
            let never = client.ask(method::NEVER, 0, &[]);
            tell.send(()).expect("the test listens");
            drop(never.await);
        });
    }
    (0..8).for_each(|_| told.recv().expect("it was asked"));
    runtime.shutdown_background();
    // Their callers are gone, and with them the calls; the vat has its own thread.
    block_on(client.note(1)).expect("it returns");
    drop(handle);
    for _ in 0..1000 {
        if block_on(client.note(2)).is_err() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("the vat outlives its last handle");
}
