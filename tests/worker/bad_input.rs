//! What a peer sends that is wrong fails its call: all that came with it is let go, and the connection lives.

use std::rc::Rc;

use bowline::conn::Config;
use bowline::rpc::{Client, Link, serve};
use bowline::runtime::Vat;
use bowline::schema::worker_capnp::js_value::external;
use bowline::schema::worker_capnp::{js_rpc_session, js_rpc_target, js_value, workerd_bootstrap};
use bowline::transport::{Framed, FramedLimits, Peer, memory_pipe};
use bowline::worker::value::value;
use bowline::worker::{Args, RpcStub, Service as Bound, Worker, args};
use capnp::capability::FromClientHook;

use crate::cast::{Counter, Log, Service, failed, got, number, play, run, settle};
use crate::node::from_hex;
use crate::rules_calls::uncloneable;
use crate::sessions::{dispatcher, stub};
use crate::streams::peer::{push, write};
use crate::streams::source::{End, Seen, chunks};
use crate::support::at;

/// A caller that builds its messages by hand, and a worker, with a pipe of bytes between them.
struct Scene {
    near: Rc<Vat>,
    far: Rc<Vat>,
    links: [Link; 2],
    log: Log,
    kept: Rc<std::cell::RefCell<Option<RpcStub>>>,
}

impl Scene {
    fn new() -> Self {
        let (near, far) = (Rc::new(Vat::local()), Rc::new(Vat::local()));
        let kept = Rc::default();
        let (log, keeps) = (Log::default(), Rc::clone(&kept));
        let noted = log.clone();
        let make = move |_| Service { log: noted.clone(), kept: Rc::clone(&keeps) };
        let worker = Worker::new("svc").entrypoint("default", make);
        let service = worker.service("default").expect("it was just added");
        let boot = service.bootstrap(far.here());
        let links = connected(&near, &far, &boot);
        Self { near, far, links, log, kept }
    }

    /// A top level of a session of its own, once to be called by hand; and the session.
    fn top_level(&self) -> (js_rpc_target::Client, RpcStub, js_rpc_session::Client) {
        let boot = self.links[0].bootstrap();
        let boot: workerd_bootstrap::Client = FromClientHook::new(boot.hook());
        let opened = dispatcher(&boot).js_rpc_session_request().send();
        let (top_level, session) = (opened.pipeline.get_top_level(), opened.pipeline.get_session());
        run(opened.promise).expect("it opens");
        (top_level.clone(), stub(top_level), session)
    }

    /// What is called properly.
    fn service(&self) -> RpcStub {
        let boot = self.links[0].bootstrap();
        Bound::remote(move |_| boot.clone()).stub(self.near.here())
    }

    /// Nothing is left of anything, and the next call is served.
    fn goes_on(&self) {
        assert_eq!(number(self.service().call("add", args![1, 2])), 3.0);
        self.kept.take();
        settle();
        for link in &self.links {
            assert!(link.is_idle(), "{:?}", link.stats());
        }
        for vat in [&self.near, &self.far] {
            assert_eq!(vat.here().with(|graph| graph.check()), Ok(()));
        }
    }
}

fn connected(near: &Rc<Vat>, far: &Rc<Vat>, boot: &Client) -> [Link; 2] {
    play(&[near, far]);
    let (left, right) = memory_pipe(1 << 12);
    let framed = |end| Framed::new(end, Peer::Memory, FramedLimits::default());
    let left = Link::connect(near.here(), framed(left), Config::default(), None);
    let right = Link::connect(far.here(), framed(right), Config::default(), Some(boot));
    [left, right]
}

/// What a value refers to.
#[derive(Clone)]
enum Ext {
    Stub(Client),
    /// A stub without its capability.
    NoStub,
    /// What was pushed, as a stream.
    Stream(Client),
    /// The same as a signal.
    Signal(Client),
    /// Nobody set it.
    Invalid,
}

impl Ext {
    fn write(&self, mut to: external::Builder<'_>) {
        match self {
            Self::Stub(client) => {
                to.init_rpc_target().set_cap(FromClientHook::new(client.clone().hook()))
            }
            Self::NoStub => drop(to.init_rpc_target()),
            Self::Stream(client) => {
                to.init_readable_stream().set_stream(FromClientHook::new(client.clone().hook()));
            }
            Self::Signal(client) => to.set_abort_signal(FromClientHook::new(client.clone().hook())),
            Self::Invalid => to.set_invalid(()),
        }
    }
}

fn fill(mut value: js_value::Builder<'_>, bytes: &[u8], externals: &[Ext]) {
    value.set_v8_serialized(bytes);
    let mut list = value.init_externals(externals.len() as u32);
    for (index, external) in externals.iter().enumerate() {
        external.write(list.reborrow().get(index as u32));
    }
}

/// Calls `path` with these bytes; why that fails.
fn refused(to: &js_rpc_target::Client, path: &[&str], bytes: &[u8], externals: &[Ext]) -> String {
    let mut request = to.call_request();
    let mut params = request.get();
    match path {
        [name] => params.set_method_name(name),
        path => {
            let mut names = params.reborrow().init_method_path(path.len() as u32);
            path.iter().enumerate().for_each(|(at, name)| names.set(at as u32, name));
        }
    }
    fill(params.init_operation().init_call_with_args(), bytes, externals);
    let why = run(request.send().promise).err().expect("it is refused");
    why.extra
}

