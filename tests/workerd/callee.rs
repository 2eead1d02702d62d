//! What `callee.js` is, in Rust.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use bowline::runtime::{Local, LocalFuture};
use bowline::worker::http::{Body, upgrade};
use bowline::worker::stream::{
    ReadableStream, StreamError, WritableStream, fixed_length, identity,
};
use bowline::worker::value::{DomException, Value, View, value};
use bowline::worker::{
    Answer, Args, Call, Ctx, JsError, Received, Return, RpcStub, RpcTarget, Worker, args,
};

use futures::{SinkExt, StreamExt};
use http::{Method, Request, Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// What happened here, by the key of the run it happened in.
#[derive(Clone, Default)]
pub(crate) struct Happened(Rc<RefCell<BTreeMap<String, Vec<String>>>>);

impl Happened {
    fn note(&self, key: &str, what: impl Into<String>) {
        self.0.borrow_mut().entry(key.to_owned()).or_default().push(what.into());
    }

    fn of(&self, key: &str) -> Value {
        self.0.borrow().get(key).cloned().unwrap_or_default().into()
    }
}

struct Account {
    happened: Happened,
    key: String,
    balance: Cell<f64>,
}

impl Account {
    fn stub(here: &Local, happened: &Happened, key: &str, balance: f64) -> RpcStub {
        let (happened, key) = (happened.clone(), key.to_owned());
        RpcStub::new(here, Self { happened, key, balance: Cell::new(balance) })
    }
}

impl RpcTarget for Account {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        match name {
            "deposit" => Answer::now(call.arg::<f64>(0).map(|amount| {
                self.balance.set(self.balance.get() + amount);
                self.balance.get()
            })),
            "branch" => Answer::now(
                call.arg(0).map(|n| Self::stub(call.here(), &self.happened, &self.key, n)),
            ),
            "itself" => Answer::now(Ok(RpcStub::share(call.here(), self))),
            "balance" => Answer::property(call),
            _ => Answer::Missing,
        }
    }

    fn getter(self: Rc<Self>, name: &str, _: &Local) -> Answer {
        match name {
            "balance" => Answer::now(Ok(self.balance.get())),
            "deposit" | "branch" | "itself" => Answer::Method,
            _ => Answer::Missing,
        }
    }

    fn dispose(&self) {
        self.happened.note(&self.key, format!("closed at {}", self.balance.get()));
    }
}

fn fail(how: &str) -> JsError {
    match how {
        "error" => JsError::error("it does not work"),
        "type" => JsError::type_error("not of this type"),
        "range" => JsError::new("RangeError", "not in this range"),
        "custom" => JsError::new("OutOfInk", "no ink").with_property("pages", vec![4, 5]),
        "cause" => {
            JsError::error("outside").with_property("cause", JsError::type_error("inside").value())
        }
        "dom" => JsError::thrown(Value::dom_exception(DomException {
            name: "AbortError".into(),
            message: "stopped".into(),
            stack: String::new(),
        })),
        "aggregate" => {
            let errors = [JsError::error("a"), JsError::new("RangeError", "b")];
            let errors = Value::array(errors.map(|error| error.value().clone()));
            JsError::new("AggregateError", "both").with_property("errors", errors)
        }
        "text" => JsError::thrown("no error at all".into()),
        _ => JsError::thrown(value!({ code: 17 })),
    }
}

/// The default entrypoint.
struct Callee {
    ctx: Ctx,
    happened: Happened,
}

