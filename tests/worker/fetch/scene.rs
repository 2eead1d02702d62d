//! Who answers requests, and the ways there.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use bowline::conn::Config;
use bowline::rpc::{Client, Link};
use bowline::runtime::{Local, Vat};
use bowline::transport::{
    Address, Framed, FramedLimits, Listener, Peer, Transport, memory_pipe, same_thread,
};
use bowline::worker::http::{Body, Port};
use bowline::worker::value::{View, value};
use bowline::worker::{Asking, Ctx, JsError, Service, Worker, rpc_target};
use http::{Request, Response, StatusCode};

/// How requests get to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It is in the vat of who asks.
    Here,
    /// As calls, to another vat by a link that passes messages by move.
    Link,
    /// As calls, over a pipe of bytes.
    Pipe,
    /// As HTTP/1.1 on a socket.
    Http,
}

/// Who asks, and what is asked.
pub(crate) struct Scene {
    pub(crate) way: Way,
    pub(crate) here: Local,
    pub(crate) service: Service,
    pub(crate) log: Log,
}

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    pub(crate) fn say(&self, what: impl Into<String>) {
        self.0.borrow_mut().push(what.into());
    }

    /// Waits until something was said, and takes it.
    pub(crate) async fn hear(&self) -> String {
        for _ in 0..2000 {
            if !self.0.borrow().is_empty() {
                return self.0.borrow_mut().remove(0);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("nothing happened");
    }
}

/// Runs `main` where sockets, clocks and tasks are at hand.
pub(crate) fn run<F: Future<Output = ()>>(main: F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let main = async {
        let done = tokio::time::timeout(Duration::from_secs(60), main).await;
        VATS.take();
        done
    };
    let done = tokio::task::LocalSet::new().block_on(&runtime.expect("a runtime"), main);
    done.expect("it is over in time");
}

/// A vat that is driven from now on.
pub(crate) fn vat() -> Local {
    let vat = Vat::local();
    tokio::task::spawn_local(vat.tokio_driver());
    let here = vat.here().clone();
    VATS.with(|vats| vats.borrow_mut().push(vat));
    here
}

thread_local! {
    /// The vats of the scenario that is played.
    static VATS: RefCell<Vec<Vat>> = const { RefCell::new(Vec::new()) };
}

/// Plays a scenario with the service at the other end of `way`.
pub(crate) fn play<F: Future<Output = ()>>(way: Way, scenario: impl FnOnce(Scene) -> F) {
    run(async {
        let (here, log) = (vat(), Log::default());
        let service = worker(&log).service_with("default", value!({ desk: 7 }));
        let service = reached(way, &here, service.expect("it has one")).await;
        scenario(Scene { way, here, service, log }).await;
    });
}

/// The service as it is from the other end of `way`.
pub(crate) async fn reached(way: Way, here: &Local, service: Service) -> Service {
    match way {
        Way::Here => service,
        Way::Link | Way::Pipe => {
            let far = vat();
            let peer = linked(way, here, &far, &service.bootstrap(&far));
            Service::remote(move |_| peer.clone())
        }
        Way::Http => {
            let far = vat();
            let port = Port::new()
                .vat("vat.test".parse().expect("a host"), service.bootstrap(&far))
                .fetch(service.handler(&far));
            let address = format!("http://{}", listening(port, far).await);
            let connect_host = Some("vat.test".parse().expect("a host"));
            let asking = Asking { connect_host, ..Asking::default() };
            Service::at(address.parse().expect("an address"), asking)
        }
    }
}

/// What the far vat offers, here.
pub(crate) fn linked(way: Way, here: &Local, far: &Local, offered: &Client) -> Client {
    let (left, right): (Box<dyn Transport>, Box<dyn Transport>) = if way == Way::Link {
        let (left, right) = same_thread();
        (Box::new(left), Box::new(right))
    } else {
        let (left, right) = memory_pipe(1 << 16);
        let framed = |end| Framed::new(end, Peer::Memory, FramedLimits::default());
        (Box::new(framed(left)), Box::new(framed(right)))
    };
    Link::connect(far, right, Config::default(), Some(offered));
    Link::connect(here, left, Config::default(), None).bootstrap()
}

/// Serves a port at a free one; host and number of it.
pub(crate) async fn listening(port: Port, far: Local) -> String {
    listening_to(port, far, 100).await
}

/// The same, with so many guests at once.
pub(crate) async fn listening_to(port: Port, far: Local, guests: usize) -> String {
    let any: Address = "tcp:127.0.0.1:0".parse().expect("an address");
    let mut listener = Listener::bind(&any).await.expect("a free port").peers_max(guests);
    let Address::Tcp { port: number, .. } = *listener.address() else { panic!("it was TCP") };
    tokio::task::spawn_local(async move { port.listen(&far, &mut listener).await });
    format!("127.0.0.1:{number}")
}

pub(crate) type Answered = Result<Response<Body>, JsError>;

impl Scene {
    /// Asks for what is at `path`, with a body.
    pub(crate) async fn post(&self, path: &str, body: impl Into<Body>) -> Answered {
        let request = Request::post(format!("http://knots.test{path}")).body(body.into());
        self.service.fetch(&self.here, request.expect("a good request")).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        let request = Request::get(format!("http://knots.test{path}")).body(Body::empty());
        self.service.fetch(&self.here, request.expect("a good request")).await
    }

    /// The request failed with this; by HTTP, whoever asks learns no more than that.
    #[track_caller]
    pub(crate) fn failed_with(&self, answered: Answered, told: &str) {
        match (self.way, answered) {
            (Way::Http, Ok(response)) => {
                assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            }
            (_, answered) => assert_eq!(answered.expect_err("it fails").to_string(), told),
        }
    }
}

/// Each scenario is played by every way.
macro_rules! by_every_way {
    ($($name:ident),* $(,)?) => {
        mod here { $(#[test] fn $name() {
            crate::fetch::scene::play(crate::fetch::scene::Way::Here, super::$name);
        })* }
        mod link { $(#[test] fn $name() {
            crate::fetch::scene::play(crate::fetch::scene::Way::Link, super::$name);
        })* }
        mod pipe { $(#[test] fn $name() {
            crate::fetch::scene::play(crate::fetch::scene::Way::Pipe, super::$name);
        })* }
        mod socket { $(#[test] fn $name() {
            crate::fetch::scene::play(crate::fetch::scene::Way::Http, super::$name);
        })* }
    };
}
pub(crate) use by_every_way;

