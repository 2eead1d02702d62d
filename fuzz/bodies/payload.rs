use bowline::wire::{
    AnswerId, CapDescriptor, Content, ExportId, Limits, Message, Outcome, OutlineLimits, Path,
    PathError, Payload, ReadLimits, Return,
};

use crate::again::write;
use crate::choices::Choices;

/// What a caller finds at a path: the number of a capability, nothing, or a reason.
type Found = Result<Option<u32>, PathError>;

fn words(bytes: &[u8]) -> Vec<u64> {
    let word = |word: &[u8]| u64::from_le_bytes(word.try_into().expect("8 bytes"));
    bytes.chunks_exact(8).map(word).collect()
}

/// The content as somebody gets it whom it is sent to. None: they find the message malformed.
fn sent(content: Content) -> Option<Content> {
    let caps = (0..4).map(|id| CapDescriptor::SenderHosted(ExportId(id))).collect();
    let ret = Message::Return(Box::new(Return {
        answer: AnswerId(0),
        release_param_caps: true,
        no_finish_needed: false,
        outcome: Outcome::Results(Payload { content, caps }),
    }));
    let read = Message::decode(write(ret), &Limits::default()).ok()?;
    let Message::Return(ret) = read else { panic!("it was a return") };
    let Outcome::Results(results) = ret.outcome else { panic!("they were results") };
    Some(results.content)
}

/// Nothing is nowhere: what cannot be followed in a copy, where it was whole, is the same reason.
fn is_alike(one: &Found, other: &Found) -> bool {
    match (one, other) {
        (Err(PathError::Malformed(_)), Err(PathError::Malformed(_))) => true,
        _ => one == other,
    }
}

/// Content of a peer, with paths into it: as it came, as it is sent on, and as it is copied, the same capabilities
/// are found, all of it can be shown, and none of that costs more than its size allows. Says whether there was a
/// capability.
pub(crate) fn run(bytes: &[u8]) -> bool {
    let mut from = Choices::new(bytes);
    let path = |from: &mut Choices<'_>| -> Path {
        (0..from.below(7)).map(|_| u16::from(from.byte())).collect()
    };
    let paths = [path(&mut from), path(&mut from), path(&mut from)];
    let content = words(from.take(usize::MAX));
    let limits = ReadLimits { nesting_max: 16, ..ReadLimits::default() };
    let made = Content::from_words(&content);
    let shown = made.outline(OutlineLimits::default()).to_string();
    assert!(!shown.is_empty());
    let mut found = false;
    // What is malformed may lead into its envelope: nobody sends that on, and it comes to nothing worse.
    if let Some(came) = sent(Content::from_words(&content)) {
        let _ = came.outline(OutlineLimits::default()).to_string();
        for path in &paths {
            let _ = came.cap_at(path);
        }
    }
    if let Ok(copy) = made.copy(&limits) {
        let twice = sent(copy.copy(&limits).expect("a copy is whole, and no deeper"));
        let twice = twice.expect("what we copied can be read");
        assert_eq!(copy.words(), copy.copy(&limits).map_or(0, |same| same.words()));
        for path in &paths {
            let there = made.cap_at(path);
            found |= matches!(there, Ok(Some(_)));
            assert!(is_alike(&there, &copy.cap_at(path)), "{path}: {there:?}\n{shown}");
            assert!(is_alike(&there, &twice.cap_at(path)), "{path}: {there:?}\n{shown}");
        }
        let mut seen = Vec::new();
        let mapped = copy.map_caps(&limits, |index| {
            seen.push(index);
            index.wrapping_add(1)
        });
        let mapped = mapped.expect("a copy is whole");
        let back =
            mapped.map_caps(&limits, |index| index.wrapping_sub(1)).expect("a copy is whole");
        let outline = |content: &Content| content.outline(OutlineLimits::default()).to_string();
        assert_eq!(outline(&back), outline(&copy), "{seen:?}");
    }
    found
}
