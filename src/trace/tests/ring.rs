//! A ring forgets messages, and never what they left behind.

use super::*;
use crate::trace::recorder::Recorder;
use crate::trace::side::Side::{self, Left, Right};
use crate::trace::tables::Tables;
use crate::trace::tape::{Piece, TapeReader, What};

fn saved(recorder: &Recorder) -> Vec<Piece> {
    let mut tape = Vec::new();
    recorder.save(&mut tape).expect("a vector takes all");
    read(&tape)
}

fn read(tape: &[u8]) -> Vec<Piece> {
    let mut reader = TapeReader::new(tape).expect("a tape");
    std::iter::from_fn(|| reader.read().expect("it can be read")).collect()
}

/// The tables behind the last piece.
fn tables(pieces: &[Piece]) -> Vec<String> {
    let mut tables = Tables::default();
    for piece in pieces {
        match (&piece.what, piece.what.message()) {
            (What::Known(key, entry), _) => tables.restore(*key, entry.clone()),
            (What::Frame(from, _), Some(message)) => {
                let step = tables.observe(0, *from, &message);
                assert!(step.notes.is_empty(), "{message}: {:?}", step.notes);
            }
            _ => {}
        }
    }
    tables
        .entries()
        .map(|(key, entry)| {
            let mut text = format!("{key:?} {entry:?}");
            // When it was made is not known of what was forgotten.
            text = text.replace("since: Some(0)", "since: None");
            text
        })
        .collect()
}

fn script() -> Vec<(Side, Message)> {
    let promise = CapDescriptor::SenderPromise(ExportId(9));
    let mut script = vec![
        (Left, ask(0)),
        (Right, give_back(results(0, vec![hosted(0)]))),
        (Left, call(1, on_results(0), vec![hosted(4), promise])),
        (Left, finish(0, false)),
        (Left, call(2, on(0), vec![])),
        (Left, finish(2, true)),
    ];
    for question in 3..40 {
        script.push((Left, call(question, on(0), vec![hosted(question)])));
        script.push((Right, give_back(results(question, vec![hosted(question)]))));
        script.push((Left, finish(question, question % 2 == 0)));
    }
    script
}

#[test]
fn the_tables_are_the_same_however_much_was_forgotten() {
    let mut sizes = Vec::new();
    let mut all = Vec::new();
    for bytes_max in [1 << 20, 4000, 1000, 300, 0] {
        let recorder = Recorder::ring(bytes_max);
        let mut session = recorder.open("desk", "library");
        for (from, mut message) in script() {
            session.message(from, &mut message);
        }
        let pieces = saved(&recorder);
        assert!(matches!(&pieces[0].what, What::Opened { left, .. } if left == "desk"));
        let frames = pieces.iter().filter(|piece| matches!(piece.what, What::Frame(..)));
        let bytes: usize = frames.clone().map(Piece::size).sum();
        assert!(bytes <= bytes_max, "{bytes} of {bytes_max}");
        sizes.push(frames.count());
        all.push(tables(&pieces));
    }
    assert!(sizes.windows(2).all(|pair| pair[0] > pair[1]) && sizes[4] == 0, "{sizes:?}");
    assert!(all[0].len() > 50 && all.iter().all(|tables| *tables == all[0]));
}

#[test]
fn a_connection_that_is_over_and_forgotten_leaves_nothing() {
    let recorder = Recorder::ring(400);
    for _ in 0..50 {
        let mut session = recorder.open("desk", "library");
        session.message(Left, &mut ask(0));
        session.bytes(Right, b"HTTP/1.1 200 OK\r\n\r\n");
        session.bytes(Right, &[0xff; 64]);
    }
    let pieces = saved(&recorder);
    assert!(pieces.len() < 30, "{} pieces", pieces.len());
}

/// Takes so many bytes, and then no more.
struct Narrow(usize);

impl std::io::Write for Narrow {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let room = self.0.checked_sub(bytes.len());
        self.0 = room.ok_or_else(|| std::io::Error::other("it is full"))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_tape_that_is_full_ends_the_recording_and_not_the_connection() {
    assert!(Recorder::tape(Narrow(3)).is_err());
    let recorder = Recorder::tape(Narrow(200)).expect("there is room for its beginning");
    let mut session = recorder.open("desk", "library");
    assert!(recorder.finish().is_ok());
    for _ in 0..10 {
        session.message(Left, &mut ask(0));
    }
    assert!(recorder.finish().is_err_and(|error| error.to_string() == "it is full"));
    assert!(recorder.save(Vec::new()).is_err());
}

#[test]
fn a_tape_is_read_up_to_where_it_was_cut_and_a_piece_too_long_is_refused() {
    let recorder = Recorder::ring(1 << 20);
    let mut session = recorder.open("desk", "library");
    session.message(Left, &mut ask(0));
    let mut tape = Vec::new();
    recorder.save(&mut tape).expect("a vector takes all");
    assert_eq!(read(&tape).len(), 2);
    assert_eq!(read(&tape[..tape.len() - 1]).len(), 1);
    assert!(TapeReader::new(&tape[..7]).is_err());
    let second = tape.len() - 48 - 4;
    for (length, allowed) in
        [((64_u32 << 20) + (64 << 10), true), ((64 << 20) + (64 << 10) + 1, false)]
    {
        tape[second..second + 4].copy_from_slice(&length.to_le_bytes());
        let mut reader = TapeReader::new(tape.as_slice()).expect("it begins well");
        reader.read().expect("the first piece");
        assert_eq!(reader.read().is_ok(), allowed);
    }
}