/// A worker whose default entrypoint answers requests. It is bound to itself, and its entrypoint `Mute` answers none.
pub(crate) fn worker(log: &Log) -> Worker {
    let log = log.clone();
    let worker = Worker::new("answerer")
        .entrypoint("default", move |ctx| Answerer { ctx, log: log.clone() })
        .entrypoint("Mute", |_| Mute);
    worker.bind("SELF", worker.service("default").expect("it was just added"));
    worker.bind("MUTE", worker.service("Mute").expect("it was just added"));
    worker
}

struct Mute;

#[rpc_target]
impl Mute {}

struct Answerer {
    ctx: Ctx,
    log: Log,
}

/// Says so when it is dropped.
struct Dropped(Log);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.say("dropped");
    }
}

#[rpc_target]
impl Answerer {
    #[rpc(fetch)]
    async fn answer(&self, request: Request<Body>) -> Answered {
        match request.uri().path() {
            "/told" => told(request).await,
            "/mirror" => Ok(Response::new(request.into_body())),
            "/count" => self.count(request).await,
            "/ignores" => Ok(Response::new("read by nobody".into())),
            "/fails" => Err(JsError::type_error("no such knot")),
            "/panics" => panic!("as it should"),
            "/aborts" => {
                self.ctx.abort(JsError::error("gave up"));
                std::future::pending().await
            }
            "/never" => {
                let _dropped = Dropped(self.log.clone());
                self.log.say("asked");
                std::future::pending().await
            }
            "/endless" => Ok(Response::new(self.endless())),
            "/half" => Ok(Response::new(self.half())),
            "/desk" => Ok(Response::new(format!("{:?}", self.desk()).into())),
            "/deeper" => self.ctx.fetch("SELF", request).await,
            "/mute" => self.ctx.fetch("MUTE", request).await,
            "/nobody" => self.ctx.fetch("NOBODY", request).await,
            "/204" => Ok(with_status(StatusCode::NO_CONTENT)),
            "/304" => Ok(with_status(StatusCode::NOT_MODIFIED)),
            _ => Ok(with_status(StatusCode::NOT_FOUND)),
        }
    }

    /// Not called by anybody who makes requests.
    fn fetch(&self) -> &'static str {
        "a method"
    }
}

impl Answerer {
    fn desk(&self) -> f64 {
        match self.ctx.props().get("desk") {
            Some(View::Number(desk)) => desk,
            _ => f64::NAN,
        }
    }

    /// How many bytes were sent.
    async fn count(&self, request: Request<Body>) -> Answered {
        let (mut body, mut count) = (request.into_body(), 0);
        while let Some(chunk) = body.chunk().await {
            match chunk {
                Ok(chunk) => count += chunk.len(),
                Err(why) => {
                    self.log.say("no whole body");
                    return Err(why.into());
                }
            }
        }
        Ok(Response::new(count.to_string().into()))
    }

    /// A body that is written until nobody reads it.
    fn endless(&self) -> Body {
        let (mut writer, body) = Body::pipe();
        let log = self.log.clone();
        self.ctx.wait_until(async move {
            while writer.write(vec![b'x'; 10_000]).await.is_ok() {}
            log.say("nobody reads");
        });
        body
    }

    /// A body that is never completed.
    fn half(&self) -> Body {
        let (mut writer, body) = Body::pipe();
        self.ctx.wait_until(async move {
            writer.write("half").await.expect("somebody reads");
        });
        body
    }
}

fn with_status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

async fn told(request: Request<Body>) -> Answered {
    let any = request.headers().get("x-any").map(|any| any.to_str().expect("text").to_owned());
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let body = request.into_body().text(1000).await?;
    let response = Response::builder()
        .status(StatusCode::ACCEPTED)
        .header("set-cookie", "a=1")
        .header("set-cookie", "b=2")
        .header("x-own", "\u{e9}");
    let told = format!("{method} {uri} {} {body}", any.unwrap_or_default());
    Ok(response.body(told.into()).expect("a good response"))
}
