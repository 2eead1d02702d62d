//! The work: everything the protocol can do is done once, and what comes back is checked.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use bowline::rpc::{Client, Link};
use bowline::runtime::Local;
use bowline::wire::ExceptionKind;

use crate::demo_capnp::demo::Kind;
use crate::failure::{Failure, ensure};
use crate::object::{Callback, Counter};
use crate::protocol::{self, DEMO, Held, first_pointer};
use crate::session::{Session, until};
use crate::stream::Cargo;

/// How long one step may take. Nothing here takes that long unless the peer has gone silent.
const STEP: Duration = Duration::from_secs(30);

/// How long the first answer may take.
const FIRST_ANSWER: Duration = Duration::from_secs(5);

/// How often to ask for what is on its way, and how many times.
const ASKED_EVERY: Duration = Duration::from_millis(2);
const ASKED_MAX: u32 = 500;

/// How many calls a chain has.
pub(crate) const CHAIN: u32 = 8;

/// Does all of it over `link`, whose near end is in the vat `here`.
pub(crate) async fn check(here: &Local, demo: &Client, cargo: &mut Cargo) -> Result<(), Failure> {
    let session = Rc::new(Session::default());
    step("the first call (is a Cap'n Proto vat there?)", FIRST_ANSWER, bootstrap(demo)).await?;
    step("a callback", STEP, callback(here, demo, &session)).await?;
    step("capabilities both ways", STEP, capabilities(here, demo, &session)).await?;
    step("a pipelined chain", STEP, chain(demo)).await?;
    step("a cancelled call", STEP, cancel(demo)).await?;
    step("exceptions", STEP, exceptions(demo)).await?;
    step("a stream of 64 MiB", STEP, cargo.ship(demo)).await?;
    nothing_left(demo).await?;
    all_gone(&session).await
}

/// Waits until no object is left.
pub(crate) async fn all_gone(session: &Session) -> Result<(), Failure> {
    until(|| session.objects() == 0).await;
    let left = session.objects();
    ensure(left == 0, || format!("{left} of our objects are kept"))
}

/// Gives up the last capabilities; then all tables are empty.
pub(crate) async fn finish(demos: Vec<Client>, links: &[&Link]) -> Result<(), Failure> {
    drop(demos);
    until(|| links.iter().all(|link| link.is_idle())).await;
    for link in links {
        let stats = link.stats().map(|stats| stats.to_string()).unwrap_or_default();
        ensure(link.is_idle(), || format!("the tables are not empty at the end: {stats}"))?;
    }
    Ok(())
}

/// Waits for one thing, but not for ever.
pub(crate) async fn step<T>(
    what: &str,
    patience: Duration,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(patience, work).await {
        Ok(outcome) => outcome.map_err(|failure| failure.during(what)),
        Err(_) => {
            Err(Failure::failed(format!("{what}: no answer within {} s", patience.as_secs())))
        }
    }
}

async fn bootstrap(demo: &Client) -> Result<(), Failure> {
    protocol::null(demo).await?;
    demo.settled().await?;
    Ok(())
}

async fn callback(here: &Local, demo: &Client, session: &Rc<Session>) -> Result<(), Failure> {
    let callback = Client::new(here, Callback::new(session));
    let n = protocol::call_back(demo, callback, 14).await?;
    ensure(n == 42, || format!("our object said 42, and {n} came back"))
}

async fn capabilities(here: &Local, demo: &Client, session: &Rc<Session>) -> Result<(), Failure> {
    let expect = |what: &str, got: (u32, u32), counted: (u32, u32)| {
        ensure(got == counted, || format!("{what} counted {got:?}, not {counted:?}"))
    };
    let ours = Client::new(here, Counter::new(session));
    expect("our counter", protocol::count_twice(demo, ours).await?, (1, 2))?;

    let theirs = protocol::counter(demo).await?.cap(&first_pointer())?;
    let first = protocol::count(&theirs).await?;
    ensure(first == 1, || format!("a new counter of the peer counted {first}"))?;
    expect("the peer's counter", protocol::count_twice(demo, theirs).await?, (2, 3))?;

    let promised = protocol::counter(demo).cap(&first_pointer());
    let before = protocol::count(&promised);
    let twice = protocol::count_twice(demo, promised.clone());
    let (before, twice) = tokio::join!(before, twice);
    ensure(before? == 1, || "a promised counter did not begin with 1".to_owned())?;
    expect("a promised counter", twice?, (2, 3))
}

