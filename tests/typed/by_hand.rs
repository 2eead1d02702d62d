//! A two-party network used by hand: messages, the end, and the window of a stream.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bowline::compat::rpc_twoparty_capnp::Side;
use bowline::compat::{Connection, FlowController, VatNetwork, twoparty};
use capnp::capability::Promise;
use capnp::text;
use futures::channel::oneshot;
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::task::spawn_local;

use crate::worlds::{duplex, on_one_thread, two_party};

type Network = twoparty::VatNetwork<Box<dyn futures::AsyncRead + Unpin>>;

fn network(stream: DuplexStream) -> Network {
    use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};
    let (reader, writer) = tokio::io::split(stream);
    let reader: Box<dyn futures::AsyncRead + Unpin> = Box::new(reader.compat());
    Network::new(reader, writer.compat_write(), Side::Client, capnp::message::ReaderOptions::new())
}

fn connected(network: &mut impl VatNetwork<Side>, other: Side) -> Box<dyn Connection<Side>> {
    spawn_local(network.drive_until_shutdown());
    network.connect(other).expect("the other side")
}

fn say(connection: &mut dyn Connection<Side>, what: &str) -> Promise<(), capnp::Error> {
    let mut message = connection.new_outgoing_message(0);
    let mut body = message.get_body().expect("a new message");
    body.set_as::<text::Owned>(what).expect("a text");
    let said = message.get_body_as_reader().expect("it was filled").get_as::<text::Reader<'_>>();
    assert_eq!(said.expect("a text"), what);
    message.send().0
}

fn now<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn messages_of_any_kind_arrive_in_order_and_then_the_end() {
    on_one_thread(async {
        let (left, right) = duplex();
        let (mut near, mut far) = (two_party(left, Side::Client), two_party(right, Side::Server));
        let mut near = connected(&mut near, Side::Server);
        let mut far = connected(&mut far, Side::Client);
        let sent = [say(near.as_mut(), "first"), say(near.as_mut(), "second")];
        for sent in sent {
            sent.await.expect("it was written");
        }
        for wanted in ["first", "second"] {
            let heard = far.receive_incoming_message().await.expect("a message").expect("one");
            let body = heard.get_body().expect("a body").get_as::<text::Reader<'_>>();
            assert_eq!(body.expect("a text"), wanted);
        }
        near.shutdown(Ok(())).await.expect("an end in good order");
        assert!(far.receive_incoming_message().await.expect("an end in good order").is_none());
        assert!(say(near.as_mut(), "too late").await.is_err());
    });
}

#[test]
fn a_message_that_was_not_sent_can_be_taken_back() {
    on_one_thread(async {
        let (left, mut right) = duplex();
        let mut near = two_party(left, Side::Client);
        let mut connection = connected(&mut near, Side::Server);
        let mut message = connection.new_outgoing_message(4);
        message.get_body().expect("a body").set_as::<text::Owned>("seven characters").expect("set");
        assert_eq!(message.size_in_words(), 4);
        let taken = message.take();
        let root = taken.get_root_as_reader::<text::Reader<'_>>().expect("a text");
        assert_eq!(root, "seven characters");
        connection.shutdown(Ok(())).await.expect("an end in good order");
        let mut sent = Vec::new();
        right.read_to_end(&mut sent).await.expect("an end");
        assert!(sent.is_empty());
    });
}

#[test]
fn the_reason_of_a_shutdown_is_how_the_network_ends() {
    on_one_thread(async {
        let (left, _right) = duplex();
        let mut near = two_party(left, Side::Client);
        let driven = spawn_local(near.drive_until_shutdown());
        let mut connection = near.connect(Side::Server).expect("the other side");
        let why = capnp::Error::failed("enough".to_owned());
        let shut = connection.shutdown(Err(why)).await.expect_err("it says why");
        assert_eq!(shut.extra, "enough");
        let ended = driven.await.expect("it did not panic").expect_err("it says why");
        assert_eq!(ended.extra, "enough");
    });
}

#[test]
fn a_stream_that_is_cut_inside_of_a_message_is_an_error() {
    on_one_thread(async {
        let (left, mut right) = duplex();
        let mut near = two_party(left, Side::Client);
        let mut connection = connected(&mut near, Side::Server);
        tokio::io::AsyncWriteExt::write_all(&mut right, &[0, 0, 0, 0, 9]).await.expect("written");
        drop(right);
        assert!(connection.receive_incoming_message().await.is_err());
    });
}

/// A stream whose window has `bytes`, and messages of 4 words to put on it.
struct Stream {
    connection: Box<dyn Connection<Side>>,
    controller: Box<dyn FlowController>,
    _drive: Promise<(), capnp::Error>,
}

impl Stream {
    fn new(bytes: usize) -> Self {
        let mut network = network(duplex().0);
        network.set_window_size(bytes);
        let mut connection = network.connect(Side::Server).expect("the other side");
        let (controller, drive) = connection.new_stream();
        Self { connection, controller, _drive: drive }
    }

    /// Sends 32 bytes; gives who acknowledges them, and when the next may be sent.
    fn send(&mut self) -> (oneshot::Sender<capnp::Result<()>>, Promise<(), capnp::Error>) {
        let mut message = self.connection.new_outgoing_message(4);
        message.get_body().expect("a body").set_as::<text::Owned>("seven characters").expect("set");
        let (ack, acked) = oneshot::channel();
        let acked = Promise::from_future(async move {
            acked.await.unwrap_or_else(|_| Err(capnp::Error::disconnected("nobody".into())))
        });
        (ack, self.controller.send(message, acked))
    }
}

#[test]
fn a_stream_waits_when_its_window_and_one_message_are_full() {
    let mut stream = Stream::new(64);
    let (first, mut next) = stream.send();
    assert!(now(&mut next).is_ready());
    let (_second, mut next) = stream.send();
    assert!(now(&mut next).is_ready());
    // 96 bytes: the window of 64 and the largest message.
    let (_third, mut next) = stream.send();
    assert!(now(&mut next).is_pending());
    first.send(Ok(())).expect("somebody listens");
    assert!(matches!(now(&mut next), Poll::Ready(Ok(()))));
}

#[test]
fn the_failure_of_a_stream_stays() {
    let mut stream = Stream::new(64);
    let (first, next) = stream.send();
    drop(next);
    first.send(Err(capnp::Error::failed("the disk is full".into()))).expect("somebody listens");
    let (_second, mut next) = stream.send();
    let Poll::Ready(Err(why)) = now(&mut next) else { panic!("it failed before") };
    assert_eq!(why.extra, "the disk is full");
    let mut all = stream.controller.wait_all_acked();
    assert!(matches!(now(&mut all), Poll::Ready(Err(_))));
}

#[test]
fn all_is_acknowledged_when_the_last_is() {
    on_one_thread(async {
        let mut stream = Stream::new(1 << 20);
        let acks: Vec<_> = (0..3).map(|_| stream.send().0).collect();
        let mut all = pin!(stream.controller.wait_all_acked());
        assert!(now(&mut all).is_pending());
        for ack in acks {
            ack.send(Ok(())).expect("somebody listens");
        }
        all.await.expect("all was taken");
        let mut nothing = stream.controller.wait_all_acked();
        assert!(matches!(now(&mut nothing), Poll::Ready(Ok(()))));
    });
}
