//! Content is found, read and copied as its sender meant it, and refused where that means nothing.

use bowline::wire::{Content, CopyError, Path, PathError, PointerError, ReadLimits};
use capnp::any_pointer;
use capnp::message::{AllocationStrategy, Builder, HeapAllocator};

use crate::words::{returning, to_cap, to_list, to_pad, to_struct};

fn text_of(content: &Content) -> capnp::Result<String> {
    let text: capnp::text::Reader<'_> = content.root()?.get_as()?;
    Ok(text.to_string()?)
}

fn path(fields: &[u16]) -> Path {
    Path::from(fields)
}

/// "hi" as a list of three bytes.
const HI: u64 = 0x6968;

#[test]
fn content_next_to_its_envelope_is_read_in_place() {
    let content = returning(to_list(1, 2, 3), &[HI], &[]).expect("well formed");
    assert_eq!(text_of(&content).unwrap(), "hi");
    assert!(content.is_received() && content.needs_scrub());
}

#[test]
fn content_behind_far_pointers_is_read_in_place() {
    let pad = to_pad(false, 1, 1);
    let content = returning(pad, &[], &[&[0, to_list(0, 2, 3), HI]]).expect("well formed");
    assert_eq!(text_of(&content).unwrap(), "hi");
    let double = to_pad(true, 1, 0);
    let pads = [to_pad(false, 2, 1), to_list(0, 2, 3)];
    let content = returning(double, &[], &[&pads, &[0, HI]]).expect("well formed");
    assert_eq!(text_of(&content).unwrap(), "hi");
}

#[test]
fn content_of_an_envelope_in_another_segment_is_read_in_place() {
    let first = [to_pad(false, 1, 0)];
    let mut second = vec![to_struct(0, 1, 1), 3, to_struct(0, 2, 1), 0, 0, to_struct(0, 0, 2)];
    second.extend([to_list(1, 2, 3), 0, HI]);
    let frame = crate::words::frame(&[&first, &second]);
    let message = bowline::wire::Message::decode(frame, &Default::default()).expect("well formed");
    let bowline::wire::Message::Return(ret) = message else { panic!("a Return") };
    let bowline::wire::Outcome::Results(results) = ret.outcome else { panic!("results") };
    assert_eq!(text_of(&results.content).unwrap(), "hi");
}

#[test]
fn a_struct_of_no_size_is_not_null() {
    let content = returning(to_struct(-1, 0, 0), &[], &[]).expect("well formed");
    assert!(!content.root().unwrap().is_null());
    let copy = content.copy(&ReadLimits::default()).expect("copies");
    assert!(!copy.root().unwrap().is_null());
    assert_eq!(returning(0, &[], &[]).unwrap().words(), 1, "null keeps no frame");
}

#[test]
fn a_path_leads_to_a_capability_or_to_nothing() {
    let body = [to_struct(1, 1, 1), to_cap(4), 99, to_cap(7)];
    let content = returning(to_struct(1, 0, 2), &body, &[]).expect("well formed");
    for content in [content.copy(&ReadLimits::default()).expect("copies"), content] {
        assert_eq!(content.cap_at(&path(&[0, 0])), Ok(Some(7)));
        assert_eq!(content.cap_at(&path(&[1])), Ok(Some(4)));
        assert_eq!(content.cap_at(&path(&[2])), Ok(None), "a field the sender did not know");
        assert_eq!(content.cap_at(&path(&[2, 5])), Ok(None));
        assert_eq!(content.cap_at(&path(&[0])), Err(PathError::NotACapability));
        let through = PathError::NotAStruct { step: 1, field: 3 };
        assert_eq!(content.cap_at(&path(&[1, 3])), Err(through));
    }
    assert_eq!(Content::capability(2).cap_at(&Path::root()), Ok(Some(2)));
    assert_eq!(Content::null().cap_at(&path(&[0])), Ok(None));
}

