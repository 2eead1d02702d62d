//! The peer of `bowline::probe`, against a vat and against streams that end.

use std::future::Future;
use std::io::IoSlice;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bowline::conn::Config;
use bowline::probe::{Heard, Peer, say};
use bowline::rpc::Link;
use bowline::runtime::{Turn, Vat};
use bowline::transport::{ByteStream, Framed, FramedLimits, MemoryPipe, Trickle, memory_pipe};
use bowline::wire::{DecodeError, FrameError, Message, Outcome};

use crate::support::{ID, method, object};

/// What a future gives that waits for nothing but bytes that are there.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("it waits"),
    }
}

/// The stream a vat is at the other end of.
fn at_a_vat(vat: &Vat) -> MemoryPipe {
    let (ours, theirs) = memory_pipe(1 << 16);
    let (boot, _) = object(vat.here());
    let framed = Framed::new(ours, bowline::transport::Peer::Memory, FramedLimits::default());
    Link::connect(vat.here(), framed, Config::default(), Some(&boot));
    theirs
}

fn quiet(vat: &Vat) {
    while vat.turn(Instant::now()) == Turn::More {}
}

fn hears(peer: &mut Peer<impl ByteStream>) -> String {
    match now(peer.hear()) {
        Heard::Message(message) => message.summary(),
        other => panic!("{other:?}"),
    }
}

/// The same where the vat must turn meanwhile: to listen is to write.
fn hears_of(peer: &mut Peer<impl ByteStream>, vat: &Vat) -> Heard {
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..10_000 {
        if let Poll::Ready(heard) = peer.poll_hear(&mut cx) {
            return heard;
        }
        quiet(vat);
    }
    panic!("nothing is heard")
}

#[test]
fn it_says_what_it_is_told_and_hears_what_comes_back() {
    let vat = Vat::local();
    let mut peer = Peer::new(at_a_vat(&vat));
    let call = say::called(say::call(1, say::to_result(0, &[]), ID, method::NOTE));
    peer.say(say::bootstrap(0)).say(call);
    now(peer.flush()).expect("the vat reads");
    quiet(&vat);
    assert_eq!(hears(&mut peer), "return a0 results cap 0 [e0]");
    assert!(hears(&mut peer).starts_with("return a1 results "));
    peer.say(say::keep(0)).say(say::release(0, 2));
    now(peer.flush()).expect("the vat reads");
    quiet(&vat);
    assert!(hears(&mut peer).starts_with("abort failed: peer misbehaved: releases 2 of 1"));
    assert!(matches!(now(peer.hear()), Heard::End));
}

#[test]
fn it_says_frames_and_bytes_that_are_no_messages() {
    let vat = Vat::local();
    let mut peer = Peer::new(Trickle::new(at_a_vat(&vat), 3));
    // Bootstrap of question 3, in two segments, and then in one.
    let message = [1 << 32 | 1 << 48, 8, 1 << 32 | 1 << 48, 3, 0];
    peer.say_frame(&[&[1 << 32 | 2], &message]);
    for _ in 0..2 {
        let Heard::Message(Message::Return(ret)) = hears_of(&mut peer, &vat) else {
            panic!("a Return")
        };
        assert!(matches!(ret.outcome, Outcome::Results(_)) && ret.answer.0 == 3);
        peer.say(say::finish(3)).say_frame(&[&message]);
    }
    peer.say_bytes(&[0xff; 8]);
    // The Return of the last one comes first.
    let heard = (hears_of(&mut peer, &vat), hears_of(&mut peer, &vat));
    let (_, Heard::Message(Message::Abort(why))) = heard else { panic!("{heard:?}") };
    assert!(why.reason().contains("segments"), "{why}");
}

/// What is heard of these bytes and the end behind them.
fn heard_of(bytes: &[u8]) -> Vec<Heard> {
    let (mut there, here) = memory_pipe(1 << 12);
    let mut cx = Context::from_waker(Waker::noop());
    let written = there.poll_write_vectored(&mut cx, &[IoSlice::new(bytes)]);
    assert!(matches!(written, Poll::Ready(Ok(count)) if count == bytes.len()));
    assert!(there.poll_close(&mut cx).is_ready());
    let mut peer = Peer::new(here);
    (0..2).map(|_| now(peer.hear())).collect()
}

#[test]
fn what_it_hears_that_is_no_message_is_told_apart() {
    let mut message = Vec::new();
    say::finish(1).encode().append_to(&mut message);
    let heard = heard_of(&message);
    assert!(matches!(heard[..], [Heard::Message(Message::Finish(_)), Heard::End]), "{heard:?}");
    let heard = heard_of(&message[..12]);
    assert!(matches!(heard[0], Heard::Unframed(FrameError::Truncated)), "{heard:?}");
    let heard = heard_of(&[0xff; 8]);
    assert!(matches!(heard[0], Heard::Unframed(FrameError::TooManySegments { .. })), "{heard:?}");
    // A frame of no words, and a message behind it, which is still heard.
    let heard = heard_of(&[&[0; 8], &message[..]].concat());
    let empty = matches!(heard[0], Heard::Unreadable(DecodeError::Empty));
    assert!(empty && matches!(heard[1], Heard::Message(_)), "{heard:?}");
}

#[test]
fn a_side_that_no_longer_reads_is_heard_to_its_end() {
    let (mut there, here) = memory_pipe(1 << 12);
    let mut message = Vec::new();
    say::finish(1).encode().append_to(&mut message);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(there.poll_write_vectored(&mut cx, &[IoSlice::new(&message)]).is_ready());
    drop(there);
    let mut peer = Peer::new(here);
    peer.say(say::bootstrap(0));
    assert!(now(peer.flush()).is_err());
    assert!(matches!(now(peer.hear()), Heard::Message(Message::Finish(_))));
    assert!(matches!(now(peer.hear()), Heard::End));
}

#[test]
fn it_hangs_up_and_listens_on() {
    let vat = Vat::local();
    let mut peer = Peer::new(at_a_vat(&vat));
    now(peer.say(say::bootstrap(0)).hang_up()).expect("the vat reads");
    quiet(&vat);
    assert!(matches!(now(peer.hear()), Heard::Message(Message::Return(_)) | Heard::End));
    peer.say(say::bootstrap(1));
    assert!(now(peer.flush()).is_err(), "it has hung up");
}
