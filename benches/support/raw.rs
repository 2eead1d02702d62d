//! Us, through the object API: calls of nothing.

use ::bowline::rpc::{Call, Client, Promise};
use ::bowline::runtime::{Handle, Vat};
use futures::stream::{FuturesUnordered, StreamExt};

use crate::measure::Session;
use crate::row::Work;
use crate::sockets::Thread;

/// Calls from the thread of the caller's vat. The client goes before the vats, and they before the
/// thread that drives them.
pub(crate) struct Here {
    client: Client,
    #[expect(dead_code, reason = "kept alive")]
    vats: Vec<Vat>,
    thread: Thread,
}

impl Here {
    pub(crate) const fn new(client: Client, vats: Vec<Vat>, thread: Thread) -> Self {
        Self { client, vats, thread }
    }
}

impl Session for Here {
    fn run(&mut self, operations: u64) {
        self.thread.block_on(null(&self.client, operations));
    }
}

/// Calls from a thread that hosts nothing.
pub(crate) struct Foreign {
    client: Client,
    work: Work,
    #[expect(dead_code, reason = "kept alive")]
    handle: Handle,
    thread: Thread,
}

impl Foreign {
    pub(crate) fn open(work: Work, thread: Thread) -> Self {
        let handle = Vat::spawn().expect("a thread");
        let nothing = || |call: Call| async { Ok(call.reply()) };
        let client = thread.block_on(Client::export(&handle, nothing)).expect("the vat lives");
        Self { client, work, handle, thread }
    }
}

impl Session for Foreign {
    fn run(&mut self, operations: u64) {
        self.thread.block_on(async {
            match self.work {
                Work::InFlight(width) => in_flight(&self.client, width, operations).await,
                _ => null(&self.client, operations).await,
            }
        });
    }
}

fn call(client: &Client) -> Promise {
    client.request(0x1234, 0).send()
}

async fn null(client: &Client, times: u64) {
    for _ in 0..times {
        call(client).await.expect("it returns");
    }
}

async fn in_flight(client: &Client, width: usize, times: u64) {
    let mut calls = FuturesUnordered::new();
    for _ in 0..times {
        if calls.len() == width {
            calls.next().await.transpose().expect("it returns");
        }
        calls.push(call(client));
    }
    while calls.next().await.transpose().expect("it returns").is_some() {}
}
