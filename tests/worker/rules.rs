//! The rules of Workers RPC that speak of values, by their numbers.

use bowline::worker::value::{
    BigInt, Blob, CloneError, DomException, ExternalKind, Headers, Limits, Text, Value, View,
    ViewKind, check, decode, encode, value,
};

use crate::random::Maker;
use crate::resource::{Dummy, external, stub};

fn passed(value: &Value) -> Value {
    let sent = encode(value, &Limits::default()).expect("it can be sent");
    assert_eq!(check(value, &Limits::default()), Ok(sent.bytes.len() as u64), "{value:?}");
    decode(sent.bytes, sent.externals, &Limits::receiving()).expect("it can be read")
}

#[test]
fn rule_20_what_structured_clone_copies_is_copied() {
    // C-V1, C-V2
    let list = value!([
        undefined,
        null,
        true,
        false,
        0,
        (-0.0),
        (f64::NAN),
        (f64::NEG_INFINITY),
        1.5,
        "latin \u{e9}",
        "wide \u{20ac}",
        (Text::from_utf16(&[0xd800, 0x61])),
        (BigInt::from(-(1i128 << 100))),
        (Value::date(1e12)),
        (Value::date(f64::NAN)),
        (Value::regexp("a/b", "gi").expect("known flags")),
        [1, [], {}],
        (Value::sparse_array(5, [(1, "x")])),
        { b: 1, a: { "": 2 } },
        (Value::map([(Value::NULL, value!({})), (value!([]), Value::from(1))])),
        (Value::set(["a", "b"])),
        (Value::array_buffer(vec![1, 2, 3])),
        (Value::resizable_array_buffer(vec![1], 9).expect("room")),
        (Value::uint8_array(vec![1, 2, 3])),
        (Value::typed_array(ViewKind::Float64Array, vec![0; 16]).expect("two items")),
        (Value::boxed("text").expect("a primitive")),
        (Value::error("TypeError", "no", [("code", 5)])),
        (Value::error("MyError", "no", [("cause", value!({ deep: [1] }))])),
    ]);
    assert_eq!(passed(&list), list);
    let zero = passed(&value!([(-0.0)]));
    assert!(zero.at(0).and_then(View::as_f64).is_some_and(f64::is_sign_negative));
    let lone = passed(&Text::from_utf16(&[0xd800]).into());
    assert_eq!(lone.as_str().map(|text| text.units().collect::<Vec<_>>()), Some(vec![0xd800]));
}

#[test]
fn rule_20_errors_keep_what_they_are() {
    // C-V6, rules 62 and 64
    let inner = Value::error("RangeError", "inner", [("stack", "RangeError: inner\n at x")]);
    let all = Value::error("AggregateError", "several", [("errors", value!([(inner.clone()), 5]))]);
    let View::Error(error) = all.view() else { panic!("an error") };
    assert_eq!(error.class().name(), "AggregateError");
    let back = passed(&all);
    let View::Error(error) = back.view() else { panic!("an error") };
    assert_eq!(
        (error.name().to_string(), error.message().to_string()),
        ("AggregateError".into(), "several".into())
    );
    let first = error.errors().and_then(|errors| errors.at(0)).expect("an error");
    let View::Error(first) = first else { panic!("an error") };
    assert_eq!(first.stack().expect("a stack"), "RangeError: inner\n at x");
    assert_eq!(back, all);
}

#[test]
fn rule_21_objects_of_the_runtime_are_passed() {
    // C-V6
    let headers: Headers =
        [("content-type", "text/plain"), ("X-A", "1"), ("x-a", "2")].into_iter().collect();
    let body = Value::external(external(ExternalKind::ReadableStream));
    let request = Value::request(
        "https://example.com/\u{e9}",
        value!({ method: "POST", headers: (Value::headers(headers.clone())), body: (body.clone()) }),
    );
    let blob = Blob { content_type: "text/plain".into(), bytes: vec![1, 2].into() };
    let exception =
        DomException { name: "AbortError".into(), message: "no".into(), stack: String::new() };
    let all = value!([
        (stub()),
        (Value::external(external(ExternalKind::Service))),
        (Value::external(external(ExternalKind::WritableStream))),
        (request),
        (Value::response(Value::NULL, value!({ status: 204 }))),
        (Value::response(body, value!({}))),
        (Value::blob(blob)),
        (Value::dom_exception(exception)),
        (Value::abort_signal(Some(external(ExternalKind::AbortSignal)))),
        (Value::abort_signal(None)),
        (Value::aborted_signal("why")),
    ]);
    let back = passed(&all);
    assert_eq!(back, all);
    // One stub told twice is one, and its bytes are one reference.
    assert_eq!(encode(&all, &Limits::default()).map(|sent| sent.externals.len()), Ok(5));
    let Some(View::Request(request)) = back.at(3) else { panic!("a request") };
    let Some(View::Headers(read)) = request.init().get("headers") else { panic!("headers") };
    assert_eq!(read.data().entries[0], ("Content-Type".into(), "text/plain".into()));
    let Some(View::AbortSignal(signal)) = back.at(10) else { panic!("a signal") };
    assert!(signal.is_aborted() && signal.reason().as_str().is_some_and(|why| why == "why"));
    let Some(View::AbortSignal(signal)) = back.at(9) else { panic!("a signal") };
    assert!(signal.never_aborts() && signal.trigger().is_none());
}

