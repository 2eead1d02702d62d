//! Expressions: what a person types, and what it means in JavaScript.

use bowline::worker::expression::{Expression, Step, literal};
use bowline::worker::value::{Limits, Value, decode, value};

use crate::node::{Node, to_hex};
use crate::random::Chance;

/// What Node says a text is; or that it is nothing.
fn evaluated(node: &mut Node, text: &str) -> Result<Value, String> {
    let (bytes, _) = node.ask(&format!("eval {}", to_hex(text.as_bytes())))?;
    Ok(decode(bytes, Vec::new(), &Limits::receiving()).expect("what V8 wrote"))
}

fn steps(text: &str) -> Vec<Step> {
    text.parse::<Expression>().unwrap_or_else(|why| panic!("{text}: {why}")).into_steps()
}

#[track_caller]
fn wrong(text: &str, column: usize, what: &str) {
    let why = text.parse::<Expression>().expect_err(text);
    assert!(why.column() == column && why.what().contains(what), "{text}: {why}");
}

fn get(name: &str) -> Step {
    Step::Get(name.to_owned())
}

const NUMBERS: &str = r"0 1 -1 +1 - 5 1.5 .5 5. 1e3 1E+3 1e-3 .5e1 1_000.000_1 0x0 0xFF 0Xff_ff 0o17 0b1011 -0 -0.0 +0 -0x10
    NaN -NaN Infinity -Infinity +Infinity 1e400 1e-400 5e-324 9007199254740993 0x20000000000001 0x20000000000003
    0xfffffffffffffbff 0xfffffffffffffc00 0xfffffffffffffc01 0x1fffffffffffffffffffff 0x80000000000004000000000000000000000001
    0x80000000000004000000000000000000000000 123456789012345678901234567890 0.1 0n 5n -5n 0xffn -0x1_0n 0b11n 0o7n
    123456789012345678901234567890n 18446744073709551616n -18446744073709551615n 10000000000000000000n";

#[test]
fn numbers_are_those_of_javascript() {
    let mut node = Node::start();
    let long = format!(
        "0x{}1 0x1{} {}n -0x{}n",
        "f".repeat(255),
        "0".repeat(256),
        "7".repeat(900),
        "a".repeat(700)
    );
    let spaced = ["- 5", "+ 5", "-\t0x10", "- 7n"];
    for text in
        NUMBERS.split_whitespace().chain(long.split(' ')).chain(spaced).filter(|text| *text != "-")
    {
        let ours = literal(text).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!(Ok(ours), evaluated(&mut node, text), "{text}");
    }
    for text in [
        "00", "01", "08", "1__0", "1_", "0x", "0xg", "0b2", "0_1", "1n1", "1.5n", "1e", "1e5n",
        "5a", "--5", "+5n", "0x_1", "1._5", "-", "- a",
    ] {
        assert!(literal(text).is_err(), "{text} is {:?}", literal(text));
        assert!(evaluated(&mut node, text).is_err(), "{text}");
    }
}

#[test]
fn strings_and_patterns_are_those_of_javascript() {
    let mut node = Node::start();
    for text in [
        r#""""#,
        "''",
        "``",
        r#"'it\'s "quoted"'"#,
        r#""it's""#,
        r"'\n\t\r\b\f\v\0\\\q\x41\xe9A\u{1f600}\u{d800}'",
        r"'\ud83d\ude00' ",
        "'日本 é'",
        "`a\nb\r\nc`",
        "`$ $\\{ \\``",
        "'a\\\nb'",
        "'a\\\r\nb'",
        "/a+b/gi",
        r"/[/]\//u",
        "/(?:)/",
        r"/\]/v",
        "/a/dgimsuy",
        "'\u{2028}'",
        "/é[\\]/]x/",
    ] {
        let ours = literal(text).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!(Ok(ours), evaluated(&mut node, text), "{text}");
    }
    for text in [
        "'",
        "'a",
        "'\n'",
        "`${1}`",
        r"'\x4'",
        r"'\u12'",
        r"'\u{110000}'",
        r"'\u{}'",
        "/a",
        "/a\n/",
        "/a/gg",
        "/a/uv",
        "/a/q",
        "'\\",
    ] {
        assert!(literal(text).is_err(), "{text} is {:?}", literal(text));
    }
}

