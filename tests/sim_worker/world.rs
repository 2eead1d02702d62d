//! Vats with Workers in them, joined by wires, and all that can be done in them. Whatever is done is told to the
//! oracle, and whatever comes of it is held against what the oracle says.

use std::collections::BTreeMap;
use std::time::Instant;

use bowline::conn::Config;
use bowline::rpc::{Client, Link};
use bowline::runtime::{Local, Turn, Vat};
use bowline::worker::{Ctx, Received, RpcPromise, RpcStub, Service, Worker};

use crate::object::{Log, Node, Slot, function};
use crate::pipes::Pipe;
use crate::search::Story;
use crate::shadow::{CallNo, Kind, LineNo, ObjectNo, Shadow, Thing};
use crate::wires::{Queue, cut, deliver, is_loaded, wire};

/// How the vats are set up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shape {
    /// More than two, each joined to every other.
    pub(crate) more: u8,
    /// Messages go through bytes.
    pub(crate) bytes: bool,
    /// What a vat offers is the entrypoint of a Worker: each call is a session of its own.
    pub(crate) sessions: bool,
}

impl Shape {
    pub(crate) fn vats(self) -> usize {
        2 + usize::from(self.more)
    }
}

/// A stub somebody in a vat holds.
pub(crate) struct Stub {
    pub(crate) vat: usize,
    pub(crate) stub: RpcStub,
    pub(crate) thing: Thing,
    pub(crate) line: LineNo,
}

/// A stub of the world. They are numbered in the order they came to be.
pub(crate) type StubNo = usize;

/// A call that arrived and is not over.
pub(crate) struct Got {
    pub(crate) vat: usize,
    pub(crate) slot: Option<Slot>,
    /// The stubs in its arguments.
    pub(crate) params: Vec<StubNo>,
    /// The stubs in its answer: those that are given away, and those that are lent.
    pub(crate) given: Vec<RpcStub>,
    pub(crate) lent: Vec<RpcStub>,
}

/// A result that was taken.
pub(crate) struct Taken {
    pub(crate) received: Received,
    /// The stubs in it.
    pub(crate) stubs: Vec<StubNo>,
}

/// Ends the run: the library did what it may not do.
#[macro_export]
macro_rules! wrong {
    ($kind:literal, $($what:tt)*) => {
        panic!("{}: {}", $kind, format_args!($($what)*))
    };
}

/// Everything.
pub(crate) struct World {
    pub(crate) vats: Vec<Vat>,
    pub(crate) queues: Vec<[Queue; 2]>,
    links: Vec<Link>,
    pub(crate) log: Log,
    pub(crate) shadow: Shadow,
    pub(crate) sessions: bool,
    pub(crate) stubs: BTreeMap<StubNo, Stub>,
    stubs_made: StubNo,
    /// Calls whose outcome somebody holds a promise of.
    pub(crate) calls: BTreeMap<CallNo, RpcPromise>,
    pub(crate) results: BTreeMap<CallNo, Taken>,
    pub(crate) got: BTreeMap<CallNo, Got>,
    pub(crate) waits: Vec<Slot>,
    /// What outlasted calls: begun and ended.
    pub(crate) waited: [usize; 2],
    /// Disposers of results: given out and run.
    pub(crate) disposers: BTreeMap<CallNo, usize>,
    pub(crate) pipes: Vec<Pipe>,
    /// A connection was lost: some calls fail, and some are cancelled that are still wanted.
    pub(crate) torn: bool,
    pub(crate) story: Story,
}

/// Nobody has so much to do: something goes round in circles.
const TURNS_MAX: usize = 5_000;

impl World {
    /// Vats that offer one object each to all others, and nothing else yet.
    pub(crate) fn new(shape: Shape, story: Option<&Story>) -> Self {
        let mut world = Self {
            vats: (0..shape.vats()).map(|_| Vat::local()).collect(),
            queues: Vec::new(),
            links: Vec::new(),
            log: Log::default(),
            shadow: Shadow::default(),
            sessions: shape.sessions,
            stubs: BTreeMap::new(),
            stubs_made: 0,
            calls: BTreeMap::new(),
            results: BTreeMap::new(),
            got: BTreeMap::new(),
            waits: Vec::new(),
            waited: [0; 2],
            disposers: BTreeMap::new(),
            pipes: Vec::new(),
            torn: false,
            story: story.cloned().unwrap_or_default(),
        };
        let kind = if shape.sessions { Kind::Entrypoint } else { Kind::Target };
        let desks: Vec<ObjectNo> =
            (0..shape.vats()).map(|vat| world.shadow.object(vat, kind)).collect();
        let offers: Vec<Client> = desks.iter().map(|desk| world.offer(*desk)).collect();
        for left in 0..shape.vats() {
            for right in left + 1..shape.vats() {
                world.join([left, right], &offers, &desks, shape.bytes);
            }
        }
        world
    }

