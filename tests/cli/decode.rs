//! Recorded streams: our own, broken ones, and those of another implementation where they are at hand.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use bowline::wire::{
    Bootstrap, Call, CapDescriptor, Content, Exception, ExportId, Finish, Message, MessageTarget,
    Outcome, Path as Fields, Payload, PromisedAnswer, QuestionId, Return, SendResultsTo,
};

use crate::support::{Ran, bowline, run};

/// Has the program decode these bytes.
fn decoded(bytes: &[u8], more: &[&str]) -> Ran {
    let arguments = [&["decode", "-"], more].concat();
    let mut program = bowline(&arguments);
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = program.spawn().expect("the program is built");
    let mut stdin = program.stdin.take().expect("piped");
    let bytes = bytes.to_vec();
    // It may have seen enough before it read all.
    let writing = std::thread::spawn(move || drop(stdin.write_all(&bytes)));
    let output = program.wait_with_output().expect("it was started");
    writing.join().expect("it does not panic");
    Ran::from(output)
}

fn bytes(messages: impl IntoIterator<Item = Message>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        message.encode().append_to(&mut bytes);
    }
    bytes
}

fn call() -> Message {
    let build = |mut root: capnp::any_pointer::Builder<'_>| root.set_as("ahoy");
    let content = Content::build(4, build).expect("it is built in memory");
    let path = Fields::root().field(2);
    Message::Call(Box::new(Call {
        question: QuestionId(1),
        target: MessageTarget::PromisedAnswer(PromisedAnswer { question: QuestionId(0), path }),
        interface: 0xabcd,
        method: 7,
        params: Payload { content, caps: vec![CapDescriptor::SenderPromise(ExportId(4))] },
        results_to: SendResultsTo::Yourself,
        no_promise_pipelining: true,
        only_promise_pipeline: false,
    }))
}

fn conversation() -> Vec<u8> {
    let why = Exception::failed("it broke").with_trace("in the middle").with_detail(9, *b"x");
    bytes([
        Message::Bootstrap(Bootstrap { question: QuestionId(0) }),
        call(),
        Message::Return(Box::new(Return {
            answer: QuestionId(3).flip(),
            release_param_caps: true,
            no_finish_needed: true,
            outcome: Outcome::Exception(why),
        })),
        Message::Finish(Finish {
            question: QuestionId(1),
            release_result_caps: false,
            require_early_cancellation_workaround: true,
        }),
    ])
}

const DECODED: &str = "\
       0  bootstrap q0
      48  call q1 → q0.2 @0xabcd.7 params 2 words [p4] to yourself no-pipeline
            params: \"ahoy\"
            cap 0: senderPromise p4
     256  return a3 exception failed: it broke release-params no-finish
            trace: in the middle
            detail 0x9: 1 bytes x
     400  finish q1 deliver-first
     440  the end of 4 messages
";

#[test]
fn a_stream_is_printed_message_by_message_with_the_byte_each_begins_at() {
    let ran = decoded(&conversation(), &[]);
    ran.succeeds();
    // What the encoding makes of sizes is not what is asked here.
    assert_eq!(without_sizes(&ran.out), without_sizes(DECODED), "{}", ran.out);
}

/// Numbers of words and bytes replaced.
fn without_sizes(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let line = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
        let words = line.split(' ').collect::<Vec<_>>();
        let kept = words.iter().enumerate().filter(|(at, _)| words.get(at + 1) != Some(&"words"));
        lines.push(kept.map(|(_, word)| *word).collect::<Vec<_>>().join(" "));
    }
    lines.join("\n")
}

#[test]
fn each_byte_named_is_where_that_message_begins() {
    let stream = conversation();
    let whole = decoded(&stream, &["--brief"]);
    whole.succeeds();
    let lines: Vec<_> = whole.out.lines().map(at_and_said).collect();
    assert_eq!((lines.len(), lines[4].0), (5, stream.len()));
    for (at, said) in &lines[..4] {
        let rest = decoded(&stream[*at..], &["--brief"]);
        let (begins, first) = at_and_said(rest.out.lines().next().expect("a message"));
        assert_eq!((begins, first), (0, *said));
    }
}

/// A line taken apart.
fn at_and_said(line: &str) -> (usize, &str) {
    let (at, said) = line.trim_start().split_once("  ").expect("where, and what");
    (at.parse().expect("a number"), said)
}