#[test]
fn objects_are_made_as_javascript_makes_them() {
    // C-Y7
    let mut node = Node::start();
    for text in [
        "[]",
        "[,]",
        "[,,1,,2,]",
        "[1,]",
        "[ 1 , [ ] ]",
        "{}",
        "{a:1,'b c':2,3:4,\"5\":6,$_:7,}",
        "{ a : { b : [ ] } }",
        "{é:1, new: 2, null: 3, if: 4}",
        "{1e3: 1, 0x10: 2, 5n: 3, .5: 4, 1_0: 5}",
        "{a: 1, b: 2, a: 3, 2: 0, 1: 0}",
        "(5)",
        "([1])",
        "new Date(0)",
        "new Date(NaN)",
        "new Date(1e20)",
        "new Date('2026-11-21')",
        "new Date('2026')",
        "new Date('2026-02')",
        "new Date('2026-11-21T10:20Z')",
        "new Date('2026-11-21T10:20:30.5Z')",
        "new Date('2026-11-21T10:20:30.123456+05:30')",
        "new Date('-000001-01-01')",
        "new Date('+275760-09-13T00:00Z')",
        "new Date('2026-11-21T24:00Z')",
        "new Date('1969-12-31T23:59:59.999Z')",
        "new Date('2000-02-29')",
        "new Date('1900-03-01')",
        "new Date('0000-01-01')",
        "new Date('2026-11-21T00:00-23:59')",
        "new Map()",
        "new Map",
        "new Map([])",
        "new Map([[1, 'a'], [1, 'b'], ['1', 2], [-0, 3], [0, 4], [NaN, 5], [NaN, 6], [{}, 7], [{}, 8], [1n, 9], [[], ], []])",
        "new Set()",
        "new Set([1, 1, '1', -0, 0, NaN, NaN, null, undefined, null, true, [], [], 5n, 5n,,])",
        "new ArrayBuffer(3)",
        "new Uint8Array",
        "new Uint8Array(2)",
        "new Uint8Array([1, 256, -1, 1.9, NaN, 1e20, undefined])",
        "new Uint8ClampedArray([300, -5, 0.5, 1.5, 2.5, NaN, Infinity])",
        "new Int8Array([128, -129])",
        "new Int16Array([70000, -1])",
        "new Uint16Array([-1])",
        "new Int32Array([4294967297, -2147483649])",
        "new Uint32Array([-1, 4294967296.5])",
        "new Float32Array([0.1, 1e40, -0])",
        "new Float64Array([0.1, NaN, -0])",
        "new BigInt64Array([-1n, 18446744073709551615n, -18446744073709551617n])",
        "new BigUint64Array([-1n])",
        "new Error('no')",
        "new Error",
        "new TypeError('a', { cause: new RangeError('b') })",
        "new Error('a', {})",
        "new URIError(undefined)",
    ] {
        let ours = literal(text).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!(Ok(ours), evaluated(&mut node, text), "{text}");
    }
}

#[test]
fn what_cannot_be_sent_or_told_is_refused() {
    for (text, what) in [
        ("{__proto__: null}", "cannot be sent"),
        ("{'__proto__': null}", "cannot be sent"),
        ("{a}", "`:` should follow, not `}`"),
        ("{[a]: 1}", "name of a property"),
        ("[...a]", "`.` cannot begin a value"),
        ("x => x", "`x` has no value here"),
        ("function() {}", "a function cannot be sent from here"),
        ("{a() {}}", "`:` should follow"),
        ("new Promise()", "`Promise` cannot be made here"),
        ("new Date('2026-11-21T10:00')", "with its zone"),
        ("new Date('today')", "a date is written as"),
        ("new Date('2026-11-21T25:00Z')", "a date is written as"),
        ("new Date('2026-13-01')", "a date is written as"),
        ("new Date(2026, 1)", "one argument"),
        ("new Map([1])", "array of pairs"),
        ("new Uint8Array(['a'])", "is a number, no string"),
        ("new BigInt64Array([1])", "is a bigint, no number"),
        ("new Uint8Array(-1)", "whole number up to 33554432"),
        ("new Float64Array(4194305)", "whole number up to 4194304"),
        ("new Error(5)", "is a string"),
        ("1 2", "the end should follow, not `2`"),
        ("1 + 2", "the end should follow, not `+`"),
        ("", "a value is missing"),
    ] {
        let why = literal(text).expect_err(text);
        assert!(why.what().contains(what) && !why.to_string().contains('\n'), "{text}: {why}");
    }
    assert_eq!(
        literal("new Float64Array(4194304)").expect("as long as may be").view().type_name(),
        "Float64Array"
    );
}

