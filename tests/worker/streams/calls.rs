//! Streams and signals in the arguments and results of calls: in one vat, over links, in sessions.

use std::future::Future;
use std::task::{Context, Poll, Waker};

use bowline::worker::stream::{
    ReadableStream, StreamError, WritableStream, fixed_length, identity,
};
use bowline::worker::value::{Value, value};
use bowline::worker::{AbortController, AbortSignal, Answer, Args, Call, JsError, RpcStub, args};

use super::source::{End, Seen, chunks};
use crate::cast::{Stage, everywhere, failed, got, run, settle};

everywhere! {
    rule_21_streams_and_signals_go_both_ways,
    rule_59_a_stream_belongs_to_whom_it_was_sent_to,
    rule_59_a_body_may_be_larger_than_a_value,
    a_stream_goes_there_and_back,
    a_stream_inside_an_object_arrives_there,
    a_stream_is_written_there,
    a_stream_written_there_shows_what_went_wrong,
    a_stream_is_cancelled_there,
    a_stream_is_cancelled_here,
    a_stream_that_breaks_is_cut_off,
    a_stream_nobody_asked_for_is_let_go,
    a_stream_to_an_object_that_has_no_such_method_is_let_go,
    two_references_to_one_stream_are_one,
    one_stream_in_two_places_is_one_too_many,
    streams_keep_the_order_of_calls,
    a_stub_passed_there_takes_streams,
    a_call_is_aborted_by_a_signal,
    a_signal_comes_back,
    a_stream_of_known_length_says_so,
}

/// What the service does with streams.
pub(crate) fn method(name: &str, call: Call) -> Answer {
    match name {
        "text" => Answer::later(async move {
            let mut stream: ReadableStream = call.arg(0)?;
            let all = stream.read_all(1 << 20).await?;
            Ok(String::from_utf8_lossy(&all).into_owned())
        }),
        "count" => Answer::later(async move {
            let (mut stream, mut count) = (call.arg::<ReadableStream>(0)?, 0.0);
            while let Some(bytes) = stream.next().await {
                count += bytes?.len() as f64;
            }
            Ok(count)
        }),
        "length" => Answer::now(
            call.arg::<ReadableStream>(0).map(|stream| stream.length().map(|length| length as f64)),
        ),
        "textOf" => Answer::later(async move {
            let body = call.args().get(0).get("body").map(|body| body.to_value());
            let mut stream = ReadableStream::take(&body.unwrap_or_default())?;
            Ok(String::from_utf8_lossy(&stream.read_all(100).await?).into_owned())
        }),
        "chunks" => Answer::now(
            call.arg::<u32>(0).map(|n| Value::from(chunks(n.into(), 20_000, End::Clean).0)),
        ),
        "breaking" => Answer::now(Ok(Value::from(chunks(1, 4, End::Broken).0))),
        "mirror" => {
            let (to, from) = identity();
            Answer::now(Ok(value!({ readable: (from), writable: (to) })))
        }
        "writeInto" => Answer::later(async move {
            let mut stream: WritableStream = call.arg(0)?;
            stream.write(call.arg::<String>(1)?).await?;
            stream.close().await?;
            Ok(Value::UNDEFINED)
        }),
        "firstOf" => Answer::later(async move {
            let mut stream: ReadableStream = call.arg(0)?;
            let first = stream.next().await.transpose()?;
            stream.cancel("one is enough");
            Ok(first.map(|bytes| bytes.len() as f64))
        }),
        "ignore" => Answer::now(Ok(Value::UNDEFINED)),
        "untilAborted" => Answer::later(async move {
            let signal = AbortSignal::of_value(call.args().get(0));
            let signal = signal.ok_or_else(|| JsError::type_error("no signal"))?;
            Err::<Value, _>(JsError::thrown(signal.when_aborted().await))
        }),
        name => crate::rules_calls::method(name, call),
    }
}

fn text(promise: bowline::worker::RpcPromise) -> String {
    got(promise).to().expect("a text")
}

fn rule_21_streams_and_signals_go_both_ways(stage: &Stage) {
    let svc = stage.svc();
    let body = ReadableStream::from("to be read there");
    assert_eq!(text(svc.call("text", args![body])), "to be read there");
    let received = got(svc.call("chunks", args![3]));
    let mut stream: ReadableStream = received.to().expect("a stream");
    assert_eq!(run(stream.read_all(1 << 20)).expect("all of it").len(), 60_000);
}

