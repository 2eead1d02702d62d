//! A server found again by its capability, while the peer still has a say in where calls go.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use bowline::compat::rpc_capnp::{cap_descriptor, message, payload};
use bowline::compat::rpc_twoparty_capnp::Side;
use bowline::compat::{CapabilityServerSet, RpcSystem, new_broken_cap, new_client};
use capnp::capability::{Client, FromClientHook};
use capnp::traits::{HasTypeId, ImbueMut};
use tokio::task::{spawn_local, yield_now};

use crate::desk::Cell;
use crate::raw::{Raw, Returned};
use crate::typed_capnp::{cell, desk};
use crate::worlds::{duplex, on_one_thread, two_party};

type Cells = CapabilityServerSet<Cell, cell::Client>;

/// The id of the capability that stands first in the params of the call that is heard, and its
/// question.
async fn hear_call(raw: &mut Raw) -> (u32, Option<u32>) {
    raw.find(|message| {
        let Ok(message::Call(call)) = message.which() else { return None };
        let call = call.expect("a call");
        let table = call.get_params().expect("params").get_cap_table().expect("a table");
        let first = (!table.is_empty()).then(|| match table.get(0).which() {
            Ok(cap_descriptor::SenderHosted(id)) => id,
            _ => panic!("it is the caller's own"),
        });
        Some((call.get_question_id(), first))
    })
    .await
}

/// Fills a payload with a struct whose only pointer is the first capability of its table.
fn point_at_it(mut payload: payload::Builder<'_>) {
    let mut table = Vec::new();
    let mut content = payload.reborrow().get_content();
    content.imbue_mut(&mut table);
    let unused = new_broken_cap(capnp::Error::failed("unused".into())).hook;
    // What `echo` returns looks like what `pass` takes.
    content.init_as::<desk::echo_results::Builder<'_>>().set_cell(FromClientHook::new(unused));
}

async fn rounds() {
    for _ in 0..10 {
        yield_now().await;
    }
}

#[test]
fn an_embargo_blocks_unwrapping_until_the_peer_has_sent_it_back() {
    on_one_thread(async {
        let (left, right) = duplex();
        let mut system = RpcSystem::new(Box::new(two_party(left, Side::Client)), None);
        let desk: desk::Client = system.bootstrap(Side::Server);
        spawn_local(system);
        let mut raw = Raw::new(right, Side::Server);
        raw.hear(|message| assert!(matches!(message.which(), Ok(message::Bootstrap(_))))).await;

        let mut set = Cells::new();
        let mut request = desk.echo_request();
        request.get().set_cell(set.new_client(Cell::new(1)));
        let call = request.send();
        let (question, exported) = hear_call(&mut raw).await;
        raw.say(|message| {
            let mut ret = message.init_return();
            ret.set_answer_id(question);
            ret.set_release_param_caps(false);
            let mut results = ret.init_results();
            results.reborrow().init_cap_table(1).get(0).set_sender_promise(7);
            point_at_it(results);
        });
        let answer = call.promise.await.expect("it returned");
        let back = answer.get().expect("results").get_cell().expect("a promise");

        // A call goes the peer's way; then the promise comes home.
        let under_way = back.get_request().send();
        let _ = hear_call(&mut raw).await;
        raw.say(|message| {
            let mut resolve = message.init_resolve();
            resolve.set_promise_id(7);
            resolve.init_cap().set_receiver_hosted(exported.expect("the cell"));
        });
        let embargo = raw.find(|message| {
            let Ok(message::Disembargo(it)) = message.which() else { return None };
            let context = it.expect("a Disembargo").get_context();
            match context.which() {
                Ok(bowline::compat::rpc_capnp::disembargo::context::SenderLoopback(id)) => Some(id),
                _ => panic!("not a loopback"),
            }
        });
        let embargo = embargo.await;
        let mut cx = Context::from_waker(Waker::noop());
        {
            let mut found = pin!(set.get_local_server(&back));
            rounds().await;
            assert!(found.as_mut().poll(&mut cx).is_pending(), "an earlier call is under way");
            assert!(set.get_local_server_of_resolved(&back).is_none());
            raw.say(|message| {
                let mut disembargo = message.init_disembargo();
                disembargo.reborrow().init_target().set_imported_cap(exported.expect("the cell"));
                disembargo.init_context().set_receiver_loopback(embargo);
            });
            assert!(found.await.is_some());
        }
        drop(under_way);
    });
}

/// Notes whether it knows the cell it is passed, as it is passed.
struct Knowing {
    set: Rc<RefCell<Cells>>,
    own: cell::Client,
}

impl desk::Server for Knowing {
    async fn new(
        self: Rc<Self>,
        _: desk::NewParams,
        mut results: desk::NewResults,
    ) -> capnp::Result<()> {
        results.get().set_cell(self.own.clone());
        Ok(())
    }

    async fn hang(self: Rc<Self>, _: desk::HangParams, _: desk::HangResults) -> capnp::Result<()> {
        Ok(())
    }

    async fn pass(
        self: Rc<Self>,
        params: desk::PassParams,
        mut results: desk::PassResults,
    ) -> capnp::Result<()> {
        let cell = params.get()?.get_cell()?;
        let known = self.set.borrow().get_local_server_of_resolved(&cell);
        let known = known.ok_or_else(|| capnp::Error::failed("a stranger".into()))?;
        results.get().set_value(known.value());
        Ok(())
    }
}

#[test]
fn what_comes_home_is_known_as_it_arrives() {
    on_one_thread(async {
        let set = Rc::new(RefCell::new(Cells::new()));
        let own = set.borrow_mut().new_client(Cell::new(41));
        let desk: desk::Client = new_client(Knowing { set, own });
        let (left, right) = duplex();
        let offer = Client::new(desk.into_client_hook());
        spawn_local(RpcSystem::new(Box::new(two_party(right, Side::Server)), Some(offer)));
        let mut raw = Raw::new(left, Side::Client);
        raw.ask_bootstrap(0);
        assert_eq!(raw.returned(0).await, Returned::Results);
        raw.call(1, (0, None), (desk::Client::TYPE_ID, 1));
        let exported = raw.hear(|message| {
            let Ok(message::Return(ret)) = message.which() else { panic!("not a Return") };
            let ret = ret.expect("a Return");
            let Ok(bowline::compat::rpc_capnp::return_::Results(results)) = ret.which() else {
                panic!("it failed")
            };
            let table = results.expect("results").get_cap_table().expect("a table");
            match table.get(0).which() {
                Ok(cap_descriptor::SenderHosted(id)) => id,
                _ => panic!("it is the server's own"),
            }
        });
        let exported = exported.await;
        raw.call_with(2, (0, None), (desk::Client::TYPE_ID, 5), |call| {
            let mut params = call.init_params();
            params.reborrow().init_cap_table(1).get(0).set_receiver_hosted(exported);
            point_at_it(params);
        });
        assert_eq!(raw.returned(2).await, Returned::Results);
    });
}
