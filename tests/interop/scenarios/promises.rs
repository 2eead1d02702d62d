//! Promise capabilities: resolution, embargo, order, tail calls.

use super::world::{Numbered, Scenarios, Tried, check, fails, in_order, name_of, sequence, told};
use crate::engine::Engine;
use crate::interop_capnp::{counter, resolver};
use crate::objects::Resolver;

impl<E: Engine> Scenarios<E> {
    async fn ask_later(&self) -> capnp::Result<(counter::Client, resolver::Client)> {
        let answer = self.peer.later_request().send().promise.await?;
        let later = answer.get()?;
        Ok((later.get_cap()?, later.get_resolver()?))
    }

    fn ask_forward(&self, target: &counter::Client, n: u32) -> Numbered {
        let mut request = self.peer.forward_request();
        request.get().set_target(target.clone());
        request.get().set_expected(n);
        request.send()
    }

    pub(super) async fn promise_to_server(&self) -> Tried {
        let (cap, resolver) = self.ask_later().await.map_err(told)?;
        let mut calls = sequence(&cap, 0, 4);
        let mut settling = resolver.to_server_request();
        settling.get().set_name("settled");
        settling.send().promise.await.map_err(told)?;
        calls.extend(sequence(&cap, 4, 4));
        in_order(calls).await?;
        check(name_of(&cap).await.map_err(told)?.as_str(), "settled")
    }

    pub(super) async fn promise_to_client(&self) -> Tried {
        let (cap, resolver) = self.ask_later().await.map_err(told)?;
        let mut calls = sequence(&cap, 0, 4);
        let mut settling = resolver.to_cap_request();
        settling.get().set_cap(self.mine());
        let settling = settling.send();
        calls.extend(sequence(&cap, 4, 4));
        settling.promise.await.map_err(told)?;
        calls.extend(sequence(&cap, 8, 4));
        in_order(calls).await?;
        check(name_of(&cap).await.map_err(told)?.as_str(), "mine")
    }

    pub(super) async fn promise_to_error(&self) -> Tried {
        let (cap, resolver) = self.ask_later().await.map_err(told)?;
        let early = cap.name_request().send().promise;
        let mut settling = resolver.to_error_request();
        settling.get().set_reason("it came undone");
        settling.send().promise.await.map_err(told)?;
        fails(early, &["it came undone"]).await?;
        fails(name_of(&cap), &["it came undone"]).await?;
        self.ask_null().await
    }

    /// The answer's own `cap` would be another reference, in no order with the pipelined one.
    pub(super) async fn embargo(&self) -> Tried {
        let asked = self.ask_echo(self.mine());
        let early = asked.pipeline.get_cap();
        let mut calls = sequence(&early, 0, 4);
        asked.promise.await.map_err(told)?;
        calls.extend(sequence(&early, 4, 4));
        in_order(calls).await
    }

    pub(super) async fn echo_promise(&self) -> Tried {
        let (promise, resolver) = Resolver::pair(self.engine, &self.live);
        let back = self.ask_echo(promise).pipeline.get_cap();
        let mut calls = sequence(&back, 0, 4);
        self.ask_null().await?;
        resolver.settle(Ok(self.mine())).map_err(told)?;
        calls.extend(sequence(&back, 4, 4));
        in_order(calls).await
    }

    pub(super) async fn tail_call(&self) -> Tried {
        let made = self.made("tail").await.map_err(told)?;
        in_order((0..4).map(|n| self.ask_forward(&made, n)).collect()).await
    }

    pub(super) async fn tail_call_back(&self) -> Tried {
        let mine = self.mine();
        in_order((0..4).map(|n| self.ask_forward(&mine, n)).collect()).await
    }
}
