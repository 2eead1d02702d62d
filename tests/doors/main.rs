//! What is told to `tracing` of who passes the doors of a vat.
//!
//! A program of its own, whose scenes come one after the other: a thread with nobody subscribed that is the first to pass a
//! door just when another subscribes has `tracing` believe that nobody ever will.

use std::fmt::{Debug, Write};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bowline::conn::Config;
use bowline::rpc::{Call, Client, Link, Reply};
use bowline::runtime::{Turn, Vat};
use bowline::transport::same_thread;
use bowline::wire::Exception;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Writes all down in lines: `DEBUG call made interface=1 …`, and spans as `> call …` and `< call`.
#[derive(Clone, Default)]
struct Scribe {
    lines: Arc<Mutex<Vec<String>>>,
    spans: Arc<AtomicU64>,
}

impl Scribe {
    fn write(&self, line: String) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn lines(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Message and fields; those that differ from run to run are left out.
struct Told(String);

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            "vat" | "call" | "peer" => Ok(()),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

impl Subscriber for Scribe {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "bowline" && *metadata.level() <= Level::DEBUG
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut told = Told(String::new());
        span.record(&mut told);
        self.write(format!("span {}{}", span.metadata().name(), told.0));
        Id::from_u64(1 + self.spans.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut told = Told(event.metadata().level().to_string());
        event.record(&mut told);
        self.write(told.0);
    }

    fn enter(&self, _: &Id) {
        self.write("enter".into());
    }

    fn exit(&self, _: &Id) {
        self.write("exit".into());
    }
}

const ID: u64 = 7;
/// Answers at once.
const NOW: u16 = 0;
/// Answers at its second poll.
const LATER: u16 = 1;
/// Fails as what has no room does.
const FULL: u16 = 2;
/// Never answers.
const NEVER: u16 = 3;

/// Plays a scene whose doors are told of.
fn with(scribe: &Scribe, scene: impl FnOnce()) {
    static ONE_BY_ONE: Mutex<()> = Mutex::new(());
    let _alone = ONE_BY_ONE.lock().unwrap_or_else(PoisonError::into_inner);
    tracing::subscriber::with_default(scribe.clone(), scene);
}

fn desk(vat: &Vat) -> Client {
    Client::new(vat.here(), |call: Call| async move {
        match call.method() {
            LATER => {
                let mut asked = false;
                std::future::poll_fn(|cx| {
                    if std::mem::replace(&mut asked, true) {
                        return Poll::Ready(());
                    }
                    cx.waker().wake_by_ref();
                    Poll::Pending
                })
                .await;
            }
            FULL => return Err(Exception::overloaded("the desk is full")),
            NEVER => std::future::pending().await,
            _ => {}
        }
        Ok(call.reply())
    })
}

fn settle(vats: &[&Vat]) {
    for _ in 0..4 {
        for vat in vats {
            while vat.turn(Instant::now()) == Turn::More {}
        }
    }
}

fn run(vats: &[&Vat], client: &Client, method: u16) -> Result<Reply, Exception> {
    let mut promise = pin!(client.request(ID, method).send());
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..20 {
        if let Poll::Ready(outcome) = promise.as_mut().poll(&mut cx) {
            return outcome;
        }
        settle(vats);
    }
    panic!("it is never done");
}

#[test]
fn a_call_within_a_vat_is_told_from_when_it_is_made_to_its_return() {
    let scribe = Scribe::default();
    with(&scribe, || {
        let vat = Vat::local();
        let desk = desk(&vat);
        run(&[&vat], &desk, NOW).expect("it answers");
        assert_eq!(
            scribe.lines(),
            [
                "DEBUG call made interface=7 method=0",
                "span call interface=7 method=0",
                "enter",
                "exit",
                "DEBUG call returned outcome=\"results\"",
            ]
        );
        // An object that takes its time runs within the span each time.
        run(&[&vat], &desk, LATER).expect("it answers");
        let lines = scribe.lines();
        assert_eq!(lines.iter().filter(|line| *line == "enter").count(), 2, "{lines:?}");
        run(&[&vat], &desk, FULL).expect_err("it is full");
        let lines = scribe.lines();
        let last = &lines[lines.len() - 2..];
        assert!(last[0].starts_with("DEBUG call returned outcome=\"exception\" why="), "{lines:?}");
        assert!(last[1].starts_with("WARN limit hit why=") && last[1].contains("the desk is full"));
        // Nobody wants it any more.
        drop({
            let mut promise = Box::pin(desk.request(ID, NEVER).send());
            let polled = promise.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
            promise
        });
        settle(&[&vat]);
        let lines = scribe.lines();
        assert_eq!(lines.last().map(String::as_str), Some("DEBUG call cancelled"), "{lines:?}");
    });
}

#[test]
fn a_connection_is_told_with_its_limits_and_its_end() {
    let scribe = Scribe::default();
    with(&scribe, || {
        let (near, far) = (Vat::local(), Vat::local());
        let (left, right) = same_thread();
        let mut config = Config::default();
        config.questions_max = 1;
        let link = Link::connect(near.here(), left, config, None);
        let desk = desk(&far);
        let _far_end = Link::connect(far.here(), right, Config::default(), Some(&desk));
        assert_eq!(scribe.lines(), ["INFO connection opened link=0"; 2]);
        let client = link.bootstrap();
        settle(&[&near, &far]);
        let waiting = Rc::new(client.request(ID, NEVER).send());
        settle(&[&near, &far]);
        scribe.lines();
        run(&[&near, &far], &client, NOW).expect_err("one question is all that is allowed");
        let lines = scribe.lines();
        assert!(lines.iter().any(|line| line.starts_with("WARN limit hit why=")), "{lines:?}");
        drop(waiting);
        settle(&[&near, &far]);
        scribe.lines();
        link.abort(Exception::failed("enough"));
        settle(&[&near, &far]);
        let lines = scribe.lines();
        for told in [
            "INFO connection closed link=0",
            "WARN connection aborted link=0 by=\"us\"",
            "WARN connection aborted link=0 by=\"peer\"",
        ] {
            assert!(lines.iter().any(|line| line.starts_with(told)), "no `{told}` in {lines:?}");
        }
    });
}

#[test]
fn an_embargo_is_told_when_it_is_set_and_when_it_is_lifted() {
    const GIVE_BACK: u16 = 9;
    let scribe = Scribe::default();
    with(&scribe, || {
        let (near, far) = (Vat::local(), Vat::local());
        let (left, right) = same_thread();
        let link = Link::connect(near.here(), left, Config::default(), None);
        // Gives back what it is given: what was far turns out to be near.
        let echo = Client::new(far.here(), |mut call: Call| async move {
            if call.method() == GIVE_BACK {
                let given = call.params().cap(&bowline::wire::Path::root())?;
                call.build(|mut root| root.set_as_capability(given.hook()));
            }
            Ok(call.reply())
        });
        let _far_end = Link::connect(far.here(), right, Config::default(), Some(&echo));
        let client = link.bootstrap();
        settle(&[&near, &far]);
        scribe.lines();
        let mut request = client.request(ID, GIVE_BACK);
        request.build(|mut root| root.set_as_capability(desk(&near).hook()));
        let promise = request.send();
        let back = promise.cap(&bowline::wire::Path::root());
        let called = back.request(ID, NOW).send();
        settle(&[&near, &far]);
        drop((promise, called));
        let lines = scribe.lines();
        let at = |told: &str| lines.iter().position(|line| line.starts_with(told));
        let (set, lifted) = (at("DEBUG embargo set link=0"), at("DEBUG embargo lifted link=0"));
        assert!(set.is_some() && set < lifted, "{lines:?}");
    });
}

#[cfg(feature = "worker")]
#[test]
fn a_call_of_workers_in_one_vat_is_told_too() {
    use bowline::worker::{Worker, args, rpc_target};

    struct Adder;

    #[rpc_target]
    impl Adder {
        fn add(&self, a: f64, b: f64) -> f64 {
            a + b
        }
    }

    let scribe = Scribe::default();
    with(&scribe, || {
        let vat = Vat::local();
        let worker = Worker::new("sums").entrypoint("default", |_| Adder);
        let service = worker.service("default").expect("there is one").stub(vat.here());
        let mut sum = pin!(service.call("add", args![1.0, 2.0]));
        let mut cx = Context::from_waker(Waker::noop());
        while sum.as_mut().poll(&mut cx).is_pending() {
            settle(&[&vat]);
        }
        let lines = scribe.lines();
        let times = |told: &str| lines.iter().filter(|line| line.starts_with(told)).count();
        let (made, returned) = (times("DEBUG call made"), times("DEBUG call returned"));
        assert!(made > 0 && made == returned && times("span call") == made, "{lines:?}");
    });
}
