//! What a raw peer once found broken in an engine of this API, each with its number (P): generated
//! clients and servers behind `compat`, told as traffic.

use std::rc::Rc;

use bowline::compat::rpc_capnp::{message, message_target};
use bowline::compat::rpc_twoparty_capnp::Side;
use bowline::compat::{RpcSystem, auto_reconnect, new_broken_cap, new_client};
use bowline::conn::Config;
use bowline::rpc::{Link, ambient};
use bowline::transport::{Framed, FramedLimits, Peer, Tokio};
use capnp::capability::{Client, FromClientHook};
use capnp::traits::{HasTypeId, ImbueMut};
use futures::future::pending;
use tokio::task::{spawn_local, yield_now};

use crate::desk::{Cell, a_desk, value_of};
use crate::network::Counting;
use crate::raw::{Raw, Returned};
use crate::typed_capnp::{cell, desk};
use crate::worlds::{Compat, duplex, on_one_thread};

const NEW: (u64, u16) = (desk::Client::TYPE_ID, 1);
const HANG: (u64, u16) = (desk::Client::TYPE_ID, 6);
const ME: (u64, u16) = (desk::Client::TYPE_ID, 7);

/// A raw peer that asked for the desk of a system as its question 0.
async fn caller() -> Raw {
    caller_of(a_desk(Compat)).await
}

async fn caller_of(desk: desk::Client) -> Raw {
    let (left, right) = duplex();
    let network = crate::worlds::two_party(right, Side::Server);
    let offer = Client::new(desk.into_client_hook());
    spawn_local(RpcSystem::new(Box::new(network), Some(offer)));
    let mut raw = Raw::new(left, Side::Client);
    raw.ask_bootstrap(0);
    assert_eq!(raw.returned(0).await, Returned::Results);
    raw
}

/// A raw peer that was asked for its bootstrap by a system, and what the system was given.
async fn callee() -> (Raw, desk::Client) {
    let (left, right) = duplex();
    let mut system = RpcSystem::new(Box::new(crate::worlds::two_party(left, Side::Client)), None);
    let desk = system.bootstrap(Side::Server);
    spawn_local(system);
    let mut raw = Raw::new(right, Side::Server);
    raw.hear(|message| assert!(matches!(message.which(), Ok(message::Bootstrap(_))))).await;
    (raw, desk)
}

/// P1, P20: a cancelled call gets its Return, and its id is free again, as often as one likes.
#[test]
fn a_cancelled_call_returns_and_its_id_is_used_again() {
    on_one_thread(async {
        let mut raw = caller().await;
        for _ in 0..100 {
            raw.call(1, (0, None), HANG);
            yield_now().await;
            raw.finish(1);
            assert_eq!(raw.returned(1).await, Returned::Canceled);
        }
        raw.call(1, (0, None), NEW);
        assert_eq!(raw.returned(1).await, Returned::Results);
    });
}

/// P2: a Return that releases the params does release them.
#[test]
fn a_return_that_releases_the_params_releases_them() {
    on_one_thread(async {
        let (mut raw, desk) = callee().await;
        let server = Rc::new(Cell::new(1));
        let weak = Rc::downgrade(&server);
        let mut request = desk.echo_request();
        request.get().set_cell(bowline::compat::new_client_from_rc(server));
        let call = request.send();
        let question = raw.hear(|message| match message.which() {
            Ok(message::Call(call)) => call.expect("a call").get_question_id(),
            _ => panic!("not a call"),
        });
        let question = question.await;
        raw.say(|message| {
            let mut ret = message.init_return();
            ret.set_answer_id(question);
            ret.set_release_param_caps(true);
            ret.init_results();
        });
        drop(call.promise.await.expect("it returned"));
        for _ in 0..10 {
            yield_now().await;
        }
        assert!(weak.upgrade().is_none(), "nobody holds it any more");
    });
}

/// P3: results that stay where they are get their Return, and the id is free again.
#[test]
fn results_that_stay_are_told_and_can_be_finished() {
    on_one_thread(async {
        let mut raw = caller().await;
        for _ in 0..3 {
            raw.call_with(1, (0, None), NEW, |mut call| {
                call.reborrow().get_send_results_to().set_yourself(());
            });
            assert_eq!(raw.returned(1).await, Returned::SentElsewhere);
            raw.finish(1);
        }
        raw.call(1, (0, None), NEW);
        assert_eq!(raw.returned(1).await, Returned::Results);
    });
}

