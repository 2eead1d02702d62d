//! The signal wakes a vat: any thread may say that something of it is ready.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, PoisonError};
use std::task::{Wake, Waker};

use smallvec::SmallVec;

use super::shared::{AtomicBool, Mutex, MutexGuard, Ordering, thread_local};
use super::visits;

/// What is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// A task in this slot wants to be polled.
    Task(u32),
    /// The transport of the link in this slot may have a message.
    Receive(u32),
    /// The transport of the link in this slot may go on writing.
    Flush(u32),
}

/// What is ready, and who is to be woken for it: the side of a vat that every thread may reach.
///
/// Most of what is raised is raised on the vat's own thread, which has a side of its own with no
/// lock: [`Near`].
#[derive(Default)]
pub(super) struct Signal {
    /// Where the vat's own thread finds its side.
    place: usize,
    list: Mutex<List>,
    /// Set while something may be ready; saves taking the lock to find nothing. Written under the
    /// lock alone.
    raised: AtomicBool,
    /// The sleepers were taken since the vat's thread put them there.
    taken: AtomicBool,
}

#[derive(Default)]
struct List {
    ready: Vec<Ready>,
    sleepers: Sleepers,
}

/// The side of a signal on the vat's own thread.
pub(super) struct Near {
    signal: Arc<Signal>,
    ready: RefCell<Vec<Ready>>,
    raised: Cell<bool>,
    /// The driver, known from one sleep to the next.
    driver: RefCell<Option<Rc<Waker>>>,
    /// It sleeps.
    dozes: Cell<bool>,
    /// Somebody is to see to the vat instead.
    put_off: Cell<bool>,
    /// Other threads know of it.
    heard_of: Cell<bool>,
    /// Who else sleeps.
    sleepers: RefCell<Sleepers>,
    /// Those that other threads know of.
    told: RefCell<Sleepers>,
    /// Some of them sleep once and are forgotten.
    brief: Cell<bool>,
}

/// Who sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sleeper {
    /// A driver, which will sleep again and again. Other threads may remember it meanwhile.
    Driver,
    /// A promise that drives the vat: once woken, nothing of it is kept.
    Promise,
}

/// Promises, and drivers beside the first; those that other threads know of, the driver included.
type Sleepers = SmallVec<[Waker; 2]>;

/// What follows from a raise, outside of any borrow and lock: wakers are foreign code.
#[must_use]
struct Noted {
    driver: Option<Rc<Waker>>,
    others: Option<Others>,
}

/// Those that few raises find.
#[derive(Default)]
struct Others {
    sleepers: Sleepers,
    /// Nothing is kept of these.
    forgotten: Option<(Sleepers, Sleepers)>,
}

impl Noted {
    #[inline]
    fn wake(self) {
        if let Some(driver) = self.driver {
            driver.wake_by_ref();
        }
        if let Some(Others { sleepers, forgotten }) = self.others {
            sleepers.into_iter().for_each(Waker::wake);
            drop(forgotten);
        }
    }
}

thread_local! {
    /// The sides of this thread's vats, each at the place its signal names.
    static NEAR: RefCell<Vec<Option<Rc<Near>>>> = const { RefCell::new(Vec::new()) };
}

