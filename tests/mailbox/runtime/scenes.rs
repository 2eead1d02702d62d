//! What threads do to a vat, and what must come of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use bowline::runtime::Vat;
use loom::sync::{Condvar, Mutex};
use loom::thread;

use super::mailbox::{Job, Mailbox};
use super::signal::{Near, Raise, Ready, Sleeper};
use crate::vat::Cap;

/// Plays a scene in every order, with so many moments at which a thread has to stop though it could go on: almost all
/// faults there are need no more than two.
fn every_order(scene: impl Fn() + Send + Sync + 'static) {
    let mut all = loom::model::Builder::new();
    all.preemption_bound = Some(3);
    all.check(scene);
}

/// Whoever sleeps until it rings.
#[derive(Default)]
struct Bell(Mutex<bool>, Condvar);

impl Bell {
    fn wait(&self) {
        let mut rung = self.0.lock().expect("nobody panics with it");
        while !*rung {
            rung = self.1.wait(rung).expect("nobody panics with it");
        }
        *rung = false;
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.0.lock().expect("nobody panics with it") = true;
        self.1.notify_one();
    }
}

/// Counts what was done, and what was dropped undone.
#[derive(Clone, Default)]
struct Tally(Arc<[AtomicUsize; 2]>);

struct Task(Tally, bool);

impl Tally {
    fn job(&self) -> Job {
        let task = Task(self.clone(), false);
        Box::new(move || {
            let mut task = task;
            task.1 = true;
        })
    }

    fn done(&self) -> usize {
        self.0[1].load(Ordering::SeqCst)
    }

    fn dropped(&self) -> usize {
        self.0[0].load(Ordering::SeqCst)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.0[usize::from(self.1)].fetch_add(1, Ordering::SeqCst);
    }
}

/// The thread of a vat, and its side of the mailbox.
struct Home {
    mailbox: Arc<Mailbox>,
    near: std::rc::Rc<Near>,
    bell: Arc<Bell>,
    releases: usize,
    ready: Vec<Ready>,
}

impl Home {
    fn new() -> Self {
        let mailbox = Arc::new(Mailbox::new(0));
        let near = Near::enter(&mailbox.signal);
        Self { mailbox, near, bell: Arc::default(), releases: 0, ready: Vec::new() }
    }

    fn spawn(&self, f: impl FnOnce(&Mailbox) + 'static) -> thread::JoinHandle<()> {
        let mailbox = Arc::clone(&self.mailbox);
        thread::spawn(move || f(&mailbox))
    }

    /// One turn, in the order of the driver's.
    fn turn(&mut self) {
        self.near.take(&mut self.ready);
        if self.mailbox.has_mail() {
            let letters = self.mailbox.take();
            letters.jobs.into_iter().for_each(|job| job());
            self.releases += letters.releases.len();
        }
    }

    /// Turns and sleeps until it is so.
    fn live_until(&mut self, sleeper: Sleeper, so: impl Fn(&Self) -> bool) {
        let waker = Waker::from(Arc::clone(&self.bell));
        loop {
            self.turn();
            if so(self) {
                return;
            }
            if self.near.sleep(sleeper, &waker) {
                self.bell.wait();
            }
        }
    }

    /// The vat is no more.
    fn leave(self) -> Vec<Job> {
        self.near.leave();
        let left = self.mailbox.close();
        self.mailbox.signal.raise();
        left
    }
}

/// Any capability.
fn cap() -> Cap {
    Vat::local().here().with(|graph| graph.promise())
}

#[test]
fn what_two_threads_post_is_done_and_nobody_oversleeps_it() {
    for sleeper in [Sleeper::Driver, Sleeper::Promise] {
        every_order(move || {
            let (mut home, tally) = (Home::new(), Tally::default());
            let threads = [tally.clone(), tally.clone()]
                .map(|tally| home.spawn(move |mailbox| assert!(mailbox.post(tally.job()).is_ok())));
            home.live_until(sleeper, |_| tally.done() == 2);
            threads.into_iter().for_each(|thread| thread.join().expect("it does not panic"));
            assert!(home.leave().is_empty());
        });
    }
}

