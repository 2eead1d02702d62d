//! What a client of the interop schema tries, by name, on any engine that runs generated code; the
//! Python list of the same names is `scenarios.py`.

use std::future::Future;
use std::time::Duration;

use capnp::capability::RemotePromise;
use futures::future::{LocalBoxFuture, try_join_all};

use crate::crc::Crc;
use crate::engine::Engine;
use crate::interop_capnp::{Kind, callback, counter, newer, peer, sequence_results};
use crate::objects::{Callback, Counter, Live, Resolver, error_kind};

type Tried = Result<(), String>;
type Numbered = RemotePromise<sequence_results::Owned>;

/// For one scenario; none needs one second on an idle machine.
const TIMEOUT: Duration = Duration::from_secs(20);

/// One client's view: the peer's bootstrap object, and the engine that hosts what it hands out.
pub(crate) struct Scenarios<E> {
    peer: peer::Client,
    engine: E,
    live: Live,
}

/// Tries every scenario but those in `skip`, in order; each gets its name and how it went.
pub(crate) async fn run<E: Engine>(
    peer: &peer::Client,
    engine: E,
    skip: &[&str],
) -> Vec<(&'static str, Tried)> {
    let mut told = Vec::new();
    for (name, scenario) in Scenarios::<E>::all() {
        if !skip.contains(&name) {
            let world = Scenarios { peer: peer.clone(), engine, live: Live::default() };
            let tried = tokio::time::timeout(TIMEOUT, scenario(&world)).await;
            told.push((name, tried.unwrap_or_else(|_| Err("timed out".to_owned()))));
        }
    }
    told
}

type Scenario<E> = for<'a> fn(&'a Scenarios<E>) -> LocalBoxFuture<'a, Tried>;

impl<E: Engine> Scenarios<E> {
    fn all() -> Vec<(&'static str, Scenario<E>)> {
        vec![
            ("null", |s| Box::pin(s.null())),
            ("numbers", |s| Box::pin(s.numbers())),
            ("text", |s| Box::pin(s.text())),
            ("data-1mib", |s| Box::pin(s.data_1mib())),
            ("object", |s| Box::pin(s.object())),
            ("pipeline-object", |s| Box::pin(s.pipeline_object())),
            ("pipeline-box", |s| Box::pin(s.pipeline_box())),
            ("pipeline-chain", |s| Box::pin(s.pipeline_chain())),
            ("pipeline-null", |s| Box::pin(s.pipeline_null())),
            ("callback", |s| Box::pin(s.callback())),
            ("release", |s| Box::pin(s.release())),
            ("hold-and-release", |s| Box::pin(s.hold_and_release())),
            ("cancel", |s| Box::pin(s.cancel())),
            ("exception", |s| Box::pin(s.exception())),
            ("exception-kinds", |s| Box::pin(s.exception_kinds())),
            ("unimplemented-method", |s| Box::pin(s.unimplemented_method())),
            ("promise-to-server", |s| Box::pin(s.promise_to_server())),
            ("promise-to-client", |s| Box::pin(s.promise_to_client())),
            ("promise-to-error", |s| Box::pin(s.promise_to_error())),
            ("embargo", |s| Box::pin(s.embargo())),
            ("echo-promise", |s| Box::pin(s.echo_promise())),
            ("tail-call", |s| Box::pin(s.tail_call())),
            ("tail-call-back", |s| Box::pin(s.tail_call_back())),
            ("stream", |s| Box::pin(s.stream())),
        ]
    }

    fn mine(&self) -> counter::Client {
        self.engine.host(Counter::new("mine", &self.live))
    }

    async fn live_there(&self) -> capnp::Result<u32> {
        Ok(self.peer.live_count_request().send().promise.await?.get()?.get_count())
    }

    async fn cancelled_there(&self) -> capnp::Result<u32> {
        Ok(self.peer.cancelled_request().send().promise.await?.get()?.get_count())
    }

    async fn ask_null(&self) -> Tried {
        self.peer.null_request().send().promise.await.map(drop).map_err(told)
    }

    fn ask_counter(&self, name: &str) -> RemotePromise<peer::counter_results::Owned> {
        let mut request = self.peer.counter_request();
        request.get().set_name(name);
        request.send()
    }

    fn ask_echo(&self, cap: counter::Client) -> RemotePromise<peer::echo_results::Owned> {
        let mut request = self.peer.echo_request();
        request.get().set_cap(cap);
        request.send()
    }

    fn ask_throw(&self, kind: Kind, why: &str) -> RemotePromise<peer::throw_results::Owned> {
        let mut request = self.peer.throw_request();
        request.get().set_kind(kind);
        request.get().set_reason(why);
        request.send()
    }

    async fn made(&self, name: &str) -> capnp::Result<counter::Client> {
        self.ask_counter(name).promise.await?.get()?.get_counter()
    }
}

mod calls;
mod promises;

fn told(error: capnp::Error) -> String {
    error.to_string()
}

fn check<T: PartialEq + std::fmt::Debug>(seen: T, wanted: T) -> Tried {
    if seen == wanted { Ok(()) } else { Err(format!("saw {seen:?}, wanted {wanted:?}")) }
}

/// What must become true, but only after messages of its own.
async fn eventually<F: Future<Output = capnp::Result<u32>>>(
    probe: impl Fn() -> F,
    wanted: u32,
) -> Tried {
    for _ in 0..400 {
        if probe().await.map_err(told)? == wanted {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    check(probe().await.map_err(told)?, wanted)
}

/// The call must fail, its reason holding one of `words`.
async fn fails<T>(answer: impl Future<Output = capnp::Result<T>>, words: &[&str]) -> Tried {
    match answer.await {
        Ok(_) => Err("the call did not fail".to_owned()),
        Err(error) if words.iter().any(|word| error.to_string().contains(word)) => Ok(()),
        Err(error) => Err(format!("none of {words:?} in: {error}")),
    }
}

/// `count` calls, made now, told to expect `from` on.
fn sequence(cap: &counter::Client, from: u32, count: u32) -> Vec<Numbered> {
    let ask = |n| {
        let mut request = cap.get_call_sequence_request();
        request.get().set_expected(n);
        request.send()
    };
    (from..from + count).map(ask).collect()
}

/// Awaits calls made on counters: every one counted after the one before.
async fn in_order(calls: Vec<Numbered>) -> Tried {
    let count = calls.len();
    let answers = try_join_all(calls.into_iter().map(|call| call.promise)).await.map_err(told)?;
    let numbers = answers.iter().map(|answer| Ok(answer.get()?.get_n()));
    let numbers = numbers.collect::<capnp::Result<Vec<_>>>().map_err(told)?;
    check(numbers, (0..).take(count).collect())
}

async fn name_of(cap: &counter::Client) -> capnp::Result<String> {
    let answer = cap.name_request().send().promise.await?;
    Ok(answer.get()?.get_name()?.to_string()?)
}
