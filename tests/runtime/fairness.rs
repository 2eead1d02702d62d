//! How long a vat keeps whoever runs it, how deep it goes, and how much it lets wait to be written.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bowline::conn::Config;
use bowline::rpc::{Call, Client, Link, Promise, Request, Response};
use bowline::runtime::{Local, Turn, Vat};
use bowline::transport::two_thread;
use bowline::wire;
use bowline::wire::{
    Bootstrap, Content, Exception, Message, MessageTarget, Path, Payload, PromisedAnswer,
    QuestionId, SendResultsTo,
};

use super::fake::{Fake, Way};
use super::{ID, yield_now};

fn polled<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn quiet(vat: &Vat) {
    while vat.turn(Instant::now()) == Turn::More {}
}

/// A task that asks to be polled again whenever it was, which is counted.
fn restless(here: &Local) -> Rc<Cell<u32>> {
    let polls = Rc::new(Cell::new(0));
    let counted = Rc::clone(&polls);
    here.spawn(Box::pin(async move {
        loop {
            counted.set(counted.get() + 1);
            yield_now().await;
        }
    }));
    polls
}

/// An object that never answers.
fn stuck(here: &Local) -> Client {
    Client::new(here, |_: Call| std::future::pending::<Result<Response, Exception>>())
}

#[test]
fn a_driver_takes_32_turns_before_others_have_theirs() {
    let vat = Vat::local();
    let polls = restless(vat.here());
    let mut driver = pin!(vat.timeless_driver());
    for poll in 1..=3 {
        assert_eq!(polled(driver.as_mut()), None);
        assert_eq!(polls.get(), 32 * poll);
    }
}

#[test]
fn a_promise_that_drives_takes_32_turns_before_others_have_theirs() {
    let vat = Vat::local();
    let mut promise = stuck(vat.here()).request(ID, 0).send();
    quiet(&vat);
    let polls = restless(vat.here());
    for poll in 1..=3 {
        assert!(polled(&mut promise).is_none());
        assert_eq!(polls.get(), 32 * poll);
    }
}

#[test]
fn a_promise_beside_a_driver_has_4096_calls_delivered() {
    let vat = Vat::local();
    let _driver = vat.timeless_driver();
    for (made, delivered) in [(4095, 4095), (4096, 4096), (4097, 4096), (6000, 4096)] {
        let seen = Rc::new(Cell::new(0));
        let counted = Rc::clone(&seen);
        let object = Client::new(vat.here(), move |_: Call| {
            counted.set(counted.get() + 1);
            std::future::pending::<Result<Response, Exception>>()
        });
        let mut promises: Vec<Promise> = (0..made).map(|_| object.request(ID, 0).send()).collect();
        assert!(polled(&mut promises[1]).is_none());
        assert_eq!(seen.get(), delivered, "of {made} calls");
        quiet(&vat);
        assert_eq!(seen.get(), made, "the others have their turn later");
        drop((promises, object));
        quiet(&vat);
    }
}

/// An object that asks `next`, and waits for the answer. It notes how deep it is asked, and how deep the
/// asking goes at most before somebody returns.
fn asks(here: &Local, next: Client, depth: &Rc<RefCell<(u32, u32)>>) -> Client {
    let depth = Rc::clone(depth);
    Client::new(here, move |call: Call| {
        let (next, depth) = (next.clone(), Rc::clone(&depth));
        async move {
            let mut asked = next.request(ID, 0).send();
            {
                let mut depth = depth.borrow_mut();
                depth.0 += 1;
                depth.1 = depth.1.max(depth.0);
            }
            let at_once = polled(&mut asked);
            depth.borrow_mut().0 -= 1;
            match at_once {
                Some(known) => known?,
                None => asked.await?,
            };
            Ok(call.reply())
        }
    })
}

#[test]
fn objects_that_wait_for_each_other_take_no_more_stack_than_8_drains() {
    for (length, deep) in [(7, 7), (8, 8), (9, 8), (2000, 8)] {
        let vat = Vat::local();
        let depth = Rc::default();
        let last = Client::new(vat.here(), |call: Call| std::future::ready(Ok(call.reply())));
        let first = (0..length).fold(last, |next, _| asks(vat.here(), next, &depth));
        let mut promise = first.request(ID, 0).send();
        let returned = (0..length).any(|_| {
            let known = polled(&mut promise);
            known.map(|known| drop(known.expect("all return"))).is_some()
        });
        assert!(returned, "of {length} objects the first returns");
        assert_eq!(depth.borrow().1, deep, "of {length} objects in a row");
    }
}

