//! Asking a debug port for entrypoints.

use crate::rpc::Client;
use crate::schema::worker_capnp::workerd_debug_port::get_entrypoint_params;
use crate::wire::Path;

use super::props::Props;
use super::serve::{GET_ENTRYPOINT, WORKERD_DEBUG_PORT};

/// The debug port of a process that serves Workers.
#[derive(Clone, Debug)]
pub struct DebugPort(Client);

impl DebugPort {
    /// The debug port that a peer offers to whoever connects ([`Link::bootstrap`](crate::rpc::Link::bootstrap)).
    #[must_use]
    pub const fn new(bootstrap: Client) -> Self {
        Self(bootstrap)
    }

    /// The entrypoint of that name, or the default one, of a service, with `props` as its `ctx.props`. What it
    /// is can be asked at once; if there is none, that fails with what the port says.
    ///
    /// It is a `WorkerdBootstrap`, as what is offered behind a CONNECT.
    #[must_use]
    pub fn entrypoint(&self, service: &str, entrypoint: Option<&str>, props: &Props) -> Client {
        let request = self.0.request(WORKERD_DEBUG_PORT, GET_ENTRYPOINT).with(|root| {
            let mut params: get_entrypoint_params::Builder<'_> = root.init_as();
            params.set_service(service);
            if let Some(entrypoint) = entrypoint {
                params.set_entrypoint(entrypoint);
            }
            props.write(params.init_props());
        });
        request.send().cap(&Path::root().field(0))
    }
}
