//! The typed face with the C++ implementation at the other end, in both directions.

use bowline::compat::rpc_twoparty_capnp::Side;
use bowline::compat::{CapabilityServerSet, RpcSystem};
use capnp::capability::{Client, FromClientHook};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

use crate::bad_input::*;
use crate::desk::{Cell, a_desk};
use crate::evolution::*;
use crate::features::*;
use crate::generics::{a_duck, a_duck_is_named_and_swims_and_is_still_a_duck};
use crate::python;
use crate::typed_capnp::{cell, desk};
use crate::worlds::{Compat, on_one_thread};

fn end<C: FromClientHook>(stream: TcpStream, side: Side, offer: Option<Client>) -> C {
    let (reader, writer) = tokio::io::split(stream);
    let options = capnp::message::ReaderOptions::new();
    let (reader, writer) = (reader.compat(), writer.compat_write());
    let network = bowline::compat::twoparty::VatNetwork::new(reader, writer, side, options);
    let mut system = RpcSystem::new(Box::new(network), offer);
    let other = if side == Side::Client { Side::Server } else { Side::Client };
    let offered = system.bootstrap(other);
    spawn_local(system);
    offered
}

/// Plays against what a C++ peer offers in a role.
fn calling<C: FromClientHook, F: Future<Output = ()>>(role: &str, play: impl FnOnce(C) -> F) {
    on_one_thread(async {
        let listening = python::serve_with("typed.py", &["serve", role]).await;
        let stream = TcpStream::connect(("127.0.0.1", listening.port)).await.expect("it listens");
        play(end(stream, Side::Client, None)).await;
    });
}

/// Offers an object to a C++ peer that tries what its role names.
fn called<C: FromClientHook>(role: &str, offer: impl FnOnce(Compat) -> C) {
    on_one_thread(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port().to_string();
        let offer = Client::new(offer(Compat).into_client_hook());
        spawn_local(async move {
            let (stream, _) = listener.accept().await.expect("the peer connects");
            let _: Client = end(stream, Side::Server, Some(offer));
        });
        let told = python::call_with("typed.py", &["call", role, &port]).await;
        assert_eq!(told.trim(), format!("ok {role}"));
    });
}

#[test]
fn cpp_offers_a_desk() {
    calling("desk", |desk: desk::Client| async move {
        a_capability_comes_back_as_the_same_object(desk.clone(), Compat).await;
        lists_of_capabilities_keep_their_order(desk.clone(), Compat).await;
        capabilities_inside_of_structs_and_lists_arrive(desk.clone(), Compat).await;
        every_cell_of_a_list_is_called_back(desk.clone(), Compat).await;
        calls_on_a_promised_cell_need_not_wait(desk.clone(), Compat).await;
        an_object_hands_out_itself(desk.clone(), Compat).await;
        one_capability_stands_in_two_places(desk.clone(), Compat).await;
        a_promise_passed_as_a_param_is_settled_later(desk.clone(), Compat).await;
        calls_arrive_in_order_whoever_is_polled_first(desk.clone(), Compat).await;
        a_call_that_is_held_and_not_polled_is_delivered(desk.clone(), Compat).await;
        a_pipeline_of_a_pipeline_leads_on(desk.clone(), Compat).await;
        an_exception_comes_with_its_reason(desk.clone(), Compat).await;
        a_return_after_the_cancellation_harms_nobody(desk, Compat).await;
    });
}

#[test]
fn a_server_is_known_again_after_cpp_had_its_capability() {
    calling("desk", |desk: desk::Client| async move {
        let mut set = CapabilityServerSet::<Cell, cell::Client>::new();
        let mut request = desk.echo_request();
        request.get().set_cell(set.new_client(Cell::new(4)));
        let back = request.send().pipeline.get_cell();
        assert!(set.get_local_server(&back).await.is_some_and(|found| found.value() == 4));
    });
}

#[test]
fn cpp_calls_a_desk() {
    called("desk", a_desk);
}

#[test]
fn a_duck_is_a_duck_in_both_directions() {
    called("duck", a_duck);
    calling("duck", |duck| a_duck_is_named_and_swims_and_is_still_a_duck(duck, Compat));
}

#[test]
fn cpp_of_another_age_understands_and_is_understood() {
    called("older-task", a_newer_task);
    called("newer-task", an_older_task);
    calling("older-task", |task| a_newer_caller_is_understood_by_an_older_server(task, Compat));
    calling("newer-task", |task| an_older_caller_is_understood_by_a_newer_server(task, Compat));
    calling("older-task", |task| a_method_the_server_does_not_have_is_unimplemented(task, Compat));
}

#[test]
fn what_cpp_sends_wrongly_is_an_error_where_it_is_read() {
    called("older-odd", a_newer_odd);
    calling("older-odd", |odd| {
        a_text_where_a_capability_is_expected_fails_where_it_is_read(odd, Compat)
    });
}
