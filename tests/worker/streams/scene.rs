//! A depot takes what a message refers to, and gives it out again.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use bowline::rpc::{Call, Client, Membrane, Promise, Response, Target};
use bowline::runtime::Local;
use bowline::schema::worker_capnp::js_value;
use bowline::wire::Exception;
use bowline::worker::AbortSignal;
use bowline::worker::stream::{
    Feed, Outgoing, Pusher, ReadableStream, StreamError, WritableStream, receive,
};
use bowline::worker::value::External;

use crate::support::{ID, World, at, fill as message};

/// Takes the externals of a value in the params.
const PUT: u16 = 0;
/// Returns what was kept, pushed to the first capability of the params.
const GET: u16 = 1;
/// Never returns.
const HANG: u16 = 2;
/// Returns the same depot, behind a membrane.
const WALLED: u16 = 3;

/// An object of one vat.
#[derive(Default)]
pub(crate) struct Depot {
    pusher: Pusher,
    pub(crate) held: RefCell<VecDeque<External>>,
    pub(crate) feeds: RefCell<Vec<Feed>>,
    calls: Cell<u32>,
}

impl Depot {
    /// How many values came.
    pub(crate) fn calls(&self) -> u32 {
        self.calls.get()
    }

    pub(crate) fn readable(&self) -> ReadableStream {
        let held = self.held.borrow_mut().pop_front().expect("something came");
        held.get::<ReadableStream>().expect("a readable stream").give().expect("it is there")
    }

    pub(crate) fn writable(&self) -> WritableStream {
        let held = self.held.borrow_mut().pop_front().expect("something came");
        held.get::<WritableStream>().expect("a writable stream").give().expect("it is there")
    }

    pub(crate) fn signal(&self) -> AbortSignal {
        let held = self.held.borrow_mut().pop_front().expect("something came");
        held.get::<AbortSignal>().expect("a signal").clone()
    }

    fn put(&self, call: &Call) -> Result<(), Exception> {
        self.calls.set(self.calls.get() + 1);
        let externals = call.params().read(|root| {
            let value = root.get_as::<js_value::Reader<'_>>()?;
            Ok(externals(value))
        })?;
        self.held.borrow_mut().extend(externals?);
        Ok(())
    }

    fn get(&self, call: &mut Call) -> Result<(), Exception> {
        let pusher = call.params().cap(&at(0))?;
        let held = self.held.borrow_mut().pop_front().expect("something is kept");
        let outgoing = outgoing(&pusher, &held).map_err(|why| why.exception())?;
        self.feeds.borrow_mut().extend(outgoing.feed());
        call.build(|root| fill(root, outgoing));
        Ok(())
    }
}

impl Target for Depot {
    async fn call(self: Rc<Self>, mut call: Call) -> Result<Response, Exception> {
        match (call.interface(), call.method()) {
            (ID, PUT) => self.put(&call)?,
            (ID, GET) => self.get(&mut call)?,
            (ID, HANG) => std::future::pending().await,
            (ID, WALLED) => {
                let inside = bowline::rpc::host(call.here(), Rc::clone(&self));
                let walled = Membrane::open(call.here()).wrap(&inside);
                call.build(message(0, &[Some(&walled)]));
            }
            _ => return self.pusher.take(call),
        }
        Ok(call.reply())
    }
}

fn externals(value: js_value::Reader<'_>) -> Result<Vec<External>, Exception> {
    let listed = value.get_externals().map_err(bowline::rpc::exception)?;
    listed.iter().map(|one| Ok(receive(one)?.expect("a stream or a signal"))).collect()
}

fn outgoing(pusher: &Client, external: &External) -> Result<Outgoing, StreamError> {
    Outgoing::new(pusher, external).expect("a stream or a signal")
}

fn fill(root: capnp::any_pointer::Builder<'_>, outgoing: Outgoing) {
    let value = root.init_as::<js_value::Builder<'_>>();
    outgoing.write(value.init_externals(1).get(0));
}

/// Hosts a depot.
pub(crate) fn depot(here: &Local) -> (Client, Rc<Depot>) {
    let depot = Rc::new(Depot::default());
    (bowline::rpc::host(here, Rc::clone(&depot)), depot)
}

/// Sends a stream or a signal to a depot.
pub(crate) fn put(depot: &Client, what: &External) -> Result<(Promise, Option<Feed>), StreamError> {
    let outgoing = outgoing(depot, what)?;
    let feed = outgoing.feed();
    let mut request = depot.request(ID, PUT);
    request.build(|root| fill(root, outgoing));
    Ok((request.send(), feed))
}

/// Sends the value that `build` builds to a depot.
pub(crate) fn put_raw(
    depot: &Client,
    build: impl FnOnce(js_value::external::Builder<'_>),
) -> Promise {
    let mut request = depot.request(ID, PUT);
    request.build(|root| build(root.init_as::<js_value::Builder<'_>>().init_externals(1).get(0)));
    request.send()
}

/// Fetches what a depot keeps.
pub(crate) fn get(world: &World, here: &Local, depot: &Client) -> External {
    let pusher = Pusher::new().client(here);
    let reply = world.run(get_from(depot, &pusher)).expect("it is given out");
    let found = reply.read(|root| Ok(externals(root.get_as::<js_value::Reader<'_>>()?)));
    found.expect("well formed").expect("known").pop().expect("one")
}

/// Has a depot give out what it keeps, pushed to `pusher`.
pub(crate) fn get_from(depot: &Client, pusher: &Client) -> Promise {
    depot.request(ID, GET).with(message(0, &[Some(pusher)])).send()
}

/// A call that never returns.
pub(crate) fn hang(depot: &Client) -> Promise {
    depot.request(ID, HANG).send()
}

/// The same depot behind a membrane, as its first result.
pub(crate) fn walled(depot: &Client) -> Promise {
    depot.request(ID, WALLED).send()
}

/// Fetches what a depot keeps, to be pushed to the result of a call that never returns: that call, and the other.
pub(crate) fn get_where_nobody_is(nobody: &Client, depot: &Client) -> [Promise; 2] {
    let hanging = hang(nobody);
    let pusher = hanging.cap(&at(0));
    [hanging, get_from(depot, &pusher)]
}
