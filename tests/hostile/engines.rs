//! Defects other engines were found to have, by the numbers of the probes that proved them.

use bowline::conn::Config;
use bowline::rpc::Promise;
use bowline::wire::{
    AnswerId, ExceptionKind, Finish, Message, Outcome, Path, QuestionId, Return, SendResultsTo,
};

use crate::promising::Promising;
use crate::scene::Scene;
use crate::support::{Ask, cap, method};
use crate::words::*;

/// P1: a cancelled call lost its Return, and its id could not be used again.
#[test]
fn a_cancelled_call_has_one_return_and_its_id_is_free_again() {
    let mut scene = Scene::met();
    for round in 1..=3 {
        scene.calls(call(1, to(0), method::NEVER, vec![]));
        scene.hears(&[]);
        scene.says(finish(1));
        scene.hears(&["return a1 canceled no-finish"]);
        assert_eq!((scene.seen.running(), scene.seen.cancelled()), (0, round));
    }
    scene.calls(call(1, to(0), method::NOTE, vec![]));
    scene.hears(&["return a1 results 13 words no-finish"]);
    scene.ends();
}

/// P1, the params: what a cancelled call was passed is given back.
#[test]
fn a_cancelled_call_gives_back_what_it_was_passed() {
    let mut scene = Scene::met();
    scene.calls(call(1, to(0), method::NEVER, vec![hosted(3)]));
    scene.says(finish(1));
    let heard = scene.heard();
    let with_return = heard == ["return a1 canceled release-params no-finish"];
    assert!(with_return || heard == ["return a1 canceled no-finish", "release i3 ×1"], "{heard:?}");
    scene.ends();
}

/// The vat calls what the peer offers, passing its own object.
fn passing() -> (Scene, Promise) {
    let mut scene = Scene::met();
    let theirs = scene.link.bootstrap();
    scene.heard();
    scene.says(returns(0, bare(hosted(4))));
    scene.heard();
    let (passed, _) = crate::support::object(scene.vat.here());
    let asked = theirs.ask(method::HOLD, 0, &[&passed]);
    let heard = scene.heard();
    assert!(heard.len() == 1 && heard[0].ends_with(" [e1]"), "{heard:?}");
    drop(theirs);
    (scene, asked)
}

/// P2: `Return.releaseParamCaps` was ignored, so every capability passed was kept for ever.
#[test]
fn params_the_return_releases_are_released() {
    let (mut scene, asked) = passing();
    scene.says(Message::Return(Box::new(Return {
        answer: AnswerId(0),
        release_param_caps: true,
        no_finish_needed: false,
        outcome: results(vec![]),
    })));
    scene.run(asked).expect("it returned");
    scene.hears(&["finish q0", "release i4 ×1"]);
    scene.ends();
}

/// P2, the other way: without it they stay until they are released.
#[test]
fn params_the_return_does_not_release_stay() {
    let (mut scene, asked) = passing();
    scene.says(returns(0, results(vec![])));
    scene.run(asked).expect("it returned");
    scene.hears(&["finish q0", "release i4 ×1"]);
    assert_eq!(scene.link.stats().expect("open").exports, 2);
    scene.says(release(1, 1));
    scene.ends();
}

/// P3: `sendResultsTo.yourself` never had its Return, and its id could not be used again.
#[test]
fn a_call_whose_results_stay_here_is_returned_as_sent_elsewhere() {
    let mut scene = Scene::met();
    for _ in 0..3 {
        let mut kept = call(1, to(0), method::NOTE, vec![]);
        kept.results_to = SendResultsTo::Yourself;
        scene.calls(kept);
        scene.hears(&["return a1 sent elsewhere"]);
        scene.says(finish(1));
        scene.hears(&[]);
    }
    scene.ends();
}

/// P3, as it is meant: what the peer passed back is taken as the results of our own call.
#[test]
fn results_that_stayed_here_are_taken_by_our_question() {
    let mut scene = Scene::met();
    let theirs = scene.link.bootstrap();
    scene.hears(&["bootstrap q0"]);
    scene.says(returns(0, bare(hosted(4))));
    scene.heard();
    let asked = theirs.note(5);
    scene.heard();
    let mut kept = call(9, to(0), method::ECHO, vec![yours(0)]);
    kept.results_to = SendResultsTo::Yourself;
    scene.calls(kept);
    scene.hears(&["return a9 sent elsewhere"]);
    scene.says(returns(0, Outcome::TakeFromOtherQuestion(QuestionId(9))));
    scene.says(finish(9));
    let echoed = cap(&scene.run(asked).expect("it returned")).expect("our own object");
    scene.run(echoed.note(6)).expect("it is here");
    assert!(scene.seen.notes().contains(&6));
    drop((echoed, theirs));
    scene.hears(&["finish q0", "release i4 ×1"]);
    scene.ends();
}

/// P6: a peer that returned no capability where one was expected had the caller panic.
#[test]
fn results_without_the_capability_expected_break_it_and_nothing_else() {
    let mut scene = Scene::met();
    let theirs = scene.link.bootstrap();
    scene.heard();
    scene.says(returns(0, bare(hosted(4))));
    scene.heard();
    let asked = theirs.note(1);
    let early = asked.cap(&Path::root().field(9).field(3));
    let root = asked.cap(&Path::root());
    scene.heard();
    scene.says(returns(0, results(vec![])));
    let reply = scene.run(asked).expect("it returned");
    assert!(reply.cap(&Path::root()).is_err());
    assert!(cap(&reply).is_err());
    for client in [&early, &root] {
        let why = scene.run(client.note(1)).expect_err("it is no capability");
        assert_eq!(why.kind(), ExceptionKind::Failed);
    }
    drop((early, root, theirs));
    scene.hears(&["finish q0", "release i4 ×1"]);
    scene.ends();
}

