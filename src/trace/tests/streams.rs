//! Bytes taken apart, wherever they are cut and whatever they are.

use super::*;
use crate::trace::side::Side::{Left, Right};
use crate::trace::streams::{Said, Streams};
use crate::trace::tables::{Tables, TablesLimits};

fn bytes() -> Vec<u8> {
    let mut bytes = b"CONNECT desk HTTP/1.1\r\nHost: desk\r\n\r\n".to_vec();
    for message in [ask(0), call(1, on_results(0), vec![hosted(3)]), finish(0, true)] {
        message.encode().append_to(&mut bytes);
    }
    bytes
}

fn heard(chunks: &[&[u8]]) -> Vec<String> {
    let (mut streams, mut heard) = (Streams::new(), Vec::new());
    let mut told = |said: Said| {
        heard.push(match said {
            Said::Message { message, frame } => format!("{message} in {} bytes", frame.len()),
            Said::Head(text) => text.lines().next().unwrap_or_default().to_owned(),
            Said::Broken { at, why } => format!("at byte {at}: {why}"),
            Said::End => "end".to_owned(),
        });
    };
    for chunk in chunks {
        streams.push(Left, chunk, &mut told);
    }
    streams.end(Left, &mut told);
    heard
}

#[test]
fn a_stream_is_read_alike_wherever_it_is_cut() {
    let bytes = bytes();
    let whole = heard(&[&bytes]);
    assert_eq!(whole[..2], ["CONNECT desk HTTP/1.1", "bootstrap q0 in 48 bytes"]);
    assert_eq!(whole[4..], ["end"]);
    for size in [1, 3, 8, 50] {
        assert_eq!(heard(&bytes.chunks(size).collect::<Vec<_>>()), whole);
    }
}

#[test]
fn the_frame_that_is_told_is_the_bytes_that_came() {
    let bytes = bytes();
    let (mut streams, mut frames) = (Streams::new(), Vec::new());
    streams.push(Left, &bytes, |said| {
        if let Said::Message { frame, .. } = said {
            frames.extend(frame);
        }
    });
    assert!(bytes.ends_with(&frames) && bytes.len() - frames.len() == 37);
}

#[test]
fn what_is_no_message_ends_its_direction_and_says_where() {
    let mut bytes = bytes();
    let at = bytes.len();
    bytes.extend_from_slice(&[0xff; 24]);
    let all = heard(&[&bytes]);
    assert!(all.last().is_some_and(|last| last.starts_with(&format!("at byte {at}: "))), "{all:?}");
    let cut = heard(&[&bytes[..at - 5]]);
    assert_eq!(
        cut[cut.len() - 2..],
        [format!("at byte {}: it ends within a frame", at - 40), "end".to_owned()]
    );
    let text = [b'a'; (64 << 10) + 1];
    assert_eq!(heard(&[&text]), ["at byte 0: it begins with text, and with no HTTP head"]);
    assert_eq!(heard(&[b"GET"]), ["at byte 0: it ends within an HTTP head", "end"]);
    assert_eq!(heard(&[]), ["end"]);
}

#[test]
fn bytes_of_chance_never_panic() {
    let mut seed = 7_u64;
    let mut dice = move |bound: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % bound
    };
    for _ in 0..2000 {
        let mut bytes = Vec::new();
        for _ in 0..dice(12) {
            let id = dice(3) as u32;
            let message = match dice(6) {
                0 => ask(id),
                1 => call(id, on(id), vec![hosted(id), hosted(id + 1)]),
                2 => give_back(results(id, vec![hosted(id)])),
                3 => finish(id, dice(2) == 0),
                4 => release(id, dice(3) as u32),
                _ => Message::Unimplemented(Box::new(ask(id))),
            };
            message.encode().append_to(&mut bytes);
        }
        for _ in 0..dice(4) {
            if let Some(at) = bytes.len().checked_sub(1).map(|last| dice(last + 1)) {
                bytes[at] ^= 1 << dice(8);
            }
        }
        let limits = TablesLimits { entries_max: 1 + dice(6), caps_max: dice(6) };
        let (mut streams, mut tables, mut number) = (Streams::new(), Tables::new(limits), 0);
        for chunk in bytes.chunks(1 + dice(80)) {
            let side = if dice(4) == 0 { Right } else { Left };
            streams.push(side, chunk, |said| {
                if let Said::Message { message, .. } = said {
                    tables.observe(number, side, &message);
                    tables.observe(number, side.other(), &message);
                    number += 1;
                }
            });
        }
        assert!(tables.entries().count() <= limits.entries_max);
    }
}