fn rule_59_a_stream_belongs_to_whom_it_was_sent_to(stage: &Stage) {
    let svc = stage.svc();
    let body = Value::from(ReadableStream::from("once"));
    assert_eq!(text(svc.call("text", args![&body])), "once");
    let why = failed(svc.call("text", args![&body]));
    let locked = "TypeError: This ReadableStream is currently locked to a reader.";
    assert_eq!((why.to_string().as_str(), why.is_remote()), (locked, false));
    let why = ReadableStream::take(&body).expect_err("it was sent");
    assert!(matches!(why, StreamError::GivenAway { .. }));
    // A tee leaves one to keep.
    let (kept, sent) = ReadableStream::from("twice").tee().expect("it is whole");
    assert_eq!(text(svc.call("text", args![sent])), "twice");
    assert_eq!(text(svc.call("text", args![kept])), "twice");
}

fn rule_59_a_body_may_be_larger_than_a_value(stage: &Stage) {
    let (stream, seen) = chunks(40 * 16, 64 << 10, End::Clean);
    let mut call = Box::pin(stage.svc().call("count", args![stream]));
    let mut cx = Context::from_waker(Waker::noop());
    let counted = loop {
        if let Poll::Ready(counted) = call.as_mut().poll(&mut cx) {
            break counted.expect("it returns");
        }
        settle();
    };
    assert_eq!(counted.as_f64(), Some(f64::from(40 << 20)), "32 MiB is all a value may have");
    assert!(seen.is_dropped());
}

fn a_stream_goes_there_and_back(stage: &Stage) {
    let (stream, _) = chunks(10, 30_000, End::Clean);
    let mut back: ReadableStream =
        got(stage.svc().call("echo", args![stream])).to().expect("a stream");
    assert_eq!(run(back.read_all(1 << 20)).expect("all of it").len(), 300_000);
}

fn a_stream_inside_an_object_arrives_there(stage: &Stage) {
    let svc = stage.svc();
    let upload = value!({ name: "a", body: (ReadableStream::from("inside")) });
    assert_eq!(text(svc.call("textOf", args![upload])), "inside");
    let mirror = got(svc.call("mirror", args![]));
    let part = |name: &str| mirror.get(name).expect("a part").to_value();
    let mut to = WritableStream::take(&part("writable")).expect("a stream");
    let mut from = ReadableStream::take(&part("readable")).expect("a stream");
    run(to.write("through both")).expect("there is room");
    run(to.close()).expect("it is open");
    assert_eq!(run(from.read_all(100)).expect("all of it"), "through both");
}

fn a_stream_is_written_there(stage: &Stage) {
    let (to, mut from) = identity();
    let call = stage.svc().call("writeInto", args![to, "written there"]);
    assert_eq!(run(from.read_all(100)).expect("all of it"), "written there");
    got(call);
}

fn a_stream_written_there_shows_what_went_wrong(stage: &Stage) {
    let (to, from) = fixed_length(3);
    let why = failed(stage.svc().call("writeInto", args![to, "four"]));
    assert_eq!(
        why.to_string(),
        "TypeError: Attempt to write too many bytes through a FixedLengthStream."
    );
    drop(from);
}

fn is_cancelled(seen: &Seen) -> bool {
    settle();
    seen.is_dropped()
}

fn a_stream_is_cancelled_there(stage: &Stage) {
    let (mut to, from) = identity();
    let call = stage.svc().call("firstOf", args![from]);
    run(to.write("first")).expect("there is room");
    assert_eq!(got(call).as_f64(), Some(5.0));
    settle();
    let why = run(to.write("second")).expect_err("nobody reads");
    let StreamError::Cancelled(reason) = why else { panic!("{why}") };
    assert_eq!(reason, Value::from("one is enough"));
    let (stream, seen) = chunks(1 << 20, 1 << 10, End::Clean);
    assert_eq!(got(stage.svc().call("firstOf", args![stream])).as_f64(), Some(1024.0));
    assert!(is_cancelled(&seen));
    assert!(seen.taken() < 1 << 20);
}

fn a_stream_is_cancelled_here(stage: &Stage) {
    let (to, mut from) = identity();
    let mut back: ReadableStream =
        got(stage.svc().call("echo", args![from.give().expect("whole")])).to().expect("a stream");
    let mut to = to;
    run(to.write("first")).expect("there is room");
    assert_eq!(run(back.next()).expect("bytes").expect("fine"), "first");
    back.cancel("enough");
    settle();
    let why = run(to.write("second")).expect_err("nobody reads");
    assert_eq!(why.to_string(), "The stream was cancelled by its reader: 'enough'");
    assert!(run(from.next()).expect("not the end").is_err(), "it was given away");
}

