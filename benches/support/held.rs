//! What is held: objects that are referred to, and calls that are not answered.

use std::future::{Future, pending};

use ::bowline::rpc::{Call, Client};
use ::bowline::runtime::{Local, Vat};
use ::bowline::wire::Path;
use mockalloc::record_allocs;

use crate::interop_capnp::peer;
use crate::measure::Session;
use crate::row::Work;
use crate::sockets::Thread;

/// How often others have their turn until all is where it stays: far more than calls take turns.
const TURNS: usize = 4_000;

/// Something is kept until it is dropped.
type Kept = Vec<Box<dyn std::any::Any>>;

/// Bytes kept by what `hold` makes, with all that both ends keep for it.
fn weigh<T: 'static>(thread: &Thread, hold: impl Future<Output = Vec<T>>) -> u64 {
    let mut kept: Kept = Vec::with_capacity(1);
    let allocated = record_allocs(|| {
        let held = thread.block_on(async {
            let held = hold.await;
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            held
        });
        kept.push(Box::new(held));
    });
    allocated.mem_leaked()
}

/// Our own, through the object API.
pub(crate) struct Ours {
    pub(crate) client: Client,
    #[expect(dead_code, reason = "kept alive")]
    pub(crate) vats: Vec<Vat>,
    pub(crate) work: Work,
    pub(crate) thread: Thread,
}

/// An object whose method 0 makes another, and whose method 1 does not answer.
pub(crate) fn maker(here: &Local) -> Client {
    Client::new(here, |mut call: Call| async move {
        if call.method() == 1 {
            pending::<()>().await;
        }
        let object = Client::new(call.here(), |call: Call| async { Ok(call.reply()) });
        call.build(|mut root| root.set_as_capability(object.hook()));
        Ok(call.reply())
    })
}

impl Session for Ours {
    fn run(&mut self, _: u64) {}

    fn held(&mut self, count: u64) -> u64 {
        let Self { client, thread, .. } = self;
        match self.work {
            Work::UnansweredCall => weigh(thread, async {
                (0..count).map(|_| client.request(0x1234, 1).send()).collect()
            }),
            _ => weigh(thread, async {
                let mut stubs = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
                for _ in 0..count {
                    let reply = client.request(0x1234, 0).send().await.expect("it returns");
                    stubs.push(reply.cap(&Path::root()).expect("it makes an object"));
                }
                stubs
            }),
        }
    }
}

/// Another engine's, through generated clients.
pub(crate) struct Theirs {
    pub(crate) peer: peer::Client,
    pub(crate) work: Work,
    pub(crate) thread: Thread,
}

impl Session for Theirs {
    fn run(&mut self, _: u64) {}

    fn held(&mut self, count: u64) -> u64 {
        let Self { peer, thread, .. } = self;
        match self.work {
            Work::UnansweredCall => {
                weigh(thread, async { (0..count).map(|_| peer.never_request().send()).collect() })
            }
            _ => weigh(thread, async {
                let mut stubs = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
                for _ in 0..count {
                    let reply = peer.chain_request().send().promise.await.expect("it returns");
                    let next = reply.get().and_then(|reply| reply.get_next());
                    stubs.push(next.expect("it makes an object"));
                }
                stubs
            }),
        }
    }
}
