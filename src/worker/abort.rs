//! A signal tells many that something is not wanted any more.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use futures_channel::oneshot;

use super::heard::while_heard;
use crate::worker::value::{self, DomException, External, ExternalKind, Resource, Value, View};

/// Aborts a signal. Dropped unused, its signal is never aborted.
#[derive(Debug, Default)]
pub struct AbortController(AbortSignal);

impl AbortController {
    /// A controller and its signal.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Its signal.
    #[must_use]
    pub fn signal(&self) -> AbortSignal {
        self.0.clone()
    }

    /// Aborts the signal. Only the first reason counts; `undefined` becomes an `AbortError`, as in JavaScript.
    pub fn abort(&self, reason: impl Into<Value>) {
        let reason = reason.into();
        let reason = if reason.is_undefined() { aborted() } else { reason };
        self.0.settle(Settled::Aborted(reason));
    }
}

impl Drop for AbortController {
    fn drop(&mut self) {
        self.0.settle(Settled::Never);
    }
}

/// What JavaScript gives as reason where none was given.
fn aborted() -> Value {
    let (name, message) = ("AbortError".to_owned(), "The operation was aborted".to_owned());
    Value::dom_exception(DomException { name, message, stack: String::new() })
}

/// Whether something is still wanted. Clones are the same signal; sent in a value, the receiver has one that
/// is aborted when this is.
///
/// ```
/// use bowline::worker::{AbortController, AbortSignal};
/// use bowline::worker::value::{Value, View};
///
/// let controller = AbortController::new();
/// let value = Value::from(controller.signal());
/// let View::AbortSignal(view) = value.view() else { panic!("a signal") };
/// let signal = AbortSignal::of(view);
/// controller.abort("too late");
/// assert_eq!(signal.reason(), Some(Value::from("too late")));
/// ```
#[derive(Clone, Default)]
pub struct AbortSignal(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    settled: Option<Settled>,
    waiting: Vec<(u64, Waker)>,
    next: u64,
    /// Tells who follows another signal for this one, by being dropped with it.
    _followed: Option<oneshot::Receiver<()>>,
}

/// Has a signal do as another does, for as long as anybody has it. Dropped unused, it is never aborted.
pub(super) struct Follower {
    signal: Weak<Mutex<State>>,
    dropped: oneshot::Sender<()>,
}

impl Follower {
    /// What `future` comes to; `None` if nobody has the signal any more before.
    pub(super) async fn unless_dropped<F: Future>(&mut self, future: F) -> Option<F::Output> {
        while_heard(&mut self.dropped, future).await
    }

    /// Aborts the signal.
    pub(super) fn abort(self, reason: Value) {
        self.settle(Settled::Aborted(reason));
    }

    fn settle(&self, settled: Settled) {
        if let Some(state) = self.signal.upgrade() {
            AbortSignal(state).settle(settled);
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.settle(Settled::Never);
    }
}

#[derive(Clone)]
enum Settled {
    Aborted(Value),
    /// Whoever could have aborted it is gone.
    Never,
}

impl AbortSignal {
    /// One that is aborted.
    #[must_use]
    pub fn aborted(reason: impl Into<Value>) -> Self {
        let controller = AbortController::new();
        controller.abort(reason);
        controller.signal()
    }

    /// One that never is.
    #[must_use]
    pub fn never() -> Self {
        AbortController::new().signal()
    }

    /// One that does as another, and who sees to that.
    pub(super) fn followed() -> (Self, Follower) {
        let (dropped, followed) = oneshot::channel();
        let state = State { _followed: Some(followed), ..State::default() };
        let signal = Self(Arc::new(Mutex::new(state)));
        let follower = Follower { signal: Arc::downgrade(&signal.0), dropped };
        (signal, follower)
    }

    /// The signal of a value.
    #[must_use]
    pub fn of(signal: value::AbortSignal<'_>) -> Self {
        if signal.is_aborted() {
            return Self::aborted(signal.reason().to_value());
        }
        let known = signal.trigger().and_then(External::get::<Self>);
        known.cloned().unwrap_or_else(Self::never)
    }

    /// The signal of a value, if it is one.
    #[must_use]
    pub fn of_value(value: &Value) -> Option<Self> {
        if let View::AbortSignal(signal) = value.view() { Some(Self::of(signal)) } else { None }
    }

    /// Whether it is aborted.
    #[must_use]
    pub fn is_aborted(&self) -> bool {
        self.reason().is_some()
    }

    /// Why it is aborted, if it is.
    #[must_use]
    pub fn reason(&self) -> Option<Value> {
        match &self.lock().settled {
            Some(Settled::Aborted(reason)) => Some(reason.clone()),
            Some(Settled::Never) | None => None,
        }
    }

    /// Ready when it is aborted, with the reason; never if it never is. Cancel safe.
    pub async fn when_aborted(&self) -> Value {
        match self.settles().await {
            Some(reason) => reason,
            None => std::future::pending().await,
        }
    }

    /// Ready when it is aborted, with the reason, or it is known that it never will be. Cancel safe.
    pub async fn settles(&self) -> Option<Value> {
        match (Waiting { signal: self, number: None }).await {
            Settled::Aborted(reason) => Some(reason),
            Settled::Never => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, settled: Settled) {
        let mut state = self.lock();
        if state.settled.is_some() {
            return;
        }
        state.settled = Some(settled);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(|(_, waker)| waker.wake());
    }
}

/// Somebody who waits for a signal.
struct Waiting<'a> {
    signal: &'a AbortSignal,
    /// Its place among those who wait.
    number: Option<u64>,
}

impl Future for Waiting<'_> {
    type Output = Settled;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Settled> {
        let waker = cx.waker().clone();
        let mut state = self.signal.lock();
        if let Some(settled) = state.settled.clone() {
            return Poll::Ready(settled);
        }
        let number = self.number.unwrap_or(state.next);
        let before = match state.waiting.iter_mut().find(|(known, _)| *known == number) {
            Some((_, known)) => Some(std::mem::replace(known, waker)),
            None => {
                state.next += 1;
                state.waiting.push((number, waker));
                None
            }
        };
        drop(state);
        drop(before);
        self.number = Some(number);
        Poll::Pending
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.signal.lock().waiting.retain(|(known, _)| *known != number);
        }
    }
}

impl Resource for AbortSignal {
    fn kind(&self) -> ExternalKind {
        ExternalKind::AbortSignal
    }
}

impl From<AbortSignal> for Value {
    fn from(signal: AbortSignal) -> Self {
        let settled = signal.lock().settled.clone();
        match settled {
            Some(Settled::Aborted(reason)) => Self::aborted_signal(reason),
            Some(Settled::Never) => Self::abort_signal(None),
            None => Self::abort_signal(Some(External::new(signal))),
        }
    }
}

impl fmt::Debug for AbortSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AbortSignal {{ aborted: {} }}", self.is_aborted())
    }
}
