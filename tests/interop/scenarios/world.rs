//! What every scenario has at hand: the peer, objects to hand out, checks.

use std::future::Future;
use std::time::Duration;

use capnp::capability::RemotePromise;
use futures::future::try_join_all;

use crate::engine::Engine;
use crate::interop_capnp::{Kind, counter, peer, sequence_results};
use crate::objects::{Counter, Live};

/// How a scenario went, or what was wrong.
pub(super) type Tried = Result<(), String>;
/// A counter call under way.
pub(super) type Numbered = RemotePromise<sequence_results::Owned>;

/// One client's view: the peer's bootstrap object, and the engine that hosts what it hands out.
pub(super) struct Scenarios<E> {
    pub(super) peer: peer::Client,
    pub(super) engine: E,
    pub(super) live: Live,
}

impl<E: Engine> Scenarios<E> {
    pub(super) fn new(peer: peer::Client, engine: E) -> Self {
        Self { peer, engine, live: Live::default() }
    }

    pub(super) fn mine(&self) -> counter::Client {
        self.engine.host(Counter::new("mine", &self.live))
    }

    pub(super) async fn live_there(&self) -> capnp::Result<u32> {
        Ok(self.peer.live_count_request().send().promise.await?.get()?.get_count())
    }

    pub(super) async fn cancelled_there(&self) -> capnp::Result<u32> {
        Ok(self.peer.cancelled_request().send().promise.await?.get()?.get_count())
    }

    pub(super) async fn ask_null(&self) -> Tried {
        self.peer.null_request().send().promise.await.map(drop).map_err(told)
    }

    pub(super) fn ask_counter(&self, name: &str) -> RemotePromise<peer::counter_results::Owned> {
        let mut request = self.peer.counter_request();
        request.get().set_name(name);
        request.send()
    }

    pub(super) fn ask_echo(
        &self,
        cap: counter::Client,
    ) -> RemotePromise<peer::echo_results::Owned> {
        let mut request = self.peer.echo_request();
        request.get().set_cap(cap);
        request.send()
    }

    pub(super) fn ask_throw(
        &self,
        kind: Kind,
        why: &str,
    ) -> RemotePromise<peer::throw_results::Owned> {
        let mut request = self.peer.throw_request();
        request.get().set_kind(kind);
        request.get().set_reason(why);
        request.send()
    }

    pub(super) async fn made(&self, name: &str) -> capnp::Result<counter::Client> {
        self.ask_counter(name).promise.await?.get()?.get_counter()
    }
}

pub(super) fn told(error: capnp::Error) -> String {
    error.to_string()
}

pub(super) fn check<T: PartialEq + std::fmt::Debug>(seen: T, wanted: T) -> Tried {
    if seen == wanted { Ok(()) } else { Err(format!("saw {seen:?}, wanted {wanted:?}")) }
}

/// What must become true, but only after messages of its own.
pub(super) async fn eventually<F: Future<Output = capnp::Result<u32>>>(
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
pub(super) async fn fails<T>(
    answer: impl Future<Output = capnp::Result<T>>,
    words: &[&str],
) -> Tried {
    match answer.await {
        Ok(_) => Err("the call did not fail".to_owned()),
        Err(error) if words.iter().any(|word| error.to_string().contains(word)) => Ok(()),
        Err(error) => Err(format!("none of {words:?} in: {error}")),
    }
}

/// `count` calls, made now, told to expect `from` on.
pub(super) fn sequence(cap: &counter::Client, from: u32, count: u32) -> Vec<Numbered> {
    let ask = |n| {
        let mut request = cap.get_call_sequence_request();
        request.get().set_expected(n);
        request.send()
    };
    (from..from + count).map(ask).collect()
}

/// Awaits calls made on counters: every one counted after the one before.
pub(super) async fn in_order(calls: Vec<Numbered>) -> Tried {
    let count = calls.len();
    let answers = try_join_all(calls.into_iter().map(|call| call.promise)).await.map_err(told)?;
    let numbers = answers.iter().map(|answer| Ok(answer.get()?.get_n()));
    let numbers = numbers.collect::<capnp::Result<Vec<_>>>().map_err(told)?;
    check(numbers, (0..).take(count).collect())
}

pub(super) async fn name_of(cap: &counter::Client) -> capnp::Result<String> {
    let answer = cap.name_request().send().promise.await?;
    Ok(answer.get()?.get_name()?.to_string()?)
}
