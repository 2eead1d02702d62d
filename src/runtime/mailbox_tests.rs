//! A mailbox that a thread panicked with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::vat::Graph;

use super::mailbox::{Job, Mailbox, gone};

/// No code of ours panics with the mailbox in hand; were it to, the thread it ran on is the only one that knows.
#[test]
fn a_thread_that_panics_with_the_mailbox_in_hand_harms_nobody_else() {
    let mailbox = Arc::new(Mailbox::new(0));
    let (done, before) = (Arc::new(AtomicU64::new(0)), Arc::clone(&mailbox));
    let job = |done: &Arc<AtomicU64>| -> Job {
        let done = Arc::clone(done);
        Box::new(move || {
            done.fetch_add(1, Ordering::Relaxed);
        })
    };
    assert!(mailbox.post(job(&done)).is_ok());
    let panicked = std::thread::spawn(move || {
        let _held = before.mail();
        panic!("told to");
    });
    assert!(panicked.join().is_err());
    // What was left before is there, and more can be left, taken, and refused once the vat is gone.
    assert!(mailbox.post(job(&done)).is_ok());
    let cap = Graph::new().broken(gone());
    mailbox.post_release(cap);
    assert!(mailbox.has_mail());
    let letters = mailbox.take();
    letters.jobs.into_iter().for_each(|job| job());
    assert_eq!((done.load(Ordering::Relaxed), letters.releases.len()), (2, 1));
    assert!(mailbox.post(job(&done)).is_ok());
    assert_eq!(mailbox.close().len(), 1);
    assert!(mailbox.post(job(&done)).is_err() && mailbox.is_closed());
}
