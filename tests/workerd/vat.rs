//! A vat of ours that takes part, on a thread of its own.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use bowline::conn::Config;
use bowline::rpc::{Client, Link, listen};
use bowline::runtime::{Local, Vat};
use bowline::transport::{Address, FramedLimits, Listener, Socket, TransportError};
use bowline::worker::http::Port;
use bowline::worker::{JsError, Service};
use tokio::sync::oneshot;

/// A vat that serves at a port of the loopback interface. Dropping ends it.
pub(crate) struct Serving {
    pub(crate) port: u16,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Serving {
    /// What `make` makes of a vat is offered to whoever connects.
    pub(crate) fn offering<F>(make: F) -> Self
    where
        F: AsyncFnOnce(&Vat) -> Client + Send + 'static,
    {
        Self::new(async move |vat, mut listener| {
            let offered = make(vat).await;
            let offer = |_: &_| Some(offered.clone());
            listen(vat.here(), &mut listener, Config::default(), offer).await
        })
    }

    /// HTTP is served, and vats behind it.
    pub(crate) fn http(make: impl FnOnce(&Vat) -> Port + Send + 'static) -> Self {
        Self::new(async move |vat, mut listener| make(vat).listen(vat.here(), &mut listener).await)
    }

    /// The calls of a service, and its requests.
    pub(crate) fn service(
        make: impl FnOnce() -> Result<Service, JsError> + Send + 'static,
    ) -> Self {
        Self::http(move |vat| {
            let (here, service) = (vat.here(), make().expect("it has this entrypoint"));
            let host = "vat.test".parse().expect("a host");
            Port::new().vat(host, service.bootstrap(here)).fetch(service.handler(here))
        })
    }

    /// Runs `serve` until this is dropped.
    fn new<F>(serve: F) -> Self
    where
        F: AsyncFnOnce(&Vat, Listener) -> TransportError + Send + 'static,
    {
        let (tell, told) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let thread = thread::spawn(move || {
            on_this_thread(async {
                let vat = Vat::local();
                let any: Address = "tcp:127.0.0.1:0".parse().expect("a good address");
                let listener = Listener::bind(&any).await.expect("a free port");
                let Address::Tcp { port, .. } = *listener.address() else { panic!("it was TCP") };
                tell.send(port).expect("somebody waits");
                tokio::select! {
                    why = serve(&vat, listener) => panic!("accepting failed: {why}"),
                    () = vat.tokio_driver() => panic!("a driver has no end"),
                    _ = ended => {}
                }
            });
        });
        let port = told.recv().expect("it listens");
        Self { port, end: Some(end), thread: Some(thread) }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.end.take();
        let ended = self.thread.take().map(JoinHandle::join);
        if !thread::panicking() {
            assert!(matches!(ended, Some(Ok(()))), "the vat's thread panicked");
        }
    }
}

/// Runs `future` to its end, sockets and clocks at hand.
pub(crate) fn on_this_thread<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("an event queue").block_on(future)
}

/// What a port offers to whoever connects.
pub(crate) async fn bootstrap(here: &Local, port: u16) -> Client {
    let address: Address = format!("tcp:127.0.0.1:{port}").parse().expect("a good address");
    let socket = Socket::connect(&address).await.expect("it listens");
    let transport = socket.framed(FramedLimits::default());
    Link::connect(here, transport, Config::default(), None).bootstrap()
}
