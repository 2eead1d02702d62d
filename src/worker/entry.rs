//! An entrypoint as seen from outside: every call opens it anew.

use std::rc::Rc;

use crate::rpc::Client;
use crate::runtime::Local;

use super::ctx::{Ctx, Session};
use super::error::JsError;
use super::target::RpcTarget;

/// What an entrypoint is opened by, for one invocation. (Rule 67)
pub(super) trait Entry {
    fn open(&self, here: &Local, session: Option<Rc<dyn Session>>) -> Result<Opened, JsError>;
}

/// One invocation.
pub(super) enum Opened {
    /// An instance made for it, and the context it runs in.
    Instance(Rc<dyn RpcTarget>, Ctx),
    /// The top level of a session with a peer.
    Elsewhere(Client),
}

/// Something that can be bound under a name in the environment of a worker.
pub(super) trait Bound {
    /// The entrypoint, for a caller that is so many invocations deep.
    fn entry(&self, depth: u32) -> Rc<dyn Entry>;
}
