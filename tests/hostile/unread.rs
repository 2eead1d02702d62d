//! A peer that does not read what is sent to it: how much of that waits.

use bowline::conn::Config;
use bowline::rpc::Client;
use bowline::wire::{Content, Exception, ExceptionKind, Finish, Foreign, Message, QuestionId};

use crate::limits::{overloaded, stats, theirs, with};
use crate::scene::{Scene, polled};
use crate::support::{Ask, ID, method};
use crate::words::*;

// C-M6
#[test]
fn queued_words_of_a_peer_that_does_not_read() {
    let mut config = Config::default();
    config.queued_words_max = 2_000;
    let mut scene = Scene::with_pipe(config, 64 << 10).meets();
    let theirs = theirs(&mut scene);
    let words = "x".repeat(8 * 1_000 - 8);
    let say = || {
        let text = |root: capnp::any_pointer::Builder<'_>| {
            let mut root = root;
            root.set_as::<capnp::text::Owned>(words.as_str()).expect("it fits");
        };
        theirs.request(ID, 0).with(text).send()
    };
    let mut asked = Vec::new();
    // The pipe and the transport fill up first, which is 320 KiB.
    let refused = loop {
        let mut call = say();
        scene.quiet();
        match polled(&mut call) {
            Some(refused) => break refused,
            None => asked.push(call),
        }
        assert!(asked.len() < 100, "it is asked without end");
    };
    let why = refused.expect_err("nothing was returned");
    assert_eq!(why.kind(), ExceptionKind::Overloaded, "{why}");
    let queued = stats(&scene).queued_words;
    assert!((2_001..=3_100).contains(&queued), "{queued} words wait, one call more than may");
    let mut heard = 0;
    while heard < asked.len() {
        let lines = scene.heard().len();
        assert!(lines > 0, "it reads after all, and gets every call");
        heard += lines;
    }
    assert_eq!((heard, stats(&scene).queued_words), (asked.len(), 0));
    scene.hangs_up();
    drop((asked, theirs));
    scene.ends_over();
}

/// What is returned counts, exceptions too: they are as large as who threw them likes.
// C-M6
#[test]
fn exceptions_that_are_not_read() {
    let mut config = Config::default();
    config.queued_words_max = 10_000;
    let mut scene = Scene::with_pipe(config, 64 << 10).meets();
    let broken = Client::broken(scene.vat.here(), Exception::failed("x".repeat(8_000)));
    scene.seen.keep(&broken);
    drop(broken);
    let pass = |question| Message::Call(Box::new(call(question, to(0), method::PASS, vec![])));
    // 1,000 words each. All that is read in one turn is answered in one, which may be twice as much.
    assert!(!scene.tries_to_say((1..=1_000).map(pass)), "it is read without end");
    let queued = stats(&scene).queued_words;
    assert!((10_000..24_000).contains(&queued), "{queued} words wait");
    let (mut heard, mut rounds) = (Vec::new(), 0);
    while heard.len() < 1_000 {
        scene.tries_to_say([]);
        heard.extend(scene.heard());
        rounds += 1;
        assert!(rounds < 10_000, "each call has its Return: {} have", heard.len());
    }
    assert!(overloaded(&heard) > 0);
    while !scene.tries_to_say([]) {}
    (1..=1_000).for_each(|id| scene.says(finish(id)));
    scene.seen.let_go();
    scene.ends();
}

/// Many calls may be in flight that return much at once, when it is too late not to read them.
// C-M6
#[test]
fn results_that_come_all_at_once_and_are_not_read() {
    let mut config = Config::default();
    config.queued_words_max = 400;
    let mut scene = Scene::met_with(config);
    scene.says_at_once((1..=200).map(|id| {
        let mut call = call(id, to(0), method::GET_LATER, vec![]);
        call.no_promise_pipelining = true;
        Message::Call(Box::new(call))
    }));
    assert_eq!(scene.seen.running(), 200);
    scene.seen.go();
    let mut heard = Vec::new();
    while heard.len() < 200 {
        heard.extend(scene.heard());
    }
    let refused = overloaded(&heard);
    // Each is 6 words and an envelope of 8: behind twice the limit no more results are taken.
    assert_eq!(200 - refused, 800 / 14 + 1, "{:?}", heard.last());
    scene.says_at_once((1..=200).map(finish));
    scene.heard();
    scene.ends();
}

/// Nothing will be pipelined on a call that was finished before it returned: of its results nothing stays, though
/// its Return cannot leave.
// C-M10, C-N3
#[test]
fn results_of_calls_that_were_finished_before() {
    let mut scene = Scene::with_pipe(Config::default(), 4 << 10).meets();
    let (kept, _) = crate::support::object(scene.vat.here());
    scene.seen.keep(&kept);
    drop(kept);
    // What fills the pipe and the transport.
    let filler = Client::broken(scene.vat.here(), Exception::failed("x".repeat(300_000)));
    scene.seen.keep_second(&filler);
    drop(filler);
    scene.calls(call(1, to(0), method::GET_SECOND, vec![]));
    let results =
        |scene: &Scene| scene.vat.here().with(|graph| graph.dump()).matches("Done(Ok").count();
    for question in 2..20 {
        let deliver_first = Message::Finish(Finish {
            question: QuestionId(question),
            release_result_caps: true,
            require_early_cancellation_workaround: true,
        });
        let get = Message::Call(Box::new(call(question, to(0), method::GET, vec![])));
        scene.says_at_once([get, deliver_first]);
    }
    assert!(stats(&scene).answers > 10, "their Returns have left");
    assert_eq!(results(&scene), 0);
    let mut heard = 0;
    while heard < 19 {
        heard += scene.heard().len();
    }
    scene.says(finish(1));
    scene.seen.let_go();
    scene.heard();
    scene.ends();
}

/// What the vat does not know goes back whole, however large it is.
// C-M6, C-U6
#[test]
fn echoes_that_are_not_read() {
    let mut scene = with(|config| config.queued_words_max = 1_000);
    let theirs = theirs(&mut scene);
    // It is read though it does not read, for the vat waits for an answer.
    let asked = theirs.note(1);
    scene.heard();
    let mut unknown = vec![1 << 32 | 1 << 48, 999, 0];
    unknown.resize(1_000, 0);
    let foreign =
        |_| Message::Foreign(Foreign { variant: 999, body: Content::from_words(&unknown) });
    scene.says_at_once((0..4).map(foreign));
    drop((asked, theirs));
    scene.seen.let_go();
    let heard = scene.heard();
    assert_eq!(
        heard[heard.len() - 2],
        "abort failed: peer misbehaved: more than 2000 words it does not read"
    );
    scene.ends_over();
}
