//! Bytes that break the rules. (C-V4, C-V5)

use bowline::worker::value::{Broken, Limits, Value, decode, encode};

use crate::node::from_hex;
use crate::random::Maker;
use crate::resource::externals;

fn broken(hex: &str) -> Broken {
    broken_with(hex, "-")
}

fn broken_with(hex: &str, beside: &str) -> Broken {
    decode(from_hex(hex), externals(beside), &Limits::receiving())
        .map_or_else(|error| error.broken, |value| panic!("{hex} is {value:?}"))
}

#[test]
fn versions_13_to_16_are_read_and_no_other() {
    // C-V4
    for version in [13, 14, 15, 16] {
        assert_eq!(
            decode(vec![0xff, version, b'T'], Vec::new(), &Limits::receiving()),
            Ok(true.into())
        );
    }
    for version in [0, 12, 17, 127] {
        let error = decode(vec![0xff, version, b'T'], Vec::new(), &Limits::receiving())
            .expect_err("a version");
        assert_eq!(error.broken, Broken::Version { version: Some(version.into()) });
        assert_eq!(
            error.rule_text(),
            "Unable to deserialize cloned data due to invalid or unsupported version."
        );
    }
    assert_eq!(broken(""), Broken::Version { version: None });
    assert_eq!(broken("54"), Broken::Version { version: None });
    // Views had no flags then.
    let old = decode(
        from_hex("ff0d420100564200 01".replace(' ', "").as_str()),
        Vec::new(),
        &Limits::receiving(),
    );
    assert_eq!(old, Ok(Value::uint8_array(vec![0])));
}

#[test]
fn each_rule_that_is_broken_has_its_name() {
    for (hex, rule) in [
        ("ff0f", Broken::Truncated),
        ("ff0f22056162", Broken::Truncated),
        ("ff0f5400", Broken::TrailingBytes { count: 1 }),
        ("ff0f5454", Broken::TrailingBytes { count: 1 }),
        ("ff0f51", Broken::Tag { tag: b'Q' }),
        ("ff0f2d", Broken::Tag { tag: b'-' }),
        ("ff0f56420000", Broken::Tag { tag: b'V' }),
        ("ff0f7500", Broken::Unsupported { tag: b'u' }),
        ("ff0f7400", Broken::Unsupported { tag: b't' }),
        ("ff0f49ffffffffffffffffffff01", Broken::Varint),
        ("ff0f49ffffffff7f", Broken::Varint),
        ("ff0f5e00", Broken::Reference { id: 0, known: 0 }),
        ("ff0f41015e01240001", Broken::Reference { id: 1, known: 1 }),
        ("ff0f6f7b01", Broken::Count { told: 1, counted: 0 }),
        ("ff0f410154240002", Broken::Count { told: 2, counted: 1 }),
        ("ff0f3b543a01", Broken::Count { told: 1, counted: 1 }),
        ("ff0f6f2201615422016154 7b02", Broken::Key),
        ("ff0f6f54547b01", Broken::Tag { tag: b'T' }),
        ("ff0f5a01", Broken::BigInt),
        ("ff0f6303616263", Broken::Text),
        ("ff0f52220161c001", Broken::RegExp),
        ("ff0f5222016140", Broken::RegExp),
        ("ff0f7e020161 62", Broken::Buffer),
        ("ff0f4204000000005642050000", Broken::View),
        ("ff0f4204000000005642010400", Broken::View),
        ("ff0f4204000000005657010200", Broken::View),
        ("ff0f420400000000565a000000", Broken::View),
        ("ff0f4204000000005642000001", Broken::View),
        ("ff0f4204000000005642000402", Broken::View),
        ("ff0f4204000000005642000404", Broken::View),
        ("ff0f727a", Broken::Error),
        ("ff0f5c00", Broken::HostTag { tag: 0 }),
        ("ff0f5c63", Broken::HostTag { tag: 99 }),
        ("ff0f5c0400ff0f", Broken::Host { tag: 4 }),
        ("ff0f5c0407 00", Broken::Host { tag: 4 }),
        ("ff0f5c04000130 00", Broken::Host { tag: 4 }),
        ("ff0f5c0a0e", Broken::Host { tag: 10 }),
        ("ff0f5c0a0149026f7b00", Broken::Host { tag: 10 }),
        ("ff0f5c0a01220161410024 0000", Broken::Host { tag: 10 }),
        ("ff0f5c0700 30", Broken::Host { tag: 7 }),
        ("ff0f5c090003", Broken::Host { tag: 9 }),
    ] {
        assert_eq!(broken(&hex.replace(' ', "")), rule, "{hex}");
    }
}

