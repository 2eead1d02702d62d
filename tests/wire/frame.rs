//! Bytes arrive as they like; frames come out whole, or not at all.

use bowline::wire::{Deframer, FrameError, Limits};

use crate::words::{deframe, framed};

fn counted(words: usize) -> Vec<u64> {
    (0..words as u64).collect()
}

fn limits(frame_words_max: u32, segments_max: u32) -> Limits {
    Limits { frame_words_max, segments_max, ..Limits::default() }
}

// C-F1, C-F3
#[test]
fn frames_come_out_as_they_went_in_however_the_bytes_are_cut() {
    let (small, large) = (counted(5), counted(100_000));
    let segments: [&[u64]; 3] = [&small, &[], &[7]];
    let mut bytes = framed(&segments);
    bytes.extend(framed(&[&large]));
    bytes.extend(framed(&[&counted(3000)]));
    bytes.extend(framed(&[&small, &large]));
    let whole = deframe(&bytes, Limits::default()).expect("good frames");
    assert_eq!(whole.len(), 4);
    assert_eq!(whole[0].segment_count(), 3);
    assert_eq!(whole[0].segment(2), Some([7, 0, 0, 0, 0, 0, 0, 0].as_slice()));
    assert_eq!(whole[0].segment(3), None);
    assert_eq!(whole[3].words(), 100_005);
    for cut in [1, 7, 4096, 65_536] {
        let mut deframer = Deframer::new(Limits::default());
        let mut frames = Vec::new();
        for mut piece in bytes.chunks(cut) {
            while !piece.is_empty() {
                let space = deframer.space();
                let read = space.len().min(piece.len());
                space[..read].copy_from_slice(&piece[..read]);
                deframer.advance(read);
                piece = &piece[read..];
                while let Some(frame) = deframer.next_frame().expect("good frames") {
                    frames.push(frame);
                }
            }
        }
        assert!(frames == whole, "cut into pieces of {cut}");
        assert!(!deframer.is_mid_frame());
    }
}

#[test]
fn a_connection_of_small_messages_keeps_a_small_buffer_and_a_full_read_makes_it_large() {
    let call = framed(&[&counted(5)]);
    let (mut deframer, first) = (Deframer::new(Limits::default()), 1 << 10);
    for _ in 0..2 * first / call.len() {
        assert_eq!(deframer.space().len(), first);
        deframer.space()[..call.len()].copy_from_slice(&call);
        deframer.advance(call.len());
        assert!(deframer.next_frame().expect("a good frame").is_some());
    }
    let many = call.repeat(first / call.len() + 1);
    deframer.space().copy_from_slice(&many[..first]);
    deframer.advance(first);
    while deframer.next_frame().expect("good frames").is_some() {}
    assert!(deframer.space().len() >= 7 * first, "who filled it has more");
}

// C-F3
#[test]
fn a_stream_that_ends_within_a_frame_was_truncated() {
    for words in [3, 40_000] {
        let bytes = framed(&[&counted(words)]);
        for end in [1, 5, 8, 15, bytes.len() - 1] {
            let ended = deframe(&bytes[..end], Limits::default());
            assert_eq!(ended.unwrap_err(), FrameError::Truncated, "{end} of {}", bytes.len());
        }
        assert!(deframe(&bytes, Limits::default()).is_ok());
    }
}

// C-F2
#[test]
fn a_frame_may_be_as_large_as_the_limit_and_no_larger() {
    let at = framed(&[&counted(60), &counted(40)]);
    assert!(deframe(&at, limits(100, 512)).is_ok());
    let over = framed(&[&counted(60), &counted(41)]);
    let refused = deframe(&over, limits(100, 512)).unwrap_err();
    assert_eq!(refused, FrameError::TooLarge { words: 101 });
}

// C-F2
#[test]
fn a_frame_may_have_as_many_segments_as_the_limit_and_no_more() {
    let empty: &[u64] = &[];
    assert!(deframe(&framed(&[empty; 512]), Limits::default()).is_ok());
    let refused = deframe(&framed(&[empty; 513]), Limits::default()).unwrap_err();
    assert_eq!(refused, FrameError::TooManySegments { segments: 513 });
    let refused = deframe(&[0xff; 4], limits(100, u32::MAX)).unwrap_err();
    assert_eq!(refused, FrameError::TooManySegments { segments: 1 << 32 });
    let ceiling = Limits::SEGMENTS_CEILING as usize;
    assert!(deframe(&framed(&vec![empty; ceiling]), limits(100, u32::MAX)).is_ok());
}

#[test]
fn a_refused_stream_stays_refused() {
    let mut deframer = Deframer::new(limits(1, 1));
    deframer.space()[..8].copy_from_slice(&[0, 0, 0, 0, 2, 0, 0, 0]);
    deframer.advance(8);
    assert_eq!(deframer.next_frame().unwrap_err(), FrameError::TooLarge { words: 2 });
    assert_eq!(deframer.next_frame().unwrap_err(), FrameError::TooLarge { words: 2 });
}

// C-F2
#[test]
fn a_table_alone_does_not_get_the_memory_it_announces() {
    let mut deframer = Deframer::new(Limits::default());
    let table: [u8; 8] = [0, 0, 0, 0, 0, 0, 0x80, 0];
    deframer.space()[..8].copy_from_slice(&table);
    deframer.advance(8);
    assert_eq!(deframer.next_frame(), Ok(None), "64 MiB are within the limit");
    assert_eq!(deframer.space().len(), 256 << 10, "but are not given before they arrive");
    deframer.advance(256 << 10);
    assert_eq!(deframer.next_frame(), Ok(None));
    assert_eq!(deframer.space().len(), 256 << 10, "memory doubles with what arrived");
}
