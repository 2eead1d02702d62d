//! Rust calls a Worker of JavaScript, and the Worker calls Rust. `README.md` beside this says how to see it.

use std::cell::Cell;

use bowline::runtime::Vat;
use bowline::transport::Listener;
use bowline::worker::config::ServiceAddress;
use bowline::worker::http::{Body, Port};
use bowline::worker::{Asking, Call, JsError, RpcStub, Service, Worker, rpc_interface, rpc_target};
use http::{Request, Response};

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

    #[rpc(fetch)]
    async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, JsError> {
        Ok(Response::new(Body::from(format!("Ahoy from Rust, {}!", request.uri().path()))))
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

/// Both directions, with the Worker at `js`; `say` is told what happens.
pub(crate) async fn run(
    js: ServiceAddress,
    mut listener: Listener,
    say: impl Fn(String) + Clone + 'static,
) -> Result<(), Box<dyn std::error::Error>> {
    let vat = Vat::local();
    // The binding RUST of the Worker: calls come behind a CONNECT, and requests as they are.
    let rust = Worker::new("rust").entrypoint("default", |_| Counters).service("default")?;
    let port = Port::new()
        .vat(ServiceAddress::CONNECT_HOST.parse()?, rust.bootstrap(vat.here()))
        .fetch(rust.handler(vat.here()));
    let calling = async {
        let service = Service::at(js, Asking::default());
        let js = JsWorker::from(service.stub(vat.here()));

        // Rust calls JavaScript. The second call does not wait for the counter of the first.
        let counter = js.new_counter(1.0);
        let (sum, value) = (counter.increment(2.0).await?, counter.value().await?);
        say(format!("Rust calls JavaScript: its counter is at {sum}, and still at {value}"));
        let request = Request::get("http://js/from/rust").body(Body::empty())?;
        let said = service.fetch(vat.here(), request).await?.into_body().text(1000).await?;
        say(format!("Rust calls JavaScript: {said}"));

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
        why = port.listen(vat.here(), &mut listener) => Err(why.into()),
        () = vat.tokio_driver() => Ok(()),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = Listener::bind(&"tcp:127.0.0.1:4000".parse()?).await?;
    run("http://127.0.0.1:8080".parse()?, listener, |line| println!("{line}")).await
}
