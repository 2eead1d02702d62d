//! Input that is not what the schema says: an error that says what and where, never a panic.

use std::rc::Rc;

use capnp::ErrorKind;
use capnp::capability::FromClientHook;

use crate::desk::{a_desk, value_of};
use crate::newer_capnp as newer;
use crate::older_capnp as older;
use crate::typed_capnp::{cell, desk};
use crate::worlds::{Engine, everywhere};

/// Takes texts where its callers have capabilities.
struct OlderOdd;

impl older::odd::Server for OlderOdd {
    async fn cell(
        self: Rc<Self>,
        params: older::odd::CellParams,
        mut results: older::odd::CellResults,
    ) -> capnp::Result<()> {
        results.get().set_what(params.get()?.get_what()?);
        Ok(())
    }

    async fn text(
        self: Rc<Self>,
        params: older::odd::TextParams,
        mut results: older::odd::TextResults,
    ) -> capnp::Result<()> {
        results.get().set_what(params.get()?.get_what()?);
        Ok(())
    }
}

/// Takes capabilities where its callers have texts.
struct NewerOdd;

impl newer::odd::Server for NewerOdd {
    async fn text(
        self: Rc<Self>,
        params: newer::odd::TextParams,
        mut results: newer::odd::TextResults,
    ) -> capnp::Result<()> {
        let watcher = params.get()?.get_what()?;
        watcher.done_request().send().promise.await?;
        results.get().set_what("called");
        Ok(())
    }
}

fn an_older_odd<E: Engine>(engine: E) -> newer::odd::Client {
    engine.host::<older::odd::Client, _>(OlderOdd).cast_to()
}

pub(crate) fn a_newer_odd<E: Engine>(engine: E) -> older::odd::Client {
    engine.host::<newer::odd::Client, _>(NewerOdd).cast_to()
}

mod older_server {
    use super::*;

    // `capnp-rpc` panics here when it is the caller.
    everywhere!(an_older_odd in foreign calling_capnp_rpc local compat networks vats:
        a_text_where_a_capability_is_expected_fails_where_it_is_read
        a_capability_where_a_text_is_expected_fails_at_the_server
    );
}

mod older_server_here {
    use super::*;

    everywhere!(an_older_odd in local compat networks vats:
        a_call_on_a_text_names_the_place_of_the_text
    );
}

mod newer_server {
    use super::*;

    everywhere!(a_newer_odd: a_text_passed_for_a_capability_fails_at_the_server);

    mod ours {
        use super::super::*;

        everywhere!(a_newer_odd in called_by_capnp_rpc local compat networks vats:
            params_that_cannot_be_read_are_an_error_that_names_the_method
        );
    }
}

mod desks {
    use super::*;

    everywhere!(a_desk:
        a_null_capability_fails_where_it_is_read_and_where_it_is_called
        an_exception_comes_with_its_reason
        a_return_after_the_cancellation_harms_nobody
    );

    mod ours {
        use super::super::*;

        everywhere!(a_desk in called_by_capnp_rpc local compat networks vats:
            a_second_pipeline_changes_nothing
            a_call_on_a_null_capability_names_the_method
        );
    }
}

/// P6: what is pipelined on it fails, and reading it fails.
pub(crate) async fn a_text_where_a_capability_is_expected_fails_where_it_is_read<E: Engine>(
    odd: newer::odd::Client,
    _: E,
) {
    let mut request = odd.cell_request();
    request.get().set_what("no capability");
    let call = request.send();
    let early = call.pipeline.get_what().done_request().send();
    let answer = call.promise.await.expect("the call itself is fine");
    assert!(answer.get().expect("results").get_what().is_err());
    assert!(early.promise.await.is_err(), "there is no capability to call");
    let late = call.pipeline.get_what().done_request().send();
    assert!(late.promise.await.is_err(), "there is no capability to call");
}

