//! Rust calls a Worker of JavaScript, and the Worker calls Rust. `README.md` beside this says how to see it.

use std::cell::Cell;

use bowline::conn::Config;
use bowline::rpc::{Client, Link};
use bowline::runtime::{Local, Vat};
use bowline::transport::http::{Arrival, HeadLimits, admit};
use bowline::transport::{FramedLimits, Listener};
use bowline::worker::config::ServiceAddress;
use bowline::worker::{Asking, Call, RpcStub, Service, Worker, rpc_interface, rpc_target};

/// What JavaScript calls.
struct Counter(Cell<f64>);

#[rpc_target]
impl Counter {
    fn increment(&self, by: f64) -> f64 {
        self.0.set(self.0.get() + by);
        self.0.get()
    }

    #[rpc(getter)]
    fn value(&self) -> f64 {
        self.0.get()
    }
}

struct Counters;

#[rpc_target]
impl Counters {
    fn new_counter(&self, start: f64) -> Counter {
        Counter(Cell::new(start))
    }
}

/// What Rust calls: a counter of JavaScript.
#[rpc_interface]
trait JsCounter {
    async fn increment(&self, by: f64) -> f64;
    #[rpc(getter)]
    async fn value(&self) -> f64;
}

#[rpc_interface]
trait JsWorker {
    async fn new_counter(&self, start: f64) -> JsCounter;
    async fn visit_rust(&self, log: &RpcStub) -> f64;
}

/// Serves the counters of Rust to whoever asks the port for `rpc.internal`: the binding `RUST` of the Worker.
async fn serve(here: &Local, mut port: Listener) -> Result<(), Box<dyn std::error::Error>> {
    let service = Worker::new("rust").entrypoint("default", |_| Counters).service("default")?;
    let offered: Client = service.bootstrap(here);
    loop {
        let socket = port.accept().await?;
        let peer = socket.peer().clone();
        let known = |host: &str| host == ServiceAddress::CONNECT_HOST;
        if let Ok(Arrival::Vat { stream, .. }) = admit(socket, &HeadLimits::default(), known).await
        {
            let transport = stream.framed(peer, FramedLimits::default());
            Link::connect(here, transport, Config::default(), Some(&offered));
        }
    }
}

/// Both directions, with the Worker at `js`; `say` is told what happens.
pub(crate) async fn run(
    js: ServiceAddress,
    port: Listener,
    say: impl Fn(String) + Clone + 'static,
) -> Result<(), Box<dyn std::error::Error>> {
    let vat = Vat::local();
    let calling = async {
        let js = JsWorker::from(Service::at(js, Asking::default()).stub(vat.here()));

        // Rust calls JavaScript. The second call does not wait for the counter of the first.
        let counter = js.new_counter(1.0);
        let (sum, value) = (counter.increment(2.0).await?, counter.value().await?);
        say(format!("Rust calls JavaScript: its counter is at {sum}, and still at {value}"));

        // JavaScript calls Rust, among it this function.
        let tell = say.clone();
        let log = RpcStub::function(vat.here(), move |call: Call| {
            let told = call.arg::<String>(0);
            let told = told.map(|line| tell(format!("JavaScript calls Rust: {line}")));
            async move { told }
        });
        let sum = js.visit_rust(&log).await?;
        say(format!("JavaScript calls Rust: another one is at {sum}, after one round trip"));
        Ok(())
    };
    tokio::select! {
        outcome = calling => outcome,
        ended = serve(vat.here(), port) => ended,
        () = vat.tokio_driver() => Ok(()),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = Listener::bind(&"tcp:127.0.0.1:4000".parse()?).await?;
    run("http://127.0.0.1:8080".parse()?, port, |line| println!("{line}")).await
}
