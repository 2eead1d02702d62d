//! The contract of `Transport`, sentence by sentence, over every transport.

use std::future::poll_fn;
use std::task::{Context, Poll};

use bowline::transport::{TransportError, same_thread, two_thread};

use crate::support::{
    Bell, Pair, block_on, carry, close, flush, is_clean_end, message, number, ping, receive,
};

/// T1
async fn a_thousand_messages_arrive_in_the_order_they_were_sent(mut pair: Pair) {
    for n in 0..1000 {
        pair.left.send(message(n)).expect("the way is open");
    }
    for n in 0..1000 {
        assert_eq!(number(carry(&mut pair.left, &mut pair.right).await), n);
    }
}

/// T1
async fn both_directions_carry_at_once(mut pair: Pair) {
    for n in 0..100 {
        pair.left.send(message(n)).expect("the way is open");
        pair.right.send(message(1000 + n)).expect("the way is open");
        assert_eq!(number(carry(&mut pair.left, &mut pair.right).await), n);
        assert_eq!(number(carry(&mut pair.right, &mut pair.left).await), 1000 + n);
    }
}

/// T3, T4
async fn what_is_flushed_arrives_and_nothing_stays_queued(mut pair: Pair) {
    pair.left.send(message(7)).expect("the way is open");
    flush(&mut pair.left).await.expect("the way is open");
    assert_eq!(pair.left.queued_bytes(), 0);
    assert_eq!(number(receive(&mut pair.right).await), 7);
    flush(&mut pair.left).await.expect("an empty queue is flushed");
}

/// T5
async fn a_sleeping_reader_is_woken_by_a_flush_and_the_last_waker_counts(mut pair: Pair) {
    let (early, early_waker) = Bell::new();
    let (late, late_waker) = Bell::new();
    for waker in [&early_waker, &late_waker] {
        assert!(pair.right.poll_receive(&mut Context::from_waker(waker)).is_pending());
    }
    pair.left.send(message(1)).expect("the way is open");
    flush(&mut pair.left).await.expect("the way is open");
    // Through the operating system the wake comes with a later turn of its poller.
    poll_fn(|cx| {
        if late.rings() == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
    assert_eq!(early.rings(), 0);
    assert_eq!(number(receive(&mut pair.right).await), 1);
}

/// T6
async fn after_a_clean_end_we_may_still_answer(mut pair: Pair) {
    pair.left.send(message(1)).expect("the way is open");
    close(&mut pair.left).await.expect("the way is open");
    assert_eq!(number(receive(&mut pair.right).await), 1);
    assert!(is_clean_end(&receive(&mut pair.right).await));
    assert!(is_clean_end(&receive(&mut pair.right).await), "the end stays");
    ping(&mut pair.right, &mut pair.left, 2).await;
    close(&mut pair.right).await.expect("the way is open");
    assert!(is_clean_end(&receive(&mut pair.left).await));
}

/// T6
async fn an_end_wakes_a_sleeping_reader(mut pair: Pair) {
    let mut waited = false;
    let received = poll_fn(|cx| {
        let received = pair.right.poll_receive(cx);
        if received.is_pending() && !waited {
            waited = true;
            assert!(pair.left.poll_close(cx).is_ready());
        }
        received
    })
    .await;
    assert!(waited && is_clean_end(&received));
}

/// T8
async fn after_a_failed_write_what_arrived_is_received_first(mut pair: Pair) {
    for n in 0..3 {
        pair.left.send(message(n)).expect("the way is open");
    }
    flush(&mut pair.left).await.expect("the way is open");
    drop(pair.left);
    // The peer is gone; a write into the operating system may be the second that learns of it.
    let failure = loop {
        let sent = pair.right.send(message(100));
        if let Err(failure) = sent.and(flush(&mut pair.right).await) {
            break failure.to_string();
        }
    };
    for n in 0..3 {
        assert_eq!(number(receive(&mut pair.right).await), n);
    }
    for _ in 0..2 {
        let end = receive(&mut pair.right).await.expect_err("the end is the failure");
        assert_eq!(end.to_string(), failure);
    }
    let again = flush(&mut pair.right).await.expect_err("the failure stays");
    assert_eq!(again.to_string(), failure);
    assert!(pair.right.send(message(101)).is_err());
    assert!(close(&mut pair.right).await.is_err());
    assert_eq!(pair.right.queued_bytes(), 0);
}

/// T10
async fn closing_sends_what_is_queued_and_then_no_more(mut pair: Pair) {
    pair.left.send(message(1)).expect("the way is open");
    pair.left.send(message(2)).expect("the way is open");
    close(&mut pair.left).await.expect("the way is open");
    let refused = pair.left.send(message(3));
    assert!(matches!(refused, Err(TransportError::Closed)));
    close(&mut pair.left).await.expect("closed is closed");
    flush(&mut pair.left).await.expect("nothing is queued");
    assert_eq!(number(receive(&mut pair.right).await), 1);
    assert_eq!(number(receive(&mut pair.right).await), 2);
    assert!(is_clean_end(&receive(&mut pair.right).await));
}

/// T11
async fn polls_that_are_given_up_lose_nothing(mut pair: Pair) {
    for n in 0..200 {
        pair.left.send(message(n)).expect("the way is open");
        // One poll each, by a task that is never heard of again.
        let (_bell, waker) = Bell::new();
        let _ = pair.left.poll_flush(&mut Context::from_waker(&waker));
    }
    for n in 0..200 {
        let (_bell, waker) = Bell::new();
        let given_up = pair.right.poll_receive(&mut Context::from_waker(&waker));
        let received = match given_up {
            Poll::Ready(received) => received,
            Poll::Pending => carry(&mut pair.left, &mut pair.right).await,
        };
        assert_eq!(number(received), n);
    }
}

/// T12
async fn dropping_an_end_ends_the_stream_after_what_was_flushed(mut pair: Pair) {
    pair.left.send(message(1)).expect("the way is open");
    flush(&mut pair.left).await.expect("the way is open");
    drop(pair.left);
    assert_eq!(number(receive(&mut pair.right).await), 1);
    assert!(is_clean_end(&receive(&mut pair.right).await));
}

/// Plays every situation over the transports that `$play` makes.
macro_rules! over {
    ($transport:ident, $play:expr) => {
        over!($transport, $play;
            a_thousand_messages_arrive_in_the_order_they_were_sent,
            both_directions_carry_at_once,
            what_is_flushed_arrives_and_nothing_stays_queued,
            a_sleeping_reader_is_woken_by_a_flush_and_the_last_waker_counts,
            after_a_clean_end_we_may_still_answer,
            an_end_wakes_a_sleeping_reader,
            after_a_failed_write_what_arrived_is_received_first,
            closing_sends_what_is_queued_and_then_no_more,
            polls_that_are_given_up_lose_nothing,
            dropping_an_end_ends_the_stream_after_what_was_flushed,
        );
    };
    ($transport:ident, $play:expr; $($situation:ident,)+) => {
        mod $transport {
            use super::*;
            $(
                #[test]
                fn $situation() {
                    ($play)(super::$situation);
                }
            )+
        }
    };
}

over!(over_a_same_thread_link, |play: fn(Pair) -> _| block_on(play(Pair::new(same_thread()))));
over!(over_a_two_thread_link, |play: fn(Pair) -> _| block_on(play(Pair::new(two_thread()))));
