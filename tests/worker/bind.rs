//! Workers bound to one another, in one process and over sockets.

use std::cell::RefCell;
use std::rc::Rc;

use bowline::conn::Config;
use bowline::rpc::{Client, Link};
use bowline::runtime::Vat;
use bowline::transport::{Address, FramedLimits, Listener};
use bowline::wire::Exception;
use bowline::worker::config::{AddressBook, ServiceAddress, ServiceBinding};
use bowline::worker::debug_port::{self, NotFound};
use bowline::worker::value::value;
use bowline::worker::{Asking, Bindings, Call, Ctx, Function, JsError, Service, Worker, args};
use tokio::task::{LocalSet, spawn_local};

use crate::cast::run;

/// A worker whose entrypoints, functions, tell their name and props.
fn teller(name: &str, entrypoints: &[&'static str]) -> Worker {
    entrypoints.iter().fold(Worker::new(name), |worker, entrypoint: &&'static str| {
        let entrypoint: &'static str = entrypoint;
        worker.entrypoint(entrypoint, move |ctx: Ctx| {
            Function::new(move |_: Call| {
                let told = value!([(entrypoint), (ctx.props().clone())]);
                async move { Ok::<_, JsError>(told) }
            })
        })
    })
}

/// A worker that calls what is bound under the name it is given.
fn gateway() -> Worker {
    Worker::new("gateway").entrypoint("default", |ctx: Ctx| {
        Function::new(move |call: Call| {
            let asked = call.arg::<String>(0).and_then(|name| ctx.service(&name));
            async move { asked?.invoke(args![]).await.map(|told| told.into_value()) }
        })
    })
}

fn nobody(_: ServiceAddress, _: Asking) -> Service {
    panic!("all is in this process")
}

#[test]
fn rule_73_workers_of_one_process_call_each_other_on_its_thread() {
    // C-Y9
    let vat = Vat::local();
    let (gateway, auth) = (gateway(), teller("auth", &["default", "Admin"]));
    Bindings::new(AddressBook::new())
        .with(
            &gateway,
            [
                ServiceBinding::new("AUTH", "auth"),
                ServiceBinding::new("ADMIN", "auth")
                    .entrypoint("Admin")
                    .props(value!({ by: "gateway" })),
            ],
        )
        .with(&auth, [ServiceBinding::new("BACK", "gateway")])
        .bind(nobody)
        .expect("all is there");
    let stub = gateway.service("default").expect("it has one").stub(vat.here());
    let told = |name: &str| run(stub.invoke(args![name])).expect("it is bound").into_value();
    assert_eq!(told("AUTH"), value!(["default", {}]));
    assert_eq!(told("ADMIN"), value!(["Admin", { by: "gateway" }]));
}

