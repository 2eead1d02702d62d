//! A session is one connection that is served, and what its objects know of it.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::time::Duration;

use bowline::conn::Config;
use bowline::rpc::{Client, Link};
use bowline::runtime::Local;
use bowline::transport::Transport;

use crate::failure::{Failure, ensure};
use crate::object::Demo;

/// How long releases that are on their way may take to arrive.
const SETTLING: Duration = Duration::from_secs(2);

/// How the reason of an ending begins if the peer broke a rule.
const MISBEHAVED: &str = "peer misbehaved";

/// What the objects of one connection share.
#[derive(Default)]
pub(crate) struct Session {
    link: OnceCell<Link>,
    objects: Cell<u32>,
    cancelled: Cell<u32>,
}

/// An object of a session, counted while it lives.
pub(crate) struct Counted(Rc<Session>);

/// A connection that is served.
pub(crate) struct Served {
    link: Link,
    session: Rc<Session>,
}

impl Session {
    pub(crate) fn link(&self) -> Option<&Link> {
        self.link.get()
    }

    pub(crate) fn objects(&self) -> u32 {
        self.objects.get()
    }

    pub(crate) fn cancelled(&self) -> u32 {
        self.cancelled.get()
    }

    pub(crate) fn note_cancelled(&self) {
        self.cancelled.set(self.cancelled.get() + 1);
    }
}

impl Counted {
    pub(crate) fn new(session: &Rc<Session>) -> Self {
        session.objects.set(session.objects.get() + 1);
        Self(Rc::clone(session))
    }

    pub(crate) fn session(&self) -> &Rc<Session> {
        &self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.objects.set(self.0.objects.get() - 1);
    }
}

impl Served {
    /// Serves the peer behind `transport` from the vat `here`.
    pub(crate) fn new(here: &Local, transport: impl Transport + 'static) -> Self {
        let session = Rc::new(Session::default());
        let bootstrap = Client::new(here, Demo::new(&session, 0));
        let link = Link::connect(here, transport, Config::default(), Some(&bootstrap));
        // Nothing is served before the vat's next turn, so nobody has looked for the link yet.
        let _ = session.link.set(link.clone());
        Self { link, session }
    }

    pub(crate) const fn link(&self) -> &Link {
        &self.link
    }

    /// Waits until the connection is over, and checks that the peer kept the rules and left nothing behind.
    pub(crate) async fn over(&self) -> Result<(), Failure> {
        let why = self.link.closed().await;
        // Until the last words are written: a peer that broke a rule is told which.
        until(|| self.link.stats().is_none()).await;
        ensure(!why.reason().starts_with(MISBEHAVED), || why.reason().to_owned())?;
        until(|| self.session.objects() == 0).await;
        let left = self.session.objects();
        ensure(left == 0, || format!("{left} objects outlived their connection"))
    }
}

/// Waits until `done`, but not longer than what is on its way may take.
pub(crate) async fn until(done: impl Fn() -> bool) {
    let waiting = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    // Who waited looks again, and says what is wrong.
    let _ = tokio::time::timeout(SETTLING, waiting).await;
}
