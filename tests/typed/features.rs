//! What generated clients and servers do with capabilities.

use capnp::capability::FromClientHook;
use futures::channel::oneshot;

use crate::desk::{Cell, a_desk, value_of};
use crate::typed_capnp::{cell, desk};
use crate::worlds::{Engine, everywhere};

everywhere!(a_desk:
    a_capability_comes_back_as_the_same_object
    lists_of_capabilities_keep_their_order
    capabilities_inside_of_structs_and_lists_arrive
    every_cell_of_a_list_is_called_back
    calls_on_a_promised_cell_need_not_wait
    a_tail_call_returns_what_the_other_returned
    an_object_hands_out_itself
    one_capability_stands_in_two_places
    a_promise_passed_as_a_param_is_settled_later
    calls_arrive_in_order_whoever_is_polled_first
    a_call_that_is_held_and_not_polled_is_delivered
    a_pipeline_of_a_pipeline_leads_on
);

mod early {
    use super::*;

    // What another engine hosts is not pipelined on before its results are there.
    everywhere!(a_desk in calling_capnp_rpc called_by_capnp_rpc local compat networks vats:
        a_pipeline_set_early_is_used_before_the_call_returns
    );
}

async fn a_capability_comes_back_as_the_same_object<E: Engine>(desk: desk::Client, engine: E) {
    let mine: cell::Client = engine.host(Cell::new(7));
    let mut request = desk.echo_request();
    request.get().set_cell(mine.clone());
    let back = request.send().promise.await.expect("echoed");
    let back = back.get().expect("results").get_cell().expect("a cell");
    let mut request = back.set_request();
    request.get().set_value(8);
    request.send().promise.await.expect("set");
    assert_eq!(value_of(&mine).await.expect("a value"), 8);
}

async fn lists_of_capabilities_keep_their_order<E: Engine>(desk: desk::Client, engine: E) {
    let mut request = desk.gather_request();
    let mut cells = request.get().init_cells(3);
    for (at, value) in [10, 20, 30].into_iter().enumerate() {
        let cell: cell::Client = engine.host(Cell::new(value));
        cells.set(u32::try_from(at).expect("small"), cell.into_client_hook());
    }
    let gathered = request.send().promise.await.expect("gathered");
    let cells = gathered.get().expect("results").get_cells().expect("cells");
    let mut values = Vec::new();
    for at in 0..cells.len() {
        values.push(value_of(&cells.get(at).expect("a cell")).await.expect("a value"));
    }
    assert_eq!(values, [30, 20, 10]);
}

async fn capabilities_inside_of_structs_and_lists_arrive<E: Engine>(desk: desk::Client, engine: E) {
    let mut request = desk.gather_request();
    let mut outer = request.get().init_labelled(1).get(0);
    outer.set_label("outer");
    outer.set_cell(engine.host(Cell::new(1)));
    let mut inner = outer.init_more(1).get(0);
    inner.set_label("inner");
    inner.set_cell(engine.host(Cell::new(2)));
    let gathered = request.send().promise.await.expect("gathered");
    let outer = gathered.get().expect("results").get_labelled().expect("a list").get(0);
    let inner = outer.get_more().expect("a list").get(0);
    assert_eq!(inner.get_label().expect("a text"), "inner");
    let mut values = Vec::new();
    for labelled in [outer, inner] {
        values.push(value_of(&labelled.get_cell().expect("a cell")).await.expect("a value"));
    }
    assert_eq!(values, [1, 2]);
}

async fn every_cell_of_a_list_is_called_back<E: Engine>(desk: desk::Client, engine: E) {
    let mut request = desk.sum_request();
    let mut cells = request.get().init_cells(20);
    for at in 0..20 {
        let cell: cell::Client = engine.host(Cell::new(i64::from(at)));
        cells.set(at, cell.into_client_hook());
    }
    let summed = request.send().promise.await.expect("summed");
    assert_eq!(summed.get().expect("results").get_value(), 190);
}

async fn calls_on_a_promised_cell_need_not_wait<E: Engine>(desk: desk::Client, _: E) {
    let mut request = desk.new_request();
    request.get().set_value(5);
    let promised = request.send().pipeline.get_cell();
    assert_eq!(value_of(&promised).await.expect("a value"), 5);
}

