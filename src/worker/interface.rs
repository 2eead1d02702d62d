//! The interfaces of the Workers protocol, by their ids, and the names nobody may call.

/// `JsRpcTarget`: an object behind a stub.
pub(super) const JS_RPC_TARGET: u64 = 0xa1a9_6525_142a_9d98;

/// `JsValue.ExternalPusher`: where streams are pushed to. Every object takes them.
pub(super) const EXTERNAL_PUSHER: u64 = 0xee2e_b0d2_e1aa_d430;

/// `WorkerdBootstrap`: what a peer offers to whoever connects; its only method begins an event.
pub(super) const WORKERD_BOOTSTRAP: u64 = 0x8780_48cd_a334_ade3;

/// `EventDispatcher`: one event.
pub(super) const EVENT_DISPATCHER: u64 = 0xf206_9747_5ec1_752d;

/// `EventDispatcher.jsRpcSession`: the event is a session.
pub(super) const JS_RPC_SESSION: u16 = 9;

/// Names that mean something of a stub itself. (Rule 36)
pub(super) fn is_reserved(name: &str) -> bool {
    matches!(name, "dup" | "constructor")
}

/// Names of handlers of an entrypoint, which are no methods. (Rule 37)
pub(super) fn is_handler(name: &str) -> bool {
    const HANDLERS: [&str; 6] =
        ["fetch", "connect", "alarm", "webSocketMessage", "webSocketClose", "webSocketError"];
    HANDLERS.contains(&name)
}
