//! One turn: read what there is, deliver, run what became ready, give back, write once.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::vat::{CallId, Output, TargetId};

use super::dispatch::{Answer, Conclusion, Delivery, LocalFuture};
use super::doors::{self, Within};
use super::local::{Local, Taker};
use super::quiet::{drop_quietly, poll_quietly};
use super::signal::{Ready, Sleeper};
use super::tasks::Work;

/// How deep drains nest: an object whose answer waits for a promise drains the queue inside of its
/// own delivery. Beyond this the promise is pending and an outer drain goes on, so that a chain of
/// objects waiting for each other takes no more stack than this.
pub(super) const NESTED_DRAINS_MAX: u32 = 8;

/// How many outputs one drain carries out before other work has its turn.
const OUTPUTS_PER_DRAIN: usize = 4096;

/// How many turns one poll of a promise takes, where it drives, before others of the same executor
/// have theirs. A peer that never stops talking, or a task that waits for one of those others and
/// wakes itself meanwhile, would otherwise keep the poll for ever.
const TURNS_PER_PUMP: usize = 32;

/// What a turn left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Turn {
    /// There is more to do now.
    More,
    /// There is nothing to do before something happens or this time comes.
    Idle(Option<Instant>),
}

impl Local {
    /// One turn at the time `now`. Without a time, timers stand still.
    ///
    /// Cancel safe: a turn is never half done.
    pub fn turn(&self, now: Option<Instant>) -> Turn {
        let during = During::new(&self.inner().turning, true);
        self.take_turn(now);
        drop(during);
        if self.inner().near.is_raised() || self.has_work() {
            return Turn::More;
        }
        Turn::Idle(self.inner().timers.borrow().next_due())
    }

    /// As [`turn`](Self::turn), by a driver that lets others of its executor have their turn before it takes the next one,
    /// if this one withheld something. Whoever was answered just now may call again, and what ends
    /// the call before goes out in the same write.
    pub(super) fn turn_patiently(&self, now: Instant) -> Turn {
        self.turn_as(now, Taker::Driver, Taker::PatientDriver)
    }

    /// A turn of the first, or, where the last one withheld nothing, of the second, who is patient.
    fn turn_as(&self, now: Instant, taker: Taker, patient: Taker) -> Turn {
        let withheld = self.inner().withheld.take();
        let during = During::new(&self.inner().taker, if withheld { taker } else { patient });
        let turn = self.turn(Some(now));
        drop(during);
        turn
    }

    /// As [`turn_patiently`](Self::turn_patiently), unless it would find nothing to do: whoever woke the driver meant another
    /// future of the same task, or a promise took the turn.
    pub(super) fn turn_if_any(&self, now: Instant) -> Turn {
        let due = self.inner().timers.borrow().next_due();
        let is_due = due.is_some_and(|due| due <= now);
        if is_due || self.inner().near.is_raised() || self.inner().withheld.get() || self.has_work()
        {
            return self.turn_patiently(now);
        }
        let none_due = self.inner().timers.borrow_mut().advance(now);
        drop(none_due);
        Turn::Idle(due)
    }

    /// There is something to be done that nobody need be told of.
    #[inline]
    fn has_work(&self) -> bool {
        self.has_releases() || self.with(|graph| graph.has_queued()) || self.wants_to_resume()
    }

    /// Sees to what came up beside something that was done without a turn, where nobody drives.
    #[inline]
    pub(super) fn catch_up(&self) {
        for _ in 0..TURNS_PER_PUMP {
            if !self.inner().near.has_ready() && !self.has_work() {
                return;
            }
            let _ = self.turn(None);
        }
    }

    fn take_turn(&self, now: Option<Instant>) {
        if let Some(now) = now {
            let due = self.inner().timers.borrow_mut().advance(now);
            due.into_iter().for_each(Waker::wake);
            self.with(|graph| graph.tell_time(now));
        }
        self.enter_lobby();
        // Taken before anything is looked at: what is raised from here on asks for another turn.
        let mut ready = self.inner().ready.take();
        self.inner().near.take(&mut ready);
        self.read_mail();
        // What was cancelled since the last turn is not polled in this one.
        if self.has_releases() {
            self.drain_releases();
            self.drain();
        }
        self.run_ready(ready);
        self.resume_paused();
        self.drain();
        if self.has_releases() {
            self.drain_releases();
            self.drain();
        }
        self.transmit();
        self.part();
        self.tell_idle();
        self.tell_rest();
    }

