//! What only links between two ends of one process promise.

use std::cell::RefCell;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;

use bowline::transport::{Peer, SameThread, Transport, same_thread, two_thread};

use crate::support::{Bell, block_on, close, flush, is_clean_end, message, number, receive};

#[test]
fn a_turn_of_many_messages_wakes_the_reader_once() {
    let (mut left, mut right) = same_thread();
    let (bell, waker) = Bell::new();
    assert!(right.poll_receive(&mut Context::from_waker(&waker)).is_pending());
    for n in 0..64 {
        left.send(message(n)).expect("the way is open");
    }
    assert_eq!(bell.rings(), 0, "sending wakes nobody");
    block_on(flush(&mut left)).expect("the way is open");
    block_on(flush(&mut left)).expect("the way is open");
    assert_eq!(bell.rings(), 1);
}

#[test]
fn a_reader_that_does_not_sleep_is_not_woken() {
    let (mut left, mut right) = two_thread();
    let (bell, waker) = Bell::new();
    assert!(right.poll_receive(&mut Context::from_waker(&waker)).is_pending());
    for n in 0..3 {
        left.send(message(n)).expect("the way is open");
        block_on(flush(&mut left)).expect("the way is open");
    }
    assert_eq!(bell.rings(), 1);
}

#[test]
fn an_end_that_is_dropped_unflushed_still_delivers() {
    let (mut left, mut right) = same_thread();
    left.send(message(1)).expect("the way is open");
    drop(left);
    assert_eq!(number(block_on(receive(&mut right))), 1);
    assert!(is_clean_end(&block_on(receive(&mut right))));
}

#[test]
fn messages_left_unread_by_a_dropped_end_are_dropped_with_it() {
    let (mut left, right) = same_thread();
    left.send(message(1)).expect("the way is open");
    block_on(flush(&mut left)).expect("the way is open");
    drop(right);
    block_on(flush(&mut left)).expect("nothing is queued");
    left.send(message(2)).expect("not yet known");
    let failure = block_on(flush(&mut left)).expect_err("nobody is there");
    assert_eq!(failure.to_string(), "the other end of a same-thread link is gone");
    assert_eq!(left.peer(), &Peer::SameThread);
}

/// A waker that, woken, at once reads what it was woken for.
struct Eager;

thread_local! {
    static READER: RefCell<Option<SameThread>> = const { RefCell::new(None) };
    static READ: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

impl Wake for Eager {
    fn wake(self: Arc<Self>) {
        let waker = Waker::from(self);
        let mut cx = Context::from_waker(&waker);
        READER.with_borrow_mut(|reader| {
            let reader = reader.as_mut().expect("the reader sleeps here");
            while let std::task::Poll::Ready(Ok(Some(received))) = reader.poll_receive(&mut cx) {
                READ.with_borrow_mut(|read| read.push(number(Ok(Some(received)))));
            }
        });
    }
}

#[test]
fn a_waker_may_read_from_inside_the_wake() {
    let (mut left, mut right) = same_thread();
    let waker = Waker::from(Arc::new(Eager));
    assert!(right.poll_receive(&mut Context::from_waker(&waker)).is_pending());
    READER.set(Some(right));
    for n in 0..3 {
        left.send(message(n)).expect("the way is open");
        block_on(flush(&mut left)).expect("the way is open");
    }
    assert_eq!(READ.take(), [0, 1, 2]);
}

#[test]
fn two_threads_exchange_a_hundred_thousand_messages() {
    const COUNT: u32 = 100_000;
    let (mut left, mut right) = two_thread();
    let echo = thread::spawn(move || {
        block_on(async {
            while let Some(received) = receive(&mut right).await.expect("the way is open") {
                right.send(received).expect("the way is open");
                flush(&mut right).await.expect("the way is open");
            }
        });
    });
    block_on(async {
        for batch in 0..COUNT / 100 {
            for n in 0..100 {
                left.send(message(batch * 100 + n)).expect("the way is open");
            }
            flush(&mut left).await.expect("the way is open");
            for n in 0..100 {
                assert_eq!(number(receive(&mut left).await), batch * 100 + n);
            }
        }
        close(&mut left).await.expect("the way is open");
        assert!(is_clean_end(&receive(&mut left).await));
    });
    echo.join().expect("the echo ends");
}
