//! Us, through the object API: calls of nothing, or of a number.

use ::bowline::rpc::{Call, Client, Promise};
use ::bowline::runtime::{Handle, Local, Vat};
use capnp::any_pointer;
use futures::stream::{FuturesUnordered, StreamExt};

use crate::interop_capnp::peer::{echo_number_params, echo_number_results};
use crate::measure::Session;
use crate::row::Work;
use crate::sockets::Thread;

/// Calls from the thread of the caller's vat. The client goes before the vats, and they before the
/// thread that drives them.
pub(crate) struct Here {
    client: Client,
    #[expect(dead_code, reason = "kept alive")]
    vats: Vec<Vat>,
    work: Work,
    thread: Thread,
}

impl Here {
    pub(crate) const fn new(client: Client, vats: Vec<Vat>, work: Work, thread: Thread) -> Self {
        Self { client, vats, work, thread }
    }
}

impl Session for Here {
    fn run(&mut self, operations: u64) {
        self.thread.block_on(async {
            match self.work {
                Work::Number => number(&self.client, operations).await,
                _ => null(&self.client, operations).await,
            }
        });
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

/// An object that adds one to a number.
pub(crate) fn counting(here: &Local) -> Client {
    Client::new(here, |mut call: Call| async move {
        let params = |root: any_pointer::Reader<'_>| {
            Ok(root.get_as::<echo_number_params::Reader<'_>>()?.get_value())
        };
        let n = call.params().read(params)?;
        call.build(|root| root.init_as::<echo_number_results::Builder<'_>>().set_value(n + 1));
        Ok(call.reply())
    })
}

async fn number(client: &Client, times: u64) {
    for n in 0..times {
        let mut request = client.request(0x1234, 0);
        request.build(|root| root.init_as::<echo_number_params::Builder<'_>>().set_value(n));
        let reply = request.send().await.expect("it returns");
        let results = |root: any_pointer::Reader<'_>| {
            Ok(root.get_as::<echo_number_results::Reader<'_>>()?.get_value())
        };
        assert_eq!(reply.read(results).expect("it is a number"), n + 1);
    }
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