    /// Drives the vat on behalf of a promise that is polled: delivers calls, takes in what a driver was woken for
    /// and has not come to, and does all else too where no driver does.
    #[inline]
    pub fn pump(&self, waker: &Waker) {
        if self.is_driven() {
            self.take_in();
            self.drain_releases();
            return self.drain();
        }
        for _ in 0..TURNS_PER_PUMP {
            if self.turn(None) != Turn::More && self.inner().near.sleep(Sleeper::Promise, waker) {
                return;
            }
        }
        waker.wake_by_ref();
    }

    /// Takes the turn a sleeping driver was woken for. An executor that polls what it blocks on before its tasks, as
    /// tokio does, looks for input once more between a task and what that woke; here the answer is there at once.
    fn take_in(&self) {
        let inner = self.inner();
        if inner.depth.get() > 0 || inner.turning.get() || !inner.near.has_ready() {
            return;
        }
        if let Some(now) = inner.teller.get().map(|now| self.is_told(now())) {
            let _ = inner.watch.borrow_mut().came(now);
            // Whom it writes to is woken: a promise is no driver that would see to them.
            let _ = self.turn_as(now, Taker::Anybody, Taker::PatientPromise);
        }
    }

    /// Whether connections and timers are left to somebody else: a driver, or the turn that is under
    /// way, where tasks that wait for each other take no stack.
    #[inline]
    pub(super) fn is_driven(&self) -> bool {
        self.inner().drivers.get() > 0 || self.is_in_use()
    }

    /// Whether a turn or a drain of this vat is on the stack.
    #[inline]
    pub(super) fn is_in_use(&self) -> bool {
        self.inner().depth.get() > 0 || self.inner().turning.get()
    }

