//! What an RPC system does beside calling: its end, and the ends of its peers.

use std::cell::Cell as StdCell;
use std::rc::Rc;

use bowline::compat::rpc_twoparty_capnp::Side;
use bowline::compat::{
    CapabilityServerSet, RpcSystem, VatNetwork, auto_reconnect, lazy_auto_reconnect,
    new_broken_cap, new_client, new_future_client,
};
use capnp::ErrorKind;
use capnp::capability::{Client, FromClientHook, get_resolved_cap};
use tokio::task::{JoinHandle, spawn_local, yield_now};

use crate::desk::{Cell, a_desk, value_of};
use crate::typed_capnp::{cell, desk};
use crate::worlds::{Compat, duplex, on_one_thread, two_party};

type System = RpcSystem<Side>;

/// Two systems: one that offers a desk, and one that may call it.
fn systems() -> (System, System) {
    let (left, right) = duplex();
    let desk = Client::new(a_desk(Compat).into_client_hook());
    (
        RpcSystem::new(Box::new(two_party(left, Side::Client)), None),
        RpcSystem::new(Box::new(two_party(right, Side::Server)), Some(desk)),
    )
}

fn spawned() -> (desk::Client, JoinHandle<capnp::Result<()>>, JoinHandle<capnp::Result<()>>) {
    let (mut near, far) = systems();
    let desk = near.bootstrap(Side::Server);
    (desk, spawn_local(near), spawn_local(far))
}

#[test]
fn a_disconnector_ends_both_systems_in_good_order() {
    on_one_thread(async {
        let (mut near, far) = systems();
        let desk: desk::Client = near.bootstrap(Side::Server);
        let disconnector = near.get_disconnector();
        let (near, far) = (spawn_local(near), spawn_local(far));
        let me = desk.me_request().send().promise.await;
        drop(me.expect("it is connected"));
        let hanging = desk.hang_request().send().promise;
        disconnector.await.expect("an end in good order");
        let why = hanging.await.err().expect("nobody answers any more");
        assert_eq!(why.kind, ErrorKind::Disconnected, "{why}");
        near.await.expect("it did not panic").expect("an end in good order");
        far.await.expect("it did not panic").expect("an end in good order");
        let why = desk.me_request().send().promise.await.err().expect("the peer is gone");
        assert_eq!(why.kind, ErrorKind::Disconnected, "{why}");
    });
}

#[test]
fn a_disconnector_of_a_system_without_a_connection_is_ready() {
    on_one_thread(async {
        let (near, far) = systems();
        near.get_disconnector().await.expect("there is nothing to end");
        drop((near, far));
    });
}

#[test]
fn a_peer_gone_in_mid_call_fails_the_call_as_disconnected() {
    on_one_thread(async {
        let (desk, near, far) = spawned();
        drop(desk.me_request().send().promise.await.expect("it is connected"));
        let hanging = desk.hang_request().send();
        let early = desk.me_request().send().pipeline.get_desk();
        far.abort();
        let why = hanging.promise.await.err().expect("nobody answers any more");
        assert_eq!(why.kind, ErrorKind::Disconnected, "{why}");
        near.await.expect("it did not panic").expect("a disconnect is no error");
        let why = early.hang_request().send().promise.await.err().expect("the peer is gone");
        assert_eq!(why.kind, ErrorKind::Disconnected, "{why}");
    });
}

#[test]
fn a_dropped_system_hangs_up_at_once() {
    on_one_thread(async {
        let (left, mut right) = duplex();
        let mut near = RpcSystem::new(Box::new(two_party(left, Side::Client)), None);
        let desk: desk::Client = near.bootstrap(Side::Server);
        drop(near);
        let mut rest = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut right, &mut rest).await.expect("an end");
        let why = desk.me_request().send().promise.await.err().expect("nobody carries it");
        assert_eq!(why.kind, ErrorKind::Disconnected, "{why}");
    });
}

#[test]
fn a_peer_that_breaks_the_rules_is_told_and_fails_the_system() {
    on_one_thread(async {
        let (left, mut right) = duplex();
        let mut near = RpcSystem::new(Box::new(two_party(left, Side::Client)), None);
        let _: desk::Client = near.bootstrap(Side::Server);
        let near = spawn_local(near);
        // A frame of one empty segment is no message.
        tokio::io::AsyncWriteExt::write_all(&mut right, &[0; 8]).await.expect("written");
        let why = near.await.expect("it did not panic").expect_err("the peer misbehaved");
        assert_ne!(why.kind, ErrorKind::Disconnected, "{why}");
    });
}

#[test]
fn connecting_on_a_network_that_was_shut_down_gives_a_broken_client() {
    on_one_thread(async {
        let (mut near, far) = systems();
        let disconnector = near.get_disconnector();
        let _: desk::Client = near.bootstrap(Side::Server);
        let mut near = Box::pin(near);
        let far = spawn_local(far);
        let ended = futures::future::join(disconnector, near.as_mut()).await;
        ended.0.expect("an end in good order");
        let desk: desk::Client = near.bootstrap(Side::Server);
        let why = desk.me_request().send().promise.await.err().expect("it is over");
        assert_eq!(why.kind, ErrorKind::Disconnected, "{why}");
        far.await.expect("it did not panic").expect("an end in good order");
    });
}

