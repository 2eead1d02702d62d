//! The interfaces of the Workers protocol, by their ids, and the names nobody may call.

use super::value::Str;

/// `JsRpcTarget`: an object behind a stub.
pub(super) const JS_RPC_TARGET: u64 = 0xa1a9_6525_142a_9d98;

/// `JsValue.ExternalPusher`: where streams are pushed to. Every object takes them.
pub(super) const EXTERNAL_PUSHER: u64 = 0xee2e_b0d2_e1aa_d430;

/// Names that mean something of a stub itself. (Rule 36)
pub(super) fn is_reserved(name: Str<'_>) -> bool {
    name == "dup" || name == "constructor"
}
