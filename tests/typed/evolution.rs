//! A schema evolved in either direction: two sides of different age understand each other.

use std::rc::Rc;

use crate::newer_capnp::{self as newer, watcher};
use crate::older_capnp as older;
use crate::worlds::{Engine, everywhere};

struct OlderTask;

impl older::task::Server for OlderTask {
    async fn run(
        self: Rc<Self>,
        params: older::task::RunParams,
        mut results: older::task::RunResults,
    ) -> capnp::Result<()> {
        let order = params.get()?.get_order()?;
        assert_eq!(order.get_item()?, "rope");
        results.get().init_receipt().set_total(order.get_count() * 2);
        Ok(())
    }
}

struct NewerTask<E>(E);

impl<E: Engine> newer::task::Server for NewerTask<E> {
    async fn run(
        self: Rc<Self>,
        params: newer::task::RunParams,
        mut results: newer::task::RunResults,
    ) -> capnp::Result<()> {
        let order = params.get()?.get_order()?;
        // What an older caller does not say has its default.
        assert!(order.get_urgent() && !order.has_watcher());
        let mut receipt = results.get().init_receipt();
        receipt.set_total(order.get_count() * 3);
        receipt.set_note("a newer note");
        receipt.set_task(self.0.host_shared(Rc::clone(&self)));
        Ok(())
    }

    async fn stop(
        self: Rc<Self>,
        _: newer::task::StopParams,
        _: newer::task::StopResults,
    ) -> capnp::Result<()> {
        Ok(())
    }
}

struct Watcher;

impl watcher::Server for Watcher {}

fn an_older_task<E: Engine>(engine: E) -> newer::task::Client {
    let task: older::task::Client = engine.host(OlderTask);
    capnp::capability::FromClientHook::cast_to(task)
}

fn a_newer_task<E: Engine>(engine: E) -> older::task::Client {
    let task: newer::task::Client = engine.host(NewerTask(engine));
    capnp::capability::FromClientHook::cast_to(task)
}

mod older_server {
    use super::*;

    everywhere!(an_older_task:
        a_newer_caller_is_understood_by_an_older_server
        a_method_the_server_does_not_have_is_unimplemented
    );
}

mod newer_server {
    use super::*;

    everywhere!(a_newer_task: an_older_caller_is_understood_by_a_newer_server);
}

async fn a_newer_caller_is_understood_by_an_older_server<E: Engine>(
    task: newer::task::Client,
    engine: E,
) {
    let mut request = task.run_request();
    let mut order = request.get().init_order();
    order.set_item("rope");
    order.set_count(5);
    order.set_urgent(false);
    order.set_watcher(engine.host(Watcher));
    let ran = request.send().promise.await.expect("it ran");
    let receipt = ran.get().expect("results").get_receipt().expect("a receipt");
    assert_eq!(receipt.get_total(), 10);
    assert_eq!(receipt.get_note().expect("a text"), "none");
    assert!(!receipt.has_task());
}

async fn a_method_the_server_does_not_have_is_unimplemented<E: Engine>(
    task: newer::task::Client,
    _: E,
) {
    let refused = task.stop_request().send().promise.await.err().expect("there is no such method");
    assert_eq!(refused.kind, capnp::ErrorKind::Unimplemented, "{refused}");
}

async fn an_older_caller_is_understood_by_a_newer_server<E: Engine>(
    task: older::task::Client,
    _: E,
) {
    let mut request = task.run_request();
    let mut order = request.get().init_order();
    order.set_item("rope");
    order.set_count(5);
    let ran = request.send().promise.await.expect("it ran");
    let receipt = ran.get().expect("results").get_receipt().expect("a receipt");
    assert_eq!(receipt.get_total(), 15);
}
