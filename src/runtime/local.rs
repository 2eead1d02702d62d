//! The vat as its own thread sees it: the graph, the objects, and what runs for them.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Instant;

use crate::conn::{Config, Connection};
use crate::transport::Transport;
use crate::vat::{CallId, Cap, Graph, LinkId, Outcome, Payload, Request, TargetId};

use super::dispatch::{Dispatch, LocalFuture};
use super::links::Links;
use super::mailbox::{Mailbox, VatId};
use super::tasks::{Tasks, Work};
use super::timers::{TimerId, Timers};
use super::turn::Turn;

thread_local! {
    static HERE: RefCell<Vec<Local>> = const { RefCell::new(Vec::new()) };
}

/// A vat of this thread. Clones are the same vat.
///
/// No method runs foreign code while the vat is borrowed, so each may be called from anywhere on
/// the thread: from an object, a future, a waker or a destructor.
#[derive(Clone)]
pub struct Local(Rc<Inner>);

pub(super) struct Inner {
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) graph: RefCell<Graph>,
    pub(super) tasks: RefCell<Tasks>,
    pub(super) links: RefCell<Links>,
    pub(super) timers: RefCell<Timers>,
    targets: RefCell<Targets>,
    waiters: RefCell<Vec<Option<Waker>>>,
    watchers: RefCell<Vec<(Cap, Waker)>>,
    /// What destructors gave up since the last turn: they only write here.
    released: RefCell<Vec<Release>>,
    /// What higher floors keep for this vat, by type.
    slots: RefCell<Vec<Rc<dyn Any>>>,
    /// How many drains are on the stack.
    pub(super) depth: Cell<u32>,
    /// How many drivers this vat has; without one, the promises that are polled drive it.
    pub(super) drivers: Cell<u32>,
}

/// What a destructor gave up.
enum Release {
    Cap(Cap),
    Result(CallId),
    Pipeline(CallId),
    Payload(Payload),
}

#[derive(Default)]
struct Targets {
    slots: Vec<Option<Rc<dyn Dispatch>>>,
    free: Vec<u32>,
}