impl Callee {
    fn at_once(&self, name: &str, call: &Call) -> Result<Option<Return>, JsError> {
        let (here, happened) = (call.here(), &self.happened);
        Ok(Some(match name {
            "ping" => "pong".into(),
            "nothing" => ().into(),
            "add" => (call.arg::<f64>(0)? + call.arg::<f64>(1)?).into(),
            "echo" | "returned" => call.args().get(0).clone().into(),
            "count" => call.args().len().into(),
            "happened" => happened.of(&call.arg::<String>(0)?).into(),
            "account" => {
                Account::stub(here, happened, &call.arg::<String>(0)?, call.arg(1)?).into()
            }
            "bank" => {
                let key: String = call.arg(0)?;
                let account = |n| Account::stub(here, happened, &key, n);
                value!({ vault: { first: (account(1.0)), second: (account(2.0)) }, founded: 1694 })
                    .into()
            }
            "closing" => {
                let (key, happened) = (call.arg::<String>(0)?, happened.clone());
                let closed = move || happened.note(&key, "the office closed");
                Return::new(value!({ open: true })).on_dispose(closed)
            }
            "times" => {
                let factor: f64 = call.arg(0)?;
                let times = move |call: Call| async move { Ok(factor * call.arg::<f64>(0)?) };
                RpcStub::function(here, times).into()
            }
            "curried" => curried(here, String::new(), 3).into(),
            "keep" => self.keep(call)?.into(),
            "keepWithoutDup" => self.keep_without_dup(call)?.into(),
            "fail" => return Err(fail(&call.arg::<String>(0)?)),
            "large" => Value::uint8_array(vec![7; call.arg::<usize>(0)?]).into(),
            _ => return Ok(None),
        }))
    }

    fn keep(&self, call: &Call) -> Result<(), JsError> {
        let (kept, key) = (call.stub(0)?.dup()?, call.arg::<String>(1)?);
        let happened = self.happened.clone();
        self.ctx.wait_until(async move {
            tokio::time::sleep(Duration::from_millis(15)).await;
            let said = kept.invoke(args!["late"]).await.and_then(|said| said.to::<String>());
            happened.note(&key, format!("kept: {}", said.unwrap_or_else(|why| why.to_string())));
        });
        Ok(())
    }

    /// A stream without an end, and a note of why it was cancelled.
    fn endless(&self, key: String) -> Value {
        let (mut to, from) = identity();
        let happened = self.happened.clone();
        self.ctx.wait_until(async move {
            let why = loop {
                if let Err(why) = to.write(vec![0; 500]).await {
                    break why;
                }
            };
            let StreamError::Cancelled(reason) = why else { return };
            let reason = reason.as_str().map_or_else(String::new, |reason| reason.to_string());
            happened.note(&key, format!("cancelled: {reason}"));
        });
        from.into()
    }

    fn keep_without_dup(&self, call: &Call) -> Result<(), JsError> {
        let (stub, key) = (call.stub(0)?, call.arg::<String>(1)?);
        let happened = self.happened.clone();
        self.ctx.wait_until(async move {
            tokio::time::sleep(Duration::from_millis(15)).await;
            let said = stub.invoke(args!["late"]).await.and_then(|said| said.to::<String>());
            happened.note(&key, said.unwrap_or_else(|why| why.message().into_owned()));
        });
        Ok(())
    }
}

/// So many chunks, each made of its number.
fn made(n: u32, chunk: impl Fn(u32) -> Vec<u8> + Send + 'static) -> Value {
    let chunks = (0..n).map(move |at| Ok::<_, JsError>(chunk(at)));
    ReadableStream::from_stream(futures::stream::iter(chunks)).into()
}

fn exactly(n: u64) -> Result<Value, JsError> {
    let (mut to, from) = fixed_length(n);
    // There is room: the stream was just made.
    futures::executor::block_on(to.write(vec![b'x'; n as usize]))?;
    Ok(from.into())
}

fn breaking() -> Value {
    let parts = [Ok("half"), Err("torn")];
    ReadableStream::from_stream(futures::stream::iter(parts)).into()
}

async fn length_of(call: Call) -> Result<Value, JsError> {
    let mut stream: ReadableStream = call.arg(0)?;
    let (mut length, mut sum) = (0, 0_u32);
    while let Some(bytes) = stream.next().await {
        let bytes = bytes?;
        length += bytes.len();
        for byte in bytes {
            sum = sum.wrapping_mul(31).wrapping_add(byte.into());
        }
    }
    Ok(value!({ length: (length), sum: (sum) }))
}

async fn text(call: Call) -> Result<String, JsError> {
    let all = call.arg::<ReadableStream>(0)?.read_all(1 << 20).await?;
    Ok(String::from_utf8_lossy(&all).into_owned())
}

async fn first_of(call: Call) -> Result<usize, JsError> {
    let mut stream: ReadableStream = call.arg(0)?;
    let first = stream.next().await.transpose()?.unwrap_or_default();
    stream.cancel(JsError::error("one is enough").value().clone());
    Ok(first.len())
}