    /// What a vat offers to whoever is joined to it.
    fn offer(&self, desk: ObjectNo) -> Client {
        let here = self.here(self.shadow.objects[desk.0].vat);
        if !self.sessions {
            return self.host(desk).client().expect("it is new");
        }
        let log = self.log.clone();
        let make = move |ctx: Ctx| {
            log.tell(crate::object::Event::Opened(desk));
            Node { no: desk, log: log.clone(), ctx: Some(ctx) }
        };
        let worker = Worker::new("desk").entrypoint("default", make);
        worker.service("default").expect("it was just added").bootstrap(here)
    }

    fn join(&mut self, vats: [usize; 2], offers: &[Client], desks: &[ObjectNo], bytes: bool) {
        let (plugs, queues) = wire(vats, bytes, &self.story);
        self.queues.push(queues);
        for (end, plug) in plugs.into_iter().enumerate() {
            let (vat, other) = (vats[end], vats[1 - end]);
            let here = self.here(vat);
            let link = Link::connect(here, plug, Config::default(), Some(&offers[vat]));
            let peer = link.bootstrap();
            let stub = match self.sessions {
                true => Service::remote(move |_| peer.clone()).stub(here),
                false => RpcStub::from_client(peer),
            };
            self.links.push(link);
            self.add_stub(vat, stub, Thing::Object(desks[other]));
        }
    }

    pub(crate) fn here(&self, vat: usize) -> &Local {
        self.vats[vat].here()
    }

    pub(crate) fn tell(&self, event: impl FnOnce() -> String) {
        self.story.borrow_mut().push(event());
    }

    /// The first stub of an object.
    pub(crate) fn host(&self, no: ObjectNo) -> RpcStub {
        let object = &self.shadow.objects[no.0];
        let here = self.here(object.vat);
        match object.kind {
            Kind::Function => function(here, no, &self.log),
            _ => RpcStub::new(here, Node { no, log: self.log.clone(), ctx: None }),
        }
    }

    pub(crate) fn add_stub(&mut self, vat: usize, stub: RpcStub, thing: Thing) -> StubNo {
        let line = self.shadow.line();
        self.add_stub_on(vat, stub, thing, line)
    }

    pub(crate) fn add_stub_on(
        &mut self,
        vat: usize,
        stub: RpcStub,
        thing: Thing,
        line: LineNo,
    ) -> StubNo {
        self.stubs_made += 1;
        self.stubs.insert(self.stubs_made, Stub { vat, stub, thing, line });
        self.stubs_made
    }

    pub(crate) fn turn(&mut self, vat: usize) {
        for _ in 0..TURNS_MAX {
            if self.vats[vat].turn(Instant::now()) != Turn::More {
                return;
            }
        }
        wrong!("circle", "vat {vat} is never done");
    }

    /// All there is to do is done, everywhere.
    pub(crate) fn quiet(&mut self) {
        for _ in 0..TURNS_MAX {
            let mut moved = false;
            for vat in 0..self.vats.len() {
                self.turn(vat);
                self.hear();
            }
            for queue in self.queues.iter().flatten() {
                while deliver(queue) {
                    moved = true;
                }
            }
            if !moved && self.is_silent() {
                return;
            }
        }
        wrong!("circle", "messages go round and round");
    }

    fn is_silent(&mut self) -> bool {
        for vat in 0..self.vats.len() {
            self.turn(vat);
        }
        let heard = self.hear();
        !heard && !self.queues.iter().flatten().any(is_loaded)
    }

    /// Both directions of a wire end, and what is under way is lost.
    pub(crate) fn cut(&mut self, wire: usize) {
        self.torn = true;
        self.tell(|| format!("wire {wire} is cut"));
        self.queues[wire].iter().for_each(cut);
    }

    /// Counts agree, in every vat, and handles nobody gave up are good.
    pub(crate) fn check(&self) {
        for (vat, it) in self.vats.iter().enumerate() {
            if let Err(broken) = it.here().with(|graph| graph.check()) {
                wrong!("check", "vat {vat}: {broken}");
            }
        }
        for (no, stub) in &self.stubs {
            if stub.stub.is_disposed() {
                wrong!("disposed", "s{no} of vat {} was disposed by nobody", stub.vat);
            }
        }
    }

    /// All tables are empty; then the wires are gone, and everything with them.
    pub(crate) fn leave(&mut self) {
        for (end, link) in self.links.iter().enumerate() {
            if !link.is_idle() && link.ending().is_none() {
                wrong!("leak", "end {end} is left with\n{}", link.dump());
            }
        }
        for wire in 0..self.queues.len() {
            self.queues[wire].iter().for_each(cut);
        }
        self.links.clear();
        self.quiet();
        for (vat, it) in self.vats.iter().enumerate() {
            let (stats, dump) = it.here().with(|graph| (graph.stats(), graph.dump()));
            // A vat keeps the object that stands for nobody, once it was asked for.
            if stats.calls + stats.queued > 0 || stats.nodes > 1 {
                wrong!("leak", "vat {vat} keeps without its connections\n{dump}");
            }
        }
    }
}