#[test]
fn externals_are_used_once_and_in_order() {
    // C-V6, rule 28
    assert_eq!(broken("ff0f5c01"), Broken::External { tag: 1 });
    assert_eq!(broken_with("ff0f5c01", "R"), Broken::External { tag: 1 });
    assert_eq!(broken_with("ff0f41025c015c03240002", "RT"), Broken::External { tag: 1 });
    assert_eq!(broken_with("ff0f5c0900005f", "-"), Broken::External { tag: 9 });
    assert_eq!(broken_with("ff0f5c0901005f", "A"), Broken::UnusedExternals { count: 1 });
    assert_eq!(broken_with("ff0f54", "T"), Broken::UnusedExternals { count: 1 });
    let error =
        decode(from_hex("ff0f54"), externals("T"), &Limits::receiving()).expect_err("one too many");
    assert_eq!(error.rule_text(), "deserialization did not consume all of the externals");
    assert!(
        decode(from_hex("ff0f41025c015c03240002"), externals("TR"), &Limits::receiving()).is_ok()
    );
}

#[test]
fn other_spellings_of_the_same_are_read() {
    let read = |hex: &str| {
        let bytes = from_hex(&hex.replace(' ', ""));
        format!(
            "{:?}",
            decode(bytes, Vec::new(), &Limits::receiving())
                .unwrap_or_else(|why| panic!("{hex}: {why}"))
        )
    };
    for (hex, printed) in [
        ("ff0f 00 00 54", "true"),
        ("ff0f 3f05 54", "true"),
        ("ff0f 55 ffffffff0f", "4294967295"),
        ("ff0f 53 03 e282ac", "'\u{20ac}'"),
        ("ff0f 53 02 c3a9", "'\u{e9}'"),
        ("ff0f 63 04 6100 6200", "'ab'"),
        ("ff0f 5a 06 010203", "197121n"),
        ("ff0f 41 03 4902 2d 4904 24 00 03", "[ 1, <1 empty item>, 2 ]"),
        ("ff0f 41 02 2d 2d 24 00 02", "[ <2 empty items> ]"),
        ("ff0f 41 01 54 22 01 35 46 24 01 01", "[ true, <4 empty items>, false ]"),
        ("ff0f 61 02 4902 54 4900 46 40 02 02", "[ false, true ]"),
        ("ff0f 61 00 4902 54 40 01 00", "[ <1 empty item>, true ]"),
        ("ff0f 6f 220178 54 220131 46 7b 02", "{ '1': false, x: true }"),
        ("ff0f 6f 4e 000000000000f83f 54 7b 01", "{ '1.5': true }"),
        ("ff0f 44 0000000000000080", "1970-01-01T00:00:00.000Z"),
        ("ff0f 44 000000000000f07f", "Invalid Date"),
        ("ff0f 72 2e", "[Error]"),
        ("ff0f 72 54 73 220173 63 4902 6d 22016d 2e", "[TypeError: m] { cause: 1 }"),
        ("ff0f 5c 07 0141 72 6d22016d 73220173 2e", "DOMException [A]: m"),
        ("ff0f 5c 04 03 02 17 0178 00 0179 0131", "Headers { 'From': 'x', 'y': '1' }"),
    ] {
        assert_eq!(read(hex), printed, "{hex}");
    }
}

