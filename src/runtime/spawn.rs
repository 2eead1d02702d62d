//! Spawning: a vat gets a thread of its own.

use std::sync::Arc;

use super::handle::Handle;
use super::host::Vat;
use super::thread;

impl Vat {
    /// A vat on a thread of its own, with its sockets and timers. It ends with the last clone of
    /// the handle.
    ///
    /// # Errors
    ///
    /// The operating system gives no thread.
    pub fn spawn() -> std::io::Result<Handle> {
        let (tell, hear) = std::sync::mpsc::channel();
        std::thread::Builder::new().name("bowline-vat".into()).spawn(move || {
            let vat = Self::local();
            let handle = Handle::new(Arc::clone(vat.here().mailbox()));
            let (over, ended) = futures_channel::oneshot::channel::<()>();
            handle.ends(over);
            if tell.send(handle).is_ok() {
                thread::run(&vat, ended);
            }
        })?;
        hear.recv().map_err(|_| std::io::Error::other("the thread of the vat ended at once"))
    }
}
