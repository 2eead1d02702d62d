//! An outline shows any content line by line, and ends whatever the content is.

use bowline::schema::rpc_capnp::exception;
use bowline::wire::{Content, Exception, Message, OutlineLimits};

use crate::words::{frame, returning, to_cap, to_list, to_pad, to_struct};

fn lines(content: &Content) -> Vec<String> {
    content.outline(OutlineLimits::default()).to_string().lines().map(str::to_owned).collect()
}

/// The content behind a near pointer to `body`.
fn content(pointer: u64, body: &[u64]) -> Content {
    returning(pointer, body, &[]).expect("its envelope is well formed")
}

#[test]
fn null_and_a_capability_are_a_word() {
    assert_eq!(lines(&Content::null()), ["null"]);
    assert_eq!(lines(&Content::capability(3)), ["cap 3"]);
}

#[test]
fn structs_lists_texts_and_data_are_told_apart() {
    let build = |root: capnp::any_pointer::Builder<'_>| {
        let mut why = root.init_as::<exception::Builder<'_>>();
        why.set_reason("it broke\nin two");
        why.set_type(exception::Type::Overloaded);
        let mut details = why.init_details(2);
        details.reborrow().get(0).set_detail_id(0xfeed_feed_feed_feed);
        details.reborrow().get(0).set_data(&[1, 0xff]);
        Ok(())
    };
    let content = Content::build(8, build).expect("it is built in memory");
    assert_eq!(
        lines(&content),
        [
            "struct 0x100000000",
            "  .0: \"it broke\\nin two\"",
            "  .2: list of 2 structs",
            "    [0]: struct 0xfeedfeedfeedfeed",
            "      .0: data of 2 bytes 01ff",
            "    [1]: struct",
        ]
    );
}

#[test]
fn bytes_that_cannot_be_a_text_are_data() {
    // No NUL at the end, a NUL inside, a control character, no UTF-8.
    for (word, count) in [(0x6968, 2), (0x0069_0068, 4), (0x0007_6968, 4), (0x00ff_6968, 4)] {
        let shown = lines(&content(to_list(1, 2, count), &[word]));
        assert!(shown[0].starts_with(&format!("data of {count} bytes 68")), "{shown:?}");
    }
    assert_eq!(lines(&content(to_list(1, 2, 3), &[0x6968])), ["\"hi\""]);
}

#[test]
fn lists_of_numbers_bits_nothing_and_pointers() {
    let shown = |size, count, body: &[u64]| lines(&content(to_list(1, size, count), body));
    assert_eq!(shown(0, 9, &[]), ["list of 9 × nothing"]);
    assert_eq!(shown(1, 3, &[5]), ["list of 3 bits of 8 bytes 0500000000000000"]);
    assert_eq!(shown(3, 3, &[0x0003_0002_0001]), ["list of 3 × 2 bytes 1 2 3"]);
    assert_eq!(shown(4, 2, &[0x0000_0002_0000_0001]), ["list of 2 × 4 bytes 1 2"]);
    assert_eq!(shown(5, 2, &[1, 1 << 40]), ["list of 2 × 8 bytes 1 0x10000000000"]);
    assert_eq!(shown(6, 2, &[to_cap(1), 0]), ["list of 2 pointers", "  [0]: cap 1", "  [1]: null"]);
}

#[test]
fn a_malformed_pointer_is_told_where_it_is_and_the_rest_is_shown() {
    let body = [to_struct(90, 1, 0), to_pad(false, 7, 0), 4 | 3, to_cap(2)];
    let shown = lines(&content(to_struct(1, 0, 4), &body));
    assert_eq!(shown.len(), 5, "{shown:?}");
    assert!(shown[1].starts_with("  .0: malformed: "), "{shown:?}");
    assert!(shown[2].starts_with("  .1: malformed: "), "{shown:?}");
    assert!(shown[3].starts_with("  .2: malformed: "), "{shown:?}");
    assert_eq!(shown[4], "  .3: cap 2");
    // A list of structs whose elements do not fit, and one whose tag is none.
    for tag in [to_struct(9, 1, 1), to_cap(0)] {
        let shown = lines(&content(to_list(1, 7, 2), &[tag, 0, 0]));
        assert!(shown[0].starts_with("malformed: "), "{shown:?}");
    }
}

#[test]
fn content_that_leads_back_to_itself_ends() {
    let shown = lines(&content(to_struct(1, 0, 1), &[to_struct(-1, 0, 1)]));
    assert!(shown.len() < 70, "{shown:?}");
    assert!(shown.last().is_some_and(|line| line.ends_with("… nested too deep")), "{shown:?}");
}

#[test]
fn content_that_unfolds_without_end_is_cut_at_the_limit_of_lines() {
    // Half a billion structs of no size, which themselves take no space.
    let tag = to_struct(0x1fff_ffff, 0, 0);
    let all = content(to_list(1, 7, 0), &[tag]);
    assert_eq!(lines(&all).len(), OutlineLimits::default().lines_max);
    for lines_max in [1, 2, 3] {
        let limits = OutlineLimits { lines_max, ..OutlineLimits::default() };
        let shown = all.outline(limits).to_string();
        assert_eq!(shown.lines().count(), lines_max);
        assert_eq!(shown.lines().last().map(str::trim), Some("…"));
    }
}

#[test]
fn long_values_are_cut_at_the_limit_and_say_how_long_they_are() {
    let text = |length: usize| {
        let build = move |mut root: capnp::any_pointer::Builder<'_>| {
            root.set_as("é".repeat(length).as_str())
        };
        Content::build(8, build).expect("it is built in memory")
    };
    let max = OutlineLimits::default().values_max;
    assert_eq!(lines(&text(max)), [format!("{:?}", "é".repeat(max))]);
    let cut = format!("{:?}… of {} bytes", "é".repeat(max), 2 * max + 2);
    assert_eq!(lines(&text(max + 1)), [cut]);
}

#[test]
fn a_message_is_described_by_its_summary_and_what_that_leaves_out() {
    let why = Exception::overloaded("too\nmuch").with_trace("here\nand there");
    let abort = Message::Abort(why.with_detail(0x77, *b"a\x01"));
    assert_eq!(
        abort.describe(OutlineLimits::default()).to_string(),
        "abort overloaded: too much\n  trace: here\n  trace: and there\n  detail 0x77: 2 bytes a\\x01\n"
    );
    // A message of a later version.
    let unknown = Message::decode(
        frame(&[&[to_struct(0, 1, 1), 99, to_struct(0, 1, 0), 7]]),
        &Default::default(),
    );
    let unknown = unknown.expect("well formed");
    assert_eq!(
        unknown.describe(OutlineLimits::default()).to_string(),
        "message #99 4 words\n  message: struct 99\n    .0: struct 7\n"
    );
}