#[test]
fn brief_is_a_line_a_message_and_whole_is_all_of_it() {
    let build = |mut root: capnp::any_pointer::Builder<'_>| root.set_as("x".repeat(500).as_str());
    let content = Content::build(4, build).expect("it is built in memory");
    let results = Payload { content, caps: vec![] };
    let stream = bytes([Message::Return(Box::new(Return {
        answer: QuestionId(3).flip(),
        release_param_caps: false,
        no_finish_needed: true,
        outcome: Outcome::Results(results),
    }))]);
    assert_eq!(decoded(&stream, &["--brief"]).out.lines().count(), 2);
    let usual = decoded(&stream, &[]);
    assert!(usual.out.contains("… of 500 bytes") && !usual.out.contains(&"x".repeat(500)));
    assert!(decoded(&stream, &["--whole"]).out.contains(&"x".repeat(500)));
    let both = decoded(&stream, &["--whole", "--brief"]);
    assert_eq!(both.code, Some(2), "{both:?}");
}

#[test]
fn http_heads_before_streams_are_shown_and_stepped_over() {
    let request = b"CONNECT somewhere HTTP/1.1\r\nhost: there\r\n\r\n".as_slice();
    let response = b"HTTP/1.1 200 OK\r\n\r\n".as_slice();
    for head in [request, response] {
        // One connection behind the other, as some recorders leave them.
        let stream = [head, &conversation(), head, &conversation()].concat();
        let ran = decoded(&stream, &[]);
        ran.succeeds();
        let first = std::str::from_utf8(head).expect("text").lines().next().expect("a line");
        assert_eq!(ran.out.matches(first).count(), 2, "{}", ran.out);
        assert_eq!(ran.out.matches("bootstrap q0").count(), 2, "{}", ran.out);
        assert!(ran.out.contains(&format!("{:>8}  bootstrap q0", head.len())), "{}", ran.out);
    }
}

#[test]
fn a_stream_that_is_cut_off_shows_what_there_is_and_says_where_it_ends() {
    let stream = conversation();
    let whole = decoded(&stream, &["--brief"]).out;
    let (at, _) = at_and_said(whole.lines().nth(2).expect("a third message"));
    let ran = decoded(&stream[..at + 20], &["--brief"]);
    ran.fails(1, &["standard input", &format!("at byte {at}"), "20 bytes of which are there"]);
    assert_eq!(ran.out.lines().count(), 2, "{ran:?}");
    let ran = decoded(&stream[..at + 3], &["--brief"]);
    ran.fails(1, &[&format!("at byte {at}"), "3 bytes of which are there"]);
}

#[test]
fn what_is_no_stream_is_told_in_one_line() {
    let stream = conversation();
    let broken =
        [&stream[..], &[0, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]].concat();
    let ran = decoded(&broken, &["--brief"]);
    ran.fails(1, &[&format!("at byte {}", stream.len()), "malformed message"]);
    assert_eq!(ran.out.lines().count(), 4, "{ran:?}");
    decoded(&[0xff; 64], &[]).fails(1, &["at byte 0", "segments, over the limit"]);
    decoded(b"GET / HTTP/1.1\r\n\r\n", &[]).fails(1, &["at byte 18", "the HTTP method GET"]);
    decoded(b"HTTP/1.1 101 Switching\r\n\r\n", &[]).fails(1, &["HTTP status of 101"]);
    let body = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    decoded(body, &[]).fails(1, &["at byte 38", "the body of an HTTP response"]);
    decoded(b"CONNECT somewhere HTTP/1.1\r\n", &[]).fails(1, &["ends within an HTTP head"]);
    let endless = [&b"CONNECT somewhere HTTP/1.1\r\n"[..], &[b'A'; 100 << 10]].concat();
    decoded(&endless, &[]).fails(1, &["head does not end"]);
    decoded(b"2026-11-21 all is well\n", &[]).fails(1, &["at byte 0", "this is text"]);
    decoded(&[b'A'; 100 << 10], &[]).fails(1, &["at byte 0", "this is text"]);
}