/// Calls on what earlier calls will return; only the last is waited for.
pub(crate) async fn chain(demo: &Client) -> Result<(), Failure> {
    let mut promise = protocol::next(demo);
    for _ in 1..CHAIN {
        let next = promise.cap(&first_pointer());
        promise = protocol::next(&next);
    }
    let depth = protocol::depth(&promise.await?)?;
    ensure(depth == CHAIN, || format!("{CHAIN} calls led {depth} deep"))
}

/// The same calls, each waited for.
pub(crate) async fn awaited(demo: &Client) -> Result<(), Failure> {
    let mut reply = protocol::next(demo).await?;
    for _ in 1..CHAIN {
        let next = reply.cap(&first_pointer())?;
        reply = protocol::next(&next).await?;
    }
    let depth = protocol::depth(&reply)?;
    ensure(depth == CHAIN, || format!("{CHAIN} calls led {depth} deep"))
}

async fn cancel(demo: &Client) -> Result<(), Failure> {
    let before = protocol::cancelled(demo).await?;
    let hanging = protocol::hang(demo);
    // Behind it in order: once this is back, the other has begun.
    protocol::null(demo).await?;
    drop(hanging);
    // A cancel is no call: nothing says that it arrives before the calls made after it.
    let mut cancelled = 0;
    for _ in 0..ASKED_MAX {
        cancelled = protocol::cancelled(demo).await? - before;
        if cancelled > 0 {
            break;
        }
        tokio::time::sleep(ASKED_EVERY).await;
    }
    ensure(cancelled == 1, || format!("the peer saw {cancelled} calls cancelled, not 1"))
}

async fn exceptions(demo: &Client) -> Result<(), Failure> {
    let kinds = [
        (Kind::Failed, ExceptionKind::Failed),
        (Kind::Overloaded, ExceptionKind::Overloaded),
        (Kind::Disconnected, ExceptionKind::Disconnected),
        (Kind::Unimplemented, ExceptionKind::Unimplemented),
    ];
    for (wish, kind) in kinds {
        let reason = format!("as asked: {kind}");
        match protocol::fail(demo, wish, &reason).await {
            Ok(_) => {
                return Err(Failure::failed(format!("a call that should fail ({kind}) did not")));
            }
            Err(got) => ensure(got.kind() == kind && got.reason() == reason, || {
                format!("asked for \"{kind}: {reason}\", got \"{got}\"")
            })?,
        }
    }
    match demo.request(DEMO, u16::MAX).send().await {
        Ok(_) => Err(Failure::failed("a method that does not exist returned")),
        Err(got) => ensure(got.kind() == ExceptionKind::Unimplemented, || {
            format!("a method that does not exist gave \"{got}\"")
        }),
    }
}

/// Apart from the bootstrap object and this very call the peer holds nothing for us.
pub(crate) async fn nothing_left(demo: &Client) -> Result<(), Failure> {
    step("what is left at the far end", STEP, left_there(demo)).await
}

async fn left_there(demo: &Client) -> Result<(), Failure> {
    const NOTHING: Held =
        Held { objects: 1, questions: 0, answers: 1, exports: 1, imports: 0, embargoes: 0 };
    let mut held = protocol::tables(demo).await?;
    // What we gave up may be on its way.
    for _ in 0..ASKED_MAX {
        if held == NOTHING {
            return Ok(());
        }
        tokio::time::sleep(ASKED_EVERY).await;
        held = protocol::tables(demo).await?;
    }
    Err(Failure::failed(format!("the peer holds {held:?}, where {NOTHING:?} is expected")))
}