#[test]
fn rule_22_what_cannot_be_cloned_is_refused_in_the_words_of_the_runtime() {
    // C-V8, rule 17: a promise is such a thing
    let refusal = Some(CloneError::unsupported("RpcPromise"));
    let promise = Dummy { kind: ExternalKind::Refused, refusal };
    let inside = value!({ a: [(Value::external(bowline::worker::value::External::new(promise)))] });
    let told = "Could not serialize object of type \"RpcPromise\". This type does not support serialization.";
    let error = encode(&inside, &Limits::default()).expect_err("a promise");
    assert_eq!((error.name(), error.to_string()), ("DataCloneError", told.to_owned()));
    assert_eq!(check(&inside, &Limits::default()), Err(error));
    // A stream that was given away says so itself.
    let refusal = Some(CloneError::Unready { why: "The stream is locked.".into() });
    let stream = Dummy { kind: ExternalKind::ReadableStream, refusal };
    let stream = Value::external(bowline::worker::value::External::new(stream));
    let error = encode(&stream, &Limits::default()).expect_err("a stream that is locked");
    assert_eq!(
        (error.name(), error.to_string()),
        ("DataCloneError", "The stream is locked.".into())
    );
    // What aborts a signal is nothing by itself.
    let trigger = Value::external(external(ExternalKind::AbortSignal));
    assert!(matches!(check(&trigger, &Limits::default()), Err(CloneError::Unsupported { .. })));
}

#[test]
fn rule_27_a_value_of_32_mib_is_sent_and_one_byte_more_is_not() {
    // C-V7. Header 2, tag 1, length 4.
    let text = |length: usize| Value::from(Text::from_latin1(vec![b'x'; length]));
    let most = text((32 << 20) - 7);
    assert_eq!(check(&most, &Limits::default()), Ok(32 << 20));
    assert_eq!(encode(&most, &Limits::default()).map(|sent| sent.bytes.len()), Ok(32 << 20));
    let more = text((32 << 20) - 6);
    let told = "Serialized RPC arguments or return values are limited to 32MiB, but the size of this value was: 33554433 bytes.";
    for error in [
        check(&more, &Limits::default()).expect_err("a byte too many"),
        encode(&more, &Limits::default()).map(|_| ()).expect_err("a byte too many"),
    ] {
        assert_eq!((error.name(), error.to_string()), ("Error", told.to_owned()));
    }
    // Far beyond, the size is still told, and no memory is taken for it.
    let twice = Value::array(vec![text(20 << 20); 200]);
    let error = encode(&twice, &Limits::default()).map(|_| ()).expect_err("4 GiB");
    assert_eq!(check(&twice, &Limits::default()), Err(error));
}

#[test]
fn a_value_as_deep_as_allowed_is_sent_and_one_deeper_is_not() {
    // C-V7
    let nested = |depth: usize| (1..depth).fold(value!([]), |inner, _| value!([(inner)]));
    for max in [1, 256, Limits::DEPTH_CEILING] {
        let limits = Limits { depth_max: max, ..Limits::default() };
        let deepest = nested(max.into());
        let sent = encode(&deepest, &limits).expect("as deep as allowed");
        assert_eq!(decode(sent.bytes, Vec::new(), &limits).as_ref(), Ok(&deepest));
        let deeper = nested(usize::from(max) + 1);
        assert_eq!(check(&deeper, &limits), Err(CloneError::TooDeep { max }));
        assert!(encode(&deeper, &limits).is_err());
    }
    // The limit itself has one, or a stack would end.
    let limits = Limits { depth_max: u16::MAX, ..Limits::default() };
    let deep = nested(10_000);
    assert_eq!(check(&deep, &limits), Err(CloneError::TooDeep { max: Limits::DEPTH_CEILING }));
    assert!(format!("{deep:?}").len() < 1000);
}

#[test]
fn the_check_finds_what_encoding_finds() {
    // C-V7
    for seed in 0..3000 {
        let value = Maker::new(seed).value(4);
        passed(&value);
        let size = check(&value, &Limits::default()).expect("a small value");
        let limits = Limits { bytes_max: size, ..Limits::default() };
        assert_eq!(check(&value, &limits), Ok(size));
        let limits = Limits { bytes_max: size - 1, ..Limits::default() };
        assert_eq!(check(&value, &limits).err(), encode(&value, &limits).err());
    }
}
