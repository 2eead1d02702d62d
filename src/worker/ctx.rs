//! The context of one invocation: what the worker was given, and what may outlast the call.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::task::{Context, Waker};

use serde::de::DeserializeOwned;

use crate::runtime::Local;

use super::error::JsError;
#[cfg(all(feature = "http", unix))]
use super::http::{Body, Fetch};
use super::stub::RpcStub;
use super::value::{Value, from_value};

/// How many invocations deep one may call another. Each costs an instance and a context, and a worker that calls
/// itself would make as many as there is memory for. (Rule 72)
pub(super) const INVOCATIONS_MAX: u32 = 32;

/// What a worker has beside its code.
pub(super) trait Environment {
    fn variable(&self, name: &str) -> Option<Value>;
    fn service(&self, here: &Local, name: &str, depth: u32) -> Result<RpcStub, JsError>;
    #[cfg(all(feature = "http", unix))]
    fn handler(&self, here: &Local, name: &str, depth: u32) -> Result<Rc<dyn Fetch>, JsError>;
    fn export(
        &self,
        here: &Local,
        name: &str,
        props: Value,
        depth: u32,
    ) -> Result<RpcStub, JsError>;
}

/// The session a call came in: it lasts as long as this is held.
pub(super) trait Session {
    /// All that is under way in it fails with this.
    fn abort(&self, why: &JsError);
}

/// The context of one invocation of an entrypoint: `this.ctx` and `this.env` of JavaScript. Clones are the same
/// context. (Rules 67, 70 and 71)
#[derive(Clone)]
pub struct Ctx(Rc<Inner>);

struct Inner {
    here: Local,
    environment: Rc<dyn Environment>,
    props: Value,
    depth: u32,
    /// What the session lasts for, if the call came in one.
    session: Option<Rc<dyn Session>>,
    aborted: RefCell<Aborted>,
}

/// Whether a context was aborted, and who is to hear of it.
#[derive(Default)]
struct Aborted {
    why: Option<JsError>,
    waker: Option<Waker>,
}

impl Ctx {
    pub(super) fn new(
        here: &Local,
        environment: Rc<dyn Environment>,
        props: Value,
        depth: u32,
        session: Option<Rc<dyn Session>>,
    ) -> Self {
        let aborted = RefCell::default();
        let here = here.clone();
        Self(Rc::new(Inner { here, environment, props, depth, session, aborted }))
    }

    /// The vat, in which new stubs are made.
    #[must_use]
    pub fn here(&self) -> &Local {
        &self.0.here
    }

    /// What the binding says about the caller: a plain object, set by whoever deployed it. (Rule 70)
    #[must_use]
    pub fn props(&self) -> &Value {
        &self.0.props
    }

    /// A variable of the environment.
    #[must_use]
    pub fn env(&self, name: &str) -> Option<Value> {
        self.0.environment.variable(name)
    }

    /// A variable of the environment, as a Rust type. One that is not there is `undefined`, which an `Option` takes.
    ///
    /// # Errors
    ///
    /// A `TypeError` that names the variable: it does not fit.
    pub fn variable<T: DeserializeOwned>(&self, name: &str) -> Result<T, JsError> {
        let value = self.env(name).unwrap_or(Value::UNDEFINED);
        from_value(&value).map_err(|why| JsError::type_error(format!("env.{name}: {why}")))
    }

    /// A service binding of the environment.
    ///
    /// # Errors
    ///
    /// A `TypeError`: there is none of that name.
    pub fn service(&self, name: &str) -> Result<RpcStub, JsError> {
        self.0.environment.service(&self.0.here, name, self.0.depth)
    }

    /// Makes a request of a service binding of the environment. (Rule 37)
    ///
    /// # Errors
    ///
    /// A `TypeError`: there is none of that name. Or as [`Service::fetch`](super::Service::fetch).
    #[cfg(all(feature = "http", unix))]
    pub async fn fetch(
        &self,
        service: &str,
        request: http::Request<Body>,
    ) -> Result<http::Response<Body>, JsError> {
        let handler = self.0.environment.handler(&self.0.here, service, self.0.depth)?;
        handler.fetch(request).await
    }

    /// An entrypoint of this same worker, with props of one's choice. The name of the default one is
    /// `default`. (Rule 71)
    ///
    /// # Errors
    ///
    /// A `TypeError`: there is none of that name.
    pub fn export(&self, name: &str, props: impl Into<Value>) -> Result<RpcStub, JsError> {
        self.0.environment.export(&self.0.here, name, props.into(), self.0.depth)
    }

    /// Runs a future beside the call and beyond its return; the session lasts until it is done, and a vat
    /// that [shuts down](crate::rpc::shut_down()) waits for it. What comes of it is nobody's affair. (Rule 56)
    pub fn wait_until(&self, future: impl Future<Output = ()> + 'static) {
        let held = (self.0.session.clone(), self.0.here.engage());
        self.0.here.spawn(Box::pin(async move {
            future.await;
            drop(held);
        }));
    }
}

impl Ctx {
    /// Ends the invocation: its call fails with `why`, now, and in a session everything else that is under way
    /// or comes later does, too. Again, it does nothing. (Rule 58)
    pub fn abort(&self, why: JsError) {
        let waker = {
            let mut aborted = self.0.aborted.borrow_mut();
            if aborted.why.is_some() {
                return;
            }
            aborted.why = Some(why.clone());
            aborted.waker.take()
        };
        waker.into_iter().for_each(Waker::wake);
        if let Some(session) = &self.0.session {
            session.abort(&why);
        }
    }

    /// Why it was aborted, if it was.
    pub(super) fn aborted(&self) -> Option<JsError> {
        self.0.aborted.borrow().why.clone()
    }

    /// The same; if it was not, the task is woken when it is.
    pub(super) fn poll_aborted(&self, cx: &Context<'_>) -> Option<JsError> {
        // Wakers are foreign code: cloned before the borrow, and dropped behind it.
        let new = cx.waker().clone();
        let mut aborted = self.0.aborted.borrow_mut();
        let before = aborted.waker.replace(new);
        let why = aborted.why.clone();
        drop(aborted);
        drop(before);
        why
    }
}

impl std::fmt::Debug for Ctx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ctx {{ props: {:?}, depth: {} }}", self.0.props, self.0.depth)
    }
}

/// One invocation deeper, if that is allowed. (Rule 72)
pub(super) fn deeper(depth: u32) -> Result<u32, JsError> {
    if depth < INVOCATIONS_MAX {
        return Ok(depth + 1);
    }
    Err(JsError::error(
        "Subrequest depth limit exceeded. This request recursed through Workers too many times. This can happen \
         e.g. if you have a Worker or Durable Object that calls other Workers or objects recursively.",
    ))
}
