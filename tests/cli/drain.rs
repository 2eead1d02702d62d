//! A server that is told to end: what runs comes to its end, and whoever comes is turned away.

use std::future::Future;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bowline::conn::Config;
use bowline::rpc::{Call, Client, Link};
use bowline::runtime::Vat;
use bowline::transport::{Address, FramedLimits, Socket};
use bowline::wire::ExceptionKind;
use tokio::sync::Notify;

use crate::fields::{fill, number};
use crate::support::{Ran, Serving};

/// `Demo` of `schema/demo.capnp`, and two of its methods.
const DEMO: u64 = 0xf55b_7d5b_ea49_479c;
const CALL_BACK: u16 = 2;
const HANG: u16 = 5;

/// Runs `main` where there are sockets and a clock.
fn on_tokio<T>(main: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let main = async { tokio::time::timeout(Duration::from_secs(60), main).await };
    let done = tokio::task::LocalSet::new().block_on(&runtime.expect("a runtime"), main);
    done.expect("it is over in time")
}

/// A vat connected to the server, and what that offers.
async fn connected(serving: &Serving) -> (Vat, Link, Client) {
    let vat = Vat::local();
    tokio::task::spawn_local(vat.tokio_driver());
    let address: Address = serving.address.parse().expect("an address");
    let socket = Socket::connect(&address).await.expect("it serves");
    let transport = socket.framed(FramedLimits::default());
    let link = Link::connect(vat.here(), transport, Config::default(), None);
    let client = link.bootstrap();
    client.settled().await.expect("it offers something");
    (vat, link, client)
}

/// Waits until nobody can connect any more.
fn refuses(serving: &Serving) {
    for _ in 0..500 {
        if TcpStream::connect(("127.0.0.1", serving.port())).is_err() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it still listens");
}

#[test]
fn a_call_that_runs_comes_to_its_end_and_no_other_begins() {
    let serving = Serving::with(&["serve", "tcp:127.0.0.1:0", "--drain", "50"]);
    on_tokio(async {
        let (vat, link, client) = connected(&serving).await;
        let (came, go) = (Rc::new(Notify::new()), Rc::new(Notify::new()));
        let (told, wait) = (Rc::clone(&came), Rc::clone(&go));
        let callback = Client::new(vat.here(), move |mut call: Call| {
            let (told, wait) = (Rc::clone(&told), Rc::clone(&wait));
            async move {
                told.notify_one();
                wait.notified().await;
                call.build(fill(number(call.params()), &[]));
                Ok(call.reply())
            }
        });
        let slow = client.request(DEMO, CALL_BACK).with(fill(7, &[Some(&callback)])).send();
        let slow = tokio::task::spawn_local(slow);
        came.notified().await;
        serving.signal("TERM");
        refuses(&serving);
        let late = client.request(DEMO, HANG).send().await;
        let why = late.map(drop).expect_err("no other call begins");
        assert_eq!(why.kind(), ExceptionKind::Disconnected, "{why}");
        assert!(link.ending().is_none(), "the one that runs is waited for");
        go.notify_one();
        let slow = slow.await.expect("it does not panic").expect("it comes to its end");
        assert_eq!(number(&slow), 7);
        let over = link.closed().await;
        assert_eq!(over.reason(), "peer aborted: the vat is shutting down");
    });
    serving.ended().succeeds();
}

/// Has a call hang in the server, sends it the signals, and waits for its end.
fn told_to_end(serving: Serving, signals: &[&str]) -> Ran {
    let began = Instant::now();
    on_tokio(async {
        let (_vat, _link, client) = connected(&serving).await;
        let hung = tokio::task::spawn_local(client.request(DEMO, HANG).send());
        tokio::time::sleep(Duration::from_millis(200)).await;
        for signal in signals {
            serving.signal(signal);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let hung = hung.await.expect("it does not panic");
        let why = hung.map(drop).expect_err("it never returns");
        assert_eq!(why.kind(), ExceptionKind::Disconnected, "{why}");
    });
    let ran = serving.ended();
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    ran
}

#[test]
fn a_call_that_does_not_end_is_cut_off_at_the_deadline() {
    let serving = Serving::with(&["serve", "tcp:127.0.0.1:0", "--drain", "0.3"]);
    told_to_end(serving, &["TERM"]).fails(1, &["cut off after 0.3 s", "1 in all"]);
}

#[test]
fn the_second_signal_ends_it_at_once() {
    let serving = Serving::with(&["serve", "tcp:127.0.0.1:0", "--drain", "600"]);
    told_to_end(serving, &["INT", "TERM"]).succeeds();
}

#[test]
fn whoever_only_stays_is_told_and_not_waited_for() {
    let serving = Serving::with(&["serve", "tcp:127.0.0.1:0", "--drain", "600"]);
    on_tokio(async {
        let (_vat, link, _client) = connected(&serving).await;
        serving.signal("TERM");
        assert_eq!(link.closed().await.kind(), ExceptionKind::Disconnected);
    });
    serving.ended().succeeds();
}

#[test]
fn a_request_that_is_answered_is_answered_to_its_end() {
    let serving = Serving::with(&["serve", "http://127.0.0.1:0", "--drain", "50"]);
    let mut stream = TcpStream::connect(("127.0.0.1", serving.port())).expect("it serves");
    let head = "POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 8\r\n\r\n";
    stream.write_all(format!("{head}some").as_bytes()).expect("it reads");
    // It answers as it reads: what comes back says that the request is under way.
    let mut answer = vec![0; 1 << 12];
    let mut length = 0;
    while !answer[..length].ends_with(b"some") {
        length += stream.read(&mut answer[length..]).expect("it answers");
    }
    serving.signal("TERM");
    refuses(&serving);
    stream.write_all(b"more").expect("it reads on");
    while !answer[..length].ends_with(b"somemore") {
        let more = stream.read(&mut answer[length..]).expect("it answers");
        assert!(more > 0, "{}", String::from_utf8_lossy(&answer[..length]));
        length += more;
    }
    serving.ended().succeeds();
}
