//! Calls a higher floor made that have not entered the graph: an object that answers at once need never be asked by way of it.

use std::any::Any;
use std::future::Future;
use std::rc::Rc;
use std::task::Context;

use crate::vat::{CallId, Graph};

use super::dispatch::{Answer, Conclusion};
use super::doors;
use super::local::{Ahead, Local};
use super::tasks::Work;
use super::turn::During;

/// Keeps calls of a vat out of its graph for as long as nobody looks there. The order of all calls stays
/// that in which they were made: calls are kept only while nothing is queued in the graph, and every door to
/// the graph but [`Local::quietly`] has the lobby emptied first.
pub trait Lobby: Any {
    /// Has every call that is kept enter the graph, in the order they were made. It may run within any use of
    /// the vat in which the graph is not borrowed: what foreign code dropping runs is left to
    /// [`Local::drop_later`].
    fn enter(&self, here: &Local);
}

impl Local {
    /// The vat's lobby, made when it is first asked for. `None` if it has one of another kind.
    #[inline]
    pub fn lobby<L: Lobby + Default>(&self) -> Option<&L> {
        let ahead = self.inner().lobby.get_or_init(|| Ahead {
            lobby: Rc::new(L::default()),
            enter: |lobby, here| {
                if let Some(lobby) = lobby.downcast_ref::<L>() {
                    lobby.enter(here);
                }
            },
        });
        ahead.lobby.downcast_ref()
    }

    /// Whether a call made now may be kept in the lobby. Takes in what other threads posted before it. Not where
    /// somebody wants to hear of each call: they are told of at the doors of the graph.
    #[inline]
    pub fn may_wait_in_lobby(&self) -> bool {
        if doors::are_watched() {
            return false;
        }
        self.read_mail();
        self.inner().is_ahead.get() || !self.quietly(|graph| graph.has_queued())
    }

    /// A call was put into the lobby: whoever drives the vat is told, and the next to look at the graph has
    /// it enter.
    #[inline]
    pub fn keep_ahead(&self) {
        self.inner().is_ahead.set(true);
        self.stir();
    }

    /// Nothing is kept in the lobby any more.
    #[inline]
    pub fn end_ahead(&self) {
        self.inner().is_ahead.set(false);
    }

    /// Has the calls in the lobby enter the graph.
    #[inline]
    pub fn enter_lobby(&self) {
        if self.inner().is_ahead.get() {
            self.enter_calls();
        }
    }

    #[cold]
    fn enter_calls(&self) {
        self.inner().is_ahead.set(false);
        if let Some(ahead) = self.inner().lobby.get() {
            (ahead.enter)(&*ahead.lobby, self);
        }
    }

    /// Does something with the graph that has no place in the order of calls, and calls no foreign code. What
    /// is in the lobby stays there.
    #[inline]
    pub fn quietly<R>(&self, f: impl FnOnce(&mut Graph) -> R) -> R {
        f(&mut self.inner().graph.borrow_mut())
    }

    /// Has `run` ask objects on behalf of a promise that is polled, as [`pump`](Self::pump) delivers calls. `None`:
    /// drains are nested too deep, and nothing was done.
    #[inline]
    pub fn ahead_of_graph<R>(&self, run: impl FnOnce() -> R) -> Option<R> {
        // Where nobody drives this is a turn, which sees to all that comes up in it.
        let turning = (!self.is_driven()).then(|| During::new(&self.inner().turning, true));
        let during = self.nest()?;
        if self.has_releases() {
            self.drain_releases();
            self.drain_graph();
        }
        let result = run();
        drop(during);
        // What went on its way by the graph has its turn, as if nobody had asked.
        let went = self.quietly(|graph| graph.has_queued());
        if went {
            self.drain();
        }
        if let Some(turning) = turning {
            drop(turning);
            if went || self.has_more() {
                self.catch_up();
            }
        }
        Some(result)
    }

    /// There may be something to be done that nobody has told of yet.
    #[inline]
    fn has_more(&self) -> bool {
        self.inner().near.has_ready() || self.has_releases() || self.wants_to_resume()
    }

    /// Runs what a delivered call waits for, which was not polled yet, as a task.
    pub fn attend<F>(&self, call: CallId, future: F)
    where
        F: Future<Output = Conclusion> + Unpin + 'static,
    {
        let (index, waker) = self.inner().tasks.borrow_mut().reserve();
        let mut cx = Context::from_waker(&waker);
        match Answer::of(future, &mut cx) {
            Answer::Waiting(future) | Answer::Later(future) => {
                self.park(index, Work::Call(call, future));
            }
            Answer::Now(conclusion) => {
                self.inner().tasks.borrow_mut().end(index);
                self.conclude(call, conclusion);
            }
        }
    }
}
