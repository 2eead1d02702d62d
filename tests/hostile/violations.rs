//! What every peer must not do: it is told the rule and hung up on, and its neighbour does not notice.

use std::collections::BTreeSet;

use bowline::conn::{Config, PeerMisbehaved, Plenty};
use bowline::probe::say;
use bowline::wire::{
    AnswerId, CapDescriptor, Context, DecodeError, Disembargo, EmbargoId, Exception, ExportId,
    FrameError, ImportId, Message, MessageTarget, Outcome, Path, PromisedAnswer, QuestionId,
    SendResultsTo,
};

use crate::knots::mirrored;
use crate::promising::Promising;
use crate::scene::Scene;
use crate::support::method;
use crate::words::*;

/// A violation: what the peer is told, the situation, and the peer that does it.
struct Row(PeerMisbehaved, &'static str, fn() -> Scene);

fn kept(question: u32, target: MessageTarget, method: u16) -> Message {
    let mut kept = call(question, target, method, vec![]);
    kept.results_to = SendResultsTo::Yourself;
    Message::Call(Box::new(kept))
}

/// The vat has asked for what the peer offers, and nothing has come back.
fn asked() -> Scene {
    asking(Scene::met())
}

fn asking(scene: Scene) -> Scene {
    let mut scene = scene;
    let theirs = scene.link.bootstrap();
    scene.hears(&["bootstrap q0"]);
    // It is held by a target, and so goes with the connection.
    scene.seen.keep(&theirs);
    scene
}

/// A scene in which the peer says one thing.
fn saying(scene: Scene, message: Message) -> Scene {
    let mut scene = scene;
    scene.says(message);
    scene
}

fn returning(outcome: Outcome) -> Scene {
    saying(asked(), returns(0, outcome))
}

fn take(question: u32) -> Outcome {
    Outcome::TakeFromOtherQuestion(QuestionId(question))
}

fn writing(bytes: &[u8]) -> Scene {
    let mut scene = Scene::met();
    scene.writes(bytes);
    scene
}

/// The beginning of a frame whose table says this.
fn table(numbers: [u32; 2]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn with(change: impl FnOnce(&mut Config)) -> Scene {
    let mut config = Config::default();
    change(&mut config);
    Scene::met_with(config)
}

/// A rule of the stream of bytes.
fn of_frames() -> Vec<Row> {
    use PeerMisbehaved::{Unframed, Unreadable};
    vec![
        Row(Unframed(FrameError::TooManySegments { segments: 600 }), "600 segments", || {
            writing(&table([599, 0]))
        }),
        Row(Unframed(FrameError::TooLarge { words: (8 << 20) + 1 }), "64 MiB and a word", || {
            writing(&table([0, (8 << 20) + 1]))
        }),
        Row(Unframed(FrameError::Truncated), "a stream that ends within a frame", || {
            let mut scene = writing(&table([0, 9]));
            scene.hangs_up();
            scene
        }),
        Row(Unreadable(DecodeError::Empty), "a frame of no words", || writing(&table([0, 0]))),
        Row(Unreadable(DecodeError::TooManyCaps(8193)), "8193 capabilities", || {
            let caps = vec![CapDescriptor::None; 8193];
            let mut call = call(1, to(0), method::NOTE, vec![]);
            call.params.caps = caps;
            saying(Scene::met(), Message::Call(Box::new(call)))
        }),
        Row(Unreadable(DecodeError::PathTooLong(65)), "a path of 65 steps", || {
            let path = (0..65).fold(Path::root(), |path, _| path.field(0));
            let target = PromisedAnswer { question: QuestionId(0), path };
            let call = call(1, MessageTarget::PromisedAnswer(target), method::NOTE, vec![]);
            saying(Scene::met(), Message::Call(Box::new(call)))
        }),
        Row(Unreadable(DecodeError::TooManyDetails(65)), "an exception with 65 details", || {
            let why = (0..65).fold(Exception::failed("much"), |why, id| why.with_detail(id, []));
            returning(Outcome::Exception(why))
        }),
    ]
}

// C-Q2, C-Q4, C-N7
fn of_calls() -> Vec<Row> {
    use PeerMisbehaved::{FinishedTwice, QuestionInUse, TargetNotExported};
    vec![
        Row(QuestionInUse(AnswerId(1)), "an id is used again before its Return", || {
            let never = || say::called(call(1, to(0), method::NEVER, vec![]));
            saying(saying(Scene::met(), never()), never())
        }),
        Row(QuestionInUse(AnswerId(1)), "an id is used again before its Finish", || {
            let mut scene = saying(Scene::met(), bootstrap(1));
            scene.hears(&["return a1 results cap 0 [e0]"]);
            saying(scene, bootstrap(1))
        }),
        Row(FinishedTwice(AnswerId(1)), "two Finishes before the Return has left", || {
            let mut scene = Scene::met();
            let never = say::called(call(1, to(0), method::NEVER, vec![]));
            scene.says_at_once([never, finish(1), finish(1)]);
            scene
        }),
        Row(TargetNotExported(ExportId(7)), "a call to what never was exported", || {
            saying(Scene::met(), say::called(call(1, to(7), method::NOTE, vec![])))
        }),
        Row(TargetNotExported(ExportId(0)), "a call to what was released", || {
            let scene = saying(Scene::met(), release(0, 1));
            saying(scene, say::called(call(1, to(0), method::NOTE, vec![])))
        }),
        Row(TargetNotExported(ExportId(5)), "a disembargo to what never was exported", || {
            saying(Scene::met(), disembargo(to(5), 3))
        }),
    ]
}

// C-R2, C-T6
fn of_returns() -> Vec<Row> {
    use PeerMisbehaved::*;
    let unasked = ReturnOfNothing(QuestionId(5));
    vec![
        Row(unasked, "a Return nobody asked for", || {
            saying(Scene::met(), returns(5, Outcome::Canceled))
        }),
        Row(ReturnOfNothing(QuestionId(0)), "a second Return", || {
            let scene = returning(bare(hosted(4)));
            saying(scene, returns(0, bare(hosted(4))))
        }),
        Row(ResultsNotSentElsewhere(QuestionId(0)), "results sent elsewhere unasked", || {
            returning(Outcome::ResultsSentElsewhere)
        }),
        Row(ResultsNotKept(QuestionId(0)), "results that were to be kept", || {
            let (scene, theirs) = mirrored();
            scene.seen.keep(&theirs);
            let mut scene = saying(scene, say::called(call(7, to(1), method::NOTE, vec![])));
            assert!(scene.heard().iter().any(|line| line == "return a7 take from q0"));
            saying(scene, returns(0, results(vec![])))
        }),
        Row(TakesFromUnknown(AnswerId(8)), "results of a question that is not open", || {
            returning(take(8))
        }),
        Row(TakesUnkept(AnswerId(8)), "results that were to be returned", || {
            let scene = saying(asked(), say::called(call(8, to(0), method::NEVER, vec![])));
            saying(scene, returns(0, take(8)))
        }),
        Row(TakesTwice(AnswerId(9)), "results taken twice", || {
            let mut scene = asked();
            let again = scene.link.bootstrap();
            scene.hears(&["bootstrap q1"]);
            scene.seen.keep(&again);
            scene.says(kept(9, to(0), method::NOTE));
            let scene = saying(scene, returns(0, take(9)));
            saying(scene, returns(1, take(9)))
        }),
    ]
}

// C-L3, C-P5, C-P6
fn of_capabilities() -> Vec<Row> {
    use PeerMisbehaved::*;
    let too_many = ReleaseTooMany { export: ExportId(0), held: 1, dropped: 2 };
    vec![
        Row(ReleaseOfUnknown(ExportId(9)), "what was never sent is released", || {
            saying(Scene::met(), release(9, 1))
        }),
        Row(too_many, "more is released than was sent", || saying(Scene::met(), release(0, 2))),
        Row(ResolvedTwice(ImportId(6)), "a promise is resolved twice", || {
            // Its name is kept, for the vat said that a promise of its own is this one.
            let (scene, theirs) = mirrored();
            scene.seen.keep(&theirs);
            saying(saying(scene, resolve(6, hosted(8))), resolve(6, hosted(8)))
        }),
        Row(ResolvedSettled(ImportId(8)), "what is no promise is resolved", || {
            let scene = at_a_promise();
            saying(saying(scene, resolve(6, hosted(8))), resolve(8, hosted(9)))
        }),
        Row(ResolvedToItself(ImportId(6)), "a promise is resolved to itself", || {
            saying(at_a_promise(), resolve(6, promised(6)))
        }),
        Row(ResolvedInCircle(ImportId(7)), "promises are resolved to each other", || {
            let (scene, theirs) = mirrored();
            scene.seen.keep(&theirs);
            saying(saying(scene, resolve(6, promised(7))), resolve(7, promised(6)))
        }),
    ]
}

/// The vat holds promise 6 of the peer.
fn at_a_promise() -> Scene {
    let Promising { scene, promise, waiting } = Promising::new();
    scene.seen.keep(&promise);
    waiting.detach();
    scene
}

// C-E8, C-U5
fn of_embargoes_and_echoes() -> Vec<Row> {
    use PeerMisbehaved::*;
    vec![
        Row(DisembargoOfUnknown(AnswerId(5)), "a disembargo to an unknown question", || {
            saying(Scene::met(), disembargo(to_result(5), 3))
        }),
        Row(UnknownEmbargo(EmbargoId(2)), "an embargo is lifted that never was", || {
            saying(Scene::met(), disembargoed(2))
        }),
        Row(DisembargoDoesNotLoopBack(EmbargoId(3)), "a disembargo that leads nowhere", || {
            saying(Scene::met(), disembargo(to(0), 3))
        }),
        Row(Refuses("Return"), "Return is refused", || echoing(returns(0, Outcome::Canceled))),
        Row(Refuses("Finish"), "Finish is refused", || echoing(finish(3))),
        Row(Refuses("Release"), "Release is refused", || echoing(release(0, 1))),
        Row(Refuses("Disembargo"), "what lifts an embargo is refused", || echoing(disembargoed(1))),
        Row(Refuses("Abort"), "Abort is refused", || {
            echoing(Message::Abort(Exception::failed("")))
        }),
        Row(Refuses("a message that was never sent to it"), "what we never sent", || {
            echoing(say::foreign(12, 0))
        }),
    ]
}

fn disembargoed(embargo: u32) -> Message {
    let context = Context::ReceiverLoopback(EmbargoId(embargo));
    Message::Disembargo(Disembargo { target: to(0), context })
}

fn echoing(message: Message) -> Scene {
    saying(Scene::met(), Message::Unimplemented(Box::new(message)))
}

// C-M2, C-M4, C-M6, C-U6
fn of_limits() -> Vec<Row> {
    use PeerMisbehaved::TooMany;
    vec![
        Row(
            TooMany { what: Plenty::Imports, max: 2 },
            "three capabilities where two may be",
            || {
                let scene = with(|config| config.imports_max = 2);
                let caps = vec![hosted(1), hosted(2), hosted(3)];
                saying(scene, say::called(call(1, to(0), method::NEVER, caps)))
            },
        ),
        Row(TooMany { what: Plenty::KeptCalls, max: 1 }, "two calls where one may be", || {
            let scene = with(|config| config.answers_max = 1);
            let scene = saying(scene, say::called(call(1, to(0), method::NEVER, vec![])));
            saying(scene, kept(2, to(0), method::NEVER))
        }),
        Row(
            TooMany { what: Plenty::Unread, max: 40 },
            "calls in vain by who does not read",
            || {
                // Read though it does not read: the vat waits for an answer.
                let mut scene = asking(with(|config| config.queued_words_max = 20));
                scene.says_at_once(
                    (1..=8).map(|id| say::called(call(id, to_result(99), 0, vec![]))),
                );
                scene
            },
        ),
        Row(TooMany { what: Plenty::Echoes, max: 2 }, "three echoes under way", || {
            let mut scene = with(|config| config.echoes_max = 2);
            scene.says_at_once((0..3).map(|_| say::foreign(12, 0)));
            scene
        }),
    ]
}

fn rows() -> Vec<Row> {
    let all = [
        of_frames(),
        of_calls(),
        of_returns(),
        of_capabilities(),
        of_embargoes_and_echoes(),
        of_limits(),
    ];
    all.into_iter().flatten().collect()
}

// C-A2, C-A6
#[test]
fn whoever_breaks_a_rule_is_told_which_and_only_its_own_connection_ends() {
    for Row(rule, situation, play) in rows() {
        let mut scene = play();
        let abort = format!("abort failed: {}", rule.to_exception().reason());
        let heard = scene.heard();
        assert!(heard.ends_with(&[abort, "end".to_owned()]), "{situation}: {heard:?}");
        let why = scene.link.ending().expect("it is over");
        assert_eq!(why.reason(), rule.to_string(), "{situation}");
        scene.seen.let_go();
        scene.ends_over();
    }
}

/// The names of the variants of an enum, in its source.
fn variants(source: &str, name: &str) -> Vec<String> {
    let begin = format!("pub enum {name} {{\n");
    let at = source.find(&begin).expect("it is there") + begin.len();
    let body = &source[at..];
    let body = &body[..body.find("\n}\n").expect("it ends")];
    let line = |line: &str| {
        let variant = line.strip_prefix("    ")?;
        let named = variant.starts_with(|first: char| first.is_ascii_uppercase());
        let end = variant.find(|c: char| !c.is_alphanumeric()).unwrap_or(variant.len());
        named.then(|| variant[..end].to_owned())
    };
    body.lines().filter_map(line).collect()
}

/// A rule without a row is a rule that nobody saw kept.
#[test]
fn every_rule_has_a_row() {
    let told: BTreeSet<String> = rows()
        .iter()
        .flat_map(|Row(rule, ..)| {
            let words = format!("{rule:?}");
            let words = words.split(|c: char| !c.is_alphanumeric()).map(str::to_owned);
            words.collect::<Vec<_>>()
        })
        .collect();
    // What of the peer's bytes `capnp` cannot read has no words of its own; `bytes` has many of those.
    let elsewhere = ["Malformed"];
    let rules = include_str!("../../src/conn/error.rs");
    let missing: Vec<_> = [
        variants(rules, "PeerMisbehaved"),
        variants(rules, "Plenty"),
        variants(include_str!("../../src/wire/frame.rs"), "FrameError"),
        variants(include_str!("../../src/wire/message/error.rs"), "DecodeError"),
    ]
    .into_iter()
    .inspect(|variants| assert!(variants.len() > 2, "they are not found: {variants:?}"))
    .flatten()
    .filter(|name| !told.contains(name) && !elsewhere.contains(&name.as_str()))
    .collect();
    assert!(missing.is_empty(), "nobody breaks these rules here: {missing:?}");
}

// C-N7
#[test]
fn a_question_is_finished_twice_before_its_return_left() {
    let mut scene = Scene::met();
    scene.calls(call(1, to(0), method::NEVER, vec![]));
    scene.says_at_once([finish(1), finish(1)]);
    scene.hears(&[
        "return a1 canceled no-finish",
        "abort failed: peer misbehaved: question 1 finished twice",
        "end",
    ]);
    scene.ends_over();
}

#[test]
fn a_peer_that_aborts_is_not_answered_and_what_waits_for_it_is_told_why() {
    let mut at = Promising::new();
    at.scene.says(Message::Abort(Exception::failed("I am tired")));
    let mut scene = at.loses_its_question("I am tired");
    scene.hears(&["end"]);
    scene.ends_over();
}

#[test]
fn a_peer_that_hangs_up_mid_call_cancels_its_calls_and_fails_ours() {
    let mut at = Promising::new();
    at.scene.calls(call(1, to(0), method::NEVER, vec![]));
    assert_eq!(at.scene.seen.running(), 1);
    at.scene.hangs_up();
    assert_eq!((at.scene.seen.running(), at.scene.seen.cancelled()), (0, 1));
    at.loses_its_question("closed").ends_over();
}
