//! `workerd`, the real runtime, at both ends: a Worker calls another, and does not notice a vat between them.
//!
//! Each situation of `caller.js` is a test. It is played with no relay first, so that what is the runtime's
//! own is known as that; through the relay it must end the same way.

mod callee;
mod debug;
mod example;
mod ours;
mod peer;
mod program;
mod served;
mod signals;
mod slow;
mod vat;
mod world;

use std::time::{Duration, Instant};

use slow::slowed;
use world::{Caller, Relaying, World, callee};

/// Plays `situation` directly and through the relay.
#[track_caller]
fn is_the_same_through_a_relay(situation: &str) {
    let world = World::shared();
    let directly = world.caller.play(situation, "ONE");
    let through = world.caller.play(situation, "OTHER");
    assert_eq!(directly, through, "{situation}");
}

macro_rules! situations {
    ($($name:ident)*) => {
        const SITUATIONS: &[&str] = &[$(stringify!($name)),*];
        $(#[test]
        fn $name() {
            is_the_same_through_a_relay(stringify!($name));
        })*
    };
}

situations! {
    values all_values_at_once circles_and_aliases arguments_of_any_number http_values a_large_value
    a_target_is_called targets_inside_an_object functions getters what_is_hidden
    a_duplicate_outlives_its_original an_object_with_a_disposer
    pipelined_calls one_promise_called_often calls_arrive_in_order a_hundred_sessions_at_once
    a_failure_fails_what_is_pipelined_on_it a_chain_of_eight
    callbacks a_callback_that_fails a_callback_within_a_callback a_stub_of_ours_comes_back
    a_stub_of_theirs_goes_back a_callback_is_kept_with_dup_only
    a_target_passed_is_disposed_once_the_call_is_over
    failures what_cannot_be_passed a_callee_that_gives_up a_promise_is_disposed_while_it_waits
    streams_from_there streams_to_there a_writable_stream_there a_stream_goes_there_and_back
    a_stream_is_cancelled_here a_stream_is_cancelled_there a_stream_breaks
    fetch_with_a_body fetch_streams_a_body_both_ways fetch_and_calls_take_turns
    a_socket_to_another_host a_websocket
}

#[test]
fn no_situation_is_left_out() {
    let listed = World::shared().caller.ask("/");
    assert_eq!(listed, serde_json::json!(SITUATIONS));
}

#[test]
fn a_named_entrypoint_with_props_is_the_same_through_a_relay() {
    let world = World::shared();
    let clerk = world.callee.port("clerk");
    let relaying = Relaying::to(clerk);
    let caller = Caller::of(clerk, relaying.port);
    assert_eq!(caller.play("clerk", "ONE"), "clerk at 7");
    assert_eq!(caller.play("clerk", "OTHER"), "clerk at 7");
}

#[test]
fn through_two_relays_it_is_still_the_same() {
    let world = World::shared();
    let second = Relaying::to(world.relaying.port);
    let caller = Caller::of(world.relaying.port, second.port);
    for situation in ["values", "pipelined_calls", "callbacks", "streams_to_there", "a_websocket"] {
        caller.play(situation, "OTHER");
    }
}

#[test]
fn a_relay_between_two_workers_has_nothing_to_say() {
    for caller_first in [true, false] {
        let World { caller, relaying, callee } = World::new();
        for situation in ["a_target_is_called", "streams_from_there", "failures", "a_websocket"] {
            caller.play(situation, "OTHER");
        }
        // Until the last releases are read: whoever is killed before that resets the connection.
        std::thread::sleep(Duration::from_millis(200));
        if caller_first {
            drop(caller);
            drop(callee);
        } else {
            drop(callee);
            drop(caller);
        }
        assert_eq!(relaying.end(), "");
    }
}

#[test]
fn a_callee_that_goes_away_is_noticed_and_found_again() {
    let World { caller, relaying, callee: first } = World::new();
    let port = first.port("main");
    for of in ["ONE", "OTHER"] {
        caller.play("ping", of);
    }
    drop(first);
    let lost = serde_json::json!(["Network connection lost.", true]);
    for of in ["ONE", "OTHER"] {
        assert_eq!(caller.play("ping_fails", of), lost, "{of}");
    }
    let second = callee(&[format!("--socket-addr=main=127.0.0.1:{port}")]);
    for of in ["ONE", "OTHER"] {
        until_it_plays(&caller, of);
    }
    drop((caller, second));
    let said = relaying.end();
    // Whoever is killed may leave something unread, which resets the connection.
    let expected = |line: &str| line.contains("refused") || line.contains("reset by peer");
    assert!(said.lines().all(expected), "{said}");
}

/// A call made right after the loss may still meet it.
fn until_it_plays(caller: &Caller, of: &str) {
    let began = Instant::now();
    while caller.ask(&format!("/ping?of={of}&key=again")).get("wrong").is_some() {
        assert!(began.elapsed() < Duration::from_secs(10), "{of} is not found again");
    }
}

/// What each link of a way is slowed down by, each way.
const DELAY: Duration = Duration::from_millis(100);

#[test]
fn pipelined_calls_through_a_relay_take_one_round_trip() {
    let callee = callee(&[]);
    let relaying = Relaying::to(slowed(callee.port("main"), DELAY));
    let caller = Caller::of(1, slowed(relaying.port, DELAY));
    let round_trip = 4 * DELAY;
    // Connecting takes its own time.
    caller.play("ping", "OTHER");
    for situation in ["ping", "a_chain_of_eight"] {
        let best = (0..5).map(|_| {
            let began = Instant::now();
            caller.play(situation, "OTHER");
            began.elapsed()
        });
        let best = best.min().unwrap_or_default();
        assert!(best >= round_trip, "{best:?}: the links are not slow");
        // Who waits for one answer on the way needs half of that again.
        assert!(
            best < round_trip + DELAY,
            "{situation} took {best:?}, a round trip {round_trip:?}"
        );
    }
}
