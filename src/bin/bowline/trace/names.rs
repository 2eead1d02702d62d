//! Names of the methods whose schemas ship with the engine: those of Workers. Others are shown by number.

use bowline::schema::byte_stream_capnp::byte_stream;
use bowline::schema::http_over_capnp_capnp::{http_service, web_socket};
use bowline::schema::worker_capnp::{
    abort_trigger, event_dispatcher, js_rpc_target, js_value, stream_canceler, workerd_bootstrap,
    workerd_debug_port,
};
use capnp::traits::HasTypeId;

/// An interface: its type id, its name, and its methods by ordinal; some have no use here.
type Interface = (u64, &'static str, &'static [&'static str]);

const INTERFACES: &[Interface] = &[
    (js_rpc_target::Client::TYPE_ID, "JsRpcTarget", &["call"]),
    (workerd_bootstrap::Client::TYPE_ID, "WorkerdBootstrap", &["startEvent"]),
    (workerd_debug_port::Client::TYPE_ID, "WorkerdDebugPort", &["getEntrypoint", "getActor"]),
    (
        event_dispatcher::Client::TYPE_ID,
        "EventDispatcher",
        &[
            "getHttpService",
            "sendTraces",
            "prewarm",
            "runScheduled",
            "runAlarm",
            "",
            "",
            "",
            "queue",
            "jsRpcSession",
            "tailStreamSession",
            "abandonAlarm",
            "restoreService",
            "restoreRpcStub",
        ],
    ),
    (
        js_value::external_pusher::Client::TYPE_ID,
        "ExternalPusher",
        &["pushByteStream", "pushAbortSignal", "pushDelayedChannelToken"],
    ),
    (stream_canceler::Client::TYPE_ID, "StreamCanceler", &["cancel"]),
    (abort_trigger::Client::TYPE_ID, "AbortTrigger", &["abort", "release"]),
    (byte_stream::Client::TYPE_ID, "ByteStream", &["write", "end", "getSubstream", "startTls"]),
    (
        byte_stream::substream_callback::Client::TYPE_ID,
        "SubstreamCallback",
        &["ended", "reachedLimit"],
    ),
    (http_service::Client::TYPE_ID, "HttpService", &["startRequest", "request", "connect"]),
    (
        http_service::client_request_context::Client::TYPE_ID,
        "ClientRequestContext",
        &["startResponse", "startWebSocket"],
    ),
    (web_socket::Client::TYPE_ID, "WebSocket", &["sendText", "sendData", "close"]),
];

/// A line of text with its methods named: `@0xa1a96525142a9d98.0` is `JsRpcTarget.call`.
pub(super) fn named(text: &str) -> String {
    let Some((before, behind)) = text.split_once(" @0x") else { return text.to_owned() };
    let (method, rest) = behind.split_once(' ').map_or((behind, ""), |(word, rest)| (word, rest));
    match name(method) {
        Some((interface, method)) if rest.is_empty() => format!("{before} {interface}.{method}"),
        Some((interface, method)) => format!("{before} {interface}.{method} {rest}"),
        None => text.to_owned(),
    }
}

fn name(method: &str) -> Option<(&'static str, &'static str)> {
    let (interface, ordinal) = method.split_once('.')?;
    let id = u64::from_str_radix(interface, 16).ok()?;
    let (_, interface, methods) = INTERFACES.iter().find(|(known, ..)| *known == id)?;
    let method = methods.get(ordinal.parse::<usize>().ok()?)?;
    (!method.is_empty()).then_some((*interface, *method))
}

#[test]
fn methods_of_workers_are_named_and_others_are_not() {
    let call = "call q3 → q2.0 @0xa1a96525142a9d98.0 params 30 words [e0]";
    assert_eq!(named(call), "call q3 → q2.0 JsRpcTarget.call params 30 words [e0]");
    assert_eq!(named("q1.0 @0xf20697475ec1752d.9"), "q1.0 EventDispatcher.jsRpcSession");
    for other in ["q1.0 @0xf20697475ec1752d.5", "q1 @0x1.0 x", "return a0", " @0x", "a @0xfg.0"] {
        assert_eq!(named(other), other);
    }
}
