//! Two ends share what lies between them: by a cell on one thread, by a lock on two.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

/// Something with two owners. A step never runs foreign code: no waker is woken or dropped, and no
/// message is dropped, while it is borrowed or locked.
pub trait Share<T>: Unpin {
    fn with<R>(&self, step: impl FnOnce(&mut T) -> R) -> R;
}

impl<T> Share<T> for Rc<RefCell<T>> {
    fn with<R>(&self, step: impl FnOnce(&mut T) -> R) -> R {
        step(&mut self.borrow_mut())
    }
}

impl<T> Share<T> for Arc<Mutex<T>> {
    fn with<R>(&self, step: impl FnOnce(&mut T) -> R) -> R {
        // No step panics half way, so what a poisoned lock holds is whole.
        step(&mut self.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
