//! A promise that is held by others alone: whoever made it hears when nobody holds it any more.

use std::future::poll_fn;
use std::task::Poll;

use crate::runtime::Local;
use crate::vat::Cap;
use crate::wire::Exception;

use super::caps;
use super::client::Client;

impl Client {
    /// A client that stands for what will be said through the other half, which does not keep it.
    #[must_use]
    pub fn lapsing(here: &Local) -> (Self, Lapse) {
        let cap = here.with(|graph| {
            let cap = graph.promise();
            // The reference of whoever resolves it.
            graph.release(cap);
            cap
        });
        (Self::adopt(here, cap), Lapse { here: here.clone(), cap })
    }
}

/// The other half of a promise: it says what that came to be, and hears when that was let go. Dropping it
/// leaves the promise as it is.
#[derive(Clone, Debug)]
pub struct Lapse {
    here: Local,
    cap: Cap,
}

impl Lapse {
    /// The promise came to be `client`, or broke. If it was let go, or resolved before, nothing happens.
    pub fn resolve(&self, to: Result<Client, Exception>) {
        if !self.here.with(|graph| graph.upgrade(self.cap)) {
            return;
        }
        let to = to.and_then(|client| caps::lend(&self.here, &client)).map(Some);
        self.here.change(|graph| graph.resolve(self.cap, to));
    }

    /// Ready when nobody holds the promise, or it is resolved. Cancel safe.
    pub async fn over(&self) {
        poll_fn(|cx| match self.here.poll_settled(self.cap, cx.waker()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }
}