impl Signal {
    /// A signal of the vat at this place of its thread.
    pub(super) fn new(place: usize) -> Self {
        Self { place, ..Self::default() }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the vat's own side, if this is its thread.
    #[inline]
    fn near<R>(&self, f: impl FnOnce(&Near) -> R) -> Option<R> {
        let found = NEAR.try_with(|near| {
            let near = near.try_borrow().ok()?;
            let near = near.get(self.place)?.as_ref()?;
            // Another vat may have come to this place since.
            std::ptr::eq(Arc::as_ptr(&near.signal), self).then(|| f(near))
        });
        found.ok().flatten()
    }

    /// Says that `ready` is ready, and wakes whoever drives the vat.
    pub(super) fn raise_for(&self, ready: Ready) {
        let noted = self.near(|near| near.note(Some(ready)));
        noted.unwrap_or_else(|| self.note(Some(ready))).wake();
    }

    /// Says that the vat has work, and wakes whoever drives it.
    pub(super) fn raise(&self) {
        let noted = self.near(|near| near.note(None));
        noted.unwrap_or_else(|| self.note(None)).wake();
    }

    /// From another thread.
    fn note(&self, ready: Option<Ready>) -> Noted {
        let mut list = self.list();
        if ready.is_some() && list.ready.last() != ready.as_ref() {
            list.ready.extend(ready);
        }
        self.raised.store(true, Ordering::Release);
        self.taken.store(true, Ordering::Release);
        let sleepers = std::mem::take(&mut list.sleepers);
        Noted { driver: None, others: Some(Others { sleepers, forgotten: None }) }
    }

    /// Whether another thread raised something since the last `take`.
    #[inline]
    fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Acquire)
    }

    /// Moves what other threads raised to the end of `into`.
    #[inline]
    fn take(&self, into: &mut Vec<Ready>) {
        if self.is_raised() {
            let mut list = self.list();
            self.raised.store(false, Ordering::Release);
            into.append(&mut list.ready);
        }
    }

    /// Has `sleepers` woken by the next raise of another thread, and nobody else.
    fn tell(&self, sleepers: Sleepers) -> Sleepers {
        let mut list = self.list();
        self.taken.store(false, Ordering::Release);
        std::mem::replace(&mut list.sleepers, sleepers)
    }
}

impl Near {
    /// The vat of `signal` comes to live on this thread.
    pub(super) fn enter(signal: &Arc<Signal>) -> Rc<Self> {
        let near = Rc::new(Self {
            signal: Arc::clone(signal),
            ready: RefCell::default(),
            raised: Cell::new(false),
            driver: RefCell::default(),
            dozes: Cell::new(false),
            put_off: Cell::new(false),
            heard_of: Cell::new(false),
            sleepers: RefCell::default(),
            told: RefCell::default(),
            brief: Cell::new(false),
        });
        NEAR.with(|all| {
            let mut all = all.borrow_mut();
            if all.len() <= signal.place {
                all.resize(signal.place + 1, None);
            }
            // In bounds: it was made as long just now.
            all[signal.place] = Some(Rc::clone(&near));
        });
        near
    }

    /// The vat is no more. What is raised from here on takes the way of other threads.
    pub(super) fn leave(&self) {
        let here = |all: &RefCell<Vec<Option<Rc<Self>>>>| {
            let mut all = all.borrow_mut();
            let at = all.get_mut(self.signal.place)?;
            at.take_if(|near| std::ptr::eq(Rc::as_ptr(near), self))
        };
        // Dropped after the borrow: it holds wakers, which are foreign code.
        drop(NEAR.try_with(here));
    }

    #[inline]
    fn note(&self, ready: Option<Ready>) -> Noted {
        if let Some(ready) = ready {
            let mut list = self.ready.borrow_mut();
            if list.last() != Some(&ready) {
                list.push(ready);
            }
        }
        self.raised.set(true);
        let sleeps = self.dozes.get() && !(visits::are_made() && self.is_put_off());
        let driver = sleeps.then(|| self.rouse()).flatten();
        let some = self.brief.get() || !self.sleepers.borrow().is_empty();
        Noted { driver, others: some.then(|| self.others()) }
    }

    fn others(&self) -> Others {
        let forgotten = self.brief.take().then(|| {
            self.heard_of.set(false);
            (self.told.take(), self.signal.tell(Sleepers::new()))
        });
        Others { sleepers: self.sleepers.take(), forgotten }
    }

    /// Whether the vat is listed to be seen to by now.
    fn is_put_off(&self) -> bool {
        if !self.put_off.get() {
            self.put_off.set(visits::list(self.signal.place));
        }
        self.put_off.get()
    }

    /// The vat is seen to now, or its driver is woken.
    pub(super) fn is_come_to(&self) {
        self.put_off.set(false);
    }

    /// The driver, to be woken.
    fn rouse(&self) -> Option<Rc<Waker>> {
        self.dozes.set(false);
        self.driver.borrow().clone()
    }

    /// Wakes the driver, if it sleeps.
    pub(super) fn wake_driver(&self) {
        if self.dozes.get()
            && let Some(driver) = self.rouse()
        {
            driver.wake_by_ref();
        }
    }

    /// The driver whose waker this is sleeps no more.
    pub(super) fn wakes_up(&self, waker: &Waker) {
        if self.is_driver(waker) {
            self.dozes.set(false);
        }
    }

    /// Whether the driver sleeps.
    pub(super) fn is_driver_asleep(&self) -> bool {
        self.dozes.get()
    }