async fn write_into(call: Call) -> Result<usize, JsError> {
    let (mut stream, text) = (call.arg::<WritableStream>(0)?, call.arg::<String>(1)?);
    let length = text.len();
    stream.write(text).await?;
    stream.close().await?;
    Ok(length)
}

/// What is done with requests and responses that are values.
async fn http_value(name: String, call: Call) -> Result<Value, JsError> {
    if name == "response" {
        let response = Response::builder().status(201).header("x-made", "here");
        return Ok(response.body(Body::from("created")).expect("a good response").into());
    }
    let request = Request::<Body>::try_from(call.args().get(0))?;
    if name == "requestBody" {
        return Ok(request.into_body().text(1000).await?.into());
    }
    let asked = request.headers().get("x-asked").and_then(|asked| asked.to_str().ok());
    let asked = asked.unwrap_or("nothing");
    Ok(format!("{} {} {asked}", request.method(), request.uri()).into())
}

/// What is done with streams.
fn streams(name: &str, call: Call) -> Answer {
    match name {
        "letters" => Answer::now(
            call.arg::<u32>(0)
                .map(|n| made(n, |at| vec![b'a' + u8::try_from(at % 26).unwrap_or(0)])),
        ),
        "chunks" => Answer::now((|| {
            let (n, length) = (call.arg::<u32>(0)?, call.arg::<usize>(1)?);
            Ok(made(n, move |at| vec![u8::try_from(at % 251).unwrap_or(0); length]))
        })()),
        "exactly" => Answer::now(call.arg::<u64>(0).and_then(exactly)),
        "breaking" => Answer::now(Ok(breaking())),
        "length" => Answer::later(length_of(call)),
        "text" => Answer::later(text(call)),
        "firstOf" => Answer::later(first_of(call)),
        "writeInto" => Answer::later(write_into(call)),
        "response" | "request" | "requestBody" => Answer::later(http_value(name.to_owned(), call)),
        _ => Answer::Missing,
    }
}

fn curried(here: &Local, said: String, left: u32) -> RpcStub {
    RpcStub::function(here, move |call: Call| {
        let said = said.clone();
        async move {
            let said = said + &call.arg::<String>(0)?;
            Ok(match left {
                1 => Value::from(said),
                _ => curried(call.here(), said, left - 1).into(),
            })
        }
    })
}

async fn call_in_order(call: Call) -> Result<Value, JsError> {
    let (function, n) = (call.stub(0)?, call.arg::<u32>(1)?);
    let calls: Vec<_> = (0..n).map(|i| function.invoke(args![i])).collect();
    let mut all = Vec::new();
    for call in calls {
        all.push(call.await?.into_value());
    }
    Ok(all.into())
}

async fn call_back(call: Call) -> Result<Received, JsError> {
    call.stub(0)?.invoke(Args::new().with(call.args().get(1))).await
}

async fn deposit_in(call: Call) -> Result<Received, JsError> {
    call.stub(0)?.call("deposit", Args::new().with(call.args().get(1))).await
}

async fn pipeline_into(call: Call) -> Result<Received, JsError> {
    call.stub(0)?.invoke(args![]).call("branch", args![30]).call("deposit", args![3]).await
}

