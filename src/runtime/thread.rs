//! The loop of a vat that has a thread of its own.

use futures_channel::oneshot;

use super::host::Vat;

/// Runs the vat until `ended`.
#[cfg(feature = "tokio")]
pub(super) fn run(vat: &Vat, ended: oneshot::Receiver<()>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        // Without the system's event queue the vat has no sockets; it still has its mailbox.
        Err(_) => return super::park::run(vat, ended),
    };
    let driver = vat.driver(super::tokio::TokioClock::default());
    runtime.block_on(async move {
        tokio::select! {
            () = driver => {}
            _ = ended => {}
        }
    });
}

/// Runs the vat until `ended`.
#[cfg(not(feature = "tokio"))]
pub(super) fn run(vat: &Vat, ended: oneshot::Receiver<()>) {
    super::park::run(vat, ended);
}
