//! Running under tokio: its clock for a driver.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::time::Sleep;

use super::driver::{Clock, Driver};
use super::host::Vat;

/// Tokio's clock. To be polled inside of a tokio runtime.
#[derive(Debug, Default)]
pub struct TokioClock {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Clock for TokioClock {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn teller(&self) -> Option<fn() -> Instant> {
        Some(|| tokio::time::Instant::now().into_std())
    }

    fn poll_sleep(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let until = tokio::time::Instant::from_std(until);
        match &mut self.sleep {
            Some(sleep) => {
                if sleep.deadline() != until {
                    sleep.as_mut().reset(until);
                }
                sleep.as_mut().poll(cx)
            }
            none => none.insert(Box::pin(tokio::time::sleep_until(until))).as_mut().poll(cx),
        }
    }

    /// Tokio wakes the task once it has looked for input.
    fn yield_now(&mut self, cx: &mut Context<'_>) {
        let _pending = pin!(tokio::task::yield_now()).poll(cx);
    }
}

impl Vat {
    /// The future that runs the vat under tokio, on a `LocalSet` or in `block_on`.
    pub fn tokio_driver(&self) -> Driver<TokioClock> {
        self.driver(TokioClock::default())
    }
}
