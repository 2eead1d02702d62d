//! A Worker in workerd calls a worker of ours, and does not notice that it is no JavaScript.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use bowline::worker::value::value;

use crate::callee;
use crate::vat::Serving;
use crate::world::Caller;

/// A worker of ours, and a Worker that calls it: `ONE` is its default entrypoint, `OTHER` its clerk.
struct Stage {
    caller: Caller,
    _callee: Serving,
    _clerk: Serving,
}

impl Stage {
    fn new() -> Self {
        let callee = Serving::service(|| callee::worker().service("default"));
        let clerk =
            Serving::service(|| callee::worker().service_with("Clerk", value!({ desk: 7 })));
        let caller = Caller::of(callee.port, clerk.port);
        Self { caller, _callee: callee, _clerk: clerk }
    }

    /// The stage that tests running at once have together. It ends with the last of them.
    fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Stage>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let stage = Arc::new(Self::new());
            *shared = Arc::downgrade(&stage);
            stage
        })
    }
}

macro_rules! situations {
    ($($name:ident)*) => {
        pub(crate) const SITUATIONS: &[&str] = &[$(stringify!($name)),*];
        $(#[test]
        fn $name() {
            Stage::shared().caller.play(stringify!($name), "ONE");
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
fn a_worker_calls_an_entrypoint_in_rust() {
    // C-K6: its calls, and its requests
    assert_eq!(Stage::shared().caller.play("clerk", "OTHER"), "clerk at 7");
}