impl Local {
    pub(super) fn new() -> Self {
        let mailbox = Arc::new(Mailbox::new());
        let signal = mailbox.signal.clone();
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
            depth: Cell::new(0),
            drivers: Cell::new(0),
            mailbox,
        }));
        HERE.with(|here| here.borrow_mut().push(local.clone()));
        local
    }

    /// The vat `id`, if it lives on this thread and the thread is not ending.
    #[must_use]
    pub fn find(id: VatId) -> Option<Self> {
        HERE.try_with(|here| here.try_borrow().ok()?.iter().find(|local| local.id() == id).cloned())
            .ok()
            .flatten()
    }

    pub(super) fn leave(&self) {
        // The vat is dropped after the borrow ends: its objects' destructors may look here.
        let gone = HERE.try_with(|here| {
            let mut here = here.borrow_mut();
            let at = here.iter().position(|local| local.id() == self.id())?;
            Some(here.swap_remove(at))
        });
        drop(gone);
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }

    /// Which vat this is.
    #[must_use]
    pub fn id(&self) -> VatId {
        self.0.mailbox.id()
    }

    /// Where other threads reach it.
    #[must_use]
    pub fn mailbox(&self) -> &Arc<Mailbox> {
        &self.0.mailbox
    }

    /// Does something with the graph, which must not call foreign code. Work it makes is done at
    /// the next turn; use [`change`](Self::change) to have one.
    pub fn with<R>(&self, f: impl FnOnce(&mut Graph) -> R) -> R {
        f(&mut self.0.graph.borrow_mut())
    }

    /// Does something with the graph, which then has work.
    pub fn change<R>(&self, f: impl FnOnce(&mut Graph) -> R) -> R {
        let result = self.with(f);
        self.0.mailbox.signal.raise();
        result
    }

    /// Hosts an object. The caller gets the one reference.
    pub fn host(&self, object: Rc<dyn Dispatch>) -> Cap {
        let target = self.0.targets.borrow_mut().insert(object);
        self.with(|graph| graph.host(target))
    }

    /// Calls a capability, behind all calls made so far, those posted by other threads included.
    pub fn call(&self, cap: Cap, request: Request) -> CallId {
        self.read_mail();
        self.change(|graph| graph.call(cap, request))
    }

    /// Takes the outcome of a call, or has `waker` woken when it is there.
    pub fn poll_outcome(&self, call: CallId, waker: &Waker) -> Option<Outcome> {
        if let Some(outcome) = self.with(|graph| graph.take(call)) {
            return Some(outcome);
        }
        let mut waiters = self.0.waiters.borrow_mut();
        let at = call.index() as usize;
        if waiters.len() <= at {
            waiters.resize(at + 1, None);
        }
        match &mut waiters[at] {
            Some(known) if known.will_wake(waker) => {}
            slot => *slot = Some(waker.clone()),
        }
        None
    }

    /// Whether a promise is settled; if not, has `waker` woken when it is.
    pub fn poll_settled(&self, cap: Cap, waker: &Waker) -> bool {
        let waits = self.with(|graph| graph.watch(cap));
        if waits {
            let mut watchers = self.0.watchers.borrow_mut();
            if !watchers.iter().any(|(at, known)| *at == cap && known.will_wake(waker)) {
                watchers.push((cap, waker.clone()));
            }
        }
        !waits
    }

    pub(super) fn take_waiter(&self, call: CallId) -> Option<Waker> {
        self.0.waiters.borrow_mut().get_mut(call.index() as usize)?.take()
    }

    pub(super) fn take_watchers(&self, cap: Cap) -> Vec<Waker> {
        let mut watchers = self.0.watchers.borrow_mut();
        let mut settled = Vec::new();
        watchers.retain(|(at, waker)| {
            if *at == cap {
                settled.push(waker.clone());
            }
            *at != cap
        });
        settled
    }

    pub(super) fn target(&self, target: TargetId) -> Option<Rc<dyn Dispatch>> {
        self.0.targets.borrow().slots.get(target.0 as usize)?.clone()
    }

    /// Takes an object nobody refers to, to be dropped by the caller.
    pub(super) fn evict(&self, target: TargetId) -> Option<Rc<dyn Dispatch>> {
        self.0.targets.borrow_mut().remove(target)
    }

    pub(super) fn evict_all(&self) -> Vec<Option<Rc<dyn Dispatch>>> {
        std::mem::take(&mut self.0.targets.borrow_mut().slots)
    }

    /// The vat is gone: wakes all who wait, to be told.
    pub(super) fn wake_all(&self) {
        let waiters = std::mem::take(&mut *self.0.waiters.borrow_mut());
        let watchers = std::mem::take(&mut *self.0.watchers.borrow_mut());
        waiters.into_iter().flatten().for_each(Waker::wake);
        watchers.into_iter().for_each(|(_, waker)| waker.wake());
    }

    /// Adds a connection over `transport`; the peer gets `bootstrap`, whose reference is taken.
    pub fn connect(
        &self,
        transport: Box<dyn Transport>,
        config: Config,
        bootstrap: Option<Cap>,
    ) -> LinkId {
        let link = self.change(|graph| graph.connect(Connection::new(config), bootstrap));
        self.0.links.borrow_mut().insert(link, transport);
        link
    }

    /// Ready once a connection is over.
    pub fn poll_closed(&self, link: LinkId, waker: &Waker) -> Poll<()> {
        self.0.links.borrow_mut().poll_closed(link, waker)
    }

    /// Has `waker` woken at `due`, once.
    pub fn set_timer(&self, due: Instant, waker: Waker) -> TimerId {
        let id = self.0.timers.borrow_mut().set(due, waker);
        self.0.mailbox.signal.raise();
        id
    }

    /// Takes a timer back.
    pub fn cancel_timer(&self, id: TimerId) {
        self.0.timers.borrow_mut().cancel(id);
    }

    /// Drives the vat on behalf of a promise that is polled: delivers calls, and does all else
    /// too where no driver does.
    pub fn pump(&self, waker: &Waker) {
        if self.0.drivers.get() > 0 || self.0.depth.get() > 0 {
            self.drain_releases();
            return self.drain();
        }
        while self.turn(None) == Turn::More {}
        if !self.0.mailbox.signal.sleep(waker) {
            waker.wake_by_ref();
        }
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

    /// Runs a future on this thread, as part of this vat.
    pub fn spawn(&self, future: LocalFuture<()>) {
        let (index, waker) = self.0.tasks.borrow_mut().reserve();
        let refused = self.0.tasks.borrow_mut().park(index, Work::Spawned(future));
        drop(refused);
        waker.wake();
    }

    /// Gives a reference back at the next turn.
    pub fn release(&self, cap: Cap) {
        self.give_up(Release::Cap(cap));
    }

    /// Gives back the references of a payload at the next turn.
    pub fn release_payload(&self, payload: Payload) {
        self.give_up(Release::Payload(payload));
    }

    /// Awaits the results of a call no more, from the next turn on.
    pub fn drop_result(&self, call: CallId) {
        self.give_up(Release::Result(call));
    }

    /// Pipelines on a call no more, from the next turn on.
    pub fn drop_pipeline(&self, call: CallId) {
        self.give_up(Release::Pipeline(call));
    }

    fn give_up(&self, release: Release) {
        self.0.released.borrow_mut().push(release);
        self.0.mailbox.signal.raise();
    }

    pub(super) fn drain_releases(&self) {
        if self.0.released.borrow().is_empty() {
            return;
        }
        let mut released = std::mem::take(&mut *self.0.released.borrow_mut());
        self.with(|graph| {
            for release in released.drain(..) {
                match release {
                    Release::Cap(cap) => graph.release(cap),
                    Release::Result(call) => graph.drop_result(call),
                    Release::Pipeline(call) => graph.drop_pipeline(call),
                    Release::Payload(payload) => graph.release_payload(payload),
                }
            }
        });
        let mut list = self.0.released.borrow_mut();
        if list.is_empty() {
            *list = released;
        }
    }

    /// Takes in what other threads left.
    pub fn read_mail(&self) {
        if !self.0.mailbox.has_mail() {
            return;
        }
        let letters = self.0.mailbox.take();
        for job in letters.jobs {
            job(self);
        }
        self.with(|graph| letters.releases.into_iter().for_each(|cap| graph.release(cap)));
    }
}

impl Targets {
    fn insert(&mut self, object: Rc<dyn Dispatch>) -> TargetId {
        if let Some(index) = self.free.pop() {
            self.slots[index as usize] = Some(object);
            return TargetId(index);
        }
        self.slots.push(Some(object));
        TargetId(u32::try_from(self.slots.len() - 1).expect("memory ends before 2^32 objects"))
    }

    fn remove(&mut self, target: TargetId) -> Option<Rc<dyn Dispatch>> {
        let object = self.slots.get_mut(target.0 as usize)?.take()?;
        self.free.push(target.0);
        Some(object)
    }
}

impl std::fmt::Debug for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.id())
    }
}
