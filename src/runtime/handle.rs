//! A handle reaches a vat from any thread.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use futures_channel::oneshot;

use crate::wire::Exception;

use super::local::Local;
use super::mailbox::{Mailbox, gone};

/// A vat with a thread of its own. Clones are the same vat, which ends with the last of them.
#[derive(Clone)]
pub struct Handle(Arc<Keeper>);

struct Keeper {
    mailbox: Arc<Mailbox>,
    /// Dropped with the last handle, which tells the vat's thread to end.
    over: Mutex<Option<oneshot::Sender<()>>>,
}

impl Handle {
    pub(super) fn new(mailbox: Arc<Mailbox>) -> Self {
        Self(Arc::new(Keeper { mailbox, over: Mutex::new(None) }))
    }

    pub(super) fn ends(&self, over: oneshot::Sender<()>) {
        *self.0.over.lock().unwrap_or_else(PoisonError::into_inner) = Some(over);
    }

    /// Where the vat is reached.
    #[must_use]
    pub fn mailbox(&self) -> &Arc<Mailbox> {
        &self.0.mailbox
    }

    /// Runs `f` on the vat's thread, behind the calls posted so far, and returns what it returned.
    ///
    /// It is posted at once, whether the future is polled or not. Cancel safe: dropping the future
    /// does not take `f` back.
    ///
    /// # Errors
    ///
    /// `disconnected`: the vat is gone.
    pub fn run<R: Send + 'static>(
        &self,
        f: impl FnOnce(&Local) -> R + Send + 'static,
    ) -> impl Future<Output = Result<R, Exception>> + Send + 'static {
        post(&self.0.mailbox, f)
    }
}

/// Runs `f` on the thread of a vat, behind what was posted before it, unless the vat is gone. Nobody
/// is told.
pub fn leave(mailbox: &Mailbox, f: impl FnOnce(&Local) + Send + 'static) {
    let id = mailbox.id();
    // A refused job is dropped.
    let _ = mailbox.post(Box::new(move || {
        if let Some(local) = Local::find(id) {
            f(&local);
        }
    }));
}

/// Runs `f` on the thread of a vat.
pub fn post<R: Send + 'static>(
    mailbox: &Mailbox,
    f: impl FnOnce(&Local) -> R + Send + 'static,
) -> impl Future<Output = Result<R, Exception>> + Send + 'static {
    let (tell, hear) = oneshot::channel();
    let id = mailbox.id();
    let job = Box::new(move || {
        if let Some(local) = Local::find(id) {
            // Nobody may be left to be told.
            let _ = tell.send(f(&local));
        }
    });
    // A refused job is dropped, and with it the sender: the receiver says so.
    let _ = mailbox.post(job);
    async move { hear.await.map_err(|_| gone()) }
}
