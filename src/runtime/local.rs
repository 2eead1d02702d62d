//! The vat as its own thread sees it: the graph, the objects, and what runs for them.

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::task::{Poll, Waker};
use std::time::Instant;

use crate::conn::{Config, Connection, make_room};
use crate::transport::Transport;
use crate::vat::{CallId, Cap, Graph, LinkId, Request, Wrote};

use super::directory;
use super::dispatch::LocalFuture;
use super::doors;
use super::links::{Ending, Links};
use super::mailbox::{Mailbox, VatId, gone};
use super::released::Release;
use super::signal::{Near, Ready};
use super::targets::Targets;
use super::tasks::{Tasks, Work};
use super::timers::{TimerId, Timers};
use super::watch::Watch;

thread_local! {
    /// The vats of this thread, each at the place its id names.
    static HERE: RefCell<Vec<Option<Local>>> = const { RefCell::new(Vec::new()) };
}

/// A vat of this thread. Clones are the same vat.
///
/// No method runs foreign code while the vat is borrowed, so each may be called from anywhere on
/// the thread: from an object, a future, a waker or a destructor.
#[derive(Clone)]
pub struct Local(Rc<Inner>);

pub(super) struct Inner {
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) near: Rc<Near>,
    pub(super) graph: RefCell<Graph>,
    pub(super) tasks: RefCell<Tasks>,
    pub(super) links: RefCell<Links>,
    pub(super) timers: RefCell<Timers>,
    pub(super) targets: RefCell<Targets>,
    waiters: RefCell<Vec<Option<Waker>>>,
    watchers: RefCell<Vec<(Cap, Waker)>>,
    /// What destructors gave up since the last turn: they only write here.
    pub(super) released: RefCell<Vec<Release>>,
    /// What higher floors keep for this vat, by type.
    slots: RefCell<Vec<Rc<dyn Any>>>,
    /// Who takes the turn that is under way.
    pub(super) taker: Cell<Taker>,
    /// The last turn of a driver left it.
    pub(super) withheld: Cell<bool>,
    /// Whether the mailbox is being read.
    reading: Cell<bool>,
    /// How many drains are on the stack.
    pub(super) depth: Cell<u32>,
    /// The driver sleeps until then, if nothing happens.
    pub(super) sleeps_until: Cell<Option<Instant>>,
    /// The time as its own driver told it last.
    pub(super) told: Cell<Option<Instant>>,
    /// What panicked in a turn that another driver took, for its own to hear.
    pub(super) panicked: Cell<Option<Box<dyn Any + Send>>>,
    /// How many drivers this vat has; without one, the promises that are polled drive it.
    pub(super) drivers: Cell<u32>,
    /// How to tell the time as the driver does, if there is a way.
    pub(super) teller: Cell<Option<fn() -> Instant>>,
    /// Whether the driver sleeps or looks for more.
    pub(super) watch: RefCell<Watch>,
    /// Whether somebody waits until nothing is under way.
    pub(super) waits_for_rest: Cell<bool>,
    /// Whether a turn is under way, which sees to all that comes up in it.
    pub(super) turning: Cell<bool>,
    /// Room for the list of what is ready.
    pub(super) ready: RefCell<Vec<Ready>>,
    /// Calls that have not entered the graph.
    pub(super) lobby: OnceCell<Ahead>,
    /// There are some.
    pub(super) is_ahead: Cell<bool>,
}

/// Who takes a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taker {
    /// A promise, or whoever has no executor.
    Anybody,
    /// A promise in place of a driver that was woken; what there is to send may wait for the next turn, if nobody
    /// waits for it.
    PatientPromise,
    /// A driver, which sees to the vats it writes to.
    Driver,
    /// The same; what there is to send may wait, too.
    PatientDriver,
}

/// Calls that have not entered the graph, and how they do.
pub(super) struct Ahead {
    pub(super) lobby: Rc<dyn Any>,
    pub(super) enter: fn(&dyn Any, &Local),
}

