//! A vat between an attacker, who writes bytes, and an honest neighbour with many calls in flight.

use std::future::Future;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bowline::conn::Config;
use bowline::rpc::{Call, Client, Link, Promise, Response};
use bowline::runtime::{Local, Turn, Vat};
use bowline::transport::{ByteStream, Framed, FramedLimits, MemoryPipe, Peer, memory_pipe};
use bowline::wire::Exception;
use bowline::worker::stream::Pusher;

use crate::attacks::{Attack, Reads, method};
use crate::fields::{cap, fill, number};

/// How many bytes a pipe holds.
const PIPE: usize = 64 << 10;

pub(crate) const ID: u64 = 0xb0b1_b2b3_b4b5_b6b7;

/// A connection of the attacker.
struct Line {
    link: Link,
    pipe: MemoryPipe,
    /// What it has made up and not yet written.
    unsaid: Vec<u8>,
    step: u32,
}

pub(crate) struct Stage {
    vat: Vat,
    offered: Client,
    attack: Attack,
    lines: Vec<Line>,
    neighbour: Vat,
    theirs: Client,
    calls: Vec<Promise>,
    in_flight: usize,
    made: u64,
    said: u64,
    buffer: Vec<u8>,
}

impl Stage {
    /// The neighbour has so many calls in flight.
    pub(crate) fn new(attack: &Attack, in_flight: usize) -> Self {
        let (vat, neighbour) = (Vat::local(), Vat::local());
        let offered = object(vat.here());
        let (left, right) = memory_pipe(PIPE);
        let framed = |end| Framed::new(end, Peer::Memory, FramedLimits::default());
        Link::connect(vat.here(), framed(left), Config::default(), Some(&offered));
        let near = Link::connect(neighbour.here(), framed(right), Config::default(), None);
        let theirs = near.bootstrap();
        let mut stage = Self {
            vat,
            offered,
            attack: attack.clone(),
            lines: Vec::new(),
            neighbour,
            theirs,
            calls: Vec::new(),
            in_flight,
            made: 0,
            said: 0,
            buffer: vec![0; PIPE],
        };
        stage.lines = (0..attack.connections).map(|_| stage.line()).collect();
        // Both sides are warm.
        for _ in 0..20 {
            stage.turn();
        }
        stage
    }

    fn line(&self) -> Line {
        let (ours, pipe) = memory_pipe(PIPE);
        let framed = Framed::new(ours, Peer::Memory, self.attack.limits);
        let here = self.vat.here();
        let link = Link::connect(here, framed, self.attack.config.clone(), Some(&self.offered));
        Line { link, pipe, unsaid: Vec::new(), step: 0 }
    }

    /// The attacker says as much as anybody takes, and begins anew where it was hung up on.
    pub(crate) fn is_attacked(&mut self) {
        for at in 0..self.lines.len() {
            if self.lines[at].link.ending().is_some() {
                self.lines[at] = self.line();
            }
            let line = &mut self.lines[at];
            loop {
                if line.unsaid.is_empty() {
                    for message in (self.attack.says)(line.step) {
                        message.encode().append_to(&mut line.unsaid);
                    }
                    line.unsaid.extend((self.attack.writes)(line.step));
                    line.step += 1;
                }
                let written = write(&mut line.pipe, &line.unsaid);
                self.said += written as u64;
                line.unsaid.drain(..written);
                if !line.unsaid.is_empty() || written == 0 {
                    break;
                }
            }
            if self.attack.reads == Reads::All {
                while read(&mut line.pipe, &mut self.buffer) > 0 {}
            }
        }
    }

    /// How many bytes the attacker said.
    pub(crate) fn said(&self) -> u64 {
        self.said
    }

    /// One turn of the vat, and as many of the neighbour's as it needs: how long the vat's took.
    pub(crate) fn turn(&mut self) -> Duration {
        let begin = Instant::now();
        let _ = self.vat.turn(begin);
        let took = begin.elapsed();
        while self.neighbour.turn(begin) == Turn::More {}
        let mut cx = Context::from_waker(Waker::noop());
        let made = &mut self.made;
        self.calls.retain_mut(|call| match Pin::new(call).poll(&mut cx) {
            Poll::Ready(known) => {
                assert_eq!(number(&known.expect("the neighbour is honest")), 7);
                *made += 1;
                false
            }
            Poll::Pending => true,
        });
        while self.calls.len() < self.in_flight {
            self.calls.push(self.theirs.request(ID, method::NOTE).with(fill(7, &[])).send());
        }
        while self.neighbour.turn(begin) == Turn::More {}
        took
    }

    /// How many calls of the neighbour return in a second of the vat's time, of which so much passes.
    pub(crate) fn calls_a_second(&mut self, lasts: Duration, attacked: bool) -> f64 {
        let (mut took, before) = (Duration::ZERO, self.made);
        while took < lasts {
            if attacked {
                self.is_attacked();
            }
            took += self.turn();
        }
        (self.made - before) as f64 / took.as_secs_f64()
    }
}

fn write(pipe: &mut MemoryPipe, bytes: &[u8]) -> usize {
    let mut cx = Context::from_waker(Waker::noop());
    match pipe.poll_write_vectored(&mut cx, &[IoSlice::new(bytes)]) {
        Poll::Ready(Ok(written)) => written,
        _ => 0,
    }
}

fn read(pipe: &mut MemoryPipe, buffer: &mut [u8]) -> usize {
    let mut cx = Context::from_waker(Waker::noop());
    match pipe.poll_read(&mut cx, buffer) {
        Poll::Ready(Ok(read)) => read,
        _ => 0,
    }
}

/// What the vat offers to everybody.
fn object(here: &Local) -> Client {
    let (promise, resolver) = Client::promise(here);
    let pusher = Pusher::new();
    Client::new(here, move |call: Call| {
        // It is never resolved, for as long as the object lives.
        let _unresolved = &resolver;
        let (promise, pusher) = (promise.clone(), pusher.clone());
        async move { answer(call, &promise, &pusher).await }
    })
}

async fn answer(mut call: Call, promise: &Client, pusher: &Pusher) -> Result<Response, Exception> {
    let here = call.here().clone();
    match call.method() {
        _ if call.interface() != ID => return pusher.take(call),
        method::NOTE => {
            let number = number(call.params());
            call.build(fill(number, &[]));
        }
        method::NEVER => std::future::pending().await,
        method::MAKE | method::LARGE => {
            let object = Client::new(&here, |call: Call| std::future::ready(Ok(call.reply())));
            let bytes = if call.method() == method::LARGE { 512 } else { 8 };
            call.build(|root| {
                let mut list = root.initn_as::<capnp::any_pointer_list::Builder<'_>>(2);
                list.reborrow().get(0).set_as_capability(object.hook());
                list.get(1).initn_as::<capnp::data::Builder<'_>>(bytes);
            });
        }
        method::PROMISE => call.build(fill(0, &[Some(promise)])),
        method::CALL_IT => {
            let given = cap(call.params())?;
            let asked = given.request(ID, method::NOTE).with(fill(1, &[])).send();
            asked.await?;
        }
        _ => return Err(call.unimplemented()),
    }
    Ok(call.reply())
}