#[test]
fn a_chain_is_the_names_and_calls_it_is_written_with() {
    assert_eq!(steps("add(1, 2)"), [get("add"), Step::Call(vec![1.into(), 2.into()])]);
    assert_eq!(
        steps(" await newCounter ( ) . increment( 5 , ) ; "),
        [get("newCounter"), Step::Call(vec![]), get("increment"), Step::Call(vec![5.into()])]
    );
    assert_eq!(
        steps("a['b c'][\"d\"][`e`][0].f()({ g: [] })"),
        ["a", "b c", "d", "e", "0", "f"]
            .map(get)
            .into_iter()
            .chain([Step::Call(vec![]), Step::Call(vec![value!({ g: [] })])])
            .collect::<Vec<_>>()
    );
    assert_eq!(steps("[\"with-dash\"]"), [get("with-dash")]);
    assert_eq!(steps("await"), [get("await")]);
    assert_eq!(steps("await.new"), [get("await"), get("new")]);
    assert_eq!(steps("awaited\n.é$_1"), [get("awaited"), get("é$_1")]);
}

#[test]
fn an_expression_that_is_none_says_where_and_why() {
    wrong("", 1, "the name of a method or property is missing");
    wrong("  (1)", 3, "the name of a method or property should follow, not `(`");
    wrong("5", 1, "the name of a method");
    wrong("a.", 3, "the name of a property is missing");
    wrong("a.#b", 3, "private");
    wrong("a?.b", 2, "should follow, not `?`");
    wrong("a(", 3, "a value is missing");
    wrong("a(1", 4, "`,` or `)` is missing");
    wrong("a(1 2)", 5, "`,` or `)` should follow, not `2`");
    wrong("a(,)", 3, "`,` cannot begin a value");
    wrong("a(b())", 3, "what a call gives cannot be one");
    wrong("a[b]", 3, "a string or an index should follow");
    wrong("a[01]", 3, "does not begin with 0");
    wrong("a['b'", 6, "`]` is missing");
    wrong(r"a['\ud800']", 3, "a lone surrogate");
    wrong("a() b", 5, "the end should follow, not `b`");
    wrong("a(\u{1})", 3, r"`\u{1}` cannot begin a value");
    wrong("a\u{7}", 2, r"not `\u{7}`");
    wrong("a = 5", 3, "should follow, not `=`");
    wrong("日本('é', x)", 9, "`x` has no value here");
    wrong("a`b`", 2, "should follow, not ``");
}

#[test]
fn an_expression_may_be_as_long_and_deep_as_its_limits() {
    // C-Y8
    let most = Expression::STEPS_MAX;
    assert_eq!(steps(&format!("a{}", ".b".repeat(most - 1))).len(), most);
    wrong(&format!("a{}", ".b".repeat(most)), 2 * most + 2, "more than 1024 properties and calls");

    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(literal(&deep(256)).is_ok());
    let why = literal(&deep(257)).expect_err("one too deep");
    assert!(why.column() == 257 && why.what().contains("more than 256 values"), "{why}");
    assert!(literal(&deep(60_000)).is_err());

    let long = |length: usize| format!("'{}'", "x".repeat(length - 2));
    assert!(literal(&long(128 << 10)).is_ok());
    let why = literal(&long((128 << 10) + 1)).expect_err("one too long");
    assert!(why.what().contains("131073 bytes are too many"), "{why}");
}

#[test]
fn what_is_inspected_is_read_again() {
    // The printed form of plain values is an expression, so what one call shows, another can be given.
    for seed in 0..2000 {
        let mut chance = Chance::new(seed);
        let value = plain(&mut chance, 3);
        let text = value.inspect().to_string();
        // Strings that are broken into lines are put together with a plus.
        if text.contains(" +\n") {
            continue;
        }
        assert_eq!(literal(&text).as_ref(), Ok(&value), "seed {seed}: {text}");
    }
}

fn plain(chance: &mut Chance, depth: usize) -> Value {
    match chance.below(if depth == 0 { 6 } else { 9 }) {
        0 => Value::NULL,
        1 => Value::UNDEFINED,
        2 => chance.pick(&[0.0, -0.0, 1.5, -1e30, 5e-7, f64::NAN, f64::INFINITY]).into(),
        3 => (chance.below(2) == 0).into(),
        4 => chance.pick(&["", "it's", "\"`", "\u{1f600}\n\0\u{7f}", "${x}`'\""]).into(),
        5 => Value::from(u64::MAX - chance.below(9) as u64),
        6 => Value::array((0..chance.below(9)).map(|_| plain(chance, depth - 1))),
        7 => {
            Value::regexp(chance.pick(&["a/b", "[/]"]).replace("a/", "a\\/"), "g").expect("a flag")
        }
        _ => {
            let keys = ["a", "b-c", "7", "it's"];
            let count = chance.below(4);
            Value::object((0..count).map(|at| (keys[at], plain(chance, depth - 1))))
        }
    }
}