/// With optimisation an executor's waker may not be told from its clones: who is kept twice for that is kept once
/// more for every poll.
#[test]
fn whoever_waits_and_is_polled_often_is_kept_once() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let vat = Vat::local();
        let (ours, _theirs) = two_thread();
        let link = Link::connect(vat.here(), ours, Config::default(), None);
        let (promised, resolver) = Client::promise(vat.here());
        let mut driver = pin!(vat.tokio_driver());
        let (mut closed, mut idle) = (pin!(link.closed()), pin!(link.idle()));
        let mut settled = pin!(promised.settled());
        let _asked = link.bootstrap();
        let mut kept = Vec::new();
        for round in 0..2_000_u32 {
            std::future::poll_fn(|cx| {
                let pending = driver.as_mut().poll(cx).is_pending()
                    && closed.as_mut().poll(cx).is_pending()
                    && idle.as_mut().poll(cx).is_pending()
                    && settled.as_mut().poll(cx).is_pending();
                assert!(pending, "nothing of it comes");
                Poll::Ready(())
            })
            .await;
            if round % 1_000 == 500 {
                kept.push(vat.here().wakers());
            }
        }
        assert_eq!(kept[0], kept[1], "after 1,000 more polls");
        drop(resolver);
    });
}

/// A way to a peer that takes nothing. It knows how much waits, and how often it was to be written.
struct Clogged {
    bytes: Rc<Cell<usize>>,
    flushes: Rc<Cell<usize>>,
    bytes_each: usize,
}

impl Way for Clogged {
    fn send(&mut self, _: Message) {
        self.bytes.set(self.bytes.get() + self.bytes_each);
    }

    fn flush(&mut self) -> Poll<()> {
        self.flushes.set(self.flushes.get() + 1);
        Poll::Pending
    }

    fn close(&mut self) -> Poll<()> {
        Poll::Pending
    }

    fn queued_bytes(&self) -> usize {
        self.bytes.get()
    }
}

fn clogged(bytes: &Rc<Cell<usize>>, bytes_each: usize) -> Clogged {
    Clogged { bytes: Rc::clone(bytes), flushes: Rc::default(), bytes_each }
}

/// How many of many messages are handed to a transport on which each of them waits with so many bytes.
fn handed_on(bytes_each: usize) -> usize {
    let vat = Vat::local();
    let bytes = Rc::new(Cell::new(0));
    let link =
        Link::connect(vat.here(), Fake::new(clogged(&bytes, bytes_each)), Config::default(), None);
    let client = link.bootstrap();
    let promises: Vec<Promise> = (0..1000).map(|_| client.request(ID, 0).send()).collect();
    quiet(&vat);
    drop(promises);
    bytes.get() / bytes_each
}

#[test]
fn a_transport_with_more_than_256_kib_to_write_gets_no_more() {
    assert_eq!(handed_on(64 << 10), 5, "with four of them it has just so much");
    assert_eq!(handed_on((64 << 10) + 1), 4);
    assert_eq!(handed_on(1), 1001, "the bootstrap and all calls");
}

/// Four KiB, and a pointer to them.
fn four_kib() -> Content {
    Content::build(513, |mut root| root.set_as::<capnp::data::Owned>([7_u8; 4096].as_slice()))
        .expect("it can be built")
}

fn four_kib_to(client: &Client) -> Request {
    client.request(ID, 0).reserve(513).with(|mut root| {
        root.set_as::<capnp::data::Owned>([7_u8; 4096].as_slice()).expect("it can be built");
    })
}

/// How many messages a transport has, on which each waits with so many bytes, after each of so many writes of a stream
/// and before any turn; and how often the next turn writes.
fn handed_ahead(bytes_each: usize, writes: usize) -> (Vec<usize>, usize) {
    let vat = Vat::local();
    let bytes = Rc::new(Cell::new(0));
    let clogged = clogged(&bytes, bytes_each);
    let flushes = Rc::clone(&clogged.flushes);
    let link = Link::connect(vat.here(), Fake::new(clogged), Config::default(), None);
    let client = link.bootstrap();
    quiet(&vat);
    let handed = (0..writes).map(|_| {
        let _room = four_kib_to(&client).stream();
        bytes.get() / bytes_each
    });
    let handed = handed.collect();
    let before = flushes.get();
    let _ = vat.turn(Instant::now());
    (handed, flushes.get() - before)
}