async fn a_pipeline_set_early_is_used_before_the_call_returns<E: Engine>(
    desk: desk::Client,
    engine: E,
) {
    let mine: cell::Client = engine.host(Cell::new(11));
    let mut request = desk.later_request();
    request.get().set_cell(mine);
    let call = request.send();
    let early = call.pipeline.get_cell();
    let value = {
        let called = std::pin::pin!(call.promise);
        match futures::future::select(std::pin::pin!(value_of(&early)), called).await {
            futures::future::Either::Left((value, _)) => value,
            futures::future::Either::Right(_) => panic!("it never returns"),
        }
    };
    assert_eq!(value.expect("a value"), 11);
}

async fn a_tail_call_returns_what_the_other_returned<E: Engine>(desk: desk::Client, engine: E) {
    let mut request = desk.pass_request();
    request.get().set_cell(engine.host(Cell::new(12)));
    let passed = request.send().promise.await.expect("passed");
    assert_eq!(passed.get().expect("results").get_value(), 12);
}

async fn an_object_hands_out_itself<E: Engine>(desk: desk::Client, _: E) {
    let again = desk.me_request().send().pipeline.get_desk();
    let mut request = again.new_request();
    request.get().set_value(3);
    let cell = request.send().pipeline.get_cell();
    assert_eq!(value_of(&cell).await.expect("a value"), 3);
}

async fn one_capability_stands_in_two_places<E: Engine>(desk: desk::Client, engine: E) {
    let mut request = desk.double_request();
    request.get().set_cell(engine.host(Cell::new(4)));
    let doubled = request.send().promise.await.expect("doubled");
    let doubled = doubled.get().expect("results");
    let (first, second) = (doubled.get_first().expect("one"), doubled.get_second().expect("two"));
    let mut request = first.set_request();
    request.get().set_value(9);
    request.send().promise.await.expect("set");
    assert_eq!(value_of(&second).await.expect("a value"), 9);
}

async fn a_promise_passed_as_a_param_is_settled_later<E: Engine>(desk: desk::Client, engine: E) {
    let (settle, settled) = oneshot::channel::<cell::Client>();
    let promised: cell::Client = engine.promise(async move {
        settled.await.map_err(|_| capnp::Error::failed("never settled".to_owned()))
    });
    let mut request = desk.echo_request();
    request.get().set_cell(promised);
    let echoed = request.send().pipeline.get_cell();
    let asked = echoed.get_request().send();
    assert!(settle.send(engine.host(Cell::new(21))).is_ok());
    let answer = asked.promise.await.expect("answered");
    assert_eq!(answer.get().expect("results").get_value(), 21);
}

/// P4: the order is that of the calls, not that of the polls.
async fn calls_arrive_in_order_whoever_is_polled_first<E: Engine>(desk: desk::Client, _: E) {
    let mut request = desk.new_request();
    request.get().set_value(0);
    let cell = request.send().pipeline.get_cell();
    let mut request = cell.set_request();
    request.get().set_value(1);
    let set = request.send();
    let get = cell.get_request().send();
    let got = get.promise.await.expect("answered");
    assert_eq!(got.get().expect("results").get_value(), 1);
    set.promise.await.expect("set");
}

/// P5: what was sent is delivered, whether its promise is polled or not.
async fn a_call_that_is_held_and_not_polled_is_delivered<E: Engine>(desk: desk::Client, _: E) {
    let mut request = desk.new_request();
    request.get().set_value(0);
    let cell = request.send().promise.await.expect("made");
    let cell = cell.get().expect("results").get_cell().expect("a cell");
    let mut request = cell.set_request();
    request.get().set_value(6);
    let held = request.send();
    assert_eq!(value_of(&cell).await.expect("a value"), 6);
    drop(held);
}

async fn a_pipeline_of_a_pipeline_leads_on<E: Engine>(desk: desk::Client, _: E) {
    let mut at = desk;
    for _ in 0..8 {
        at = at.me_request().send().pipeline.get_desk();
    }
    let mut request = at.new_request();
    request.get().set_value(2);
    let cell = request.send().pipeline.get_cell();
    assert_eq!(value_of(&cell).await.expect("a value"), 2);
}
