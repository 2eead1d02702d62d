//! A peer that asks for more than it may: what it is owed is bounded, and paid once it can be.

use bowline::conn::Config;
use bowline::wire::Message;

use crate::scene::Scene;
use crate::support::method;
use crate::words::*;

/// The peer writes and does not read. What is due to it stays within the limits, for it is not read
/// either; once it reads, it gets every answer.
#[test]
fn a_peer_that_does_not_read_is_not_read() {
    let mut config = Config::default();
    config.queued_words_max = 10_000;
    let mut scene = Scene::with_pipe(config, 64 << 10).meets();
    let mut asked = 0;
    let note = |question| Message::Call(Box::new(call(question, to(0), method::NOTE, vec![])));
    while scene.tries_to_say((0..100).map(|n| note(asked + n + 1))) {
        asked += 100;
        assert!(asked < 100_000, "the peer was read without end");
    }
    let stats = scene.link.stats().expect("open");
    assert!(stats.queued_words > 10_000, "{stats}");
    assert!(stats.queued_words < 20_000, "{stats}");
    let mut answers = 0;
    loop {
        let said = scene.tries_to_say([]);
        let heard = scene.heard();
        if said && heard.is_empty() {
            break;
        }
        assert!(heard.iter().all(|line| line.ends_with("no-finish")), "{:?}", heard.last());
        answers += heard.len();
    }
    assert_eq!(answers, usize::try_from(asked).expect("small") + 100);
    scene.ends();
}

/// Calls over the limit wait unread, and are read when those before them have been answered.
#[test]
fn calls_that_wait_unread_are_read_when_there_is_room() {
    let mut config = Config::default();
    config.inbound_words_max = 400;
    let mut scene = Scene::met_with(config);
    for question in 1..=100 {
        scene.calls(call(question, to(0), method::GET_LATER, vec![]));
    }
    let mut answered = 0;
    while answered < 100 {
        let running = scene.seen.running();
        assert!((1..=40).contains(&running), "{running} calls run, {answered} were answered");
        scene.seen.go();
        let heard = scene.heard();
        assert_eq!(heard.len(), running);
        answered += running;
    }
    scene.ends();
}

/// What no peer would read fails its call, and the connection goes on.
#[test]
fn results_larger_than_a_peer_reads_fail_that_call_alone() {
    let mut config = Config::default();
    config.payload_words_max = 5;
    let mut scene = Scene::met_with(config);
    scene.calls(call(1, to(0), method::NOTE, vec![]));
    let rule = "a payload of 48 bytes is over the limit of 40 bytes";
    scene.hears(&[&format!("return a1 exception failed: {rule}")]);
    scene.says(finish(1));
    scene.calls(call(2, to(0), method::HOLD, vec![hosted(3)]));
    scene.hears(&["return a2 results null no-finish"]);
    scene.calls(call(3, to(0), method::LET_GO, vec![]));
    scene.hears(&["return a3 results null no-finish", "release i3 ×1"]);
    scene.ends();
}
