use bowline::trace::{Said, Side, Streams, Tables, TablesLimits, TapeReader, What, is_tape, weave};
use bowline::wire::Message;

/// What an observer makes of bytes: as a recording, or as what one side of a connection sent. Says whether there was
/// a message.
pub(crate) fn run(bytes: &[u8]) -> bool {
    if is_tape(bytes) {
        return replay(bytes);
    }
    let Some((size, bytes)) = bytes.split_first() else { return false };
    let (whole, messages) = heard(bytes, bytes.len().max(1));
    let (in_pieces, others) = heard(bytes, usize::from(*size).max(1));
    assert_eq!(whole, in_pieces, "it is read alike wherever it is cut");
    let said = messages.len();
    observe(messages.iter().enumerate().map(|(at, message)| {
        let side = if at % 3 == 0 { Side::Right } else { Side::Left };
        (side, message)
    }));
    let mut woven = [0, 0];
    weave(messages, others, |side, _| woven[usize::from(side == Side::Right)] += 1);
    assert_eq!(woven, [said, said], "each message is told, once");
    said > 0
}

/// What a stream says, cut into pieces of so many bytes.
fn heard(bytes: &[u8], size: usize) -> (Vec<String>, Vec<Message>) {
    let (mut streams, mut told, mut messages) = (Streams::new(), Vec::new(), Vec::new());
    let mut hear = |said: Said| match said {
        Said::Message { message, frame } => {
            told.push(format!("{message} {}", frame.len()));
            messages.push(message);
        }
        other => told.push(format!("{other:?}")),
    };
    for piece in bytes.chunks(size) {
        streams.push(Side::Left, piece, &mut hear);
    }
    streams.end(Side::Left, &mut hear);
    (told, messages)
}

/// Every change is what stands in the tables, and there are no more entries than may be.
fn observe<'a>(said: impl Iterator<Item = (Side, &'a Message)>) -> Tables {
    let limits = TablesLimits { entries_max: 16, caps_max: 8 };
    let mut tables = Tables::new(limits);
    for (number, (side, message)) in said.enumerate() {
        let step = tables.observe(number as u64, side, message);
        for change in step.changes {
            assert_eq!(tables.get(change.key), change.now.as_ref());
        }
        assert!(tables.entries().count() <= limits.entries_max && step.notes.len() <= 8);
    }
    tables
}

fn replay(bytes: &[u8]) -> bool {
    let Ok(mut tape) = TapeReader::new(bytes) else { return false };
    let (mut tables, mut number) = (Tables::default(), 0);
    while let Ok(Some(piece)) = tape.read() {
        match (&piece.what, piece.what.message()) {
            (What::Known(key, entry), _) => tables.restore(*key, entry.clone()),
            (What::Frame(side, _), Some(message)) => {
                tables.observe(number, *side, &message);
                number += 1;
            }
            _ => {}
        }
    }
    number > 0
}