/// P9: what is pipelined on a call that was passed on is passed on, before anything has returned.
#[test]
fn a_proxy_that_makes_tail_calls_keeps_pipelines() {
    struct Proxy(desk::Client);
    impl desk::Server for Proxy {
        async fn me(
            self: Rc<Self>,
            _: desk::MeParams,
            results: desk::MeResults,
        ) -> capnp::Result<()> {
            results.hook.tail_call(self.0.me_request().hook).await
        }
    }
    on_one_thread(async {
        let (mut upstream, desk) = callee().await;
        let mut raw = caller_of(new_client(Proxy(desk))).await;
        raw.call(1, (0, None), ME);
        raw.call(2, (1, Some(0)), NEW);
        let passed_on = |message: message::Reader<'_>| match message.which() {
            Ok(message::Call(call)) => {
                let call = call.expect("a call");
                let target = call.get_target().expect("a target");
                let Ok(message_target::PromisedAnswer(on)) = target.which() else {
                    panic!("not pipelined")
                };
                let on = on.expect("an answer").get_question_id();
                (call.get_question_id(), on, call.get_method_id())
            }
            _ => panic!("not a call"),
        };
        let (first, _, method) = upstream.hear(passed_on).await;
        assert_eq!(method, ME.1);
        let (_, on, method) = upstream.hear(passed_on).await;
        assert_eq!((on, method), (first, NEW.1));
    });
}

/// P18: a promise that is resolved to itself is the peer's fault, and no panic.
#[test]
fn a_promise_that_is_its_own_resolution_ends_the_connection() {
    on_one_thread(async {
        let (mut raw, desk) = callee().await;
        raw.say(|message| {
            let mut ret = message.init_return();
            ret.set_answer_id(0);
            let mut results = ret.init_results();
            results.reborrow().init_cap_table(1).get(0).set_sender_promise(7);
        });
        raw.say(|message| {
            let mut resolve = message.init_resolve();
            resolve.set_promise_id(7);
            resolve.init_cap().set_sender_promise(7);
        });
        assert!(desk.me_request().send().promise.await.is_err());
        assert!(desk.client.when_resolved().await.is_err());
    });
}

/// P21: calls that are asked and never finished are bounded.
#[test]
fn calls_that_are_never_finished_are_refused_beyond_the_limit() {
    on_one_thread(async {
        let mut raw = caller().await;
        let limit = Config::default().answers_max;
        for question in 1..limit + 8 {
            raw.call(question, (0, None), HANG);
            if question % 64 == 0 {
                yield_now().await;
            }
        }
        assert_eq!(raw.returned(limit + 1).await, Returned::Overloaded);
    });
}

#[test]
fn a_stream_keeps_the_window_of_its_network() {
    on_one_thread(async {
        let (left, right) = duplex();
        let mut network = crate::worlds::two_party(left, Side::Client);
        network.set_window_size(1);
        let mut system = RpcSystem::new(Box::new(network), None);
        let desk: desk::Client = system.bootstrap(Side::Server);
        spawn_local(system);
        let mut raw = Raw::new(right, Side::Server);
        raw.hear(|message| assert!(matches!(message.which(), Ok(message::Bootstrap(_))))).await;
        let write = || {
            let client = &desk.client;
            client.new_streaming_call::<desk::hang_params::Owned>(HANG.0, HANG.1, None).send()
        };
        write().await.expect("a window lets one more pass than it holds");
        let second = spawn_local(write());
        let heard = |message: message::Reader<'_>| match message.which() {
            Ok(message::Call(call)) => Some(call.expect("a call").get_question_id()),
            _ => None,
        };
        let first = raw.find(heard).await;
        let _ = raw.find(heard).await;
        yield_now().await;
        assert!(!second.is_finished(), "the window is full");
        raw.say(|message| {
            let mut ret = message.init_return();
            ret.set_answer_id(first);
            ret.init_results();
        });
        second.await.expect("it did not panic").expect("there is room");
    });
}

/// Passing on a message that a foreign network cannot carry.
#[test]
fn what_a_network_cannot_carry_fails_the_call_and_harms_nobody_else() {
    on_one_thread(async {
        let (left, right) = duplex();
        let counting =
            Counting { inner: crate::worlds::two_party(left, Side::Client), seen: Rc::default() };
        let mut system = RpcSystem::new(Box::new(counting), None);
        let upstream: desk::Client = system.bootstrap(Side::Server);
        spawn_local(system);
        let mut peer = Raw::new(right, Side::Server);
        peer.hear(|message| assert!(matches!(message.which(), Ok(message::Bootstrap(_))))).await;
        let mut raw = caller_of(upstream).await;
        raw.call_with(1, (0, None), (desk::Client::TYPE_ID, 9), |call| {
            let mut params = call.init_params();
            params.reborrow().init_cap_table(1).get(0).set_sender_hosted(5);
            // Two pointers, and each is made to be the first of its table.
            let content = params.reborrow().get_content();
            content.init_as::<desk::double_results::Builder<'_>>();
            for field in 0..2 {
                let mut table = Vec::new();
                let mut content = params.reborrow().get_content();
                content.imbue_mut(&mut table);
                let unused = new_broken_cap(capnp::Error::failed("unused".into())).hook;
                let unused = FromClientHook::new(unused);
                let mut both = content
                    .get_as::<desk::double_results::Builder<'_>>()
                    .expect("it was just made");
                match field {
                    0 => both.set_first(unused),
                    _ => both.set_second(unused),
                }
            }
        });
        let Returned::Failed(why) = raw.returned(1).await else { panic!("it was not passed on") };
        assert!(why.contains("named twice"), "{why}");
        raw.ask_bootstrap(2);
        assert_eq!(raw.returned(2).await, Returned::Results);
    });
}

