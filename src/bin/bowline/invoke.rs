//! `bowline call` with an expression: a Worker is called as a program of JavaScript calls it.

use bowline::conn::Config;
use bowline::rpc::{Client, Link};
use bowline::runtime::Vat;
use bowline::transport::FramedLimits;
use bowline::wire::Exception;
use bowline::worker::config::ServiceAddress;
use bowline::worker::debug_port::{DebugPort, Props};
use bowline::worker::expression::{Expression, Step, literal};
use bowline::worker::value::{Value, View, to_json};
use bowline::worker::{Args, JsError, Received, RpcPromise, RpcProperty, RpcStub, Service};
use tokio::task::spawn_local;

use crate::args::Wanted;
use crate::door;
use crate::failure::Failure;
use crate::place::Place;
use crate::table::say;

/// Calls what `text` says at `address`, and prints what comes.
pub(crate) async fn run(address: &str, text: &str, wanted: &Wanted) -> Result<(), Failure> {
    let at: ServiceAddress = address.parse().map_err(|why| Failure::usage(format!("{why}")))?;
    let expression: Expression =
        text.parse().map_err(|why| Failure::usage(format!("`{text}`: {why}")))?;
    let asked = Asked::new(&at, wanted)?;
    let vat = Vat::local();
    spawn_local(vat.tokio_driver());
    let reached = door::reach(&place(&at, wanted)).await?;
    let peer = reached.stream().peer().clone();
    let transport = reached.framed(peer, FramedLimits::default());
    let link = Link::connect(vat.here(), transport, Config::default(), None);
    let entrypoint = asked.of(link.bootstrap());
    let service = Service::remote(move |_| entrypoint.clone()).stub(vat.here());
    let received =
        result(service, expression).await.map_err(|why| Failure::failed(why.to_string()))?;
    let shown = shown(&received, wanted.json);
    received.dispose();
    link.abort(Exception::disconnected("the call is done"));
    say(&shown?)
}

/// The place a service is at.
fn place(at: &ServiceAddress, wanted: &Wanted) -> Place {
    match at {
        ServiceAddress::Http { address, host } => {
            let host = wanted.connect_host.as_ref().unwrap_or(host);
            Place::Http { address: address.clone(), host: host.clone() }
        }
        _ => Place::Bare(at.address().clone()),
    }
}

/// Which entrypoint is asked for.
enum Asked {
    /// The one there is.
    Offered,
    /// One of those of a debug port.
    Named { service: String, entrypoint: Option<String>, props: Props },
}

impl Asked {
    fn new(at: &ServiceAddress, wanted: &Wanted) -> Result<Self, Failure> {
        let Wanted { service, entrypoint, props, .. } = wanted;
        if !at.chooses() {
            let given = [("--service", service), ("--entrypoint", entrypoint), ("--props", props)];
            let given = given.iter().find(|(_, value)| value.is_some());
            return given.map_or(Ok(Self::Offered), |(option, _)| {
                Err(Failure::usage(format!(
                    "{option} has no meaning at {at}, which offers one entrypoint with fixed props; only a debug \
                     port, debug://HOST:PORT, is asked for others"
                )))
            });
        }
        let service = service.clone().ok_or_else(|| {
            Failure::usage(format!("{at} serves Workers by name: --service NAME says which"))
        })?;
        let props = props.as_deref().map_or(Ok(Props::default()), read_props)?;
        let entrypoint = entrypoint.clone().filter(|name| name != "default");
        Ok(Self::Named { service, entrypoint, props })
    }

    /// The entrypoint, of what the peer offers.
    fn of(self, offered: Client) -> Client {
        match self {
            Self::Offered => offered,
            Self::Named { service, entrypoint, props } => {
                DebugPort::new(offered).entrypoint(&service, entrypoint.as_deref(), &props)
            }
        }
    }
}

fn read_props(text: &str) -> Result<Props, Failure> {
    let value = literal(text).map_err(|why| Failure::usage(format!("--props `{text}`: {why}")))?;
    if !matches!(value.view(), View::Object(_)) {
        return Err(Failure::usage(format!("--props `{text}`: expected an object")));
    }
    Props::new(&value).map_err(|why| Failure::usage(format!("--props `{text}`: {why}")))
}

/// How far an expression is.
enum Way {
    Stub(RpcStub),
    Property(RpcProperty),
    Promise(RpcPromise),
}

impl Way {
    fn get(&self, name: &str) -> Self {
        Self::Property(match self {
            Self::Stub(stub) => stub.get(name),
            Self::Property(property) => property.get(name),
            Self::Promise(promise) => promise.get(name),
        })
    }

    fn call(&self, arguments: Vec<Value>) -> Self {
        let arguments: Args = arguments.into_iter().collect();
        Self::Promise(match self {
            Self::Stub(stub) => stub.invoke(arguments),
            Self::Property(property) => property.invoke(arguments),
            Self::Promise(promise) => promise.invoke(arguments),
        })
    }
}

/// What comes of an expression. All of it is sent before anything is awaited. (C-Y10)
async fn result(service: RpcStub, expression: Expression) -> Result<Received, JsError> {
    // What came before is kept until the end is here.
    let (mut passed, mut at) = (Vec::new(), Way::Stub(service));
    for step in expression.into_steps() {
        let next = match step {
            Step::Get(name) => at.get(&name),
            Step::Call(arguments) => at.call(arguments),
        };
        passed.push(std::mem::replace(&mut at, next));
    }
    match at {
        Way::Promise(promise) => promise.await,
        Way::Property(property) => property.read().await,
        Way::Stub(_) => Err(JsError::type_error("a service is no value: nothing was asked of it")),
    }
}

fn shown(received: &Received, json: bool) -> Result<String, Failure> {
    if !json {
        return Ok(received.inspect().to_string());
    }
    to_json(received.value())
        .map_err(|why| Failure::failed(format!("the result is no JSON: {why}")))
}
