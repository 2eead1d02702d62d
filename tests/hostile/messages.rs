//! Each limit of a message at its edge.

use std::cell::Cell;
use std::rc::Rc;

use bowline::probe::say;
use bowline::rpc::Client;
use bowline::transport::FramedLimits;
use bowline::wire::{
    CapDescriptor, Exception, Limits, Message, MessageTarget, Outcome, Path, PromisedAnswer,
    QuestionId, ReadLimits,
};

use crate::scene::Scene;
use crate::support::{Ask, ID, method};
use crate::words::*;

fn within(change: impl FnOnce(&mut Limits)) -> Scene {
    let mut limits = FramedLimits::default();
    change(&mut limits.incoming);
    Scene::met_within(limits)
}

/// A frame of these segments.
fn frame(segments: &[&[u64]]) -> Vec<u8> {
    let mut table: Vec<u32> = vec![u32::try_from(segments.len()).expect("few") - 1];
    table.extend(segments.iter().map(|words| u32::try_from(words.len()).expect("few")));
    if table.len() % 2 == 1 {
        table.push(0);
    }
    let table = table.into_iter().flat_map(u32::to_le_bytes);
    let words = segments.iter().copied().flatten().flat_map(|word| word.to_le_bytes());
    table.chain(words).collect()
}

/// A message nobody knows, which is sent back; what stands behind it in the frame is no part of it.
const UNKNOWN: [u64; 3] = [1 << 32 | 1 << 48, 999, 0];

/// What comes of bytes: they are a message, or the end.
fn goes(scene: Scene, bytes: &[u8], rule: &str) -> bool {
    let mut scene = scene;
    scene.writes(bytes);
    let heard = scene.heard();
    if heard.len() == 1 && heard[0].starts_with("unimplemented (message #999") {
        scene.ends();
        return true;
    }
    assert!(heard[0].contains(rule) && heard[1] == "end", "{heard:?}");
    scene.ends_over();
    false
}

// C-F2
#[test]
fn words_of_a_frame() {
    for (words, is_taken) in [(99, true), (100, true), (101, false)] {
        let mut message = UNKNOWN.to_vec();
        message.resize(words, 0);
        let scene = within(|limits| limits.frame_words_max = 100);
        assert_eq!(goes(scene, &frame(&[&message]), "words or more, over the limit"), is_taken);
        // Two segments count together.
        let scene = within(|limits| limits.frame_words_max = 100);
        let parts = [&message[..50], &message[50..]];
        assert_eq!(goes(scene, &frame(&parts), "words or more, over the limit"), is_taken);
    }
}

// C-F2
#[test]
fn segments_of_a_frame() {
    for (count, is_taken) in [(7, true), (8, true), (9, false)] {
        let mut segments: Vec<&[u64]> = vec![&UNKNOWN];
        segments.resize(count, &[]);
        let scene = within(|limits| limits.segments_max = 8);
        assert_eq!(goes(scene, &frame(&segments), "segments, over the limit"), is_taken);
    }
}

/// Whether the vat takes what the peer says and returns the call, question 1.
fn takes(scene: Scene, message: Message, rule: &str) -> bool {
    let mut scene = scene;
    scene.says(message);
    let heard = scene.heard();
    if heard.last().is_some_and(|line| line == "end") {
        assert!(heard[0].contains(rule), "{heard:?}");
        scene.ends_over();
        return false;
    }
    assert!(heard[0].starts_with("return a1 "), "{heard:?}");
    scene.says(finish(1));
    scene.heard();
    scene.ends();
    true
}

// C-F4
#[test]
fn capabilities_of_a_message() {
    for (count, is_taken) in [(4, true), (5, true), (6, false)] {
        let mut call = call(1, to(0), method::NOTE, vec![]);
        call.params.caps = vec![CapDescriptor::None; count];
        let scene = within(|limits| limits.caps_max = 5);
        let rule = "a cap table of 6, over the limit";
        assert_eq!(takes(scene, Message::Call(Box::new(call)), rule), is_taken);
    }
}

