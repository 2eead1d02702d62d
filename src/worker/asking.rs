//! What is asked for at an address that has more than one thing to give.

use crate::transport::http::ConnectHost;

use super::debug_port::Props;

/// Which entrypoint is asked for at an address.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// What a CONNECT asks for, at an address `http://…`, instead of what the address names. The peer compares it
    /// byte by byte.
    pub connect_host: Option<ConnectHost>,
    /// At a debug port, the service.
    pub service: String,
    /// At a debug port, the entrypoint; the default one if there is none. Elsewhere the address itself decides.
    pub entrypoint: Option<String>,
    /// At a debug port, `ctx.props`. Elsewhere the peer decides.
    pub props: Props,
}
