//! A child process that is killed.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::Write;
use std::process::Command;
use std::rc::Rc;

use bowline::conn::Config;
use bowline::rpc::{Client, Link, reconnecting};
use bowline::transport::{ByteStream, Child, FramedLimits, Peer, stdio};
use bowline::wire::{Exception, ExceptionKind};

use crate::reached::{lost, on_tokio, until, vat};
use crate::support::{Ask, method, number, object};

/// What the child says once it serves; what the test harness says comes before.
const READY: &[u8] = b"<ready>";
/// Set where this program is the child of a test.
const CHILD: &str = "BOWLINE_TEST_CHILD";

/// Starts this program as a child that serves an object.
async fn start() -> Child {
    let mut command = Command::new(std::env::current_exe().expect("a path"));
    let test = "child::a_child_serves_its_parent_until_that_lets_it_go";
    command.args(["--exact", test, "--nocapture"]).env(CHILD, "");
    let mut child = Child::spawn(command).expect("this program is there");
    let mut said = Vec::new();
    while !said.ends_with(READY) {
        let mut byte = [0];
        let read = poll_fn(|cx| child.poll_read(cx, &mut byte)).await.expect("it writes");
        assert_eq!(read, 1, "it left: {}", String::from_utf8_lossy(&said));
        said.extend(byte);
    }
    child
}

/// Kills a process without a word to it.
fn kill(pid: u32) {
    let killed = Command::new("kill").args(["-s", "KILL", &pid.to_string()]).status();
    assert!(killed.expect("kill exists").success());
}

fn pid(child: &Child) -> u32 {
    let Peer::Child { pid, .. } = *child.peer() else { panic!("it is a child") };
    pid
}

/// What a child does.
fn serve_on_stdio() {
    on_tokio(async {
        let mut output = std::io::stdout();
        output.write_all(READY).and_then(|()| output.flush()).expect("a parent");
        let vat = vat();
        let (offered, _) = object(vat.here());
        let stream = stdio().expect("pipes");
        let transport =
            bowline::transport::Framed::new(stream, Peer::Stdio, FramedLimits::default());
        Link::connect(vat.here(), transport, Config::default(), Some(&offered)).closed().await;
        std::process::exit(0)
    });
}

#[test]
fn a_child_serves_its_parent_until_that_lets_it_go() {
    if std::env::var_os(CHILD).is_some() {
        return serve_on_stdio();
    }
    on_tokio(async {
        let vat = vat();
        let child = start().await;
        let process = format!("/proc/{}", pid(&child));
        let transport = child.framed(FramedLimits::default());
        let link = Link::connect(vat.here(), transport, Config::default(), None);
        let client = link.bootstrap();
        assert_eq!(number(&client.note(7).await.expect("it returns")), 7);
        assert!(std::path::Path::new(&process).exists());
        link.abort(Exception::failed("enough"));
        lost(client.note(8).await);
        until(|| !std::path::Path::new(&process).exists()).await;
    });
}

#[test]
fn a_child_that_is_killed_fails_the_calls_it_had_and_nothing_else() {
    on_tokio(async {
        let vat = vat();
        let (first, second) = (start().await, start().await);
        let killed = pid(&first);
        let connect = |child: Child| {
            let transport = child.framed(FramedLimits::default());
            Link::connect(vat.here(), transport, Config::default(), None)
        };
        let (link, other) = (connect(first), connect(second));
        let (client, neighbour) = (link.bootstrap(), other.bootstrap());
        let (mine, seen) = object(vat.here());
        client.ask(method::HOLD, 0, &[&mine]).await.expect("it returns");
        drop(mine);
        client.ask(method::PASS, 1, &[]).await.expect("it returns");
        let never: Vec<_> = (0..3).map(|_| client.ask(method::NEVER, 0, &[])).collect();
        let behind = never[0].cap(&crate::support::at(0)).note(2);
        client.note(3).await.expect("it returns");
        assert!(seen.is_alive());
        kill(killed);
        for call in never.into_iter().chain([behind]) {
            lost(call.await);
        }
        assert_eq!(link.closed().await.kind(), ExceptionKind::Disconnected);
        // What only the child knew is let go of.
        until(|| !seen.is_alive()).await;
        lost(client.note(4).await);
        assert_eq!(number(&neighbour.note(5).await.expect("it returns")), 5);
        // Its transport is gone, and the process reaped.
        until(|| link.stats().is_none()).await;
        until(|| !std::path::Path::new(&format!("/proc/{killed}")).exists()).await;
    });
}

#[test]
fn whoever_starts_another_child_goes_on() {
    on_tokio(async {
        let vat = Rc::new(vat());
        let running = Rc::new(Cell::new(0));
        let (starting, now) = (Rc::clone(&vat), Rc::clone(&running));
        let (client, _) = reconnecting::<capnp::capability::Client, _>(move || {
            let (client, resolver) = Client::promise(starting.here());
            let (vat, now) = (Rc::clone(&starting), Rc::clone(&now));
            tokio::task::spawn_local(async move {
                let child = start().await;
                now.set(pid(&child));
                let transport = child.framed(FramedLimits::default());
                let link = Link::connect(vat.here(), transport, Config::default(), None);
                resolver.resolve(Ok(link.bootstrap()));
            });
            Ok(capnp::capability::Client::new(client.hook()))
        })
        .expect("a promise");
        let client = Client::from_hook(&*client.hook);
        for round in 0..3 {
            assert_eq!(number(&client.note(round).await.expect("it returns")), round);
            let never = client.ask(method::NEVER, 0, &[]);
            client.note(10).await.expect("it returns");
            kill(running.get());
            lost(never.await);
        }
        assert_eq!(number(&client.note(9).await.expect("there is another")), 9);
    });
}
