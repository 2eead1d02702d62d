// A server and three readers of `news.capnp`, as one writes them for `capnp-rpc`. The file that includes
// this one says which engine that is.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use capnp::capability::FromClientHook;
use capnp::message::ReaderOptions;
use engine::rpc_twoparty_capnp::Side;
use engine::{RpcSystem, new_client, twoparty};
use futures::future::try_join_all;
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

use crate::news_capnp::{headline, reader, subscription, topic};

type Headline = headline::Owned;

/// Who reads a topic, by the number of their subscription.
type Readers = RefCell<BTreeMap<u32, reader::Client<Headline>>>;

#[derive(Default)]
struct Topic {
    next: Cell<u32>,
    readers: Rc<Readers>,
}

struct Subscription {
    number: u32,
    readers: Weak<Readers>,
}

impl subscription::Server for Subscription {}

/// The reader held its subscription no more.
impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(readers) = self.readers.upgrade() {
            let reader = readers.borrow_mut().remove(&self.number);
            drop(reader);
        }
    }
}

impl topic::Server<Headline> for Topic {
    async fn subscribe(
        self: Rc<Self>,
        params: topic::SubscribeParams<Headline>,
        mut results: topic::SubscribeResults<Headline>,
    ) -> capnp::Result<()> {
        let number = self.next.replace(self.next.get() + 1);
        self.readers.borrow_mut().insert(number, params.get()?.get_reader()?);
        let subscription = Subscription { number, readers: Rc::downgrade(&self.readers) };
        results.get().set_subscription(new_client(subscription));
        Ok(())
    }

    async fn publish(
        self: Rc<Self>,
        params: topic::PublishParams<Headline>,
        mut results: topic::PublishResults<Headline>,
    ) -> capnp::Result<()> {
        let item = params.get()?.get_item()?;
        let mut taken = Vec::new();
        for reader in self.readers.borrow().values() {
            let mut request = reader.take_request();
            request.get().set_item(item)?;
            taken.push(request.send().promise);
        }
        results.get().set_readers(u32::try_from(taken.len()).unwrap_or(u32::MAX));
        try_join_all(taken).await?;
        Ok(())
    }
}

/// Notes down what it is told.
struct Reader {
    name: &'static str,
    told: Rc<RefCell<Vec<String>>>,
}

impl reader::Server<Headline> for Reader {
    async fn take(
        self: Rc<Self>,
        params: reader::TakeParams<Headline>,
        _: reader::TakeResults<Headline>,
    ) -> capnp::Result<()> {
        let item = params.get()?.get_item()?;
        let (text, edition) = (item.get_text()?.to_str()?, item.get_edition());
        self.told.borrow_mut().push(format!("{} reads {text:?}, edition {edition}", self.name));
        Ok(())
    }
}

/// Connects to the topic; both ends run on the current `LocalSet`.
fn connect(topic: &topic::Client<Headline>) -> topic::Client<Headline> {
    let end = |stream, side| {
        let (reader, writer) = tokio::io::split(stream);
        let (reader, writer) = (reader.compat(), writer.compat_write());
        Box::new(twoparty::VatNetwork::new(reader, writer, side, ReaderOptions::new()))
    };
    let (left, right) = tokio::io::duplex(4096);
    let offer = capnp::capability::Client::new(topic.as_client_hook().add_ref());
    tokio::task::spawn_local(RpcSystem::new(end(right, Side::Server), Some(offer)));
    let mut near = RpcSystem::new(end(left, Side::Client), None);
    let topic = near.bootstrap(Side::Server);
    tokio::task::spawn_local(near);
    topic
}

async fn publish(
    topic: &topic::Client<Headline>,
    text: &str,
    edition: u32,
) -> capnp::Result<u32> {
    let mut request = topic.publish_request();
    let mut item = request.get().init_item();
    item.set_text(text);
    item.set_edition(edition);
    Ok(request.send().promise.await?.get()?.get_readers())
}

/// Publishes to readers who come and go, and tells who read what.
pub(crate) async fn run() -> capnp::Result<Vec<String>> {
    let told = Rc::new(RefCell::new(Vec::new()));
    let topic: topic::Client<Headline> = new_client(Topic::default());
    let mut subscriptions = Vec::new();
    for name in ["Ada", "Ben", "Cleo"] {
        let reader = Reader { name, told: Rc::clone(&told) };
        let mut request = connect(&topic).subscribe_request();
        request.get().set_reader(new_client(reader));
        let answer = request.send().promise.await?;
        subscriptions.push(answer.get()?.get_subscription()?);
    }

    let press = connect(&topic);
    let readers = publish(&press, "Ship comes in", 1).await?;
    told.borrow_mut().push(format!("{readers} have read it"));

    // Ben has read enough. His subscription's release is on its way; until it is there he is told.
    drop(subscriptions.remove(1));
    while publish(&press, "Nothing new", 1).await? > 2 {}
    told.borrow_mut().retain(|line| !line.contains("Nothing new"));

    let readers = publish(&press, "Ship goes out", 2).await?;
    told.borrow_mut().push(format!("{readers} have read it"));
    Ok(told.take())
}