/// P22: a cancel says so here, as it does there; elsewhere on this engine it does not.
#[test]
fn only_compat_asks_for_the_early_cancellation_workaround() {
    on_one_thread(async {
        let asks = |message: message::Reader<'_>| match message.which() {
            Ok(message::Finish(finish)) => {
                Some(finish.expect("a Finish").get_require_early_cancellation_workaround())
            }
            _ => None,
        };
        let (mut raw, desk) = callee().await;
        let call = desk.hang_request().send();
        raw.hear(|message| assert!(matches!(message.which(), Ok(message::Call(_))))).await;
        drop(call);
        assert_eq!(raw.hear(asks).await, Some(true));

        let (left, right) = duplex();
        let framed = Framed::new(Tokio(left), Peer::Memory, FramedLimits::default());
        let link = Link::connect(&ambient(), framed, Config::default(), None);
        let desk: desk::Client = FromClientHook::new(link.bootstrap().hook());
        let driver = bowline::runtime::Driver::timeless(ambient());
        let driver = spawn_local(driver);
        let mut raw = Raw::new(right, Side::Server);
        raw.hear(|message| assert!(matches!(message.which(), Ok(message::Bootstrap(_))))).await;
        let call = desk.hang_request().send();
        raw.hear(|message| assert!(matches!(message.which(), Ok(message::Call(_))))).await;
        drop(call);
        assert_eq!(raw.hear(asks).await, Some(false));
        driver.abort();
    });
}

/// P5: a call that nobody polls reaches the peer.
#[test]
fn a_call_that_nobody_polls_reaches_the_peer() {
    on_one_thread(async {
        let (mut raw, desk) = callee().await;
        let held = desk.hang_request().send();
        raw.hear(|message| assert!(matches!(message.which(), Ok(message::Call(_))))).await;
        assert!(raw.is_quiet().await);
        drop(held);
    });
}

/// A server that uses what the hooks of results offer.
struct Hooked(cell::Client);

impl cell::Server for Hooked {
    async fn get(
        self: Rc<Self>,
        _: cell::GetParams,
        results: cell::GetResults,
    ) -> capnp::Result<()> {
        results.hook.allow_cancellation();
        let (done, pipeline) = results.hook.direct_tail_call(self.0.get_request().hook);
        drop(pipeline);
        done.await
    }

    async fn set(
        self: Rc<Self>,
        _: cell::SetParams,
        results: cell::SetResults,
    ) -> capnp::Result<()> {
        results.hook.allow_cancellation();
        pending().await
    }
}

#[test]
fn the_hooks_of_results_do_what_they_say() {
    on_one_thread(async {
        let cell: cell::Client = new_client(Hooked(new_client(Cell::new(5))));
        assert_eq!(value_of(&cell).await.expect("a value"), 5);
        drop(cell.set_request().send());
        // Also to an object of another engine, whose request is not ours.
        let cell: cell::Client = new_client(Hooked(capnp_rpc::new_client(Cell::new(6))));
        assert_eq!(value_of(&cell).await.expect("a value"), 6);
    });
}

#[test]
fn a_request_that_is_sent_as_a_tail_call_by_hand_says_it_cannot() {
    on_one_thread(async {
        let cell: cell::Client = new_client(Cell::new(5));
        assert!(cell.get_request().hook.tail_send().is_none());
        let (cell, _) = auto_reconnect(move || Ok(cell.clone())).expect("it connects");
        assert!(cell.get_request().hook.tail_send().is_none());
    });
}

#[test]
fn a_streaming_call_on_a_reconnecting_client_is_made() {
    on_one_thread(async {
        let server = Rc::new(Cell::new(1));
        let cell: cell::Client = bowline::compat::new_client_from_rc(Rc::clone(&server));
        let (cell, _) = auto_reconnect(move || Ok(cell.clone())).expect("it connects");
        let mut request = cell.client.new_streaming_call::<cell::set_params::Owned>(
            cell::Client::TYPE_ID,
            1,
            None,
        );
        request.get().set_value(9);
        request.send().await.expect("it is there");
        assert_eq!(value_of(&cell).await.expect("a value"), 9);
        assert_eq!(server.value(), 9);
    });
}
