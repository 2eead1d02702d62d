//! Driving: the RPC systems of a thread share one vat, and take turns at driving it.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

use crate::rpc::ambient;
use crate::runtime::{Driver, Timeless};

/// How many systems of a thread drive its vat at once. All are woken for whatever happens, so with
/// a thousand connections it must not be all of them; and one alone could be a system that its
/// owner polls no more.
const AT_HELM_MAX: usize = 4;

thread_local! {
    static HELM: RefCell<Helm> = const {
        RefCell::new(Helm { next: 0, systems: BTreeMap::new(), at_helm: VecDeque::new() })
    };
}

struct Helm {
    next: u64,
    systems: BTreeMap<u64, Arc<Stir>>,
    /// Those who drive, the latest first.
    at_helm: VecDeque<u64>,
}

/// Wakes one system, and has it drive.
#[derive(Default)]
pub(super) struct Stir {
    stirred: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Wake for Stir {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.stirred.store(true, Ordering::Release);
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// One system's share in driving the vat of its thread.
pub(super) struct Share {
    number: u64,
    stir: Arc<Stir>,
    /// Made when the system is first polled: one that never is drives nothing.
    driver: Option<Driver<Timeless>>,
}

impl Share {
    pub(super) fn new() -> Self {
        let stir = Arc::new(Stir::default());
        let number = HELM.with(|helm| {
            let mut helm = helm.borrow_mut();
            let number = helm.next;
            helm.next += 1;
            helm.systems.insert(number, Arc::clone(&stir));
            number
        });
        Self { number, stir, driver: None }
    }

    pub(super) fn stir(&self) -> &Arc<Stir> {
        &self.stir
    }

    /// Drives the vat, if it is this system's turn to.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) {
        let before = {
            let mut waker = self.stir.waker.lock().unwrap_or_else(PoisonError::into_inner);
            waker.replace(cx.waker().clone())
        };
        drop(before);
        let stirred = self.stir.stirred.swap(false, Ordering::AcqRel);
        if HELM.with(|helm| helm.borrow_mut().takes(self.number, stirred)) {
            let driver = self.driver.get_or_insert_with(|| Driver::timeless(ambient()));
            // The vat of a thread ends with the thread: nothing waits for that.
            let _ = Pin::new(driver).poll(cx);
        }
    }
}

impl Helm {
    /// Whether the system drives this time.
    fn takes(&mut self, number: u64, stirred: bool) -> bool {
        let at = self.at_helm.iter().position(|known| *known == number);
        match at {
            Some(at) => drop(self.at_helm.remove(at)),
            None if stirred || self.at_helm.len() < AT_HELM_MAX => {}
            None => return false,
        }
        self.at_helm.push_front(number);
        self.at_helm.truncate(AT_HELM_MAX);
        true
    }

    /// The system is gone; gives another that should drive if nobody does now.
    fn leave(&mut self, number: u64) -> Option<Arc<Stir>> {
        self.systems.remove(&number);
        self.at_helm.retain(|known| *known != number);
        match self.at_helm.is_empty() {
            true => self.systems.values().next_back().cloned(),
            false => None,
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let next = HELM.try_with(|helm| helm.borrow_mut().leave(self.number));
        if let Ok(Some(next)) = next {
            next.wake();
        }
    }
}

/// A waker that wakes another, and stirs a system.
pub(super) struct Both {
    pub(super) first: Waker,
    pub(super) stir: Arc<Stir>,
}

impl Wake for Both {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.first.wake_by_ref();
        self.stir.wake_by_ref();
    }
}