    /// The driver is no more: nothing is kept of it, but by other threads until they raise something.
    pub(super) fn forget_driver(&self) {
        self.dozes.set(false);
        self.heard_of.set(false);
        // Wakers are foreign code: dropped after the borrow.
        drop(self.driver.take());
    }

    #[inline]
    fn is_driver(&self, waker: &Waker) -> bool {
        self.driver.borrow().as_ref().is_some_and(|known| known.will_wake(waker))
    }

    /// Says that the vat has work, and wakes whoever drives it.
    pub(super) fn raise(&self) {
        if !self.raised.get() {
            self.note(None).wake();
        }
    }

    /// Whether something was raised since the last `take`.
    #[inline]
    pub(super) fn is_raised(&self) -> bool {
        self.raised.get() || self.signal.is_raised()
    }

    /// Whether something is ready, or was raised by another thread. The vat may have work beside it.
    #[inline]
    pub(super) fn has_ready(&self) -> bool {
        !self.ready.borrow().is_empty() || self.signal.is_raised()
    }

    /// Moves what is ready to the end of `into`.
    #[inline]
    pub(super) fn take(&self, into: &mut Vec<Ready>) {
        if self.raised.replace(false) {
            let mut ready = self.ready.borrow_mut();
            match into.is_empty() {
                true => std::mem::swap(into, &mut ready),
                false => into.append(&mut ready),
            }
        }
        if self.signal.is_raised() {
            self.signal.take(into);
            if self.brief.take() {
                self.heard_of.set(false);
                drop((self.told.take(), self.sleepers.take()));
            }
        }
    }

    /// How many sleepers are known.
    pub(super) fn sleepers(&self) -> usize {
        self.sleepers.borrow().len() + usize::from(self.driver.borrow().is_some())
    }

    /// Has `waker` woken by the next raise. False: something was raised already.
    #[inline]
    pub(super) fn sleep(&self, sleeper: Sleeper, waker: &Waker) -> bool {
        // Other threads may wake who sleeps no more, which does no harm; a lock and two counts for
        // each sleep would.
        let known = self.heard_of.get() && !self.signal.taken.load(Ordering::Acquire);
        if known && sleeper == Sleeper::Driver && self.is_driver(waker) {
            self.dozes.set(true);
        } else {
            self.lie_down(sleeper, waker);
        }
        !self.is_raised()
    }

    fn lie_down(&self, sleeper: Sleeper, waker: &Waker) {
        let known = |sleepers: &RefCell<Sleepers>, waker: &Waker| {
            sleepers.borrow().iter().any(|known| known.will_wake(waker))
        };
        // Wakers are foreign code: cloned before a borrow, and dropped after it. A waker need not be
        // told from its clones, whose table of functions may be another copy; clones are.
        let waker = &waker.clone();
        if sleeper == Sleeper::Driver && self.is_driver(waker) {
            self.dozes.set(true);
        } else if sleeper == Sleeper::Driver && !self.dozes.get() {
            let new = Rc::new(waker.clone());
            self.heard_of.set(false);
            drop(self.driver.replace(Some(new)));
            self.dozes.set(true);
        } else if !known(&self.sleepers, waker) {
            let new = waker.clone();
            self.sleepers.borrow_mut().push(new);
        }
        if self.signal.taken.load(Ordering::Acquire) || !known(&self.told, waker) {
            self.brief.set(self.brief.get() || sleeper == Sleeper::Promise);
            self.tell();
        }
    }

    /// Tells other threads who sleeps. What is raised by a clone finds no sleeper, and is seen behind this.
    fn tell(&self) {
        let sleepers = self.sleepers.take();
        let mut told = sleepers.clone();
        drop(self.sleepers.replace(sleepers));
        let driver = self.driver.borrow().clone().filter(|_| self.dozes.get());
        self.heard_of.set(driver.is_some());
        told.extend(driver.map(|driver| Waker::clone(&driver)));
        let before = self.told.replace(told.clone());
        let taken = self.signal.tell(told);
        drop((before, taken));
    }
}

/// A waker that raises one thing.
pub(super) struct Raise {
    pub(super) ready: Ready,
    pub(super) signal: Arc<Signal>,
}

impl Wake for Raise {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.signal.raise_for(self.ready);
    }
}
