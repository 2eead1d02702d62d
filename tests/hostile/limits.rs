//! Each limit of a connection at its edge: so much goes, one more does not, and what is counted is told.

use bowline::conn::{Config, Stats, Window};
use bowline::rpc::{Client, Promise, Written};
use bowline::wire::{Exception, ExceptionKind, Message, SendResultsTo};

use crate::embargoes::embargoed_with;
use crate::scene::{Scene, polled};
use crate::support::{Ask, ID, fill, method, object};
use crate::words::*;

pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Scene {
    let mut config = Config::default();
    change(&mut config);
    Scene::met_with(config)
}

pub(crate) fn stats(scene: &Scene) -> Stats {
    scene.link.stats().expect("the connection is open")
}

/// What the peer offers, its export 4.
pub(crate) fn theirs(scene: &mut Scene) -> Client {
    let theirs = scene.link.bootstrap();
    scene.heard();
    scene.says(returns(0, bare(hosted(4))));
    scene.hears(&["finish q0"]);
    theirs
}

#[track_caller]
fn is_overloaded(scene: &Scene, call: Promise, reason: &str) {
    let why = scene.run(call).expect_err("one too many");
    assert_eq!((why.kind(), why.reason()), (ExceptionKind::Overloaded, reason));
}

fn never(question: u32) -> Message {
    Message::Call(Box::new(call(question, to(0), method::NEVER, vec![])))
}

/// How many lines say that a call was refused as overload.
pub(crate) fn overloaded(heard: &[String]) -> usize {
    heard.iter().filter(|line| line.contains("exception overloaded")).count()
}

// C-M1
#[test]
fn questions() {
    let mut scene = with(|config| config.questions_max = 3);
    let theirs = theirs(&mut scene);
    let open: Vec<_> = (0..3).map(|number| theirs.note(number)).collect();
    scene.quiet();
    assert_eq!(stats(&scene).questions, 3);
    is_overloaded(&scene, theirs.note(4), "more than 3 questions open");
    assert_eq!(scene.heard().len(), 3);
    scene.says(returns(0, results(vec![])));
    scene.hears(&["finish q0"]);
    let next = theirs.note(5);
    assert!(scene.heard()[0].starts_with("call q0 "), "there is room again");
    scene.hangs_up();
    drop((open, next, theirs));
    scene.ends_over();
}

// C-M2
#[test]
fn answers() {
    let mut scene = with(|config| config.answers_max = 3);
    scene.says_at_once((1..=3).map(never));
    scene.hears(&[]);
    assert_eq!(stats(&scene).answers, 3);
    scene.says(never(4));
    assert_eq!(overloaded(&scene.heard()), 1);
    scene.says(finish(1));
    scene.says(never(4));
    assert_eq!((scene.seen.running(), stats(&scene).answers), (3, 3));
    scene.says_at_once((2..=4).map(finish));
    scene.heard();
    scene.ends();
}

/// Calls that wait for what a promise comes to be are calls in flight like any other.
// C-M2
#[test]
fn calls_behind_a_promise() {
    let mut scene = with(|config| config.answers_max = 3);
    let (promise, resolver) = Client::promise(scene.vat.here());
    scene.seen.keep(&promise);
    drop(promise);
    scene.calls(call(1, to(0), method::GET, vec![]));
    scene.says(keep(1));
    scene.hears(&["return a1 results 16 words [p1]"]);
    let behind = |question| Message::Call(Box::new(call(question, to(1), method::NOTE, vec![])));
    scene.says_at_once((2..=4).map(behind));
    scene.hears(&[]);
    assert_eq!(stats(&scene).answers, 3);
    scene.says(behind(5));
    assert_eq!(overloaded(&scene.heard()), 1);
    // One that is given up makes room, though the promise still is none.
    scene.says(finish(2));
    scene.hears(&["return a2 canceled no-finish"]);
    scene.says(behind(6));
    scene.hears(&[]);
    assert_eq!(stats(&scene).answers, 3);
    let (object, seen) = object(scene.vat.here());
    resolver.resolve(Ok(object));
    assert_eq!(scene.heard().iter().filter(|line| line.starts_with("return")).count(), 3);
    assert_eq!(seen.notes().len(), 3);
    scene.seen.let_go();
    scene.says(release(1, 1));
    scene.heard();
    scene.hangs_up();
    scene.ends_over();
}

/// What one call counts.
fn call_words() -> usize {
    let mut scene = Scene::met();
    scene.says(never(1));
    let words = stats(&scene).inbound_words;
    scene.hangs_up();
    scene.ends_over();
    words
}

