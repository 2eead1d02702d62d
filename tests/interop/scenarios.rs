//! What a client of the interop schema tries, by name, on any engine that runs generated code; the
//! Python list of the same names is `scenarios.py`.

mod calls;
mod promises;
mod world;

use std::time::Duration;

use futures::future::LocalBoxFuture;

use crate::engine::Engine;
use crate::interop_capnp::peer;
use world::{Scenarios, Tried};

/// For one scenario; none needs one second on an idle machine.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Tries every scenario but those in `skip`, in order; each gets its name and how it went.
pub(crate) async fn run<E: Engine>(
    peer: &peer::Client,
    engine: E,
    skip: &[&str],
) -> Vec<(&'static str, Tried)> {
    let mut told = Vec::new();
    for (name, scenario) in Scenarios::<E>::all() {
        if !skip.contains(&name) {
            let world = Scenarios::new(peer.clone(), engine);
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
            ("stream-error", |s| Box::pin(s.stream_error())),
        ]
    }
}
