//! Bytes without any sense are refused or read; nothing panics.

use bowline::wire::{Content, DecodeError, Limits, Message, Outcome, Path, ReadLimits};

use crate::samples;
use crate::words::{deframe, frame, to_list, to_struct};

struct Xorshift(u64);

impl Xorshift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Does with a message all that can be done with what a peer sent.
fn use_up(bytes: &[u8]) {
    let limits = Limits { frame_words_max: 10_000, ..Limits::default() };
    let read = ReadLimits { traversal_words_max: 10_000, nesting_max: 64 };
    for frame in deframe(bytes, limits).unwrap_or_default() {
        let Ok(message) = Message::decode(frame, &limits) else { continue };
        assert!(!message.summary().is_empty());
        look(&message, &read);
        let mut again = Vec::new();
        if let Some(large) = message.encode_into(&mut again) {
            large.append_to(&mut again);
        }
        let frames = deframe(&again, Limits::default()).expect("what we frame is framed");
        assert_eq!(frames.len(), 1);
    }
}

fn look(message: &Message, read: &ReadLimits) {
    let content: &Content = match message {
        Message::Call(call) => &call.params.content,
        Message::Return(ret) => match &ret.outcome {
            Outcome::Results(results) => &results.content,
            _ => return,
        },
        Message::Foreign(foreign) => &foreign.body,
        Message::Unimplemented(inner) => return look(inner, read),
        _ => return,
    };
    let _ = content.cap_at(&Path::root().field(0).field(1));
    let _ = content.copy(read);
    let _ = content.root().and_then(|root| root.target_size());
}

#[test]
fn random_words_never_panic() {
    let mut random = Xorshift(0x0bad_5eed_0bad_5eed);
    for _ in 0..6_000 {
        let words = random.next() % 40;
        let mut segment: Vec<u64> = vec![to_struct(0, 1, 1), random.next() % 16];
        for _ in 0..words {
            let word = random.next();
            segment.push(match word % 4 {
                0 => word,
                1 => to_struct(word as i32 >> 28, (word >> 32) % 4, (word >> 40) % 4),
                2 => to_list(word as i32 >> 28, (word >> 32) % 8, (word >> 40) % 16),
                _ => ((word >> 32) % 3) << 32 | ((word >> 40) % 40) << 3 | (word >> 60 & 4) | 2,
            });
        }
        let (first, second) = segment.split_at(segment.len() - (words / 3) as usize);
        use_up(&crate::words::framed(&[first, second]));
    }
}

#[test]
fn good_messages_with_broken_bits_never_panic() {
    let mut random = Xorshift(0x5eed_0bad_5eed_0bad);
    let samples: Vec<Vec<u8>> = samples::all()
        .into_iter()
        .map(|message| {
            let mut bytes = Vec::new();
            message.encode().append_to(&mut bytes);
            bytes
        })
        .filter(|bytes| bytes.len() < 4000)
        .collect();
    for round in 0..8_000 {
        let mut bytes = samples[round % samples.len()].clone();
        for _ in 0..=random.next() % 3 {
            let at = random.next() as usize % bytes.len();
            bytes[at] ^= 1 << (random.next() % 8);
        }
        use_up(&bytes);
    }
}

// C-F5
#[test]
fn an_empty_message_is_refused() {
    for segments in [&[&[][..]][..], &[&[][..], &[1, 2][..]]] {
        let decoded = Message::decode(frame(segments), &Limits::default());
        assert!(matches!(decoded, Err(DecodeError::Empty)));
    }
}

/// A Return of null with a cap table of `count` empty structs, in a message of ten words.
fn return_with_caps(count: u64) -> Vec<u64> {
    let mut words = vec![to_struct(0, 1, 1), 3, to_struct(0, 2, 1), 0, 0, to_struct(0, 0, 2)];
    words.extend([0, to_list(0, 7, 0), count << 2]);
    words
}

#[test]
fn a_cap_table_that_claims_more_than_the_limit_is_refused() {
    let limits = Limits::default();
    let at = Message::decode(frame(&[&return_with_caps(8192)]), &limits).expect("at the limit");
    assert!(at.summary().contains("none none"), "{at}");
    let over = Message::decode(frame(&[&return_with_caps(8193)]), &limits);
    assert!(matches!(over, Err(DecodeError::TooManyCaps(8193))));
}

// C-Q7
#[test]
fn a_path_longer_than_the_limit_is_refused() {
    // A Disembargo to a promised answer with `count` operations, all of them noop.
    let path = |count: u64| {
        let mut words = vec![to_struct(0, 1, 1), 13, to_struct(0, 1, 2), 0, to_struct(1, 1, 1), 0];
        words.extend([1 << 32, to_struct(0, 1, 1), 9, to_list(0, 7, 0), count << 2]);
        Message::decode(frame(&[&words]), &Limits::default())
    };
    assert_eq!(path(64).expect("at the limit").summary(), "disembargo q9 ask m0");
    assert!(matches!(path(65), Err(DecodeError::PathTooLong(65))));
}

#[test]
fn an_exception_with_more_details_than_the_limit_is_refused() {
    let abort = |count: u64| {
        let mut words = vec![to_struct(0, 1, 1), 1, to_struct(0, 1, 3), 0, 0, 0];
        words.extend([to_list(0, 7, 0), count << 2]);
        Message::decode(frame(&[&words]), &Limits::default())
    };
    assert!(abort(64).is_ok());
    assert!(matches!(abort(65), Err(DecodeError::TooManyDetails(65))));
}

// C-Q7
#[test]
fn a_path_with_an_unknown_step_addresses_an_unknown_kind_of_target() {
    // A Disembargo to a promised answer with one operation of this kind.
    let path = |kind: u64| {
        let mut words = vec![to_struct(0, 1, 1), 13, to_struct(0, 1, 2), 0, to_struct(1, 1, 1), 0];
        words.extend([1 << 32, to_struct(0, 1, 1), 9, to_list(0, 7, 1), to_struct(1, 1, 0), kind]);
        Message::decode(frame(&[&words]), &Limits::default()).expect("well formed").summary()
    };
    assert_eq!(path(0), "disembargo q9 ask m0");
    assert_eq!(path(5 << 16 | 1), "disembargo q9.5 ask m0");
    assert_eq!(path(2), "disembargo target #65535 ask m0");
}

// C-X1
#[test]
fn an_unknown_kind_of_exception_is_a_failure() {
    let abort = |kind: u64| {
        let words = [to_struct(0, 1, 1), 1, to_struct(0, 1, 3), kind << 32, 0, 0, 0];
        Message::decode(frame(&[&words]), &Limits::default()).expect("well formed").summary()
    };
    for (kind, name) in
        ["failed", "overloaded", "disconnected", "unimplemented", "failed"].iter().enumerate()
    {
        assert_eq!(abort(kind as u64), format!("abort {name}: "));
    }
}