#[test]
fn rule_74_nothing_is_bound_if_one_binding_leads_nowhere() {
    let vat = Vat::local();
    let (gateway, auth) = (gateway(), teller("auth", &["Admin"]));
    let bound = |bindings: &[ServiceBinding]| {
        let bindings = bindings.to_vec();
        let all = Bindings::new(AddressBook::new()).with(&gateway, bindings).with(&auth, []);
        all.bind(nobody).map_err(|why| why.to_string())
    };
    let good = ServiceBinding::new("ADMIN", "auth").entrypoint("Admin");
    assert_eq!(
        bound(&[good.clone(), ServiceBinding::new("B", "auth").entrypoint("Amdin")]),
        Err(r#"binding "B" refers to service "auth" with a named entrypoint "Amdin", but "auth" has no such named entrypoint; did you mean "Admin"?"#.to_owned())
    );
    assert_eq!(
        bound(&[good.clone(), ServiceBinding::new("A", "auth")]),
        Err(r#"binding "A" refers to service "auth", but "auth" has no default entrypoint"#
            .to_owned())
    );
    let stub = gateway.service("default").expect("it has one").stub(vat.here());
    let why = run(stub.invoke(args!["ADMIN"])).expect_err("it is not bound");
    assert!(why.message().contains("no service bound as \"ADMIN\""), "{why}");
    bound(&[good]).expect("it leads there");
    assert!(run(stub.invoke(args!["ADMIN"])).is_ok());
    let twice = Bindings::new(AddressBook::new()).with(&auth, []).with(&auth, []);
    let why = twice.bind(nobody).expect_err("one name").to_string();
    assert_eq!(why, r#"two workers have the name "auth""#);
}

/// Somebody who listens until dropped, and offers `bootstrap`.
struct Served(tokio::task::JoinHandle<()>, Rc<RefCell<Vec<Link>>>);

impl Served {
    async fn at(address: &Address, vat: &Rc<Vat>, bootstrap: Client) -> (Self, Address) {
        let mut listener = Listener::bind(address).await.expect("a free address");
        let at = listener.address().clone();
        let links = Rc::new(RefCell::new(Vec::new()));
        let (vat, kept) = (Rc::clone(vat), Rc::clone(&links));
        let task = spawn_local(async move {
            while let Ok(socket) = listener.accept().await {
                let transport = socket.framed(FramedLimits::default());
                let link =
                    Link::connect(vat.here(), transport, Config::default(), Some(&bootstrap));
                kept.borrow_mut().push(link);
            }
        });
        (Self(task, links), at)
    }

    /// Hangs up on all who came, and listens no more.
    async fn end(self) {
        self.0.abort();
        // It is over with an error: it was aborted.
        let _ = self.0.await;
        for link in self.1.take() {
            link.abort(Exception::disconnected("this side ends"));
            link.closed().await;
        }
    }
}

fn under_tokio(body: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    let limited = async { tokio::time::timeout(std::time::Duration::from_secs(30), body).await };
    LocalSet::new().block_on(&runtime, limited).expect("it ends");
}

/// Two vats, each driven by a task.
fn vats() -> (Rc<Vat>, Rc<Vat>) {
    let (near, far) = (Rc::new(Vat::local()), Rc::new(Vat::local()));
    for vat in [&near, &far] {
        spawn_local(vat.tokio_driver());
    }
    (near, far)
}

#[test]
fn either_side_may_start_first_and_a_lost_one_is_found_again() {
    // C-Y9
    under_tokio(async {
        let (near, far) = vats();
        let path = std::env::temp_dir().join(format!("bowline-bind-{}.sock", std::process::id()));
        let address = Address::Unix(path);
        let book = AddressBook::new().with("auth", &address.to_string()).expect("an address");
        let gateway = gateway();
        Bindings::new(book)
            .with(&gateway, [ServiceBinding::new("AUTH", "auth")])
            .bind(Service::at)
            .expect("nobody is asked yet");
        let stub = gateway.service("default").expect("it has one").stub(near.here());
        // Nobody is there yet, which is found out by a call.
        let why = stub.invoke(args!["AUTH"]).await.expect_err("nobody listens");
        assert!(why.is_retryable(), "{why:?}");
        for time in ["first", "second"] {
            let auth = teller("auth", &["default"]).service("default").expect("it has one");
            let (served, _) = Served::at(&address, &far, auth.bootstrap(far.here())).await;
            // A call made right after a loss may still meet it.
            while let Err(why) = stub.invoke(args!["AUTH"]).await {
                assert!(time == "second" && why.is_retryable(), "{time}: {why:?}");
                tokio::task::yield_now().await;
            }
            let told = stub.invoke(args!["AUTH"]).await.expect(time);
            assert_eq!(told.into_value(), value!(["default", {}]));
            served.end().await;
        }
    });
}

#[test]
fn rule_70_a_debug_port_is_asked_for_the_entrypoint_with_its_props() {
    under_tokio(async {
        let (near, far) = vats();
        let auth = teller("auth", &["default", "Admin"]);
        let here = far.here().clone();
        let port = debug_port::serve(far.here(), move |asked| {
            let name = asked.entrypoint.as_deref().unwrap_or("default");
            let found = auth.service_with(name, asked.props.clone());
            Ok(found.map_err(|_| NotFound::Entrypoint)?.bootstrap(&here))
        });
        let any = "tcp:127.0.0.1:0".parse().expect("an address");
        let (served, at) = Served::at(&any, &far, port).await;
        let at = at.to_string().replace("tcp:", "debug://");
        let gateway = gateway();
        Bindings::new(AddressBook::new().with("auth", &at).expect("an address"))
            .with(
                &gateway,
                [
                    ServiceBinding::new("AUTH", "auth"),
                    ServiceBinding::new("ADMIN", "auth")
                        .entrypoint("Admin")
                        .props(value!({ n: 1 })),
                    ServiceBinding::new("WRONG", "auth").entrypoint("Amdin"),
                ],
            )
            .bind(Service::at)
            .expect("nobody is asked yet");
        let stub = gateway.service("default").expect("it has one").stub(near.here());
        for (name, told) in
            [("AUTH", value!(["default", {}])), ("ADMIN", value!(["Admin", { n: 1 }]))]
        {
            assert_eq!(stub.invoke(args![name]).await.expect("it is there").into_value(), told);
        }
        let why = stub.invoke(args!["WRONG"]).await.expect_err("there is none");
        assert!(why.message().contains("Amdin"), "{why}");
        served.end().await;
    });
}