const UNREADABLE: &str =
    "remote.jsg.DOMException(DataCloneError): Unable to deserialize cloned data.";
const UNMATCHED: &str = "remote.jsg.DOMException(DataCloneError): external table slot type doesn't \
                         match serialization tag";

/// Each is what is sent, what it refers to, and what is said of it. `S` is a stub, `0` one without its capability,
/// `R` a stream that was pushed, `r` the same one again, `A` the same as a signal, `X` nothing.
const BAD: &[(&str, &str, &str)] = &[
    ("", "", "invalid or unsupported version"),
    ("ff11410024 00 00", "", "invalid or unsupported version"),
    ("ff0f", "", UNREADABLE),
    ("ff0f51", "S", UNREADABLE),
    ("ff0f41015151240001", "S", UNREADABLE),
    ("ff0f41035c015c03ff240003", "SR", UNREADABLE),
    // Host objects nobody knows, and parts that are not its parts.
    ("ff0f41025c015c63240002", "S", UNREADABLE),
    ("ff0f41025c015c04ff240002", "S", UNREADABLE),
    // Fewer than are meant, another kind than is meant, more than are meant.
    ("ff0f41025c015c01240002", "S", UNMATCHED),
    ("ff0f41015c01240001", "", UNMATCHED),
    ("ff0f41025c015c01240002", "SR", UNMATCHED),
    ("ff0f41025c035c03240002", "SR", UNMATCHED),
    ("ff0f41015c01240001", "SR", "deserialization did not consume all of the externals"),
    ("ff0f4100240000", "SR", "deserialization did not consume all of the externals"),
    ("ff0f4100240000", "SSSSR", "more externals than the value can refer to"),
    // Used twice, or as what it is not.
    ("ff0f41035c015c035c03240003", "SRr", "what was pushed has been used already"),
    ("ff0f41035c015c035c090000240003", "SRA", "what was pushed has been used already"),
    ("ff0f41025c015c03240002", "Sr", "was not pushed here"),
    ("ff0f41025c015c01240002", "S0", "A stub came without its capability."),
    ("ff0f41025c015c01240002", "SX", "an external of a kind that is not known here"),
    // No arguments.
    ("ff0f5c01", "S", "jsg.TypeError: The arguments of a call are no array."),
];

fn hex(text: &str) -> Vec<u8> {
    from_hex(&text.replace(' ', ""))
}

#[test]
fn what_is_wrong_in_the_arguments_fails_the_call_and_is_let_go() {
    let scene = Scene::new();
    for (bytes, refers, says) in BAD {
        let (top_level, client, session) = scene.top_level();
        let log = Log::default();
        let counter = Counter::stub(scene.near.here(), 0.0, &log);
        let stub = counter.client().expect("it is live");
        let pusher = client.client().expect("it is live");
        let pushed = push(&pusher, 0);
        let (source, sink) = (pushed.cap(&at(0)), pushed.cap(&at(1)));
        run(pushed).expect("it is pushed");
        let externals: Vec<_> = refers
            .chars()
            .map(|kind| match kind {
                'S' => Ext::Stub(stub.clone()),
                '0' => Ext::NoStub,
                'R' => Ext::Stream(source.clone()),
                'r' if !refers.contains('R') => Ext::Stream(stub.clone()),
                'r' => Ext::Stream(source.clone()),
                'A' => Ext::Signal(source.clone()),
                _ => Ext::Invalid,
            })
            .collect();
        drop((source, stub, counter, pusher));
        let why = refused(&top_level, &["keepDup"], &hex(bytes), &externals);
        assert!(why.contains(says), "{bytes} {refers}: {why}");
        drop(externals);
        settle();
        assert_eq!(log.all(), ["Counter disposed"], "{bytes} {refers}");
        run(write(&sink, b"x")).expect_err("what was pushed is gone");
        drop((top_level, client, session, sink));
        scene.goes_on();
    }
    assert!(scene.log.all().is_empty());
}

#[test]
fn bombs_fail_their_call() {
    let scene = Scene::new();
    let nested = |depth: usize| {
        [vec![0xff, 15], [b'A', 1].repeat(depth), vec![b'_'], [b'$', 0, 1].repeat(depth)].concat()
    };
    for bytes in [nested(257), nested(1 << 18), hex("ff0f41ffffffff0f"), hex("ff0f5affffffff0f")] {
        let (top_level, client, session) = scene.top_level();
        let why = refused(&top_level, &["echo"], &bytes, &[]);
        assert!(why.starts_with(UNREADABLE), "{why}");
        drop((top_level, client, session));
        scene.goes_on();
    }
    // Four billion holes are as many arguments as a function takes.
    let (top_level, client, session) = scene.top_level();
    let why = refused(&top_level, &["nobody"], &hex("ff0f61ffffffff0f4000ffffffff0f"), &[]);
    assert!(why.contains("\"nobody\""), "{why}");
    drop((top_level, client, session));
    // Paths.
    for depth in [65, 100_000] {
        let (top_level, client, session) = scene.top_level();
        let why = refused(&top_level, &vec!["a"; depth], &hex("ff0f4100240000"), &[]);
        assert!(why.contains("too deep"), "{why}");
        drop((top_level, client, session));
        scene.goes_on();
    }
}