pub(crate) async fn a_call_on_a_text_names_the_place_of_the_text<E: Engine>(
    odd: newer::odd::Client,
    _: E,
) {
    let mut request = odd.cell_request();
    request.get().set_what("no capability");
    let early = request.send().pipeline.get_what().done_request().send();
    let why = early.promise.await.err().expect("there is no capability to call");
    assert!(why.to_string().contains("the path leads to no capability (root.0)"), "{why}");
}

pub(crate) async fn a_call_on_a_null_capability_names_the_method<E: Engine>(
    desk: desk::Client,
    _: E,
) {
    let call = desk.nothing_request().send();
    let why = value_of(&call.pipeline.get_cell()).await.expect_err("there is no cell");
    let interface = <cell::Client as capnp::traits::HasTypeId>::TYPE_ID;
    let told = why.to_string();
    assert!(told.contains("called a null capability (method "), "{told}");
    assert!(told.contains(&format!(" of interface {interface:#018x})")), "{told}");
}

pub(crate) async fn a_capability_where_a_text_is_expected_fails_at_the_server<E: Engine>(
    odd: newer::odd::Client,
    engine: E,
) {
    struct Watcher;
    impl newer::watcher::Server for Watcher {}
    let mut request = odd.text_request();
    request.get().set_what(engine.host(Watcher));
    let why = request.send().promise.await.err().expect("a capability is no text");
    assert_eq!(why.kind, ErrorKind::Failed, "{why}");
}

pub(crate) async fn a_text_passed_for_a_capability_fails_at_the_server<E: Engine>(
    odd: older::odd::Client,
    _: E,
) {
    let mut request = odd.text_request();
    request.get().set_what("no capability");
    let why = request.send().promise.await.err().expect("a text is no capability");
    assert!(why.to_string().to_lowercase().contains("capability"), "{why}");
}

pub(crate) async fn params_that_cannot_be_read_are_an_error_that_names_the_method<E: Engine>(
    odd: older::odd::Client,
    _: E,
) {
    let mut request = odd.text_request();
    request.get().set_what("no capability");
    let why = request.send().promise.await.err().expect("a text is no capability");
    let interface = <newer::odd::Client as capnp::traits::HasTypeId>::TYPE_ID;
    let place = format!("method 0 of interface {interface:#018x}");
    assert!(why.to_string().contains(&place), "{why}");
}

pub(crate) async fn a_null_capability_fails_where_it_is_read_and_where_it_is_called<E: Engine>(
    desk: desk::Client,
    _: E,
) {
    let why = desk.echo_request().send().promise.await.err().expect("there is no cell");
    assert!(why.to_string().to_lowercase().contains("capability"), "{why}");
    let call = desk.nothing_request().send();
    let why = value_of(&call.pipeline.get_cell()).await.expect_err("there is no cell");
    assert_eq!(why.kind, ErrorKind::Failed, "{why}");
    let answer = call.promise.await.expect("the call itself is fine");
    assert!(answer.get().expect("results").get_cell().is_err());
}

pub(crate) async fn an_exception_comes_with_its_reason<E: Engine>(desk: desk::Client, _: E) {
    let mut request = desk.fail_request();
    request.get().set_reason("the ink has run out");
    let why = request.send().promise.await.err().expect("it fails");
    assert!(why.to_string().contains("the ink has run out"), "{why}");
}

pub(crate) async fn a_second_pipeline_changes_nothing<E: Engine>(desk: desk::Client, engine: E) {
    let mine: cell::Client = engine.host(crate::desk::Cell::new(3));
    let mut request = desk.twice_request();
    request.get().set_cell(mine);
    let call = request.send();
    let early = call.pipeline.get_cell();
    assert_eq!(value_of(&early).await.expect("the first holds"), 3);
    drop(call.promise.await);
}

pub(crate) async fn a_return_after_the_cancellation_harms_nobody<E: Engine>(
    desk: desk::Client,
    _: E,
) {
    for value in 0..20 {
        let mut request = desk.new_request();
        request.get().set_value(value);
        drop(request.send());
    }
    let mut request = desk.new_request();
    request.get().set_value(99);
    let cell = request.send().pipeline.get_cell();
    assert_eq!(value_of(&cell).await.expect("a value"), 99);
}
