//! The mailbox is where other threads leave work and releases for a vat.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError};

use crate::vat::Cap;
use crate::wire::Exception;

use super::shared::{AtomicBool, Mutex, MutexGuard, Ordering};
use super::signal::Signal;

/// Names a vat of this process; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VatId {
    number: u64,
    /// Where its own thread finds it.
    place: u32,
}

impl VatId {
    fn at(place: u32) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), place }
    }

    pub(super) const fn place(self) -> usize {
        self.place as usize
    }
}

/// Work for the thread of a vat.
pub(super) type Job = Box<dyn FnOnce() + Send>;

/// What all threads share of a vat.
pub struct Mailbox {
    id: VatId,
    mail: Mutex<Mail>,
    waiting: AtomicBool,
    closed: AtomicBool,
    pub(super) signal: Arc<Signal>,
}

pub(super) enum Mail {
    Open {
        jobs: Vec<Job>,
        releases: Vec<Cap>,
    },
    /// The vat is gone: what is left here is dropped.
    Closed,
}

/// What lay in a mailbox.
#[derive(Default)]
pub(super) struct Letters {
    pub(super) jobs: Vec<Job>,
    pub(super) releases: Vec<Cap>,
}

impl Mailbox {
    pub(super) fn new(place: u32) -> Self {
        Self {
            id: VatId::at(place),
            mail: Mutex::new(Mail::Open { jobs: Vec::new(), releases: Vec::new() }),
            waiting: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            signal: Arc::new(Signal::new(place as usize)),
        }
    }

    /// The mailbox of a vat that never was: all that is posted there is refused.
    #[must_use]
    pub fn nowhere() -> Self {
        let mailbox = Self::new(u32::MAX);
        mailbox.close();
        mailbox
    }

    /// The vat this is the mailbox of.
    #[must_use]
    #[inline]
    pub fn id(&self) -> VatId {
        self.id
    }

    pub(super) fn mail(&self) -> MutexGuard<'_, Mail> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves work; gives it back if the vat is gone.
    pub(super) fn post(&self, job: Job) -> Result<(), Job> {
        match &mut *self.mail() {
            Mail::Open { jobs, .. } => jobs.push(job),
            Mail::Closed => return Err(job),
        }
        self.ring();
        Ok(())
    }

    /// Tells the vat of what was left, unless whoever left something before did and the vat has not
    /// looked since.
    fn ring(&self) {
        if !self.waiting.swap(true, Ordering::AcqRel) {
            self.signal.raise();
        }
    }

    /// Leaves a reference to be given back. A vat that is gone needs it no more.
    ///
    /// The list cannot outgrow the stubs that were alive: each leaves its reference once.
    pub fn post_release(&self, cap: Cap) {
        if let Mail::Open { releases, .. } = &mut *self.mail() {
            releases.push(cap);
        } else {
            return;
        }
        self.ring();
    }

    #[inline]
    pub(super) fn has_mail(&self) -> bool {
        self.waiting.load(Ordering::Acquire)
    }

    /// Whether the vat is gone.
    #[must_use]
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Takes all there is.
    pub(super) fn take(&self) -> Letters {
        if !self.waiting.swap(false, Ordering::AcqRel) {
            return Letters::default();
        }
        match &mut *self.mail() {
            Mail::Open { jobs, releases } => {
                // As much is likely to come while this is seen to.
                let room = Vec::with_capacity(jobs.len());
                Letters { jobs: std::mem::replace(jobs, room), releases: std::mem::take(releases) }
            }
            Mail::Closed => Letters::default(),
        }
    }

    /// The vat is gone. What lay here is returned, to be dropped outside of the lock.
    pub(super) fn close(&self) -> Vec<Job> {
        self.closed.store(true, Ordering::Release);
        match std::mem::replace(&mut *self.mail(), Mail::Closed) {
            Mail::Open { jobs, .. } => jobs,
            Mail::Closed => Vec::new(),
        }
    }
}

/// What those get who ask a vat that is gone.
#[must_use]
pub fn gone() -> Exception {
    Exception::disconnected("the vat is gone")
}