#[test]
fn a_top_level_that_was_called_refuses_what_comes_and_lets_it_go() {
    let scene = Scene::new();
    let (top_level, client, session) = scene.top_level();
    let kept = Log::default();
    got(client.call("keepDup", args![Counter::stub(scene.near.here(), 0.0, &kept)]));
    let log = Log::default();
    let (stream, seen) = chunks(1000, 1000, End::Never);
    let args = Args::new().with(Counter::stub(scene.near.here(), 0.0, &log)).with(stream);
    let why = failed(client.call("echo", args));
    assert_eq!(why.message(), "The top level of a session takes one call, and it has been called.");
    settle();
    assert_eq!((log.all().len(), kept.all().len()), (1, 0));
    assert!(seen.is_dropped());
    drop((top_level, client, session));
    scene.goes_on();
    assert_eq!(kept.all(), ["Counter disposed"]);
}

#[test]
fn rule_22_what_cannot_be_cloned_is_not_sent_and_nothing_with_it() {
    let scene = Scene::new();
    let log = Log::default();
    let (stream, seen) = chunks(3, 1000, End::Clean);
    let counter = Counter::stub(scene.near.here(), 0.0, &log);
    let all = value!([(counter), (stream), (uncloneable())]);
    let why = failed(scene.service().call("echo", args![&all]));
    assert!(why.to_string().starts_with("DataCloneError: Could not serialize"), "{why}");
    assert!(!seen.is_dropped(), "what was not sent is still there");
    drop(all);
    settle();
    assert!(seen.is_dropped());
    assert_eq!(log.all(), ["Counter disposed"]);
    scene.goes_on();
}

/// A peer that returns what it is told to.
struct Liar {
    bytes: Vec<u8>,
    externals: Vec<Ext>,
}

impl js_rpc_target::Server for Liar {
    async fn call(
        self: Rc<Self>,
        _: js_rpc_target::CallParams,
        mut results: js_rpc_target::CallResults,
    ) -> capnp::Result<()> {
        fill(results.get().init_result(), &self.bytes, &self.externals);
        Ok(())
    }
}

impl js_value::external_pusher::Server for Liar {}

#[test]
fn what_is_wrong_in_the_results_fails_the_call_and_is_let_go() {
    let (near, far) = (Rc::new(Vat::local()), Rc::new(Vat::local()));
    for (bytes, refers, says) in BAD.iter().filter(|(_, refers, _)| !refers.contains(['R', 'r'])) {
        if says.contains("arguments") || bytes.starts_with("ff0f4100") {
            continue;
        }
        let log = Log::default();
        let counter = Counter::stub(far.here(), 0.0, &log);
        let stub = counter.client().expect("it is live");
        let externals = refers.chars().map(|kind| match kind {
            'S' => Ext::Stub(stub.clone()),
            '0' => Ext::NoStub,
            _ => Ext::Invalid,
        });
        let liar = Liar { bytes: hex(bytes), externals: externals.collect() };
        drop((counter, stub));
        let boot: js_rpc_target::Client = serve(far.here(), liar);
        let boot = Client::from_hook(&*boot.into_client_hook());
        let links = connected(&near, &far, &boot);
        drop(boot);
        let peer = RpcStub::from_client(links[0].bootstrap());
        for _ in 0..2 {
            let why = failed(peer.call("any", args![]));
            let says = says.trim_start_matches("remote.jsg.DOMException(DataCloneError): ");
            assert!(why.to_string().contains(says), "{bytes} {refers}: {why}");
            settle();
            assert_eq!(
                links[0].stats().expect("it is up").imports,
                1,
                "only what it is connected to"
            );
        }
        drop(peer);
        settle();
        assert!(links.iter().all(Link::is_idle));
        links[0].abort(bowline::wire::Exception::failed("the end"));
        drop(links);
        settle();
        assert_eq!(log.all(), ["Counter disposed"], "{bytes} {refers}");
    }
}

/// How a stream that was sent stands at whoever sent it.
fn sent(scene: &Scene, to: &RpcStub) -> (Log, Seen) {
    let log = Log::default();
    let (stream, seen) = chunks(1000, 1000, End::Never);
    let args = Args::new().with(Counter::stub(scene.near.here(), 0.0, &log)).with(stream);
    drop(to.call("hang", args));
    (log, seen)
}

#[test]
fn a_call_that_is_given_up_lets_go_what_came_in_it() {
    let scene = Scene::new();
    let (log, seen) = sent(&scene, &scene.service());
    settle();
    assert_eq!(log.all(), ["Counter disposed"]);
    assert!(seen.is_dropped());
    scene.goes_on();
}
