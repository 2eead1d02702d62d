//! The far side: a vat behind a TCP and a Unix socket for each face.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use bowline::conn::Config;
use bowline::rpc::{Client, Link};
use bowline::runtime::{Local, Vat};
use bowline::transport::{Address, FramedLimits, Listener};

use crate::clerk;
use crate::ledger::Ledger;
use crate::object::{Node, Shelf};

/// Where each face is: over TCP, and over a Unix socket.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) calls: [Address; 2],
    pub(crate) works: [Address; 2],
}

/// Runs until the ledger is closed and everything is given back, on a thread of its own.
pub(crate) fn run(ledger: &Arc<Ledger>, dir: &std::path::Path, tell: &Sender<Places>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("an event queue");
    let (calls, works) = (Vat::local(), Vat::local());
    let shelf = Shelf::default();
    runtime.block_on(async {
        let tcp = Address::Tcp { host: "127.0.0.1".into(), port: 0 };
        let bind = async |name: &str| {
            let unix = Address::Unix(dir.join(name));
            let tcp = Listener::bind(&tcp).await.expect("a free port");
            [tcp, Listener::bind(&unix).await.expect("a directory of our own")]
        };
        let (to_calls, to_works) = (bind("calls").await, bind("works").await);
        let addresses =
            |listeners: &[Listener; 2]| listeners.each_ref().map(|at| at.address().clone());
        let places = Places { calls: addresses(&to_calls), works: addresses(&to_works) };
        tell.send(places).expect("it is waited for");
        let [a, b] = to_calls.map(|at| offer_objects(calls.here(), at, ledger, &shelf));
        let [c, d] = to_works.map(|at| offer_workers(works.here(), at, ledger));
        let vats = [&calls, &works];
        let offers = async { futures::join!(a, b, c, d) };
        tokio::select! {
            () = calls.tokio_driver() => {}
            () = works.tokio_driver() => {}
            _ = offers => {}
            () = watch(ledger, &vats, &shelf) => {}
        }
    });
}

/// Every connection has an object of its own, which can end it.
async fn offer_objects(here: &Local, mut listener: Listener, ledger: &Arc<Ledger>, shelf: &Shelf) {
    loop {
        let socket = listener.accept().await.expect("a descriptor");
        let node = Node::new(ledger, shelf);
        let slot: Rc<RefCell<Option<Link>>> = Rc::clone(&node.link);
        let (boot, _) = node.host(here);
        let transport = socket.framed(FramedLimits::default());
        let link = Link::accept(here, transport, Config::default(), Some(&boot));
        slot.replace(Some(link));
    }
}

async fn offer_workers(here: &Local, mut listener: Listener, ledger: &Arc<Ledger>) {
    let worker = clerk::worker(ledger);
    let boot: Client = worker.service("default").expect("it has one").bootstrap(here);
    bowline::rpc::listen(here, &mut listener, Config::default(), |_| Some(boot.clone())).await;
}

/// How long the last may take to leave.
const LEAVING: Duration = Duration::from_secs(20);

/// Looks at the tables now and then; and, once everybody was told to go, whether they are empty.
async fn watch(ledger: &Arc<Ledger>, vats: &[&Vat; 2], shelf: &Shelf) {
    let mut left = None;
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        for vat in vats {
            if let Err(rule) = vat.here().with(|graph| graph.check()) {
                ledger.fail(format!("the far side: {rule}"));
            }
        }
        if !ledger.is_left() {
            continue;
        }
        shelf.clear(None);
        let begin = *left.get_or_insert_with(Instant::now);
        let [calls, works] = vats.map(|vat| vat.here().with(|graph| graph.stats()));
        // What is offered at two sockets, and the object that stands for nobody.
        let idle = calls == Default::default() && works.nodes <= 3;
        if idle && works.calls + works.links + works.queued == 0 {
            return;
        }
        if begin.elapsed() > LEAVING {
            let dumps = vats.map(|vat| vat.here().with(|graph| graph.dump()));
            return ledger.fail(format!("not empty at the end: {calls:?}, {works:?}\n{dumps:#?}"));
        }
    }
}