impl Local {
    pub(super) fn new() -> Self {
        let place = HERE.with(|here| {
            let mut here = here.borrow_mut();
            here.iter().position(Option::is_none).unwrap_or_else(|| {
                here.push(None);
                here.len() - 1
            })
        });
        let number = u32::try_from(place).expect("memory ends before 2^32 vats");
        let mailbox = Arc::new(Mailbox::new(number));
        directory::enter(&mailbox);
        let signal = mailbox.signal.clone();
        let near = Near::enter(&signal);
        let local = Self(Rc::new(Inner {
            graph: RefCell::default(),
            tasks: RefCell::new(Tasks::new(signal.clone())),
            links: RefCell::new(Links::new(signal)),
            timers: RefCell::default(),
            targets: RefCell::default(),
            waiters: RefCell::default(),
            watchers: RefCell::default(),
            released: RefCell::default(),
            slots: RefCell::default(),
            taker: Cell::new(Taker::Anybody),
            withheld: Cell::new(false),
            reading: Cell::new(false),
            depth: Cell::new(0),
            sleeps_until: Cell::new(None),
            told: Cell::new(None),
            panicked: Cell::new(None),
            drivers: Cell::new(0),
            teller: Cell::new(None),
            watch: RefCell::default(),
            waits_for_rest: Cell::new(false),
            turning: Cell::new(false),
            ready: RefCell::default(),
            lobby: OnceCell::new(),
            is_ahead: Cell::new(false),
            mailbox,
            near,
        }));
        // In bounds: the place was found, or made, just now.
        HERE.with(|here| here.borrow_mut()[place] = Some(local.clone()));
        local
    }

    /// The vat `id`, if it lives on this thread and the thread is not ending.
    #[must_use]
    #[inline]
    pub fn find(id: VatId) -> Option<Self> {
        let found = HERE.try_with(|here| {
            let here = here.try_borrow().ok()?;
            here.get(id.place())?.as_ref().filter(|local| local.id() == id).cloned()
        });
        found.ok().flatten()
    }

    /// The vat at this place of the thread.
    pub(super) fn at(place: usize) -> Option<Self> {
        let found = HERE.try_with(|here| here.try_borrow().ok()?.get(place)?.clone());
        found.ok().flatten()
    }

    pub(super) fn leave(&self) {
        self.0.near.leave();
        directory::leave(self.id());
        // The vat is dropped after the borrow ends: its objects' destructors may look here.
        let gone = HERE.try_with(|here| here.borrow_mut().get_mut(self.id().place())?.take());
        drop(gone);
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }

    /// Which vat this is.
    #[must_use]
    #[inline]
    pub fn id(&self) -> VatId {
        self.0.mailbox.id()
    }

    /// Where other threads reach it.
    #[must_use]
    #[inline]
    pub fn mailbox(&self) -> &Arc<Mailbox> {
        &self.0.mailbox
    }

