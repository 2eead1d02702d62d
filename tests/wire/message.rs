//! Messages mean the same to the peer as to us, in both directions.

use bowline::schema::rpc_capnp as schema;
use bowline::wire::{
    Bootstrap, Content, Finish, Foreign, Limits, Message, Outcome, QuestionId, ReadLimits,
};
use capnp::message::{Builder, Reader, ReaderOptions};

use crate::words::{deframe, frame, to_struct};
use crate::{reference, samples};

fn encoded(message: Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(large) = message.encode_into(&mut bytes) {
        large.append_to(&mut bytes);
    }
    bytes
}

fn decoded(bytes: &[u8]) -> Message {
    let mut frames = deframe(bytes, Limits::default()).expect("well framed");
    assert_eq!(frames.len(), 1);
    Message::decode(frames.remove(0), &Limits::default()).expect("well formed")
}

/// The line and the content of a message, the content in the one order a copy has.
fn told(mut message: Message) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    if let Some(content) = content_of(&mut message) {
        *content = content.copy(&ReadLimits::default()).expect("well formed");
        bytes = content.segments().flatten().copied().collect();
    }
    (message.summary(), bytes)
}

fn content_of(message: &mut Message) -> Option<&mut Content> {
    match message {
        Message::Unimplemented(inner) => content_of(inner),
        Message::Call(call) => Some(&mut call.params.content),
        Message::Return(ret) => match &mut ret.outcome {
            Outcome::Results(results) => Some(&mut results.content),
            _ => None,
        },
        Message::Foreign(foreign) => Some(&mut foreign.body),
        _ => None,
    }
}

#[test]
fn what_we_write_is_what_we_read() {
    for (message, same) in samples::all().into_iter().zip(samples::all()) {
        let name = message.summary();
        let told_before = told(same);
        assert!(told(decoded(&encoded(message))) == told_before, "{name}");
    }
}

// C-D8
#[test]
fn what_was_received_can_be_sent_on_by_echo_and_by_copy() {
    for message in samples::all() {
        let name = message.summary();
        let received = decoded(&encoded(message));
        // As an echo does it: the received content goes back as it is.
        let again = decoded(&encoded(received));
        let third = decoded(&encoded(again));
        let fourth = decoded(&encoded(third));
        let same = samples::all().into_iter().find(|same| same.summary() == name);
        assert!(told(fourth) == told(same.expect("it is one of them")), "{name}");
    }
}

#[test]
fn what_we_write_reads_like_what_the_generated_builders_write() {
    let mut compared = 0;
    for message in samples::all() {
        let mut theirs = Builder::new_default();
        if reference::write(&message, theirs.init_root()).is_none() {
            continue;
        }
        let name = message.summary();
        let bytes = encoded(message);
        let ours = capnp::serialize::read_message(&mut &bytes[..], ReaderOptions::new());
        let ours = ours.expect("well framed");
        let ours: schema::message::Reader<'_> = ours.get_root().expect("a message");
        let theirs: schema::message::Reader<'_> = theirs.get_root_as_reader().expect("a message");
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "{name}");
        compared += 1;
    }
    assert!(compared > 30, "{compared}");
}

#[test]
fn what_the_generated_builders_write_we_read() {
    for (message, same) in samples::all().into_iter().zip(samples::all()) {
        let mut theirs = Builder::new_default();
        if reference::write(&message, theirs.init_root()).is_none() {
            continue;
        }
        let bytes = capnp::serialize::write_message_to_words(&theirs);
        let name = message.summary();
        assert!(told(decoded(&bytes)) == told(same), "{name}");
    }
}

#[test]
fn small_messages_leave_together_and_large_ones_from_where_they_lie() {
    let bootstrap = || Message::Bootstrap(Bootstrap { question: QuestionId(1) });
    let mut out = Vec::new();
    assert!(bootstrap().encode_into(&mut out).is_none());
    assert!(bootstrap().encode_into(&mut out).is_none());
    assert_eq!(deframe(&out, Limits::default()).expect("two frames").len(), 2);
    let large =
        samples::all().into_iter().find(|message| message.summary().contains("12502 words"));
    let large = large.expect("a call with 100 kB").encode_into(&mut out).expect("not copied");
    assert_eq!(deframe(&out, Limits::default()).expect("still two").len(), 2);
    assert_eq!(large.slices(0).count(), 2, "table and envelope, content");
}

#[test]
fn a_write_that_stops_anywhere_goes_on_from_there() {
    for message in samples::all() {
        let frame = message.encode();
        let mut whole = Vec::new();
        frame.append_to(&mut whole);
        assert_eq!(whole.len(), frame.len());
        for from in [0, 1, 8, 23, 24, whole.len() / 2, whole.len() - 1, whole.len()] {
            let rest: Vec<u8> = frame.slices(from).flatten().copied().collect();
            assert!(rest == whole[from..], "from {from} of {}", whole.len());
            assert!(frame.slices(from).all(|slice| !slice.is_empty()));
        }
    }
}