fn a_stream_that_breaks_is_cut_off(stage: &Stage) {
    let mut stream: ReadableStream =
        got(stage.svc().call("breaking", args![])).to().expect("a stream");
    let premature = "ReadableStream received over RPC disconnected prematurely.";
    assert_eq!(run(stream.read_all(100)).expect_err("it breaks").to_string(), premature);
    let (broken, _) = chunks(1, 4, End::Broken);
    let why = failed(stage.svc().call("text", args![broken]));
    assert_eq!(why.to_string(), format!("Error: {premature}"));
}

fn a_stream_nobody_asked_for_is_let_go(stage: &Stage) {
    let svc = stage.svc();
    for _ in 0..3 {
        let (stream, seen) = chunks(1 << 20, 1 << 10, End::Clean);
        let (to, mut from) = identity();
        let controller = AbortController::new();
        got(svc.call("ignore", args![stream, to, controller.signal()]));
        assert!(is_cancelled(&seen));
        assert!(run(from.next()).expect("not the end").is_err(), "nobody will write it");
    }
    let (stream, seen) = chunks(1, 10, End::Never);
    drop(got(svc.call("echo", args![stream])));
    assert!(is_cancelled(&seen));
}

fn a_stream_to_an_object_that_has_no_such_method_is_let_go(stage: &Stage) {
    for name in ["nowhere", "dup"] {
        let (stream, seen) = chunks(1 << 20, 1 << 10, End::Clean);
        failed(stage.svc().call(name, args![stream]));
        assert!(is_cancelled(&seen), "{name}");
    }
}

fn two_references_to_one_stream_are_one(stage: &Stage) {
    let stream = Value::from(ReadableStream::from("one"));
    let back = got(stage.svc().call("echo", args![Value::array([stream.clone(), stream])]));
    let item = |at| back.at(at).expect("an item").to_value();
    let mut first = ReadableStream::take(&item(0)).expect("a stream");
    assert!(ReadableStream::take(&item(1)).is_err(), "it is the same");
    assert_eq!(run(first.read_all(9)).expect("all of it"), "one");
}

fn one_stream_in_two_places_is_one_too_many(stage: &Stage) {
    // Two values that hold one stream, each as an object of its own.
    use bowline::worker::value::External;
    let (stream, seen) = chunks(1 << 20, 1 << 10, End::Clean);
    let external = External::new(stream);
    let twice = args![Value::external(external.clone()), Value::external(external)];
    let why = failed(stage.svc().call("ignore", twice));
    assert_eq!(why.to_string(), "TypeError: This ReadableStream is currently locked to a reader.");
    assert!(is_cancelled(&seen));
}

fn streams_keep_the_order_of_calls(stage: &Stage) {
    let svc = stage.svc();
    let words = ["a", "b", "c", "d", "e"];
    let calls = words.map(|word| svc.call("text", args![ReadableStream::from(word)]));
    for (call, word) in calls.into_iter().zip(words).rev() {
        assert_eq!(text(call), word);
    }
}

fn a_stub_passed_there_takes_streams(stage: &Stage) {
    let reader = RpcStub::function(stage.here(), |call: Call| async move {
        let mut stream: ReadableStream = call.arg(0)?;
        let all = stream.read_all(100).await?;
        Ok(String::from_utf8_lossy(&all).into_owned())
    });
    let call = stage.svc().call("callCb", args![&reader, ReadableStream::from("back here")]);
    assert_eq!(text(call), "back here");
}

fn a_call_is_aborted_by_a_signal(stage: &Stage) {
    let controller = AbortController::new();
    let call = stage.svc().call("untilAborted", args![controller.signal()]);
    settle();
    controller.abort(JsError::new("RangeError", "too long").value().clone());
    assert_eq!(failed(call).to_string(), "RangeError: too long");
    // One that is aborted already needs nobody.
    let call = stage.svc().call("untilAborted", args![controller.signal()]);
    assert_eq!(failed(call).to_string(), "RangeError: too long");
}

fn a_signal_comes_back(stage: &Stage) {
    let controller = AbortController::new();
    let back = got(stage.svc().call("echo", args![controller.signal()]));
    let back = AbortSignal::of_value(&back).expect("a signal");
    assert!(!back.is_aborted());
    controller.abort("stop");
    assert_eq!(run(back.when_aborted()), Value::from("stop"));
    let never = got(stage.svc().call("echo", Args::new().with(AbortSignal::never())));
    assert!(!AbortSignal::of_value(&never).expect("a signal").is_aborted());
}

fn a_stream_of_known_length_says_so(stage: &Stage) {
    let (to, from) = fixed_length(12);
    let length = got(stage.svc().call("length", args![from]));
    assert_eq!(length.as_f64(), Some(12.0));
    drop(to);
    let (_to, from) = identity();
    assert!(got(stage.svc().call("length", args![from])).is_undefined());
}
