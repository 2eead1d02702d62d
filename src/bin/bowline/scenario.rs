//! What Workers do with each other, and what must come of it.

use std::rc::Rc;

use ::http::header::AUTHORIZATION;
use ::http::request::Builder;
use ::http::{Request, Response, StatusCode};
use bowline::rpc::Client;
use bowline::runtime::Local;
use bowline::worker::debug_port::{DebugPort, Props};
use bowline::worker::http::Body;
use bowline::worker::stream::ReadableStream;
use bowline::worker::{Ctx, JsError, RpcStub, Service, Worker, args, rpc_interface, rpc_target};

use crate::crew::{ADMIN, crew};
use crate::failure::{Failure, ensure};
use crate::protocol;
use crate::session::Session;
use crate::stream::Cargo;

#[rpc_interface]
trait Sums {
    async fn add(&self, a: f64, b: f64) -> f64;
}

#[rpc_interface]
trait Counters {
    async fn new_counter(&self) -> RpcStub;
}

#[rpc_interface]
trait Databases {
    async fn open(&self) -> Database;
}

#[rpc_interface]
trait Database {
    async fn set(&self, key: &str, value: &str);
    async fn get(&self, key: &str) -> Option<String>;
    #[rpc(getter)]
    async fn size(&self) -> usize;
}

#[rpc_interface]
trait Public {
    async fn users(&self) -> Vec<String>;
}

#[rpc_interface]
trait Admin {
    async fn create_user(&self, name: &str);
    async fn delete_user(&self, name: &str);
}

#[rpc_interface]
trait Files {
    async fn stream_large_file(&self) -> ReadableStream;
}

#[rpc_interface]
trait Processor {
    async fn process_counter(&self, counter: &RpcStub);
}

#[rpc_interface]
trait Auth {
    async fn verify_token(&self, token: &str) -> Option<String>;
    async fn get_user_roles(&self, user_id: &str) -> Vec<String>;
}

/// More than the gateway answers.
const BODY_MAX: usize = 1 << 10;

/// A scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// A service with a method.
    Add,
    /// A function is returned, called and disposed.
    Counter,
    /// An object is returned, and used before it is there.
    Database,
    /// Two entrypoints with different rights.
    Rights,
    /// A file that no value can hold.
    File,
    /// What one Worker returned is passed on to a third.
    Forward,
    /// A gateway asks who somebody is.
    Gateway,
}

impl Scenario {
    pub(crate) const ALL: [Self; 7] = [
        Self::Add,
        Self::Counter,
        Self::Database,
        Self::Rights,
        Self::File,
        Self::Forward,
        Self::Gateway,
    ];

    /// What the table calls it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Counter => "counter",
            Self::Database => "database",
            Self::Rights => "rights",
            Self::File => "file of 64 MiB",
            Self::Forward => "forwarded",
            Self::Gateway => "gateway",
        }
    }
}

/// Everything the scenarios call, as their Worker finds it in its `env`.
pub(crate) struct Stage {
    sums: Sums,
    counters: Counters,
    databases: Databases,
    public: Public,
    admin: Admin,
    files: Files,
    /// In a third vat.
    processor: Processor,
    gateway: Service,
    here: Local,
}

impl Stage {
    /// With the Workers of two demos, one of them the third vat.
    pub(crate) fn of_demos(here: &Local, far: &Client, third: &Client) -> Result<Self, Failure> {
        let (far, third) = (protocol::workers(far), protocol::workers(third));
        Self::new(
            here,
            |name, entrypoint| Ok(remote(&far, name, entrypoint)),
            remote(&third, "processor", "default"),
        )
    }

    /// With Workers of this vat.
    pub(crate) fn local(here: &Local, session: &Rc<Session>) -> Result<Self, Failure> {
        let crew = crew(session);
        let find = |name: &str, entrypoint: &str| {
            let worker = crew.iter().find(|worker| worker.name() == name);
            worker.ok_or_else(|| JsError::error(format!("no Worker {name}")))?.service(entrypoint)
        };
        Self::new(here, find, find("processor", "default")?)
    }

    fn new(
        here: &Local,
        find: impl Fn(&str, &str) -> Result<Service, JsError>,
        processor: Service,
    ) -> Result<Self, Failure> {
        let stub = |name, entrypoint| Ok::<_, JsError>(find(name, entrypoint)?.stub(here));
        let gateway = Worker::new("gateway").entrypoint("default", Gateway);
        gateway.bind("AUTH", find("auth", "default")?);
        Ok(Self {
            sums: stub("sums", "default")?.into(),
            counters: stub("counters", "default")?.into(),
            databases: stub("databases", "default")?.into(),
            public: stub("api", "default")?.into(),
            admin: stub("api", ADMIN)?.into(),
            files: stub("files", "default")?.into(),
            processor: processor.stub(here).into(),
            gateway: gateway.service("default")?,
            here: here.clone(),
        })
    }
}

