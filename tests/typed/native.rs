//! The typed face without the names of `capnp-rpc`: revocation, objects that know themselves,
//! capabilities of another engine.

use std::cell::Cell as StdCell;
use std::rc::Rc;

use bowline::rpc::{
    Call, Client, Revoker, ServerSet, host_revocable, reconnecting, serve, serve_cyclic,
    serve_revocable,
};
use bowline::runtime::{Local, Vat};
use bowline::wire::{Exception, ExceptionKind};
use capnp::ErrorKind;
use capnp::capability::FromClientHook;
use futures::future::pending;

use crate::desk::{Cell, value_of};
use crate::typed_capnp::{cell, desk, named};
use crate::worlds::on_one_thread;

fn on_a_vat<F: Future<Output = ()>>(test: impl FnOnce(Local) -> F) {
    on_one_thread(async {
        let vat = Vat::local();
        tokio::task::spawn_local(vat.tokio_driver());
        test(vat.here().clone()).await;
    });
}

/// Counts how many of its calls were dropped.
struct Hanging(Rc<StdCell<u32>>);

struct Mark(Rc<StdCell<u32>>);

impl Drop for Mark {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

impl cell::Server for Hanging {
    async fn get(self: Rc<Self>, _: cell::GetParams, _: cell::GetResults) -> capnp::Result<()> {
        let _mark = Mark(Rc::clone(&self.0));
        pending().await
    }
}

#[test]
fn a_revoked_server_fails_later_calls_and_those_under_way() {
    on_a_vat(|here| async move {
        let dropped = Rc::new(StdCell::new(0));
        let (cell, revoker): (cell::Client, Revoker) =
            serve_revocable(&here, Hanging(Rc::clone(&dropped)));
        let (first, second) = (cell.get_request().send(), cell.get_request().send());
        tokio::task::yield_now().await;
        assert!(!revoker.is_revoked());
        revoker.revoke(Exception::new(ExceptionKind::Disconnected, "taken back"));
        revoker.revoke(Exception::failed("a second time changes nothing"));
        for call in [first, second] {
            let why = call.promise.await.err().expect("it was revoked");
            assert_eq!((why.kind, why.extra.as_str()), (ErrorKind::Disconnected, "taken back"));
        }
        assert_eq!(dropped.get(), 2);
        let why = value_of(&cell).await.expect_err("it was revoked");
        assert_eq!(why.extra, "taken back");
        assert!(revoker.is_revoked());
    });
}

#[test]
fn what_a_revoked_server_handed_out_stays() {
    on_a_vat(|here| async move {
        let vat = here.clone();
        let target = move |mut call: Call| {
            let cell: cell::Client = serve(&vat, Cell::new(6));
            call.build(|mut root| root.set_as_capability(cell.into_client_hook()));
            async move { Ok(call.reply()) }
        };
        let (client, revoker) = host_revocable(&here, Rc::new(target));
        let got = client.request(1, 1).send().await.expect("a cell");
        let cell = got.cap(&bowline::wire::Path::root()).expect("a cell");
        revoker.revoke(Exception::failed("taken back"));
        let cell: cell::Client = FromClientHook::new(cell.hook());
        assert_eq!(value_of(&cell).await.expect("a value"), 6);
        assert!(client.request(1, 1).send().await.is_err());
    });
}

#[test]
fn a_server_that_revokes_itself_fails_its_own_call() {
    struct Self_(Rc<std::cell::RefCell<Option<Revoker>>>);
    impl cell::Server for Self_ {
        async fn get(self: Rc<Self>, _: cell::GetParams, _: cell::GetResults) -> capnp::Result<()> {
            let revoker = self.0.borrow().clone();
            revoker.expect("it was set").revoke(Exception::failed("enough"));
            pending().await
        }
    }
    on_a_vat(|here| async move {
        let way = Rc::default();
        let (cell, revoker): (cell::Client, Revoker) =
            serve_revocable(&here, Self_(Rc::clone(&way)));
        way.replace(Some(revoker));
        let why = value_of(&cell).await.expect_err("it revoked itself");
        assert_eq!(why.extra, "enough");
    });
}

/// Hands out itself.
struct Narcissus(bowline::rpc::This<desk::Client>);

impl desk::Server for Narcissus {
    async fn me(
        self: Rc<Self>,
        _: desk::MeParams,
        mut results: desk::MeResults,
    ) -> capnp::Result<()> {
        let me = self.0.client();
        results.get().set_desk(me.ok_or_else(|| capnp::Error::failed("nobody holds me".into()))?);
        Ok(())
    }
}

#[test]
fn an_object_hands_out_the_very_client_it_is_called_through() {
    on_a_vat(|here| async move {
        let desk: desk::Client = serve_cyclic(&here, Narcissus);
        let me = desk.me_request().send().promise.await.expect("itself");
        let me = me.get().expect("results").get_desk().expect("a desk");
        assert_eq!(me.as_client_hook().get_ptr(), desk.as_client_hook().get_ptr());
    });
}

#[test]
fn the_way_to_oneself_keeps_nothing() {
    on_a_vat(|here| async move {
        let mut way = None;
        let desk: desk::Client = serve_cyclic(&here, |this| {
            assert!(this.client().is_none(), "it is not hosted yet");
            way = Some(this.clone());
            Narcissus(this)
        });
        let way = way.expect("it was made");
        assert!(way.client().is_some());
        drop(desk);
        while way.client().is_some() {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn a_weak_client_comes_back_while_somebody_holds_it() {
    on_a_vat(|here| async move {
        let client = Client::new(&here, |call: Call| async move { Ok(call.reply()) });
        let weak = client.downgrade().expect("this is its thread");
        let again = weak.upgrade().expect("it is held");
        assert_eq!(again.identity(), client.identity());
        drop((client, again));
        while weak.upgrade().is_some() {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn a_capability_of_another_engine_is_passed_called_and_given_back() {
    on_a_vat(|here| async move {
        let theirs: cell::Client = capnp_rpc::new_client(Cell::new(17));
        let desk: desk::Client = serve(&here, crate::desk::Desk { engine: crate::worlds::Compat });
        let mut request = desk.echo_request();
        request.get().set_cell(theirs.clone());
        let echoed = request.send().pipeline.get_cell();
        assert_eq!(value_of(&echoed).await.expect("a value"), 17);
        let mut request = echoed.set_request();
        request.get().set_value(18);
        request.send().promise.await.expect("set");
        assert_eq!(value_of(&theirs).await.expect("a value"), 18);

        // And one of ours through the other engine.
        let desk: desk::Client =
            capnp_rpc::new_client(crate::desk::Desk { engine: crate::worlds::CapnpRpc });
        let mut request = desk.echo_request();
        request.get().set_cell(serve(&here, Cell::new(19)));
        let echoed = request.send().pipeline.get_cell();
        assert_eq!(value_of(&echoed).await.expect("a value"), 19);
    });
}

#[test]
fn calls_on_a_capability_of_another_engine_keep_their_order() {
    on_a_vat(|here| async move {
        let theirs: cell::Client = capnp_rpc::new_client(Cell::new(0));
        let hosted = Client::host_hook(&here, theirs.into_client_hook());
        let cell: cell::Client = FromClientHook::new(hosted.hook());
        let sets: Vec<_> = (1..=9)
            .map(|value| {
                let mut request = cell.set_request();
                request.get().set_value(value);
                request.send().promise
            })
            .collect();
        assert_eq!(value_of(&cell).await.expect("a value"), 9);
        drop(sets);
    });
}

#[test]
fn a_cancelled_call_is_cancelled_in_the_other_engine() {
    on_a_vat(|here| async move {
        let dropped = Rc::new(StdCell::new(0));
        let theirs: cell::Client = capnp_rpc::new_client(Hanging(Rc::clone(&dropped)));
        let hosted = Client::host_hook(&here, theirs.into_client_hook());
        let cell: cell::Client = FromClientHook::new(hosted.hook());
        let call = cell.get_request().send();
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        drop(call);
        while dropped.get() == 0 {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn a_native_server_set_and_a_native_reconnecting_client_work_on_any_vat() {
    on_a_vat(|here| async move {
        let mut set = ServerSet::<Cell, cell::Client>::new();
        let server = Rc::new(Cell::new(2));
        let known = set.serve(&here, Rc::clone(&server));
        assert!(set.find(&known).await.is_some_and(|found| Rc::ptr_eq(&found, &server)));
        let unknown: cell::Client = serve(&here, Cell::new(2));
        assert!(set.find_now(&unknown).is_none());

        let (vat, made) = (here.clone(), Rc::new(StdCell::new(0)));
        let count = Rc::clone(&made);
        let connect = move || {
            count.set(count.get() + 1);
            let gone = Exception::disconnected("gone");
            match count.get() {
                1 => Ok(FromClientHook::new(Client::broken(&vat, gone).hook())),
                made => Ok(serve(&vat, Cell::new(made))),
            }
        };
        let (client, _) = reconnecting::<cell::Client, _>(connect).expect("it connects");
        assert!(value_of(&client).await.is_err());
        assert_eq!(value_of(&client).await.expect("a value"), 2);
    });
}

#[test]
fn an_upcast_is_the_same_capability() {
    on_a_vat(|here| async move {
        let cell: cell::Client = serve(&here, Cell::new(1));
        let named: named::Client = cell.clone().cast_to();
        assert_eq!(named.as_client_hook().get_ptr(), cell.as_client_hook().get_ptr());
        let why = named.name_request().send().promise.await.err().expect("a cell has no name");
        assert_eq!(why.kind, ErrorKind::Unimplemented, "{why}");
    });
}