// C-F4
#[test]
fn pointers_that_lead_nowhere_are_refused() {
    let out = PathError::Malformed(PointerError::OutOfBounds);
    let pad = PathError::Malformed(PointerError::BadLandingPad);
    let unknown = PathError::Malformed(PointerError::UnknownKind);
    let cases = [
        (to_struct(1, 0, 3), out),
        (to_struct(3, 1, 0), out),
        (to_pad(false, 9, 0), out),
        (to_pad(false, 0, 99), out),
        (to_pad(true, 0, 8), pad),
        (to_pad(false, 0, 8), pad),
        (to_cap(1) | 4, unknown),
    ];
    for (pointer, error) in cases {
        let content = returning(pointer, &[to_cap(0), 0], &[]).expect("envelopes are fine");
        assert_eq!(content.cap_at(&path(&[0])), Err(error), "{pointer:#x}");
        assert!(content.copy(&ReadLimits::default()).is_err(), "{pointer:#x}");
        let root = content.root().expect("there is a root");
        assert!(root.get_as::<capnp::text::Reader<'_>>().is_err(), "{pointer:#x}");
    }
    assert!(returning(to_struct(-20, 1, 0), &[], &[]).is_err(), "before the segment");
}

#[test]
fn a_list_whose_elements_do_not_fit_is_not_copied() {
    for (tag, ok) in [(to_struct(1, 1, 0), true), (to_struct(2, 1, 0), false), (to_cap(0), false)] {
        let content = returning(to_list(1, 7, 1), &[tag, 5], &[]).expect("envelopes are fine");
        let copied = content.copy(&ReadLimits::default());
        assert_eq!(
            copied.map(|_| ()).map_err(|e| e == CopyError::Pointer(PointerError::BadList)),
            if ok { Ok(()) } else { Err(true) }
        );
    }
}

/// Each of so many levels points twice at the next one, of two words each: 2^levels ways to the last of them.
fn doubling(levels: usize) -> Content {
    let level = [to_struct(1, 0, 2), to_struct(0, 0, 2)];
    let body = [level.repeat(levels), vec![0, 0]].concat();
    returning(to_struct(1, 0, 2), &body, &[]).expect("envelopes are fine")
}

// C-F4
#[test]
fn what_is_pointed_to_twice_counts_twice() {
    // 2^5 - 1 structs of two words.
    let limits = |words| ReadLimits { traversal_words_max: words, nesting_max: 64 };
    assert_eq!(doubling(4).copy(&limits(62)).expect("just so many").words(), 63);
    assert_eq!(doubling(4).copy(&limits(61)).unwrap_err(), CopyError::TooLarge);
}

// C-F4
#[test]
fn a_bomb_of_pointers_to_one_place_is_not_copied() {
    let limits = |words| ReadLimits { traversal_words_max: words, nesting_max: 64 };
    assert_eq!(doubling(16).copy(&limits(100_000)).unwrap_err(), CopyError::TooLarge);
    // Much more than the frame it came in, whatever may be read of it.
    assert_eq!(doubling(16).copy(&limits(usize::MAX)).unwrap_err(), CopyError::TooLarge);
}

// C-F4
#[test]
fn content_may_nest_as_deep_as_the_limit_and_no_deeper() {
    let deep = |levels: usize| {
        let mut body = vec![to_struct(0, 0, 1); levels - 1];
        body.push(0);
        returning(to_struct(1, 0, 1), &body, &[]).expect("envelopes are fine")
    };
    assert!(deep(64).copy(&ReadLimits::default()).is_ok());
    assert_eq!(deep(65).copy(&ReadLimits::default()).unwrap_err(), CopyError::TooDeep);
    let circle = returning(to_struct(1, 0, 1), &[to_struct(-1, 0, 1)], &[]).expect("fine so far");
    assert_eq!(circle.copy(&ReadLimits::default()).unwrap_err(), CopyError::TooDeep);
}

#[test]
fn a_copy_takes_nothing_along_that_cannot_be_reached() {
    let secret = 0x7465_7263_6573_u64;
    let content = returning(to_list(2, 2, 3), &[secret, HI], &[&[secret]]).expect("well formed");
    let copy = content.copy(&ReadLimits::default()).expect("copies");
    assert_eq!(text_of(&copy).unwrap(), "hi");
    assert!(!copy.needs_scrub());
    assert_eq!((copy.words(), copy.segments().len()), (2, 1));
    let bytes: Vec<u8> = copy.segments().flatten().copied().collect();
    assert!(!bytes.windows(8).any(|window| window == secret.to_le_bytes()));
}

#[test]
fn what_was_built_in_many_segments_is_copied_into_one() {
    let allocator = HeapAllocator::new()
        .first_segment_words(1)
        .allocation_strategy(AllocationStrategy::FixedSize);
    let mut message = Builder::new(allocator);
    let mut list = message.initn_root::<capnp::text_list::Builder<'_>>(20);
    for index in 0..20 {
        list.set(index, format!("text number {index}"));
    }
    let content = Content::from(message);
    assert!(content.segments().len() > 5);
    let copy = content.copy(&ReadLimits::default()).expect("copies");
    assert_eq!(copy.segments().len(), 1);
    for content in [content, copy] {
        let list: capnp::text_list::Reader<'_> = content.root().unwrap().get_as().unwrap();
        assert_eq!(list.len(), 20);
        assert_eq!(list.get(19).unwrap().to_str().unwrap(), "text number 19");
    }
}

#[test]
fn content_that_is_built_is_read_where_it_was_built() {
    let content = Content::build(8, |mut root: any_pointer::Builder<'_>| root.set_as("hello"));
    let content = content.expect("a text fits anywhere");
    assert_eq!(text_of(&content).unwrap(), "hello");
    assert!(!content.is_received());
    let nothing = Content::from(Builder::new_default());
    assert_eq!((nothing.words(), nothing.segments().len()), (1, 1));
    assert_eq!(nothing.cap_at(&Path::root()), Ok(None));
    assert!(nothing.root().unwrap().is_null());
}

#[test]
fn content_goes_to_other_threads() {
    fn goes<T: Send + Sync>() {}
    goes::<Content>();
    goes::<bowline::wire::Message>();
}