// C-F4
#[test]
fn steps_of_a_path() {
    for (count, is_taken) in [(4, true), (5, true), (6, false)] {
        let path = (0..count).fold(Path::root(), |path, _| path.field(0));
        let target = PromisedAnswer { question: QuestionId(0), path };
        let call = call(1, MessageTarget::PromisedAnswer(target), method::NOTE, vec![]);
        let scene = within(|limits| limits.path_fields_max = 5);
        let rule = "a path of 6 operations, over the limit";
        assert_eq!(takes(scene, Message::Call(Box::new(call)), rule), is_taken);
    }
}

// C-F4
#[test]
fn details_of_an_exception() {
    for (count, is_taken) in [(4, true), (5, true), (6, false)] {
        let mut scene = within(|limits| limits.details_max = 5);
        let theirs = scene.link.bootstrap();
        scene.heard();
        let why = (0..count).fold(Exception::failed("no"), |why, id| why.with_detail(id, []));
        scene.says(returns(0, Outcome::Exception(why)));
        let why = scene.run(theirs.note(1)).expect_err("it failed");
        assert_eq!(why.reason() == "no", is_taken, "{why}");
        drop(theirs);
        scene.hangs_up();
        scene.ends_over();
    }
}

/// Whether an object can read text of so many words, behind so many pointers, within such limits.
fn reads(words: usize, depth: usize, read: ReadLimits) -> bool {
    let mut scene = within(|limits| limits.read = read);
    let known = Rc::new(Cell::new(None));
    let told = Rc::clone(&known);
    let reader = Client::new(scene.vat.here(), move |call: bowline::rpc::Call| {
        let read = call.params().read(|root| {
            let mut at = root;
            for _ in 1..depth {
                at = at.get_as::<capnp::any_pointer_list::Reader<'_>>()?.get(0);
            }
            Ok(at.get_as::<capnp::text::Reader<'_>>()?.len())
        });
        told.set(Some(read.is_ok()));
        std::future::ready(Ok(call.reply()))
    });
    scene.seen.keep(&reader);
    drop(reader);
    scene.calls(call(1, to(0), method::GET, vec![]));
    scene.says(keep(1));
    scene.heard();
    let mut message = capnp::message::Builder::new_default();
    let mut at: capnp::any_pointer::Builder<'_> = message.get_root().expect("in memory");
    for _ in 1..depth {
        at = at.initn_as::<capnp::any_pointer_list::Builder<'_>>(1).get(0);
    }
    at.set_as::<capnp::text::Owned>("x".repeat(8 * words - 1).as_str()).expect("in memory");
    let mut asked = say::call(2, to(1), ID, 0);
    asked.params.content = message.into();
    scene.says(say::called(asked));
    scene.heard();
    let read = known.get().expect("it was called, whatever is in its params");
    scene.seen.let_go();
    scene.says_at_once([finish(2), release(1, 1)]);
    scene.heard();
    scene.ends();
    read
}

// C-F4
#[test]
fn words_that_are_read_of_a_message() {
    let within = |traversal_words_max| ReadLimits { traversal_words_max, ..ReadLimits::default() };
    // The envelope and the struct around a text are read, too: as many words whatever is in it.
    let needs = |words| (words..words + 100).find(|max| reads(words, 1, within(*max)));
    let (few, many) = (needs(10).expect("so much"), needs(500).expect("so much"));
    assert_eq!(many - few, 490);
}

// C-F4
#[test]
fn pointers_one_below_the_other() {
    for nesting_max in [20, 30] {
        let read = ReadLimits { nesting_max, ..ReadLimits::default() };
        // Those of the envelope that lead to the params are not counted, nor is the last: nothing is entered by it.
        let deepest = (1..64).take_while(|depth| reads(1, *depth, read)).last();
        assert_eq!(deepest, Some(usize::from(nesting_max) + 1));
    }
}