    /// One more drain on the stack, unless there are too many.
    #[inline]
    pub(super) fn nest(&self) -> Option<During<'_, u32>> {
        let depth = &self.inner().depth;
        (depth.get() < NESTED_DRAINS_MAX).then(|| During::new(depth, depth.get() + 1))
    }

    /// It is `now`, by the clock of the vat's own driver.
    #[inline]
    pub(super) fn is_told(&self, now: Instant) -> Instant {
        self.inner().told.set(Some(now));
        now
    }

    /// The time as of the last turn.
    pub fn now(&self) -> Option<Instant> {
        self.inner().timers.borrow().now()
    }

    fn run_ready(&self, mut ready: Vec<Ready>) {
        for ready in &ready {
            match *ready {
                Ready::Task(index) => self.run_task(index),
                Ready::Receive(index) => self.receive(index),
                Ready::Flush(index) => self.flush(index),
            }
        }
        ready.clear();
        self.inner().ready.replace(ready);
    }

    /// Carries out what the graph wants, calls in the order they were made. Does nothing where
    /// drains are nested too deep: an outer one goes on.
    pub fn drain(&self) {
        self.enter_lobby();
        self.drain_graph();
    }

    /// As [`drain`](Self::drain), for what is in the graph: calls in the lobby were made later.
    pub(super) fn drain_graph(&self) {
        if self.quietly(|graph| graph.is_quiet()) {
            return;
        }
        let Some(_during) = self.nest() else { return };
        for _ in 0..OUTPUTS_PER_DRAIN {
            let Some(output) = self.quietly(|graph| graph.poll_output()) else { break };
            self.carry_out(output);
        }
    }

    #[inline]
    fn carry_out(&self, output: Output) {
        match output {
            Output::Deliver { target, call, interface, method, params } => {
                self.deliver(target, Delivery { call, interface, method, params });
            }
            Output::Cancel { call } => {
                doors::cancelled(self.id(), call);
                let work = self.inner().tasks.borrow_mut().cancel(call);
                drop_quietly(work);
            }
            Output::Completed { call } => {
                if let Some(waker) = self.take_waiter(call) {
                    waker.wake();
                }
            }
            Output::Settled { cap } => self.take_watchers(cap).into_iter().for_each(Waker::wake),
            Output::Dropped { target } => drop_quietly(self.evict(target)),
            Output::Cross { membrane, call, crosser } => self.judge(membrane, call, &crosser),
            Output::Admit { membrane, side, cap, promise } => {
                self.admit(membrane, side, cap, promise);
            }
            Output::MembraneGone { membrane } => self.dismiss(membrane),
            Output::Closed { link, why } => self.begin_close(link, why),
        }
    }

    fn deliver(&self, target: TargetId, delivery: Delivery) {
        let call = delivery.call;
        if let Some(conclusion) = self.hand_over(target, delivery) {
            self.conclude(call, conclusion);
        }
    }

    /// Hands a call to its object. Most have their answer at once, and never become a task.
    #[inline]
    pub(super) fn hand_over(&self, target: TargetId, delivery: Delivery) -> Option<Conclusion> {
        let Some(object) = self.target(target) else {
            self.release_payload(delivery.params);
            return None;
        };
        let call = delivery.call;
        let (index, waker) = self.inner().tasks.borrow_mut().reserve();
        let mut cx = Context::from_waker(&waker);
        let within = Within::new(self.id(), &delivery);
        let answer = {
            let _inside = within.enter();
            catch_unwind(AssertUnwindSafe(|| object.dispatch(delivery, &mut cx)))
        };
        let conclusion = match answer {
            Ok(Answer::Now(conclusion)) => conclusion,
            Ok(Answer::Waiting(future)) => {
                self.park(index, Work::Call(call, within.around(future)));
                return None;
            }
            Ok(Answer::Later(future)) => {
                self.answer_later(index, &waker, call, within.around(future));
                return None;
            }
            Err(_) => Conclusion::panicked(),
        };
        self.inner().tasks.borrow_mut().end(index);
        Some(conclusion)
    }

    fn answer_later(
        &self,
        index: u32,
        waker: &Waker,
        call: CallId,
        future: LocalFuture<Conclusion>,
    ) {
        if self.with(|graph| graph.is_delivered(call)) {
            return self.poll_call(index, waker, call, future);
        }
        self.inner().tasks.borrow_mut().end(index);
        drop_quietly(future);
    }

    /// A future waits; if its call was cancelled while it was polled, it is dropped.
    pub(super) fn park(&self, index: u32, work: Work) {
        if let Work::Call(call, _) = &work
            && !self.with(|graph| graph.is_delivered(*call))
        {
            self.inner().tasks.borrow_mut().end(index);
            return drop_quietly(work);
        }
        let refused = self.inner().tasks.borrow_mut().park(index, work);
        drop_quietly(refused);
    }

    fn run_task(&self, index: u32) {
        let taken = self.inner().tasks.borrow_mut().take(index);
        match taken {
            Some((Work::Call(call, future), waker)) => self.poll_call(index, &waker, call, future),
            Some((Work::Spawned(future), waker)) => self.poll_spawned(index, &waker, future),
            None => {}
        }
    }

    fn poll_call(
        &self,
        index: u32,
        waker: &Waker,
        call: CallId,
        mut future: LocalFuture<Conclusion>,
    ) {
        let conclusion = match poll_quietly(future.as_mut(), waker) {
            Some(Poll::Pending) => {
                return self.park(index, Work::Call(call, future));
            }
            Some(Poll::Ready(conclusion)) => conclusion,
            None => Conclusion::panicked(),
        };
        self.inner().tasks.borrow_mut().end(index);
        drop_quietly(future);
        self.conclude(call, conclusion);
    }

    fn poll_spawned(&self, index: u32, waker: &Waker, mut future: LocalFuture<()>) {
        if let Some(Poll::Pending) = poll_quietly(future.as_mut(), waker) {
            return self.park(index, Work::Spawned(future));
        }
        self.inner().tasks.borrow_mut().end(index);
        drop_quietly(future);
    }

    /// Ends a delivered call as its object says.
    #[inline]
    pub fn conclude(&self, call: CallId, conclusion: Conclusion) {
        doors::returned(self.id(), call, &conclusion);
        self.with(|graph| match conclusion {
            Conclusion::Return(outcome) => graph.respond(call, outcome),
            Conclusion::Redirect(cap, request) => {
                graph.redirect(call, cap, request);
                graph.release(cap);
            }
        });
    }
}

/// Sets a cell for a while. A waker that panics in the midst of it must not leave it set: the vat
/// would take no turn any more.
pub(super) struct During<'a, T: Copy> {
    cell: &'a Cell<T>,
    before: T,
}

impl<'a, T: Copy> During<'a, T> {
    pub(super) fn new(cell: &'a Cell<T>, value: T) -> Self {
        Self { cell, before: cell.replace(value) }
    }
}

impl<T: Copy> Drop for During<'_, T> {
    fn drop(&mut self) {
        self.cell.set(self.before);
    }
}
