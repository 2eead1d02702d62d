//! What is known of a run: what was done, what went wrong, who is there, and what was made and given back.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use bowline::wire::{Exception, ExceptionKind};
use bowline::worker::JsError;
use bowline::worker::stream::StreamError;

/// Why something asked for did not come as it should.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Whoever was asked is gone, which is right for whoever's connection was cut.
    Gone(String),
    /// It failed, or came to be something else: never right.
    Wrong(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(why) => write!(f, "gone: {why}"),
            Self::Wrong(why) => write!(f, "wrong: {why}"),
        }
    }
}

impl From<Exception> for Trouble {
    fn from(why: Exception) -> Self {
        match why.kind() {
            ExceptionKind::Disconnected => Self::Gone(why.reason().to_owned()),
            _ => Self::Wrong(why.to_string()),
        }
    }
}

impl From<JsError> for Trouble {
    fn from(why: JsError) -> Self {
        match why.exception().map(Exception::kind) {
            Some(ExceptionKind::Disconnected) => Self::Gone(why.to_string()),
            _ if why.is_retryable() => Self::Gone(why.to_string()),
            _ => Self::Wrong(why.to_string()),
        }
    }
}

impl From<StreamError> for Trouble {
    fn from(why: StreamError) -> Self {
        match why {
            StreamError::GivenAway { .. } => Self::Wrong(why.to_string()),
            _ => Self::Gone(why.to_string()),
        }
    }
}

pub(crate) type Outcome = Result<(), Trouble>;

/// It has to be so.
pub(crate) fn hold(is_so: bool, what: impl FnOnce() -> String) -> Outcome {
    if is_so { Ok(()) } else { Err(Trouble::Wrong(what())) }
}

/// How often something was tried, and how it ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    pub(crate) done: u64,
    pub(crate) cancelled: u64,
    pub(crate) cut: u64,
}

/// Shared by all threads of a run.
#[derive(Default)]
pub(crate) struct Ledger {
    counts: Mutex<BTreeMap<&'static str, Count>>,
    failures: Mutex<Vec<String>>,
    /// Connections that are up, by number: who holds something of them may call it.
    live: Mutex<BTreeMap<u64, ()>>,
    connections: AtomicU64,
    /// Everybody ends what they are at.
    over: AtomicBool,
    /// Everybody but the far side has gone.
    left: AtomicBool,
    /// Objects of the far side, and their disposers.
    pub(crate) made: AtomicU64,
    pub(crate) gone: AtomicU64,
    pub(crate) running: AtomicU64,
}

/// More than this need not be seen.
const FAILURES_MAX: usize = 20;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics with it")
}

impl Ledger {
    pub(crate) fn note(&self, what: &'static str, change: impl FnOnce(&mut Count)) {
        change(lock(&self.counts).entry(what).or_default());
    }

    pub(crate) fn counts(&self) -> BTreeMap<&'static str, Count> {
        lock(&self.counts).clone()
    }

    /// Something is wrong: everybody ends.
    pub(crate) fn fail(&self, what: String) {
        eprintln!("{what}");
        let mut failures = lock(&self.failures);
        if failures.len() < FAILURES_MAX {
            failures.push(what);
        }
        self.end();
    }

    pub(crate) fn failures(&self) -> Vec<String> {
        lock(&self.failures).clone()
    }

    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Release);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    pub(crate) fn leave(&self) {
        self.left.store(true, Ordering::Release);
    }

    pub(crate) fn is_left(&self) -> bool {
        self.left.load(Ordering::Acquire)
    }

    /// A connection is made.
    pub(crate) fn connected(&self) -> u64 {
        let number = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        lock(&self.live).insert(number, ());
        number
    }

    /// A connection ends, or is about to.
    pub(crate) fn ends(&self, connection: u64) {
        lock(&self.live).remove(&connection);
    }

    pub(crate) fn is_live(&self, connection: u64) -> bool {
        lock(&self.live).contains_key(&connection)
    }
}
