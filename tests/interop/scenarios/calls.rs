//! Calls, pipelines, callbacks, release, cancellation, exceptions, streams.

use super::world::{Scenarios, Tried, check, eventually, fails, in_order, name_of, sequence, told};
use crate::crc::Crc;
use crate::engine::Engine;
use crate::interop_capnp::{Kind, callback, newer};
use crate::objects::{Callback, error_kind};

impl<E: Engine> Scenarios<E> {
    pub(super) async fn null(&self) -> Tried {
        self.ask_null().await
    }

    pub(super) async fn numbers(&self) -> Tried {
        for value in [0, 1, 1 << 32, u64::MAX] {
            let mut request = self.peer.echo_number_request();
            request.get().set_value(value);
            let answer = request.send().promise.await.map_err(told)?;
            check(answer.get().map_err(told)?.get_value(), value)?;
        }
        Ok(())
    }

    pub(super) async fn text(&self) -> Tried {
        let mut request = self.peer.echo_text_request();
        request.get().set_value("knot ⚓");
        let answer = request.send().promise.await.map_err(told)?;
        let text = answer.get().and_then(|answer| answer.get_value()).map_err(told)?;
        check(text.to_str(), Ok("knot ⚓"))
    }

    pub(super) async fn data_1mib(&self) -> Tried {
        let data: Vec<u8> = (0..1_u32 << 20).map(|n| (n * 7 % 251) as u8).collect();
        let mut request = self.peer.echo_data_request();
        request.get().set_value(&data);
        let answer = request.send().promise.await.map_err(told)?;
        let back = answer.get().and_then(|answer| answer.get_value()).map_err(told)?;
        check(back == data, true)
    }

    pub(super) async fn object(&self) -> Tried {
        let made = self.made("bow").await.map_err(told)?;
        check(name_of(&made).await.map_err(told)?.as_str(), "bow")?;
        in_order(sequence(&made, 0, 10)).await
    }

    pub(super) async fn pipeline_object(&self) -> Tried {
        let early = self.ask_counter("early").pipeline.get_counter();
        in_order(sequence(&early, 0, 10)).await
    }

    pub(super) async fn pipeline_box(&self) -> Tried {
        let mut request = self.peer.box_request();
        request.get().set_name("boxed");
        let inner = request.send().pipeline.get_box().get_inner();
        check(name_of(&inner).await.map_err(told)?.as_str(), "boxed")
    }

    pub(super) async fn pipeline_chain(&self) -> Tried {
        let mut link = self.peer.chain_request().send().pipeline.get_next();
        for _ in 0..7 {
            link = link.next_request().send().pipeline.get_next();
        }
        let answer = link.depth_request().send().promise.await.map_err(told)?;
        check(answer.get().map_err(told)?.get_depth(), 8)
    }

    pub(super) async fn pipeline_null(&self) -> Tried {
        let mut request = self.peer.box_request();
        request.get().set_name("");
        let inner = request.send().pipeline.get_box().get_inner();
        fails(name_of(&inner), &["null", "Null", "no capabilities"]).await?;
        self.ask_null().await
    }

    pub(super) async fn callback(&self) -> Tried {
        let mut request = self.peer.call_back_request();
        let target: callback::Client = self.engine.host(Callback);
        request.get().set_target(target);
        request.get().set_times(10);
        let answer = request.send().promise.await.map_err(told)?;
        check(answer.get().map_err(told)?.get_sum(), 450)
    }

    pub(super) async fn release(&self) -> Tried {
        let before = self.live_there().await.map_err(told)?;
        let made = self.made("short-lived").await.map_err(told)?;
        check(self.live_there().await.map_err(told)?, before + 1)?;
        drop(made);
        eventually(|| self.live_there(), before).await
    }

    pub(super) async fn hold_and_release(&self) -> Tried {
        let mut request = self.peer.hold_request();
        request.get().set_cap(self.mine());
        request.send().promise.await.map_err(told)?;
        let call = |n| {
            let mut request = self.peer.call_held_request();
            request.get().set_expected(n);
            request.send()
        };
        in_order((0..5).map(call).collect()).await?;
        check(self.live.count(), 1)?;
        self.peer.release_held_request().send().promise.await.map_err(told)?;
        eventually(|| async { Ok(self.live.count()) }, 0).await
    }

    pub(super) async fn cancel(&self) -> Tried {
        let before = self.cancelled_there().await.map_err(told)?;
        let mut request = self.peer.never_request();
        request.get().set_cap(self.mine());
        let running = request.send();
        self.ask_null().await?;
        drop(running);
        eventually(|| self.cancelled_there(), before + 1).await?;
        eventually(|| async { Ok(self.live.count()) }, 0).await
    }

    pub(super) async fn exception(&self) -> Tried {
        let thrown = self.ask_throw(Kind::Failed, "the rope broke");
        fails(thrown.promise, &["the rope broke"]).await?;
        self.ask_null().await
    }

    pub(super) async fn exception_kinds(&self) -> Tried {
        for kind in [Kind::Failed, Kind::Overloaded, Kind::Disconnected, Kind::Unimplemented] {
            let Err(error) = self.ask_throw(kind, "told so").promise.await else {
                return Err(format!("asked for {kind:?}, the call did not fail"));
            };
            check(error.kind, error_kind(kind))?;
        }
        self.ask_null().await
    }

    pub(super) async fn unimplemented_method(&self) -> Tried {
        let newer = newer::Client { client: self.peer.client.clone() };
        let added = newer.added_request().send().promise;
        fails(added, &["nimplemented", "not implemented"]).await?;
        self.ask_null().await
    }

    pub(super) async fn stream(&self) -> Tried {
        let opened = self.peer.open_sink_request().send().promise.await.map_err(told)?;
        let sink = opened.get().and_then(|opened| opened.get_sink()).map_err(told)?;
        let (mut total, mut crc) = (0, Crc::default());
        for n in 0..=255 {
            let data = [n; 16 << 10];
            (total, crc) = (total + data.len() as u64, crc.over(&data));
            let mut request = sink.write_request();
            request.get().set_data(&data);
            request.send().await.map_err(told)?;
        }
        let done = sink.done_request().send().promise.await.map_err(told)?;
        let end = done.get().map_err(told)?;
        check((end.get_bytes(), end.get_crc()), (total, crc.sum()))
    }

    /// The write that fails has the later ones and the last call fail with it. (C-S2, C-S3)
    pub(super) async fn stream_error(&self) -> Tried {
        let sink = self.peer.open_sink_request().send().pipeline.get_sink();
        let write = |data: &[u8]| {
            let mut request = sink.write_request();
            request.get().set_data(data);
            request.send()
        };
        let writes = [write(b"one"), write(b""), write(b"two")];
        let done = sink.done_request().send().promise;
        fails(done, &["nothing was written"]).await?;
        let [first, ..] = writes;
        first.await.map_err(told)?;
        fails(write(b"three"), &["nothing was written"]).await
    }
}