// C-M3
#[test]
fn inbound_words_while_nothing_is_asked() {
    let each = call_words();
    for (max, taken) in [(3 * each, 4), (3 * each - 1, 3)] {
        let mut scene = with(|config| config.inbound_words_max = max);
        (1..=9).for_each(|question| scene.says(never(question)));
        scene.hears(&[]);
        assert_eq!(scene.seen.running(), taken, "the others are not read");
        assert_eq!(stats(&scene).inbound_words, taken * each);
        scene.link.hang_up(Exception::disconnected("enough"));
        scene.quiet();
        scene.ends_over();
    }
}

// C-M3
#[test]
fn inbound_words_while_something_is_asked() {
    let each = call_words();
    for (max, taken) in [(3 * each, 4), (3 * each - 1, 3)] {
        let mut scene = with(|config| config.inbound_words_max = max);
        let theirs = theirs(&mut scene);
        let asked = theirs.note(1);
        scene.heard();
        (1..=9).for_each(|question| scene.says(never(question)));
        assert_eq!((scene.seen.running(), overloaded(&scene.heard())), (taken, 9 - taken));
        // What it was asked it can still answer.
        scene.says(returns(0, results(vec![])));
        scene.run(asked).expect("it is read");
        scene.link.hang_up(Exception::disconnected("enough"));
        drop(theirs);
        scene.ends_over();
    }
}

/// Each call needs an answer of its caller before it returns: were nothing read while so many are in
/// flight, none would ever return.
// C-M3
#[test]
fn calls_that_call_back_get_their_answers_however_many_are_in_flight() {
    let each = call_words();
    let mut scene = with(|config| config.inbound_words_max = 3 * each);
    let calls_back = |question| {
        Message::Call(Box::new(call(question, to(0), method::CALL_BACK, vec![hosted(7)])))
    };
    let mut returned = 0;
    for round in 0..5 {
        let first = 1 + 20 * round;
        scene.says_at_once((first..first + 20).map(calls_back));
        let heard = scene.heard();
        let asked = heard.iter().filter(|line| line.starts_with("call q")).count();
        assert!(asked > 0, "{heard:?}");
        assert_eq!(asked + overloaded(&heard), 20, "each is taken or refused");
        (0..asked).for_each(|id| scene.says(returns(id as u32, results(vec![]))));
        let heard = scene.heard();
        returned += heard.iter().filter(|line| line.contains("results")).count();
        assert_eq!(stats(&scene).inbound_words, 0);
        assert!(returned >= asked);
        scene.says_at_once((first..first + 20).map(finish));
        scene.heard();
    }
    assert!(returned >= 5);
    scene.ends();
}

/// Words of results that stay with the vat, for one GET of what the object keeps.
fn kept_words() -> usize {
    let mut scene = Scene::met();
    let (kept, _) = object(scene.vat.here());
    scene.seen.keep(&kept);
    scene.calls(call(1, to(0), method::GET, vec![]));
    let words = stats(&scene).kept_words;
    scene.hangs_up();
    drop(kept);
    scene.seen.let_go();
    scene.ends_over();
    words
}

// C-M10
#[test]
fn results_that_are_not_finished() {
    let each = kept_words();
    for (max, taken) in [(2 * each, 2), (2 * each - 1, 1)] {
        let mut scene = with(|config| config.kept_words_max = max);
        let (kept, _) = object(scene.vat.here());
        scene.seen.keep(&kept);
        (1..=4).for_each(|id| scene.calls(call(id, to(0), method::GET, vec![])));
        assert_eq!(overloaded(&scene.heard()), 4 - taken);
        assert_eq!(stats(&scene).kept_words, taken * each);
        // Without a capability nothing of them stays.
        scene.calls(call(5, to(0), method::NOTE, vec![]));
        scene.hears(&["return a5 results 13 words no-finish"]);
        scene.says(finish(1));
        scene.calls(call(6, to(0), method::GET, vec![]));
        assert_eq!(overloaded(&scene.heard()), 0, "there is room again");
        scene.says_at_once((1..=6).map(finish));
        assert_eq!(stats(&scene).kept_words, 0);
        drop(kept);
        scene.seen.let_go();
        scene.ends();
    }
}

/// An exception stays for the calls pipelined on it, as results do.
// C-M10
#[test]
fn exceptions_that_are_not_finished() {
    let mut scene = with(|config| config.kept_words_max = 250);
    let broken = Client::broken(scene.vat.here(), Exception::failed("x".repeat(800)));
    scene.seen.keep(&broken);
    drop(broken);
    (1..=4).for_each(|id| scene.calls(call(id, to(0), method::PASS, vec![])));
    assert_eq!(overloaded(&scene.heard()), 2);
    assert_eq!(stats(&scene).kept_words, 200);
    scene.says_at_once((1..=4).map(finish));
    scene.seen.let_go();
    scene.ends();
}

