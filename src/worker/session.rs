//! Sessions, served: a peer starts an event, opens a session in it, and calls its top level once.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use capnp::capability::FromClientHook;

use crate::rpc::{Client, Lapse, Membrane, Policy, Revocation, Verdict, error, serve};
use crate::runtime::Local;
use crate::schema::worker_capnp::{
    event_dispatcher, js_rpc_session, js_rpc_target, workerd_bootstrap,
};
use crate::wire::Exception;

use super::ctx::Session;
use super::entry::{Entry, Opened};
use super::error::JsError;
use super::exception::{given, thrown};
use super::host::{Object, host, nobody};
use super::service::Service;

impl Service {
    /// What a peer gets that connects to call this service: to be given as the bootstrap of a connection. Each
    /// of its calls is an event with a session of its own, as the runtime has it.
    #[must_use]
    pub fn bootstrap(&self, here: &Local) -> Client {
        let bootstrap = Bootstrap { here: here.clone(), service: self.clone() };
        let client: workerd_bootstrap::Client = serve(here, bootstrap);
        Client::from_hook(&*client.into_client_hook())
    }
}

struct Bootstrap {
    here: Local,
    service: Service,
}

impl workerd_bootstrap::Server for Bootstrap {
    async fn start_event(
        self: Rc<Self>,
        _: workerd_bootstrap::StartEventParams,
        mut results: workerd_bootstrap::StartEventResults,
    ) -> capnp::Result<()> {
        let entry = self.service.0.entry(0);
        let dispatcher = Dispatcher { here: self.here.clone(), entry: Cell::new(Some(entry)) };
        results.get().set_dispatcher(serve(&self.here, dispatcher));
        Ok(())
    }
}

/// One event.
struct Dispatcher {
    here: Local,
    /// Until the event is dispatched.
    entry: Cell<Option<Rc<dyn Entry>>>,
}

impl Dispatcher {
    /// Each takes one event, whichever it is.
    fn take(&self) -> capnp::Result<Rc<dyn Entry>> {
        let used = || refused("EventDispatcher can only be used for one request.");
        self.entry.take().ok_or_else(used)
    }
}

/// An entrypoint, opened for one event, as what answers requests.
#[cfg(all(feature = "http", unix))]
struct Asked {
    here: Local,
    entry: Rc<dyn Entry>,
}

#[cfg(all(feature = "http", unix))]
impl super::http::Fetch for Asked {
    fn fetch(
        self: Rc<Self>,
        request: http::Request<super::http::Body>,
    ) -> crate::runtime::LocalFuture<super::http::Fetched> {
        self.entry.fetch(&self.here, request)
    }
}

impl event_dispatcher::Server for Dispatcher {
    #[cfg(all(feature = "http", unix))]
    async fn get_http_service(
        self: Rc<Self>,
        _: event_dispatcher::GetHttpServiceParams,
        mut results: event_dispatcher::GetHttpServiceResults,
    ) -> capnp::Result<()> {
        let asked = Asked { here: self.here.clone(), entry: self.take()? };
        results.get().set_http(super::http::http_service(&self.here, Rc::new(asked)));
        Ok(())
    }

    async fn js_rpc_session(
        self: Rc<Self>,
        _: event_dispatcher::JsRpcSessionParams,
        mut results: event_dispatcher::JsRpcSessionResults,
    ) -> capnp::Result<()> {
        let entry = self.take()?;
        let (top_level, session) = open(&self.here, entry);
        let mut results = results.get();
        results.set_top_level(js_rpc_target::Client::new(top_level.hook()));
        results.set_session(js_rpc_session::Client::new(session.hook()));
        Ok(())
    }
}

fn refused(why: &str) -> capnp::Error {
    error(&thrown(&JsError::error(why)))
}

/// A session: its top level, which takes one call, and the promise that stands for it. The promise is resolved
/// when all that came of the call is over; when the peer lets go of it, all that is left is cancelled.
/// (Rules 54 and 55)
fn open(here: &Local, entry: Rc<dyn Entry>) -> (Client, Client) {
    let (session, lapse) = Client::lapsing(here);
    let (near, end) = (here.clone(), OnceCell::new());
    let life = Rc::new(Life { here: near, lapse: lapse.clone(), end });
    let membrane = Membrane::new(here, Across(Rc::clone(&life)));
    let revocation = membrane.revocation();
    // Empty until now.
    let _ = life.end.set(revocation.clone());
    let once = Once { entry: Cell::new(Some(entry)), life: Cell::new(Some(life)) };
    let top_level = membrane.wrap(&host(here, Object::Entry(Rc::new(once))));
    here.spawn(Box::pin(async move {
        lapse.over().await;
        revocation.revoke(Exception::disconnected("the session was released"));
    }));
    (top_level, session)
}

/// A session lasts as long as anything holds this.
struct Life {
    here: Local,
    lapse: Lapse,
    end: OnceCell<Revocation>,
}

impl Session for Life {
    fn abort(&self, why: &JsError) {
        if let Some(end) = self.end.get() {
            end.revoke(given(why));
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.lapse.resolve(Ok(nobody(&self.here)));
    }
}

/// All that crosses between a session's two sides is let through; with the last of it the membrane goes, and
/// with the membrane this.
struct Across(Rc<Life>);

impl Policy for Across {
    fn call(&self, _: &crate::rpc::Crossing) -> Verdict {
        let Self(_life) = self;
        Verdict::Allow
    }

    fn lets_all_through(&self) -> bool {
        true
    }
}

/// The top level of a session: it takes one call.
struct Once {
    entry: Cell<Option<Rc<dyn Entry>>>,
    life: Cell<Option<Rc<Life>>>,
}

impl Entry for Once {
    fn open(&self, here: &Local, _: Option<Rc<dyn Session>>) -> Result<Opened, JsError> {
        let entry = self.entry.take().ok_or_else(|| {
            JsError::error("The top level of a session takes one call, and it has been called.")
        })?;
        let life = self.life.take().map(|life| -> Rc<dyn Session> { life });
        entry.open(here, life)
    }
}