/// P18: a promise resolved to itself had the holder panic at its next call.
#[test]
fn a_call_on_a_promise_resolved_to_itself_fails_without_a_panic() {
    let mut at = Promising::new();
    at.scene.says(resolve(6, promised(6)));
    let why = at.scene.run(at.promise.note(1)).expect_err("the connection is over");
    assert_eq!(why.kind(), ExceptionKind::Disconnected);
    at.loses_its_question("to itself").gets_aborted("resolves promise 6 to itself");
}

/// P20: every cancelled call left an entry on both sides.
#[test]
fn ten_thousand_cancelled_calls_of_the_peer_leave_nothing() {
    let mut scene = Scene::met();
    for _ in 0..100 {
        for question in 1..=100 {
            let never = call(question, to(0), method::NEVER, vec![hosted(3)]);
            scene.says_at_once([Message::Call(Box::new(never)), finish(question)]);
        }
        let returns = scene.heard().iter().filter(|line| line.contains("canceled")).count();
        assert_eq!(returns, 100);
    }
    assert_eq!(scene.seen.running(), 0);
    scene.ends();
}

/// P20, as the caller: the ids of cancelled questions are used again.
#[test]
fn ten_thousand_cancelled_calls_of_ours_leave_nothing() {
    let mut scene = Scene::met();
    let theirs = scene.link.bootstrap();
    scene.heard();
    scene.says(returns(0, bare(hosted(4))));
    scene.heard();
    for _ in 0..100 {
        let asked: Vec<_> = (0..100).map(|n| theirs.note(n)).collect();
        let heard = scene.heard();
        assert!(heard.iter().all(|line| line.starts_with("call q")), "{heard:?}");
        drop(asked);
        let finished = scene.heard();
        assert_eq!(finished.len(), 100);
        assert!(finished.iter().all(|line| line.starts_with("finish q")), "{finished:?}");
        for question in 0..100 {
            scene.says(returns(question, Outcome::Canceled));
        }
        assert_eq!(scene.link.stats().expect("open").questions, 0);
    }
    drop(theirs);
    scene.hears(&["release i4 ×1"]);
    scene.ends();
}

/// P21: calls in flight had no limit.
#[test]
fn calls_in_flight_over_the_limit_fail_as_overloaded() {
    let mut config = Config::default();
    config.answers_max = 50;
    let mut scene = Scene::met_with(config);
    for question in 1..=60 {
        scene.calls(call(question, to(0), method::NEVER, vec![hosted(3)]));
    }
    let heard = scene.heard();
    let overloaded =
        heard.iter().filter(|line| line.contains("overloaded: too many calls")).count();
    assert_eq!(overloaded, 10, "{heard:?}");
    assert_eq!(scene.seen.running(), 50);
    for question in 1..=60 {
        scene.says(finish(question));
    }
    assert_eq!(scene.seen.running(), 0);
    scene.heard();
    scene.ends();
}

/// P21, in memory: params over the limit are left unread, and read once there is room.
#[test]
fn params_over_the_limit_wait_unread() {
    let mut config = Config::default();
    config.inbound_words_max = 400;
    let mut scene = Scene::met_with(config);
    for question in 1..=100 {
        scene.calls(call(question, to(0), method::NEVER, vec![]));
    }
    scene.hears(&[]);
    let running = scene.seen.running();
    assert!((10..=40).contains(&running), "{running} calls of some 20 words were taken");
    // A peer that is not read cannot be told to cancel either; hanging up is what is left to it.
    scene.hangs_up();
    assert!(scene.link.stats().is_some_and(|stats| stats.answers == running));
    scene.link.abort(bowline::wire::Exception::failed("enough"));
    scene.quiet();
    assert_eq!(scene.seen.running(), 0);
    scene.ends_over();
}

/// P22: every Finish asked for the workaround, so that the peer put off every cancellation.
#[test]
fn a_finish_does_not_ask_for_the_early_cancellation_workaround() {
    let mut scene = Scene::met();
    let theirs = scene.link.bootstrap();
    scene.heard();
    scene.says(returns(0, bare(hosted(4))));
    scene.heard();
    let asked = theirs.note(1);
    scene.heard();
    drop(asked);
    scene.hears(&["finish q0 release-results"]);
    scene.says(returns(0, Outcome::Canceled));
    drop(theirs);
    scene.hears(&["release i4 ×1"]);
    scene.ends();
}

/// P22, the other way: a peer that asks for it has its call delivered first.
#[test]
fn a_finish_that_asks_for_the_workaround_finds_its_call_delivered() {
    let mut scene = Scene::met();
    let note = call(1, to(0), method::NOTE, vec![]);
    let deliver_first = Message::Finish(Finish {
        question: QuestionId(1),
        release_result_caps: true,
        require_early_cancellation_workaround: true,
    });
    scene.says_at_once([Message::Call(Box::new(note)), deliver_first]);
    scene.hears(&["return a1 canceled no-finish"]);
    assert!(scene.seen.notes().contains(&0));
    scene.ends();
}