/// A service of another vat.
fn remote(port: &DebugPort, name: &str, entrypoint: &str) -> Service {
    let entrypoint = Some(entrypoint).filter(|name| *name != "default");
    let offered = port.entrypoint(name, entrypoint, &Props::default());
    Service::remote(move |_| offered.clone())
}

impl Stage {
    /// Plays one.
    pub(crate) async fn play(&self, scenario: Scenario, cargo: &Cargo) -> Result<(), Failure> {
        match scenario {
            Scenario::Add => self.add().await,
            Scenario::Counter => self.counter().await,
            Scenario::Database => self.database().await,
            Scenario::Rights => self.rights().await,
            Scenario::File => cargo.arrive(self.files.stream_large_file().await?).await,
            Scenario::Forward => self.forward().await,
            Scenario::Gateway => self.gateway().await,
        }
    }

    async fn add(&self) -> Result<(), Failure> {
        let sum = self.sums.add(1.0, 2.0).await?;
        ensure(sum == 3.0, || format!("1 + 2 is {sum}"))
    }

    async fn counter(&self) -> Result<(), Failure> {
        let counter = self.counters.new_counter().await?;
        for (by, counted) in [(5, 5.0), (3, 8.0), (-2, 6.0)] {
            let now: f64 = counter.invoke(args![by]).await?.to()?;
            ensure(now == counted, || format!("by {by} it came to {now}, not {counted}"))?;
        }
        counter.dispose();
        match counter.invoke(args![1]).await {
            Ok(now) => Err(Failure::failed(format!("disposed, it came to {now:?}"))),
            Err(why) => told(&why, "RPC stub used after being disposed."),
        }
    }

    /// All of it is sent before anything is awaited.
    async fn database(&self) -> Result<(), Failure> {
        let database = self.databases.open();
        let set = database.set("name", "Alice");
        let (name, size) = (database.get("name"), database.size());
        set.await?;
        let found = (name.await?, size.await?);
        ensure(found == (Some("Alice".to_owned()), 1), || format!("the database has {found:?}"))
    }

    async fn rights(&self) -> Result<(), Failure> {
        self.admin.create_user("ann").await?;
        let users = self.public.users().await?;
        ensure(users == ["ann"], || format!("the users are {users:?}, not one"))?;
        self.admin.delete_user("ann").await?;
        match self.public.call("createUser", args!["eve"]).await {
            Ok(_) => Err(Failure::failed("everybody can create a user")),
            Err(why) => {
                told(&why, "The RPC receiver does not implement the method \"createUser\".")
            }
        }
    }

    /// What a Worker of the far vat returned goes to the third one, which calls it through us.
    async fn forward(&self) -> Result<(), Failure> {
        let counter = self.counters.new_counter().await?;
        self.processor.process_counter(&counter).await?;
        let now: f64 = counter.invoke(args![1]).await?.to()?;
        ensure(now == 16.0, || format!("10 and 5 there and 1 here came to {now}"))
    }

    async fn gateway(&self) -> Result<(), Failure> {
        let ask = async |request: Builder| {
            let response = self.gateway.fetch(&self.here, request.body(Body::empty())?).await?;
            let status = response.status();
            Ok::<_, Failure>((status, response.into_body().text(BODY_MAX).await?))
        };
        let request = Request::get("http://gateway/roles");
        let known = ask(request.header(AUTHORIZATION, "Bearer of ann")).await?;
        let expected = (StatusCode::OK, "ann: reader, writer".to_owned());
        ensure(known == expected, || format!("ann got {known:?}"))?;
        let (status, _) = ask(Request::get("http://gateway/roles")).await?;
        ensure(status == StatusCode::UNAUTHORIZED, || format!("without a token it said {status}"))
    }
}

fn told(why: &JsError, expected: &str) -> Result<(), Failure> {
    ensure(why.message() == expected, || format!("it was refused with \"{why}\""))
}

/// The gateway's Worker, in our vat. The service it asks is elsewhere.
struct Gateway(Ctx);

#[rpc_target]
impl Gateway {
    #[rpc(fetch)]
    async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, JsError> {
        let auth = Auth::from(self.0.service("AUTH")?);
        let token = request.headers().get(AUTHORIZATION).and_then(|token| token.to_str().ok());
        let user = auth.verify_token(token.unwrap_or_default()).await?;
        let Some(user) = user else {
            let mut refused = Response::new(Body::from("Unauthorized"));
            *refused.status_mut() = StatusCode::UNAUTHORIZED;
            return Ok(refused);
        };
        let roles = auth.get_user_roles(&user).await?;
        Ok(Response::new(Body::from(format!("{user}: {}", roles.join(", ")))))
    }
}
