//! A client is the address of an object, usable from any thread.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

use crate::runtime::{Local, Mailbox, gone, leave};
#[cfg(feature = "worker")]
use crate::runtime::{Lodger, mailbox_of};
use crate::vat::Cap;
use crate::wire::Exception;

use super::cap_cell::CapCell;

/// The address of an object in a vat, and one reference to it. Clones share the reference, which is
/// given back when the last of them is dropped; on whatever thread that is, it neither blocks nor
/// panics.
#[derive(Clone)]
#[doc(alias = "dup")]
pub struct Client(Arc<Stub>);

struct Stub {
    mailbox: Arc<Mailbox>,
    /// Set by the vat's thread, before anything posted later looks at it.
    cap: CapCell,
    /// How many words the last streaming call took: the next one will take as many.
    stream_words: AtomicU32,
}

/// How many words (128 KiB) a call is given at first because the one before it took as many.
const STREAM_WORDS_MAX: u32 = 1 << 14;

impl Client {
    /// Takes over a reference of a vat of this thread.
    pub(crate) fn adopt(here: &Local, cap: Cap) -> Self {
        let mailbox = Arc::clone(here.mailbox());
        Self(Arc::new(Stub { mailbox, cap: CapCell::of(cap), stream_words: AtomicU32::new(0) }))
    }

    /// A client of the vat behind `mailbox`, whose reference `make` will say on the vat's thread.
    pub(crate) fn promised(
        mailbox: &Arc<Mailbox>,
        make: impl FnOnce(&Local) -> Cap + Send + 'static,
    ) -> Self {
        let client = Self(Arc::new(Stub {
            mailbox: Arc::clone(mailbox),
            cap: CapCell::default(),
            stream_words: AtomicU32::new(0),
        }));
        let filled = client.clone();
        leave(mailbox, move |here| {
            let cap = make(here);
            if !filled.0.cap.set(cap) {
                here.release(cap);
            }
        });
        client
    }

    /// A client of an object that lodges in its vat.
    #[cfg(feature = "worker")]
    pub(crate) fn of_lodger(lodger: Lodger) -> Self {
        match Local::find(lodger.vat()) {
            Some(here) => Self::adopt(&here, lodger.settle(&here)),
            None => Self::promised(&mailbox_of(lodger.vat()), |here| lodger.settle(here)),
        }
    }

    /// A client every call on which fails with `why`.
    #[must_use]
    pub fn broken(here: &Local, why: Exception) -> Self {
        Self::adopt(here, here.with(|graph| graph.broken(why)))
    }

    /// Ready when what the client stands for is no promise any more.
    ///
    /// # Errors
    ///
    /// What a call would fail with, if the promise was broken; `disconnected` if the vat is gone.
    ///
    /// Cancel safe.
    pub async fn settled(&self) -> Result<(), Exception> {
        let here = self.here();
        let Some((here, cap)) = here.and_then(|here| Some((here.clone(), self.cap_here(&here)?)))
        else {
            return self.settled_elsewhere().await;
        };
        poll_fn(|cx| {
            here.pump(cx.waker());
            if here.mailbox().is_closed() {
                return Poll::Ready(Err(gone()));
            }
            match here.poll_settled(cap, cx.waker()) {
                true => Poll::Ready(here.with(|graph| graph.why_broken(cap)).map_or(Ok(()), Err)),
                false => Poll::Pending,
            }
        })
        .await
    }

    async fn settled_elsewhere(&self) -> Result<(), Exception> {
        let client = self.clone();
        let (mut tell, hear) = futures_channel::oneshot::channel();
        leave(&self.0.mailbox, move |here| {
            if client.cap_here(here).is_some() {
                here.spawn(Box::pin(async move {
                    let mut settled = Box::pin(client.settled());
                    let outcome = poll_fn(|cx| {
                        if tell.poll_canceled(cx).is_ready() {
                            return Poll::Ready(None);
                        }
                        settled.as_mut().poll(cx).map(Some)
                    });
                    if let Some(outcome) = outcome.await {
                        // Nobody may be left to be told.
                        let _ = tell.send(outcome);
                    }
                }));
            }
        });
        hear.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Whether every call would fail, as far as is known already: a promise that is not settled is not broken, and neither
    /// is what is of another thread's vat. [`why_broken`](Self::why_broken) says why.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.why_broken().is_some()
    }

    /// Why every call would fail, if that is known already. Known on the vat's own thread only.
    #[must_use]
    pub fn why_broken(&self) -> Option<Exception> {
        let here = self.here()?;
        let cap = self.cap_here(&here)?;
        here.with(|graph| graph.why_broken(cap))
    }

    /// The vat the client is of.
    #[must_use]
    pub fn mailbox(&self) -> &Arc<Mailbox> {
        &self.0.mailbox
    }

    /// The vat, if it lives on this thread.
    pub(crate) fn here(&self) -> Option<Local> {
        Local::find(self.0.mailbox.id())
    }

    /// What the client refers to, if that is known already.
    pub(super) fn cap(&self) -> Option<Cap> {
        self.0.cap.get()
    }

    /// What the client refers to, seen from the vat's thread. `None` only if the vat refused the
    /// work that would have said it, being gone.
    pub(crate) fn cap_here(&self, here: &Local) -> Option<Cap> {
        if let Some(cap) = self.cap() {
            return Some(cap);
        }
        here.read_mail();
        self.cap()
    }

    /// A reference of what the client stands for, if it is of the vat `here`.
    pub(crate) fn lend(&self, here: &Local) -> Option<Cap> {
        if self.mailbox().id() != here.id() {
            return None;
        }
        let cap = self.cap_here(here)?;
        here.with(|graph| graph.retain(cap));
        Some(cap)
    }

    /// Where the shared reference lies in memory.
    pub(super) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// A streaming call of so many words was made.
    pub(super) fn note_stream(&self, words: usize) {
        self.0.stream_words.store(as_the_last(words as u64), Ordering::Relaxed);
    }

    /// How many words to take for a call at first, where `words` would be taken otherwise.
    pub(super) fn first_words(&self, words: u32) -> u32 {
        words.max(self.0.stream_words.load(Ordering::Relaxed))
    }

    /// Whether both are the same reference.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// How many words a streaming call is given at first, where the one before it took so many.
pub(super) fn as_the_last(words: u64) -> u32 {
    u32::try_from(words).unwrap_or(u32::MAX).min(STREAM_WORDS_MAX)
}

impl Drop for Stub {
    fn drop(&mut self) {
        let Some(cap) = self.cap.get() else { return };
        match Local::find(self.mailbox.id()) {
            Some(here) => here.release(cap),
            None => self.mailbox.post_release(cap),
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({:?} {:?})", self.0.mailbox.id(), self.0.cap.get())
    }
}