#[test]
fn writes_are_handed_to_their_transport_once_more_than_16_kib_of_them_wait() {
    let (handed, flushes) = handed_ahead(1, 8);
    assert_eq!(handed, [1, 1, 1, 5, 5, 5, 5, 9], "the bootstrap before them");
    assert_eq!(flushes, 1, "they are written in the next turn, though nothing else is due");
    let (handed, flushes) = handed_ahead(1, 9);
    assert_eq!((handed.last(), flushes), (Some(&9), 1), "with what is due besides");
    let (handed, _) = handed_ahead((256 << 10) + 1, 5);
    assert_eq!(handed, [1; 5], "it has enough to write");
}

/// A way whose owner writes to another as it is handed something.
struct Chatty {
    other: Client,
}

impl Way for Chatty {
    fn send(&mut self, _: Message) {
        for _ in 0..4 {
            let _room = four_kib_to(&self.other).stream();
        }
    }
}

#[test]
fn what_is_handed_to_a_transport_while_another_is_handed_something_is_written() {
    let vat = Vat::local();
    let bytes = Rc::new(Cell::new(0));
    let clogged = clogged(&bytes, 1);
    let flushes = Rc::clone(&clogged.flushes);
    let link = Link::connect(vat.here(), Fake::new(clogged), Config::default(), None);
    let other = link.bootstrap();
    quiet(&vat);
    let (handed, before) = (bytes.get(), flushes.get());
    let chatty = Fake::new(Chatty { other });
    let chatting = Link::connect(vat.here(), chatty, Config::default(), None);
    quiet(&vat);
    let _asked = chatting.bootstrap();
    quiet(&vat);
    assert_eq!(bytes.get() - handed, 4);
    assert!(flushes.get() > before, "nothing else would have it written");
}

/// A way from a peer that has said so much. It knows how much of it was read.
struct Said {
    messages: VecDeque<Message>,
    read: Rc<Cell<usize>>,
}

impl Way for Said {
    fn receive(&mut self, _: &mut Context<'_>) -> Poll<Message> {
        let Some(message) = self.messages.pop_front() else { return Poll::Pending };
        self.read.set(self.read.get() + 1);
        Poll::Ready(message)
    }
}

/// A call of the bootstrap capability, with four KiB.
fn call_of_bootstrap(question: u32) -> Message {
    let bootstrap = PromisedAnswer { question: QuestionId(0), path: Path::root() };
    Message::Call(Box::new(wire::Call {
        question: QuestionId(question),
        target: MessageTarget::PromisedAnswer(bootstrap),
        interface: ID,
        method: 0,
        params: Payload { content: four_kib(), caps: Vec::new() },
        results_to: SendResultsTo::Caller,
        no_promise_pipelining: true,
        only_promise_pipeline: false,
    }))
}

#[test]
fn calls_are_delivered_before_more_than_64_kib_are_read() {
    let vat = Vat::local();
    let read = Rc::new(Cell::new(0));
    let seen = Rc::new(RefCell::new(Vec::new()));
    let (known, noted) = (Rc::clone(&read), Rc::clone(&seen));
    let object = Client::new(vat.here(), move |call: Call| {
        noted.borrow_mut().push(known.get());
        std::future::ready(Ok::<_, Exception>(call.reply()))
    });
    let bootstrap = Message::Bootstrap(Bootstrap { question: QuestionId(0) });
    let messages = std::iter::once(bootstrap).chain((1..=40).map(call_of_bootstrap)).collect();
    let said = Fake::new(Said { messages, read: Rc::clone(&read) });
    let _link = Link::connect(vat.here(), said, Config::default(), Some(&object));
    let _ = vat.turn(Instant::now());
    let portions = [[17; 16].as_slice(), [33; 16].as_slice(), [41; 8].as_slice()].concat();
    assert_eq!(*seen.borrow(), portions, "in one turn");
}