#[test]
fn asking_for_its_own_side_gives_a_vat_its_own_offer() {
    on_one_thread(async {
        let (mut near, mut far) = systems();
        let own: desk::Client = far.bootstrap(Side::Server);
        drop(own.me_request().send().promise.await.expect("it is here"));
        let nothing: desk::Client = near.bootstrap(Side::Client);
        let why = nothing.me_request().send().promise.await.err().expect("it offers nothing");
        assert!(why.to_string().contains("no bootstrap capability"), "{why}");
    });
}

#[test]
fn the_peer_of_a_side_is_the_other_side() {
    on_one_thread(async {
        let (left, _right) = duplex();
        let mut network = two_party(left, Side::Client);
        assert!(network.connect(Side::Client).is_none());
        let connection = network.connect(Side::Server).expect("the other side");
        assert!(connection.get_peer_vat_id() == Side::Server);
    });
}

#[test]
fn a_thousand_connections_share_one_thread() {
    on_one_thread(async {
        let desks: Vec<_> = (0..200).map(|_| spawned()).collect();
        for (desk, ..) in desks.iter().rev() {
            drop(desk.me_request().send().promise.await.expect("it answers"));
        }
        // Whoever drove the vat is gone; others go on.
        let mut desks = desks;
        while desks.len() > 1 {
            let (desk, near, far) = desks.pop().expect("there is one");
            near.abort();
            drop(desk);
            far.await.expect("it did not panic").expect("a disconnect is no error");
            let (desk, ..) = desks.last().expect("there is one");
            drop(desk.me_request().send().promise.await.expect("it answers"));
        }
    });
}

#[test]
fn local_objects_need_no_system_and_no_runtime() {
    let cell: cell::Client = new_client(Cell::new(3));
    assert_eq!(futures::executor::block_on(value_of(&cell)).expect("a value"), 3);
}

#[test]
fn nothing_is_delivered_inside_of_send() {
    let server = Rc::new(Cell::new(1));
    let cell: cell::Client = bowline::compat::new_client_from_rc(Rc::clone(&server));
    let mut request = cell.set_request();
    request.get().set_value(2);
    let sent = request.send();
    assert_eq!(server.value(), 1);
    drop(futures::executor::block_on(sent.promise).expect("set"));
    assert_eq!(server.value(), 2);
}

#[test]
fn a_broken_capability_fails_every_call_with_its_error() {
    let broken = new_broken_cap(capnp::Error::overloaded("try later".to_owned()));
    let cell: cell::Client = broken.clone().cast_to();
    let why = futures::executor::block_on(value_of(&cell)).expect_err("it is broken");
    assert_eq!((why.kind, why.extra.as_str()), (ErrorKind::Overloaded, "try later"));
    let call = broken.new_call::<capnp::any_pointer::Owned, capnp::any_pointer::Owned>(1, 2, None);
    let early = call.send().pipeline.get_pointer_field(3).as_cap();
    let early: cell::Client = FromClientHook::new(early);
    let why = futures::executor::block_on(value_of(&early)).expect_err("it is broken");
    assert_eq!(why.kind, ErrorKind::Overloaded);
    assert!(futures::executor::block_on(broken.when_resolved()).is_err());
}

#[test]
fn a_future_client_holds_calls_until_it_is_known() {
    on_one_thread(async {
        let (tell, hear) = futures::channel::oneshot::channel();
        let later: cell::Client = new_future_client(async move {
            hear.await.map_err(|_| capnp::Error::failed("never told".to_owned()))
        });
        assert!(later.as_client_hook().get_resolved().is_none());
        let more = later.as_client_hook().when_more_resolved().expect("it is a promise");
        let asked = spawn_local({
            let later = later.clone();
            async move { value_of(&later).await }
        });
        yield_now().await;
        assert!(!asked.is_finished());
        let cell: cell::Client = new_client(Cell::new(13));
        assert!(tell.send(cell.clone()).is_ok());
        assert_eq!(asked.await.expect("it did not panic").expect("a value"), 13);
        let resolved = more.await.expect("it is known");
        let same = cell.as_client_hook().get_ptr();
        assert_eq!(resolved.get_ptr(), same);
        assert!(resolved.when_more_resolved().is_none());
        assert_eq!(get_resolved_cap(later).await.as_client_hook().get_ptr(), same);
    });
}

#[test]
fn a_future_that_fails_breaks_its_client() {
    let later: cell::Client =
        new_future_client(async { Err(capnp::Error::failed("there will be none".to_owned())) });
    let why = futures::executor::block_on(value_of(&later)).expect_err("it broke");
    assert!(why.to_string().contains("there will be none"), "{why}");
}

