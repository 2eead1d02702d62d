//! An entrypoint as seen from outside: every call opens it anew.

use std::rc::Rc;

use crate::rpc::Client;
use crate::runtime::Local;

#[cfg(all(feature = "http", unix))]
use super::answering::Answering;
use super::ctx::{Ctx, Session};
use super::error::JsError;
#[cfg(all(feature = "http", unix))]
use super::http::{Body, Fetched, no_handler};
use super::target::RpcTarget;
#[cfg(all(feature = "http", unix))]
use crate::runtime::LocalFuture;

/// What an entrypoint is opened by, for one invocation. (Rule 67)
pub(super) trait Entry {
    fn open(&self, here: &Local, session: Option<Rc<dyn Session>>) -> Result<Opened, JsError>;

    /// The same for a request. The context can be aborted until the response begins. (Rules 37 and 58)
    #[cfg(all(feature = "http", unix))]
    fn fetch(&self, here: &Local, request: http::Request<Body>) -> LocalFuture<Fetched> {
        match self.open(here, None) {
            Ok(Opened::Instance(target, ctx)) => Box::pin(Answering::new(target, ctx, request)),
            Ok(Opened::Elsewhere(_)) => Box::pin(std::future::ready(Err(no_handler()))),
            Err(why) => Box::pin(std::future::ready(Err(why))),
        }
    }
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