#[test]
fn one_thread_posts_again_and_again_while_the_vat_takes_what_there_is() {
    every_order(|| {
        let (mut home, tally) = (Home::new(), Tally::default());
        let posts = tally.clone();
        let thread = home.spawn(move |mailbox| {
            for _ in 0..3 {
                assert!(mailbox.post(posts.job()).is_ok());
            }
        });
        home.live_until(Sleeper::Driver, |_| tally.done() == 3);
        thread.join().expect("it does not panic");
        home.leave();
    });
}

#[test]
fn a_reference_given_back_elsewhere_arrives_beside_a_job() {
    let cap = cap();
    every_order(move || {
        let (mut home, tally) = (Home::new(), Tally::default());
        let posts = tally.clone();
        let one = home.spawn(move |mailbox| mailbox.post_release(cap));
        let other = home.spawn(move |mailbox| drop(mailbox.post(posts.job())));
        home.live_until(Sleeper::Driver, |home| tally.done() == 1 && home.releases == 1);
        [one, other].into_iter().for_each(|thread| thread.join().expect("it does not panic"));
        home.leave();
    });
}

#[test]
fn a_waker_and_a_job_from_elsewhere_wake_the_vat() {
    every_order(|| {
        let (mut home, tally) = (Home::new(), Tally::default());
        let (posts, signal) = (tally.clone(), Arc::clone(&home.mailbox.signal));
        let one = home.spawn(move |mailbox| drop(mailbox.post(posts.job())));
        let other = thread::spawn(move || {
            Waker::from(Arc::new(Raise { ready: Ready::Task(7), signal })).wake();
        });
        home.live_until(Sleeper::Driver, |home| {
            tally.done() == 1 && home.ready == [Ready::Task(7)]
        });
        [one, other].into_iter().for_each(|thread| thread.join().expect("it does not panic"));
        home.leave();
    });
}

#[test]
fn a_vat_that_ends_while_somebody_posts_leaves_no_job_behind() {
    every_order(|| {
        let (mut home, tally) = (Home::new(), Tally::default());
        let posts = tally.clone();
        let thread = home.spawn(move |mailbox| {
            for _ in 0..2 {
                // Refused, it is given back, and dropped here.
                let refused = mailbox.post(posts.job()).is_err();
                assert!(!refused || mailbox.is_closed());
            }
        });
        home.turn();
        let mailbox = Arc::clone(&home.mailbox);
        drop(home.leave());
        assert!(mailbox.is_closed() && mailbox.post(tally.job()).is_err());
        thread.join().expect("it does not panic");
        assert!(mailbox.take().jobs.is_empty(), "nothing came to who is gone");
        assert_eq!(tally.done() + tally.dropped(), 3, "each once");
    });
}

#[test]
fn a_vat_that_is_dropped_with_jobs_in_its_mailbox_drops_each_once() {
    let cap = cap();
    every_order(move || {
        let (home, tally) = (Home::new(), Tally::default());
        let posts = tally.clone();
        let one = home.spawn(move |mailbox| drop(mailbox.post(posts.job())));
        let other = home.spawn(move |mailbox| mailbox.post_release(cap));
        let left = home.leave();
        assert!(left.len() <= 1);
        drop(left);
        [one, other].into_iter().for_each(|thread| thread.join().expect("it does not panic"));
        assert_eq!((tally.done(), tally.dropped()), (0, 1));
    });
}

#[test]
fn who_waits_for_a_vat_that_ends_elsewhere_is_woken() {
    every_order(|| {
        let home = Home::new();
        let bell = Arc::clone(&home.bell);
        let waker = Waker::from(Arc::clone(&bell));
        // As another vat's driver would, told by its own side.
        let asleep = home.near.sleep(Sleeper::Driver, &waker);
        assert!(asleep);
        let ends = home.spawn(|mailbox| {
            drop(mailbox.close());
            mailbox.signal.raise();
        });
        bell.wait();
        ends.join().expect("it does not panic");
        assert!(home.mailbox.is_closed());
    });
}