// C-M10
#[test]
fn results_that_are_to_be_taken_and_are_not() {
    let mut scene = with(|config| config.kept_words_max = 100);
    for question in 1..=50 {
        let mut kept = call(question, to(0), method::NOTE, vec![]);
        kept.results_to = SendResultsTo::Yourself;
        scene.calls(kept);
    }
    assert!(scene.heard().iter().all(|line| line.ends_with("sent elsewhere")));
    let words = stats(&scene).kept_words;
    assert!((50..=100).contains(&words), "{words} words of 50 results stay");
    scene.says_at_once((1..=50).map(finish));
    scene.ends();
}

// C-M4
#[test]
fn exports() {
    let mut scene = with(|config| config.exports_max = 3);
    let theirs = theirs(&mut scene);
    let objects: Vec<_> = (0..3).map(|_| object(scene.vat.here()).0).collect();
    let pass = |at: usize| theirs.ask(method::HOLD, 0, &[&objects[at]]);
    let asked = [pass(0), pass(1)];
    scene.quiet();
    assert_eq!(stats(&scene).exports, 3, "with the bootstrap");
    is_overloaded(&scene, pass(2), "the peer holds too many capabilities");
    // One it holds already is no more.
    let again = pass(1);
    assert_eq!(scene.heard().len(), 3);
    scene.hangs_up();
    drop((asked, again, objects, theirs));
    scene.ends_over();
}

// C-M4
#[test]
fn imports() {
    for (caps, goes) in [(3, true), (4, false)] {
        let mut scene = with(|config| config.imports_max = 3);
        let passed = (1..=caps).map(hosted).collect();
        scene.calls(call(1, to(0), method::NEVER, passed));
        match goes {
            true => {
                assert_eq!(stats(&scene).imports, 3);
                scene.says(finish(1));
                scene.heard();
                scene.ends();
            }
            false => scene.gets_aborted("more than 3 imports"),
        }
    }
}

// C-M5
#[test]
fn embargoes() {
    for (max, breaks) in [(1, false), (0, true)] {
        let mut config = Config::default();
        config.embargoes_max = max;
        let (scene, theirs, [first, behind]) = embargoed_with(config);
        assert_eq!(stats(&scene).embargoes, max as usize);
        if breaks {
            is_overloaded(&scene, theirs.note(3), "too many embargoes wait for the peer");
        }
        let mut scene = scene;
        scene.hangs_up();
        drop((first, behind, theirs));
        scene.ends_over();
    }
}

/// A disembargo of the peer's waits for what the vat has not made up its mind about.
// C-U6
#[test]
fn echoes() {
    let mut scene = with(|config| config.echoes_max = 2);
    let (promise, resolver) = Client::promise(scene.vat.here());
    scene.seen.keep(&promise);
    drop(promise);
    scene.calls(call(1, to(0), method::GET, vec![]));
    scene.says(keep(1));
    scene.heard();
    scene.says_at_once((0..2).map(|id| disembargo(to(1), id)));
    scene.hears(&[]);
    assert_eq!(stats(&scene).echoes, 2);
    scene.says(disembargo(to(1), 2));
    scene.seen.let_go();
    drop(resolver);
    scene.gets_aborted("more than 2 messages to be sent back");
}

// C-M7
#[test]
fn payloads() {
    let words = 13 - 8;
    for (max, goes) in [(words + 1, true), (words, false)] {
        let mut scene = with(|config| config.payload_words_max = max);
        scene.calls(call(1, to(0), method::NOTE, vec![]));
        let heard = scene.heard();
        assert_eq!(
            heard[0].contains("exception failed: a payload of 48 bytes"),
            !goes,
            "{heard:?}"
        );
        let theirs = theirs(&mut scene);
        let asked = theirs.note(1);
        assert_eq!(scene.heard().len(), usize::from(goes));
        scene.hangs_up();
        drop((asked, theirs));
        scene.ends_over();
    }
}

/// The window is over once as much is on its way as it has, and the largest call besides.
// C-S1
#[test]
fn bytes_of_a_stream() {
    // A struct of one word and four pointers, its root pointer and the envelope.
    let each = 6 * 8 + 128;
    for (window, free) in [(3 * each, 3), (3 * each + 1, 4)] {
        let mut scene = with(|config| config.stream_window = Window::Fixed(window));
        let theirs = theirs(&mut scene);
        let mut written: Vec<Written> =
            (0..6).map(|n| theirs.request(ID, method::NOTE).with(fill(n, &[])).stream()).collect();
        scene.quiet();
        let ready = written.iter_mut().filter_map(polled).count();
        assert_eq!(ready, free, "a window of {window} bytes");
        scene.hangs_up();
        drop((written, theirs));
        scene.ends_over();
    }
}