#[test]
fn bombs_are_refused_at_the_edge() {
    // Depth: each byte pair opens a list.
    let nested = |depth: usize| {
        [vec![0xff, 15], [b'A', 1].repeat(depth), vec![b'_'], [b'$', 0, 1].repeat(depth)].concat()
    };
    let read = |bytes: Vec<u8>, limits: &Limits| {
        decode(bytes, Vec::new(), limits).map_err(|error| error.broken)
    };
    let limits = Limits::receiving();
    assert!(read(nested(256), &limits).is_ok());
    assert_eq!(read(nested(257), &limits), Err(Broken::TooDeep { max: 256 }));
    assert_eq!(read(nested(1 << 20), &limits), Err(Broken::TooDeep { max: 256 }));
    // Size.
    let small = Limits { bytes_max: 3, ..limits };
    assert!(read(vec![0xff, 15, b'T'], &small).is_ok());
    assert_eq!(read(vec![0xff, 15, b'"', 0], &small), Err(Broken::TooLarge { bytes: 4 }));
    // Memory: each byte is an item of 16 bytes; the list itself takes 40.
    let list = |length: u8| {
        [vec![0xff, 15, b'A', length], vec![b'_'; length.into()], vec![b'$', 0, length]].concat()
    };
    let tight = Limits { memory_max: 40 + 100 * 16, ..limits };
    assert!(read(list(100), &tight).is_ok());
    assert_eq!(read(list(101), &tight), Err(Broken::TooMuchMemory { max: tight.memory_max }));
    // Lengths nobody has bytes for.
    assert_eq!(broken("ff0f41ffffffff0f"), Broken::Truncated);
    assert_eq!(broken("ff0f42ffffffffffffffffff01"), Broken::Truncated);
    assert_eq!(broken("ff0f5affffffff0f"), Broken::Truncated);
    // Holes cost nothing.
    let holes = read(from_hex("ff0f61ffffffff0f4000ffffffff0f"), &limits).expect("a length");
    assert_eq!(holes.as_array().map(|list| list.present().len()), Some(0));
}

#[test]
fn a_value_has_1024_headers_and_no_more() {
    for (count, fits) in [([0x80, 8], true), ([0x81, 8], false)] {
        let headers = [0x17, 1, b'x'].repeat(if fits { 1024 } else { 1025 });
        let bytes = [&[0xff, 15, 0x5c, 4, 0][..], &count, &headers].concat();
        let read = decode(bytes, Vec::new(), &Limits::receiving());
        assert_eq!(read.map(drop).map_err(|error| error.broken).is_ok(), fits);
    }
}

/// A rule nobody breaks here is one nobody saw kept.
#[test]
fn every_rule_of_the_format_is_broken_here() {
    let rules = include_str!("../../src/worker/value/decode_error.rs");
    let body = rules.split("pub enum Broken {").nth(1).and_then(|rest| rest.split("\n}\n").next());
    let names: Vec<_> = body
        .expect("the rules are there")
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        .filter_map(|line| line.split(|c: char| !c.is_alphanumeric()).next())
        .collect();
    assert!(names.len() > 20, "they are not found: {names:?}");
    let here = include_str!("hostile.rs");
    let missing: Vec<_> =
        names.iter().filter(|name| !here.contains(&format!("Broken::{name}"))).collect();
    assert!(missing.is_empty(), "nobody breaks these rules here: {missing:?}");
}

#[test]
fn an_object_of_a_hundred_thousand_keys_is_read_at_once() {
    // C-V5: neither order nor repetition makes it quadratic
    let keys = 100_000;
    let mut bytes = vec![0xff, 15, b'o'];
    for key in (0..keys).rev() {
        let name = format!("{}{key:06}", if key % 2 == 0 { "k" } else { "" });
        bytes.extend([b'"', u8::try_from(name.len()).expect("short")]);
        bytes.extend(name.into_bytes());
        bytes.push(b'_');
    }
    bytes.extend([b'{', 0xa0, 0x8d, 0x06]);
    let begun = std::time::Instant::now();
    let value = decode(bytes, Vec::new(), &Limits::receiving()).expect("different keys");
    assert_eq!(value.as_object().map(|object| object.len()), Some(keys));
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}

#[test]
fn bytes_cut_off_anywhere_are_an_error() {
    for seed in 0..300 {
        let value = Maker::new(seed).value(3);
        let bytes = encode(&value, &Limits::default()).expect("a small value").bytes;
        for length in 0..bytes.len() {
            let cut = decode(bytes[..length].to_vec(), Vec::new(), &Limits::receiving());
            // A view without what makes it one is its buffer.
            let buffer = cut.as_ref().is_ok_and(|cut| cut.view().type_name() == "ArrayBuffer");
            assert!(cut.is_err() || buffer, "{length} of {} bytes: {value:?}", bytes.len());
        }
    }
}