/// As `bowline decode FILE | head` leaves it.
#[test]
fn whoever_reads_no_further_is_not_told_so() {
    let path = std::env::temp_dir().join(format!("bowline-decode-{}", std::process::id()));
    std::fs::write(&path, conversation().repeat(10_000)).expect("a temporary file");
    let mut decoding = bowline(&["decode", &path.display().to_string()]);
    let decoding = decoding.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut decoding = decoding.spawn().expect("the program is built");
    drop(decoding.stdout.take());
    let ran = Ran::from(decoding.wait_with_output().expect("it ends"));
    std::fs::remove_file(&path).expect("it was made here");
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{ran:?}");
}

#[test]
fn an_empty_stream_has_no_messages() {
    let ran = decoded(b"", &[]);
    ran.succeeds();
    assert_eq!(ran.out.trim(), "0  the end of 0 messages");
}

#[test]
fn messages_and_variants_nobody_knows_are_printed_as_such() {
    let frame = |words: &[u64]| {
        let mut bytes = vec![0; 4];
        bytes.extend(u32::try_from(words.len()).expect("few").to_le_bytes());
        bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        bytes
    };
    // A message of variant 99; `provide`; a Return of outcome 9.
    let stream = [
        frame(&[1 << 32 | 1 << 48, 99, 0]),
        frame(&[1 << 32 | 1 << 48, 10, 0]),
        frame(&[1 << 32 | 1 << 48, 3, 2 << 32 | 1 << 48, 9 << 48, 0, 0]),
    ]
    .concat();
    let ran = decoded(&stream, &["--brief"]);
    ran.succeeds();
    for word in ["message #99", "message #10", "return a0 outcome #9"] {
        assert!(ran.out.contains(word), "no `{word}` in {}", ran.out);
    }
}

#[test]
fn a_file_that_is_not_there_is_told_in_one_line() {
    run(&["decode", "nowhere-at-all.bin"]).fails(1, &["nowhere-at-all.bin", "No such file"]);
    let ran = run(&["decode"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    run(&["decode", "--help"]).succeeds();
}

/// Real processes of another implementation, recorded with what they said told beside it; not everybody has them.
fn recordings() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/workerd/recordings");
    folder.is_dir().then_some(folder)
}

/// What a transcript says that `direction` sent: where each message begins behind the head, and its name.
fn transcript(text: &str, direction: &str) -> Vec<(usize, String)> {
    let mut at = 0;
    let mut told = Vec::new();
    for line in text.lines() {
        let Some((_, said)) = line.split_once(&format!(" conn1 {direction} ")) else { continue };
        let Some(said) = said.strip_prefix('[') else { continue };
        let (size, name) = said.split_once("B seg=").expect("a size");
        let name = name.split(' ').nth(1).expect("a name").to_lowercase();
        told.push((at, name));
        at += size.parse::<usize>().expect("a number");
    }
    told
}

#[test]
fn recordings_of_another_implementation_are_read_to_their_end() {
    let Some(folder) = recordings() else { return };
    let mut compared = 0;
    for entry in std::fs::read_dir(&folder).expect("it can be read").flatten() {
        let path = entry.path();
        let Some(name) = path.to_str().and_then(|path| path.strip_suffix(".txt")) else { continue };
        let text = std::fs::read_to_string(&path).expect("a transcript");
        if text.contains(" conn2 ") || !text.contains("CONNECT ") {
            continue;
        }
        for (suffix, direction) in [("c2s", "C->S"), ("s2c", "S->C")] {
            let file = format!("{name}.{suffix}.bin");
            if !Path::new(&file).exists()
                || text.contains("HTTP b'GET")
                || text.contains("HTTP b'POST")
            {
                continue;
            }
            let ran = run(&["decode", "--brief", &file]);
            ran.succeeds();
            let mut lines = ran.out.lines().map(at_and_said);
            if ran.out.lines().count() == 1 {
                continue;
            }
            let (_, head) = lines.next().expect("a head");
            assert!(head.starts_with("CONNECT ") || head.starts_with("HTTP/1.1 200"), "{head}");
            let behind = if suffix == "c2s" { 33 } else { 19 };
            let told: Vec<_> = lines
                .filter(|(_, said)| !said.starts_with("the end of"))
                .map(|(at, said)| (at - behind, said.split(' ').next().expect("a name").to_owned()))
                .collect();
            assert_eq!(told, transcript(&text, direction), "{file}");
            compared += 1;
        }
    }
    assert!(compared > 200, "{compared} recordings were compared");
}