async fn sleep(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

impl RpcTarget for Callee {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        match self.at_once(name, &call) {
            Err(why) => return Answer::Now(Err(why)),
            Ok(Some(returned)) => return Answer::Now(Ok(returned)),
            Ok(None) => {}
        }
        match name {
            "accountLater" => {
                let happened = self.happened.clone();
                Answer::later(async move {
                    sleep(15).await;
                    let key: String = call.arg(0)?;
                    Ok(Account::stub(call.here(), &happened, &key, call.arg(1)?))
                })
            }
            "endless" => Answer::now(call.arg(0).map(|key: String| self.endless(key))),
            "call" => Answer::later(call_back(call)),
            "callInOrder" => Answer::later(call_in_order(call)),
            "depositIn" => Answer::later(deposit_in(call)),
            "pipelineInto" => Answer::later(pipeline_into(call)),
            "giveUp" => {
                self.ctx.abort(JsError::error("gave up"));
                Answer::now(Ok(()))
            }
            "failLater" => Answer::later(async {
                sleep(5).await;
                Err::<(), _>(JsError::error("too late"))
            }),
            "never" => Answer::later(std::future::pending::<Result<(), _>>()),
            "slow" => Answer::later(async move {
                let milliseconds: u32 = call.arg(0)?;
                sleep(milliseconds.into()).await;
                Ok(milliseconds)
            }),
            "rates" | "reserve" | "closed" => Answer::property(call),
            _ => streams(name, call),
        }
    }

    fn fetch(self: Rc<Self>, request: Request<Body>) -> LocalFuture<Answered> {
        Box::pin(answer(request))
    }

    fn getter(self: Rc<Self>, name: &str, here: &Local) -> Answer {
        match name {
            "rates" => Answer::now(Ok(value!({ loan: 7, deposit: 2 }))),
            "reserve" => Answer::now(Ok(Account::stub(here, &self.happened, "reserve", 500.0))),
            "closed" => Answer::Now(Err(JsError::new("RangeError", "not on Sundays"))),
            _ => Answer::Missing,
        }
    }
}

type Answered = Result<Response<Body>, JsError>;

/// What the default entrypoint answers to requests.
async fn answer(mut request: Request<Body>) -> Answered {
    if request.headers().contains_key("upgrade") {
        return Ok(websocket(&mut request));
    }
    if request.method() == Method::CONNECT {
        let tunnel = upgrade(request.extensions_mut());
        tokio::spawn(async move {
            let mut tunnel = tunnel.await.expect("it was granted");
            let mut heard = String::new();
            tunnel.read_to_string(&mut heard).await.expect("text");
            let told = format!("elsewhere heard {heard}");
            tunnel.write_all(told.as_bytes()).await.expect("they listen");
            tunnel.shutdown().await.expect("they listen");
        });
        return Ok(Response::new(Body::empty()));
    }
    if request.uri().path() == "/mirror" {
        let response = Response::builder().header("x-mirror", "1").body(request.into_body());
        return Ok(response.expect("a good response"));
    }
    let (url, method) = (request.uri().to_string(), request.method().to_string());
    let body = request.into_body().text(1 << 20).await.map_err(|why| JsError::of(&why))?;
    let told = serde_json::json!({ "url": url, "method": method, "body": body });
    let mut response = Response::new(Body::from(told.to_string()));
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

fn websocket(request: &mut Request<Body>) -> Response<Body> {
    let coming = upgrade(request.extensions_mut());
    tokio::spawn(async move {
        let socket = coming.await.expect("it was granted");
        let mut socket = WebSocketStream::from_raw_socket(socket, Role::Server, None).await;
        while let Some(Ok(message)) = socket.next().await {
            let told = match message {
                Message::Text(text) => Message::text(format!("heard {text}")),
                Message::Binary(bytes) => Message::Binary(bytes),
                _ => continue,
            };
            // They may have closed it already.
            let _ = socket.send(told).await;
        }
    });
    let key = request.headers().get("sec-websocket-key").map_or(&b""[..], |key| key.as_bytes());
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-accept", derive_accept_key(key));
    response.body(Body::empty()).expect("a good response")
}

/// A named entrypoint with props.
struct Clerk(Ctx);

impl Clerk {
    fn who(&self) -> String {
        let desk = match self.0.props().get("desk") {
            Some(View::Number(desk)) => desk,
            _ => f64::NAN,
        };
        format!("clerk at {desk}")
    }
}

impl RpcTarget for Clerk {
    fn method(self: Rc<Self>, name: &str, _: Call) -> Answer {
        match name {
            "who" => Answer::now(Ok(self.who())),
            _ => Answer::Missing,
        }
    }

    fn fetch(self: Rc<Self>, _: Request<Body>) -> LocalFuture<Answered> {
        Box::pin(async move { Ok(Response::new(Body::from(self.who()))) })
    }

    fn getter(self: Rc<Self>, _: &str, _: &Local) -> Answer {
        Answer::Missing
    }
}

pub(crate) fn worker() -> Worker {
    let happened = Happened::default();
    Worker::new("callee")
        .entrypoint("default", move |ctx| Callee { ctx, happened: happened.clone() })
        .entrypoint("Clerk", Clerk)
}