    /// Does something with the graph, which must not call foreign code. Work it makes is done at
    /// the next turn; use [`change`](Self::change) to have one.
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce(&mut Graph) -> R) -> R {
        self.enter_lobby();
        f(&mut self.0.graph.borrow_mut())
    }

    /// Does something with the graph, which then has work.
    #[inline]
    pub fn change<R>(&self, f: impl FnOnce(&mut Graph) -> R) -> R {
        let result = self.with(f);
        self.stir();
        result
    }

    /// The vat has work. In the midst of a turn nobody need be woken for it.
    #[inline]
    pub(super) fn stir(&self) {
        if !self.0.turning.get() {
            self.0.near.raise();
        }
    }

    /// Calls a capability, behind all calls made so far, those posted by other threads included.
    #[inline]
    pub fn call(&self, cap: Cap, request: Request) -> CallId {
        self.read_mail();
        let method = (request.interface, request.method);
        let call = self.change(|graph| graph.call(cap, request));
        doors::made(self.id(), call, method);
        call
    }

    /// Makes a streaming call, behind all calls made so far: see `Graph::write`.
    pub fn write(&self, cap: Cap, request: Request) -> Wrote {
        self.read_mail();
        let method = (request.interface, request.method);
        let wrote = self.change(|graph| graph.write(cap, request));
        let (Wrote::Sent(call) | Wrote::Waits(call)) = wrote;
        doors::made(self.id(), call, method);
        self.send_ahead();
        wrote
    }

    /// Done when the streaming calls made on `cap` so far are acknowledged: see `Graph::fence`.
    pub fn fence(&self, cap: Cap) -> CallId {
        self.read_mail();
        self.change(|graph| graph.fence(cap))
    }

    /// As [`call`](Self::call), and takes a reference of `cap`.
    #[inline]
    pub fn call_lent(&self, cap: Cap, request: Request) -> CallId {
        self.read_mail();
        let method = (request.interface, request.method);
        let call = self.change(|graph| graph.call_lent(cap, request));
        doors::made(self.id(), call, method);
        call
    }

    /// Has `waker` woken when the outcome of a call can be collected.
    pub fn await_outcome(&self, call: CallId, waker: &Waker) {
        self.with(|graph| graph.watch_outcome(call));
        let at = call.index() as usize;
        let is_known = |known: &Waker| known.will_wake(waker);
        if self.0.waiters.borrow().get(at).and_then(Option::as_ref).is_some_and(is_known) {
            return;
        }
        // Wakers are foreign code: cloned before the borrow, and dropped after it.
        let new = waker.clone();
        let mut waiters = self.0.waiters.borrow_mut();
        if waiters.len() <= at {
            make_room(&mut waiters, at + 1);
            waiters.resize(at + 1, None);
        }
        // In bounds: it was made as long just now.
        let before = waiters[at].replace(new);
        drop(waiters);
        drop(before);
    }

    /// Whether a promise is settled; if not, has `waker` woken when it is.
    pub fn poll_settled(&self, cap: Cap, waker: &Waker) -> bool {
        let waits = self.with(|graph| graph.watch(cap));
        if waits {
            // Clones are compared: see `links::remember`.
            let new = waker.clone();
            let is_known = |(at, known): &(Cap, Waker)| *at == cap && known.will_wake(&new);
            if !self.0.watchers.borrow().iter().any(is_known) {
                self.0.watchers.borrow_mut().push((cap, new));
            }
        }
        !waits
    }

    pub(super) fn take_waiter(&self, call: CallId) -> Option<Waker> {
        self.0.waiters.borrow_mut().get_mut(call.index() as usize)?.take()
    }

    pub(super) fn take_watchers(&self, cap: Cap) -> Vec<Waker> {
        let mut watchers = self.0.watchers.borrow_mut();
        let (settled, others) = watchers.drain(..).partition(|(at, _)| *at == cap);
        *watchers = others;
        let settled: Vec<(Cap, Waker)> = settled;
        settled.into_iter().map(|(_, waker)| waker).collect()
    }

    /// The vat is gone: wakes all who wait, to be told, and forgets who would be woken at a time.
    pub(super) fn wake_all(&self) {
        let timers = self.0.timers.take();
        let waiters = std::mem::take(&mut *self.0.waiters.borrow_mut());
        let watchers = std::mem::take(&mut *self.0.watchers.borrow_mut());
        waiters.into_iter().flatten().for_each(Waker::wake);
        watchers.into_iter().for_each(|(_, waker)| waker.wake());
        drop(timers);
    }

    /// Whether the [`Vat`](super::Vat) was dropped: what is hosted here would be kept for ever.
    fn has_ended(&self) -> bool {
        self.0.mailbox.is_closed()
    }

    /// Adds a connection over `transport`; the peer gets `bootstrap`, whose reference is taken.
    pub fn connect(
        &self,
        transport: Box<dyn Transport>,
        config: Config,
        bootstrap: Option<Cap>,
    ) -> (LinkId, Ending) {
        let link = self.change(|graph| graph.connect(Connection::new(config), bootstrap));
        if self.has_ended() {
            return (link, Arc::new(OnceLock::from(gone())));
        }
        doors::opened(self.id(), link, &*transport);
        let ending = self.0.links.borrow_mut().insert(link, transport);
        (link, ending)
    }

    /// Has `waker` woken when a connection is over.
    pub fn watch_closed(&self, link: LinkId, waker: &Waker) {
        self.0.links.borrow_mut().watch_closed(link, waker);
    }

    /// How many wakers are kept of those who wait for connections, promises or the next turn. A measure
    /// for finding leaks: it does not grow with how often they are polled.
    #[must_use]
    pub fn wakers(&self) -> usize {
        let (watchers, links) = (self.0.watchers.borrow().len(), self.0.links.borrow().wakers());
        watchers + links + self.0.near.sleepers()
    }

    /// Ready when all tables of a connection are empty, or it is over; else `waker` is woken then.
    pub fn poll_idle(&self, link: LinkId, waker: &Waker) -> Poll<()> {
        if self.is_idle(link) {
            return Poll::Ready(());
        }
        self.0.links.borrow_mut().watch_idle(link, waker);
        Poll::Pending
    }

    /// Whether all tables of a connection are empty, or it is over.
    #[must_use]
    pub fn is_idle(&self, link: LinkId) -> bool {
        self.with(|graph| graph.connection(link).is_none_or(Connection::is_idle))
    }

    /// Has `waker` woken at `due`, once.
    pub fn set_timer(&self, due: Instant, waker: Waker) -> TimerId {
        let id = self.0.timers.borrow_mut().set(due, waker);
        self.0.near.raise();
        id
    }

    /// Takes a timer back.
    pub fn cancel_timer(&self, id: TimerId) {
        let waker = self.0.timers.borrow_mut().cancel(id);
        drop(waker);
    }

    /// What a higher floor keeps for this vat, made when it is first asked for.
    #[must_use]
    pub fn slot<T: Default + 'static>(&self) -> Rc<T> {
        let known = self.0.slots.borrow().iter().find_map(|slot| slot.clone().downcast().ok());
        known.unwrap_or_else(|| {
            let new = Rc::new(T::default());
            self.0.slots.borrow_mut().push(new.clone());
            new
        })
    }

    pub(super) fn take_slots(&self) -> Vec<Rc<dyn Any>> {
        std::mem::take(&mut *self.0.slots.borrow_mut())
    }

    /// Runs a future on this thread, as part of this vat; drops it where the vat has ended.
    pub fn spawn(&self, future: LocalFuture<()>) {
        if self.has_ended() {
            return;
        }
        let (index, waker) = self.0.tasks.borrow_mut().reserve();
        let refused = self.0.tasks.borrow_mut().park(index, Work::Spawned(future));
        drop(refused);
        waker.wake_by_ref();
    }

    /// Takes in what other threads left.
    #[inline]
    pub fn read_mail(&self) {
        if self.0.mailbox.has_mail() {
            self.read_letters();
        }
    }

    #[cold]
    fn read_letters(&self) {
        // A job that calls comes here again, and what was posted behind the rest of its batch must
        // stay behind it.
        if self.0.reading.replace(true) {
            return;
        }
        let letters = self.0.mailbox.take();
        for job in letters.jobs {
            // A job that panics ends only itself: whoever posted it is told that nothing came.
            let _ = catch_unwind(AssertUnwindSafe(job));
        }
        self.0.reading.set(false);
        self.with(|graph| letters.releases.into_iter().for_each(|cap| graph.release(cap)));
        if self.0.mailbox.has_mail() {
            // It came meanwhile, and the turn it was to be seen to in may have been one of the jobs'.
            self.0.near.raise();
        }
    }
}

impl std::fmt::Debug for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.id())
    }
}