// C-U1
#[test]
fn a_message_of_another_level_comes_back_whole() {
    // A Provide with question 7, and a variant nobody knows yet.
    for (variant, known) in [(10, true), (99, false)] {
        let words = [to_struct(0, 1, 1), variant, to_struct(0, 1, 2), 7, 0, 0];
        let received = Message::decode(frame(&[&words]), &Limits::default()).expect("foreign");
        let Message::Foreign(Foreign { variant: seen, .. }) = &received else {
            panic!("{received}")
        };
        assert_eq!(u64::from(*seen), variant);
        let bytes = encoded(Message::Unimplemented(Box::new(received)));
        let back = capnp::serialize::read_message(&mut &bytes[..], ReaderOptions::new()).unwrap();
        let back: schema::message::Reader<'_> = back.get_root().unwrap();
        let Ok(schema::message::Unimplemented(inner)) = back.which() else { panic!("an echo") };
        let inner = inner.unwrap();
        match inner.which() {
            Ok(schema::message::Provide(provide)) if known => {
                assert_eq!(provide.unwrap().get_question_id(), 7);
            }
            Err(capnp::NotInSchema(99)) if !known => {}
            _ => panic!("not what was sent"),
        }
        // Whoever sent it learns the same.
        let Message::Unimplemented(inner) = decoded(&bytes) else { panic!("an echo") };
        assert!(
            matches!(*inner, Message::Foreign(foreign) if u64::from(foreign.variant) == variant)
        );
    }
}

#[test]
fn a_large_message_of_another_level_comes_back_whole() {
    let mut words = vec![to_struct(0, 1, 1), 7, crate::words::to_list(0, 5, 2000)];
    words.extend(0..2000);
    let empty: &[u64] = &[];
    let mut segments = vec![words.as_slice()];
    segments.extend([empty; 511]);
    let received = Message::decode(frame(&segments), &Limits::default()).expect("foreign");
    let bytes = encoded(Message::Unimplemented(Box::new(received)));
    let Message::Unimplemented(inner) = decoded(&bytes) else { panic!("an echo") };
    let Message::Foreign(foreign) = *inner else { panic!("foreign") };
    let copy = foreign.body.copy(&ReadLimits::default()).expect("well formed");
    assert_eq!(copy.words(), 1 + 2 + 2000);
}

// C-U6
#[test]
fn an_echo_of_an_echo_is_not_looked_into() {
    let finish = Finish {
        question: QuestionId(1),
        release_result_caps: true,
        require_early_cancellation_workaround: true,
    };
    let echo = |message| Message::Unimplemented(Box::new(message));
    let twice = decoded(&encoded(echo(echo(Message::Finish(finish)))));
    let Message::Unimplemented(inner) = twice else { panic!("an echo") };
    assert!(matches!(*inner, Message::Foreign(Foreign { variant: 0, .. })));
}

#[test]
fn a_message_is_told_in_one_line() {
    let lines: Vec<String> = samples::all().iter().map(Message::summary).collect();
    let caps = "[none e1 p2 i3 q4.5.0.6 vine e7 descriptor #8]";
    let call = format!("call q4294967294 → i0 @0xfedcba9876543210.65534 params null {caps}");
    for line in [
        "abort failed: no",
        "bootstrap q1",
        "finish q5",
        "finish q5 release-results deliver-first",
        "release i9 ×4294967295",
        call.as_str(),
        "return a16 take from q77 release-params",
        "resolve p6 → q4.5.0.6",
        "resolve p6 broken disconnected: gone",
        "disembargo q8.65535 ask m1",
        "unimplemented (finish q5 release-results deliver-first)",
    ] {
        assert!(lines.iter().any(|told| told == line), "{line} not in {lines:#?}");
    }
}

#[test]
fn the_reader_of_the_crate_takes_both_layouts() {
    for content in samples::contents() {
        let slices: Vec<&[u8]> = content.segments().collect();
        let plain = Reader::new(slices.as_slice(), ReaderOptions::new());
        let plain: capnp::any_pointer::Reader<'_> = plain.get_root().expect("a root");
        let (ours, theirs) = (content.root().expect("a root"), plain);
        assert_eq!(
            ours.target_size().unwrap().word_count,
            theirs.target_size().unwrap().word_count
        );
    }
}

// C-D7
#[test]
fn an_attached_file_descriptor_is_ignored() {
    let mut theirs = Builder::new_default();
    let resolve = theirs.init_root::<schema::message::Builder<'_>>().init_resolve();
    let mut cap = resolve.init_cap();
    cap.set_sender_hosted(3);
    cap.set_attached_fd(0);
    let bytes = capnp::serialize::write_message_to_words(&theirs);
    assert_eq!(decoded(&bytes).summary(), "resolve p0 → e3");
}