#[test]
fn a_server_set_knows_its_servers_again() {
    on_one_thread(async {
        let mut set = CapabilityServerSet::<Cell, cell::Client>::new();
        let server = Rc::new(Cell::new(4));
        let known = set.new_client_from_rc(Rc::clone(&server));
        let other: cell::Client = new_client(Cell::new(4));
        let found = |found: Option<Rc<Cell>>| found.is_some_and(|it| Rc::ptr_eq(&it, &server));
        assert!(found(set.get_local_server_of_resolved(&known)));
        assert!(set.get_local_server(&other).await.is_none());

        // Through a promise of this thread.
        let later = new_future_client(futures::future::ready(Ok(known.clone())));
        assert!(found(set.get_local_server(&later).await));

        // To a peer and back, as a result that is not there yet.
        let (desk, near, far) = spawned();
        let mut request = desk.echo_request();
        request.get().set_cell(known.clone());
        let call = request.send();
        let back = call.pipeline.get_cell();
        assert!(set.get_local_server_of_resolved(&back).is_none());
        assert!(found(set.get_local_server(&back).await));
        drop((call, near, far));

        drop((known, later, back));
        set.gc();
    });
}

#[test]
fn a_server_set_keeps_no_server() {
    on_one_thread(async {
        let mut set = CapabilityServerSet::<Cell, cell::Client>::new();
        let server = Rc::new(Cell::new(4));
        let weak = Rc::downgrade(&server);
        let client = set.new_client_from_rc(server);
        assert!(weak.upgrade().is_some());
        drop(client);
        let other = set.new_client(Cell::new(5));
        assert_eq!(value_of(&other).await.expect("a value"), 5);
        assert!(weak.upgrade().is_none());
        set.gc();
    });
}

/// A cell whose calls fail as disconnected after the first.
struct Flaky {
    calls: StdCell<u32>,
    generation: i64,
}

impl cell::Server for Flaky {
    async fn get(
        self: Rc<Self>,
        _: cell::GetParams,
        mut results: cell::GetResults,
    ) -> capnp::Result<()> {
        if self.calls.replace(self.calls.get() + 1) > 0 {
            return Err(capnp::Error::disconnected("the line is dead".to_owned()));
        }
        results.get().set_value(self.generation);
        Ok(())
    }
}

fn flaky(generation: i64) -> cell::Client {
    new_client(Flaky { calls: StdCell::new(0), generation })
}

fn flaky_ones() -> (Rc<StdCell<i64>>, impl FnMut() -> capnp::Result<cell::Client>) {
    let made = Rc::new(StdCell::new(0));
    let count = Rc::clone(&made);
    let connect = move || {
        count.set(count.get() + 1);
        Ok(flaky(count.get()))
    };
    (made, connect)
}

#[test]
fn what_was_disconnected_is_connected_anew() {
    on_one_thread(async {
        let (made, connect) = flaky_ones();
        let (client, target) = auto_reconnect(connect).expect("the first connects");
        assert_eq!(made.get(), 1);
        assert_eq!(value_of(&client).await.expect("a value"), 1);
        let both = [client.get_request().send(), client.get_request().send()];
        for call in both {
            let why = call.promise.await.err().expect("the line is dead");
            assert_eq!(why.kind, ErrorKind::Disconnected);
        }
        assert_eq!(made.get(), 2, "two calls failed, one line was dead");
        assert_eq!(value_of(&client).await.expect("a value"), 2);
        target.clone().set_target(flaky(70));
        assert_eq!(value_of(&client).await.expect("a value"), 70);
    });
}

#[test]
fn a_lazy_client_connects_when_it_is_used() {
    on_one_thread(async {
        let (made, connect) = flaky_ones();
        let (client, target) = lazy_auto_reconnect(connect);
        assert_eq!(made.get(), 0);
        assert_eq!(value_of(&client).await.expect("a value"), 1);
        target.set_target(flaky(80));
        assert_eq!(value_of(&client).await.expect("a value"), 80);
        assert_eq!(made.get(), 1);
    });
}

#[test]
fn a_connection_that_cannot_be_made_is_an_error_of_the_call() {
    on_one_thread(async {
        let refuse = || Err(capnp::Error::failed("nobody is there".to_owned()));
        assert!(auto_reconnect::<_, cell::Client>(refuse).is_err());
        let (client, _) = lazy_auto_reconnect::<_, cell::Client>(refuse);
        let why = value_of(&client).await.expect_err("nobody is there");
        assert!(why.to_string().contains("nobody is there"), "{why}");
    });
}

#[test]
fn a_reconnecting_client_is_passed_to_a_peer_and_called_back() {
    on_one_thread(async {
        let (_, connect) = flaky_ones();
        let (client, _) = auto_reconnect(connect).expect("the first connects");
        let (desk, _near, _far) = spawned();
        let mut values = Vec::new();
        for _ in 0..3 {
            let mut request = desk.pass_request();
            request.get().set_cell(client.clone());
            let passed = request.send().promise.await;
            values.push(passed.ok().map(|at| at.get().expect("results").get_value()));
        }
        assert_eq!(values, [Some(1), None, Some(2)]);
    });
}
