//! Vats joined by wires, and all that can be done in them. Whatever is done is told to the oracle,
//! and whatever comes of it is held against what the oracle says.

use std::collections::{BTreeMap, HashMap, HashSet};

use bowline::conn::{Config, Connection};
use bowline::vat::{CallId, Cap, Graph, Outcome, Payload, Request, TargetId};
use bowline::wire::{Exception, Path};

use crate::content::{at, stamped};
use crate::search::Story;
use crate::shadow::{
    Answer, Call, CallNo, Interest, Kind, Life, LineNo, ObjectNo, PromiseNo, Resolution, Sent,
    Shadow, Thing,
};
use crate::wires::Wire;

/// Defects that are known and not mended; the runs keep clear of them.
pub(crate) mod known {
    /// Two calls that are only pipelined on, each answered with a place in the results of the other,
    /// keep each other: neither vat is ever told of results, and so of a shorter way.
    pub(crate) const PIPELINES_IN_CIRCLES: bool = true;
}

/// How the vats are set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Each is joined to every other.
    pub(crate) vats: u8,
    /// Messages go through bytes.
    pub(crate) bytes: bool,
    /// Calls are delivered before they are cancelled.
    pub(crate) deliver_first: bool,
    /// `onlyPromisePipeline` is used.
    pub(crate) hints: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self { vats: 2, bytes: false, deliver_first: false, hints: true }
    }
}

impl Shape {
    fn config(self) -> Config {
        let mut config = Config::default();
        config.peer_may_drop_tail_calls = false;
        config.peer_may_be_level_0 = false;
        config.early_cancellation_workaround = self.deliver_first;
        config.only_promise_pipeline = self.hints;
        config
    }
}

/// A capability somebody in a vat holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stub {
    pub(crate) vat: usize,
    /// One reference.
    pub(crate) cap: Cap,
    pub(crate) thing: Thing,
    pub(crate) line: LineNo,
}

/// A call a target received.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) vat: usize,
    pub(crate) id: CallId,
    /// What was passed, as far as it is still held.
    pub(crate) params: Vec<Option<StubNo>>,
    /// What stands in its early results.
    pub(crate) early: Option<Vec<Option<Stub>>>,
    /// The call it was forwarded as.
    pub(crate) forward: Option<CallNo>,
}

/// A stub of the world. They are numbered in the order they came to be.
pub(crate) type StubNo = usize;

/// A promise that is not resolved: who resolves it, and what it is there.
pub(crate) struct Resolver {
    pub(crate) vat: usize,
    pub(crate) cap: Cap,
    pub(crate) line: LineNo,
}

/// What a promise comes to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum To {
    Stub(StubNo),
    Null,
    Error,
}

/// Everything.
pub(crate) struct World {
    pub(crate) shape: Shape,
    pub(crate) vats: Vec<Graph>,
    pub(crate) wires: Vec<Wire>,
    pub(crate) shadow: Shadow,
    pub(crate) stubs: BTreeMap<StubNo, Stub>,
    stubs_made: StubNo,
    /// Calls whose targets have not answered.
    pub(crate) got: BTreeMap<CallNo, Got>,
    pub(crate) resolvers: BTreeMap<PromiseNo, Resolver>,
    /// Calls by who made them.
    pub(crate) made: HashMap<(usize, CallId), CallNo>,
    /// Outcomes that were there when they were first asked for.
    pub(crate) at_once: BTreeMap<CallNo, Outcome>,
    /// Calls by who received them.
    pub(crate) received: HashMap<(usize, CallId), CallNo>,
    pub(crate) watched: HashSet<(usize, Cap)>,
    pub(crate) bootstraps: Vec<ObjectNo>,
    /// A connection was lost: some calls fail, and some are cancelled that are still wanted.
    pub(crate) torn: bool,
    /// What happened, if it is to be told.
    pub(crate) story: Option<Story>,
}

/// Ends the run: the library did what it may not do.
#[macro_export]
macro_rules! wrong {
    ($kind:literal, $($what:tt)*) => {
        panic!("{}: {}", $kind, format_args!($($what)*))
    };
}

impl World {
    /// Vats that offer one object each to all others, and nothing else yet.
    pub(crate) fn new(shape: Shape, story: Option<&Story>) -> Self {
        let count = usize::from(shape.vats);
        let mut world = Self {
            shape,
            vats: (0..count).map(|_| Graph::new()).collect(),
            wires: Vec::new(),
            shadow: Shadow::default(),
            stubs: BTreeMap::new(),
            stubs_made: 0,
            got: BTreeMap::new(),
            resolvers: BTreeMap::new(),
            made: HashMap::new(),
            at_once: BTreeMap::new(),
            received: HashMap::new(),
            watched: HashSet::new(),
            bootstraps: Vec::new(),
            torn: false,
            story: story.cloned(),
        };
        let caps: Vec<Cap> = (0..count)
            .map(|vat| {
                let object = world.shadow.object(vat);
                world.bootstraps.push(object);
                world.vats[vat].host(TargetId(object.0))
            })
            .collect();
        for left in 0..count {
            for right in left + 1..count {
                let ends = [left, right].map(|vat| {
                    world.vats[vat].retain(caps[vat]);
                    let conn = Connection::new(shape.config());
                    (vat, world.vats[vat].connect(conn, Some(caps[vat])))
                });
                world.wires.push(Wire::new(ends));
            }
        }
        for (vat, cap) in caps.into_iter().enumerate() {
            world.vats[vat].release(cap);
        }
        world
    }

    pub(crate) fn tell(&self, event: impl FnOnce() -> String) {
        if let Some(story) = &self.story {
            story.borrow_mut().push(event());
        }
    }

    pub(crate) fn add_stub(&mut self, vat: usize, cap: Cap, thing: Thing, line: LineNo) -> StubNo {
        self.stubs_made += 1;
        self.stubs.insert(self.stubs_made, Stub { vat, cap, thing, line });
        self.stubs_made
    }

    pub(crate) fn stub(&self, stub: StubNo) -> Stub {
        self.stubs[&stub]
    }

    fn stubs(&self, caps: &[Option<StubNo>]) -> Vec<Option<Stub>> {
        caps.iter().map(|cap| cap.map(|stub| self.stub(stub))).collect()
    }

    pub(crate) fn host(&mut self, vat: usize) -> StubNo {
        let object = self.shadow.object(vat);
        let cap = self.vats[vat].host(TargetId(object.0));
        let line = self.shadow.line(Vec::new());
        let stub = self.add_stub(vat, cap, Thing::Object(object), line);
        self.tell(|| format!("vat {vat} hosts object {} as s{stub}", object.0));
        stub
    }

    pub(crate) fn promise(&mut self, vat: usize) -> (StubNo, PromiseNo) {
        let promise = self.shadow.promise();
        let cap = self.vats[vat].promise();
        let line = self.shadow.line(Vec::new());
        self.resolvers.insert(promise, Resolver { vat, cap, line });
        let stub = self.add_stub(vat, cap, Thing::Promise(promise), line);
        self.tell(|| format!("vat {vat} makes promise {} as s{stub}", promise.0));
        (stub, promise)
    }

    pub(crate) fn dup(&mut self, stub: StubNo) -> StubNo {
        let Stub { vat, cap, thing, line } = self.stub(stub);
        self.vats[vat].retain(cap);
        let copy = self.add_stub(vat, cap, thing, line);
        self.tell(|| format!("vat {vat} copies s{stub} as s{copy}"));
        copy
    }

    pub(crate) fn dispose(&mut self, stub: StubNo) {
        let Some(Stub { vat, cap, thing, line }) = self.stubs.remove(&stub) else { return };
        self.tell(|| format!("vat {vat} disposes of s{stub}"));
        // What comes of a promise that nobody kept is a reference of its own.
        let kept = self.stubs.values().any(|other| self.shadow.is_same(line, other.line));
        if let (Thing::Result(call, field), false) = (thing, kept) {
            self.shadow.call_mut(call).lines.remove(&field);
        }
        self.vats[vat].release(cap);
    }

    pub(crate) fn watch(&mut self, stub: StubNo) {
        let Stub { vat, cap, .. } = self.stub(stub);
        if self.vats[vat].watch(cap) {
            self.watched.insert((vat, cap));
        }
    }

    /// A new reference of each stub, and what it is where it is going.
    fn pass(&mut self, stubs: &[Option<Stub>]) -> (Vec<Option<Cap>>, Vec<Sent>) {
        let mut passed = Vec::new();
        let mut sent = Vec::new();
        for stub in stubs {
            let Some(Stub { vat, cap, thing, line }) = *stub else {
                passed.push(None);
                sent.push(Sent { thing: Thing::Null, before: Vec::new() });
                continue;
            };
            self.vats[vat].retain(cap);
            passed.push(Some(cap));
            sent.push(Sent { thing, before: self.shadow.before(line) });
        }
        (passed, sent)
    }

    /// A call about to be made on `stub`, and its request.
    fn prepare(
        &mut self,
        stub: StubNo,
        caps: &[Option<StubNo>],
        interest: Interest,
    ) -> (CallNo, Request) {
        let Stub { vat, thing, line, .. } = self.stub(stub);
        let (passed, params) = self.pass(&self.stubs(caps));
        let params = self.shadow.passed_to(thing, params);
        let call = self.shadow.add_call(Call {
            by: vat,
            id: None,
            kind: Kind::Method,
            target: thing,
            before: self.shadow.before(line),
            params,
            lines: BTreeMap::new(),
            interest,
            pipelined: false,
            life: Life::Made,
            early: None,
            answer: None,
            forwards: None,
        });
        self.shadow.behind(line, &[call]);
        let params = Payload { content: stamped(call, passed.len()), caps: passed };
        (call, Request { interface: u64::from(call.0), method: 0, params })
    }

    pub(crate) fn call(&mut self, stub: StubNo, caps: &[Option<StubNo>]) -> CallNo {
        let Stub { vat, cap, .. } = self.stub(stub);
        let (call, request) = self.prepare(stub, caps, Interest::Waiting);
        self.tell(|| format!("vat {vat} makes c{} on s{stub} with {}", call.0, names(caps)));
        let id = self.vats[vat].call(cap, request);
        self.made_as(call, id);
        call
    }

    /// A capability in the results of a call that may not have come.
    pub(crate) fn pipeline(&mut self, call: CallNo, field: u16) -> StubNo {
        let entry = self.shadow.call(call);
        let (vat, id) = (entry.by, entry.id.expect("its maker has a name for it"));
        let (path, field) = match entry.kind {
            Kind::Bootstrap => (Path::root(), 0),
            Kind::Method => (at(field), field),
        };
        let cap = self.vats[vat].pipeline(id, &path);
        let line = self.line_of(call, field);
        let stub = self.add_stub(vat, cap, Thing::Result(call, field), line);
        self.tell(|| format!("vat {vat} pipelines field {field} of c{} as s{stub}", call.0));
        stub
    }

    /// The line of a capability in the results of a call, as its maker holds it.
    pub(crate) fn line_of(&mut self, call: CallNo, field: u16) -> LineNo {
        if let Some(line) = self.shadow.call(call).lines.get(&field) {
            return *line;
        }
        let line = self.shadow.line(Vec::new());
        self.shadow.call_mut(call).lines.insert(field, line);
        line
    }

    /// What is resolved comes to be; what would wait for itself breaks.
    pub(crate) fn resolve(&mut self, promise: PromiseNo, to: To) {
        let Some(Resolver { vat, cap, line }) = self.resolvers.remove(&promise) else { return };
        let to = match to {
            To::Stub(stub) if self.shadow.waits_for_promise(self.stub(stub).thing, promise) => {
                To::Error
            }
            to => to,
        };
        let why = format!("promise {} broke", promise.0);
        self.tell(|| format!("vat {vat} resolves promise {} to {to:?}", promise.0));
        let (resolution, outcome) = match to {
            To::Stub(stub) => {
                let Stub { cap, thing, line: other, .. } = self.stub(stub);
                self.vats[vat].retain(cap);
                self.shadow.join(line, other);
                (Resolution::To(thing), Ok(Some(cap)))
            }
            To::Null => (Resolution::To(Thing::Null), Ok(None)),
            To::Error => (Resolution::Broken(why.clone()), Err(Exception::failed(why))),
        };
        self.shadow.promises[promise.index()] = Some(resolution);
        self.vats[vat].resolve(cap, outcome);
    }
}

/// What targets do with the calls they received.
impl World {
    /// What may stand in the results of `call`: null in place of what waits for `call` itself.
    fn sound(&self, call: CallNo, caps: &[Option<StubNo>]) -> Vec<Option<Stub>> {
        let waits = |stub: &Stub| self.shadow.waits_for_call(stub.thing, call);
        self.stubs(caps).into_iter().map(|stub| stub.filter(|stub| !waits(stub))).collect()
    }

    pub(crate) fn answer(&mut self, call: CallNo, caps: &[Option<StubNo>]) {
        let Some(mut got) = self.take_got(call) else { return };
        let early = got.early.take();
        let stubs = early.clone().unwrap_or_else(|| self.sound(call, caps));
        let (passed, sent) = self.pass(&stubs);
        self.tell(|| format!("vat {} answers c{} with {}", got.vat, call.0, names(caps)));
        let results = Payload { content: stamped(call, passed.len()), caps: passed };
        self.shadow.call_mut(call).answer = Some(Answer::Results(sent));
        self.shadow.call_mut(call).life = Life::Answered;
        self.vats[got.vat].respond(got.id, Ok(results));
        self.let_go(early);
    }

    /// A call to be answered; none, if it was cancelled and its target is about to be told so.
    fn take_got(&mut self, call: CallNo) -> Option<Got> {
        let got = self.got.get(&call)?;
        if !self.vats[got.vat].is_delivered(got.id) {
            return None;
        }
        self.got.remove(&call)
    }

    /// What stood in early results is not needed any more.
    pub(crate) fn let_go(&mut self, early: Option<Vec<Option<Stub>>>) {
        for stub in early.into_iter().flatten().flatten() {
            self.vats[stub.vat].release(stub.cap);
        }
    }

    pub(crate) fn fail(&mut self, call: CallNo) {
        self.fail_with(call, Exception::failed(format!("c{} failed", call.0)));
    }

    pub(crate) fn fail_with(&mut self, call: CallNo, why: Exception) {
        if self.got.get(&call).is_some_and(|got| got.early.is_some()) {
            return self.answer(call, &[]);
        }
        let Some(got) = self.take_got(call) else { return };
        self.tell(|| format!("vat {} fails c{}", got.vat, call.0));
        self.shadow.call_mut(call).answer = Some(Answer::Failed(why.reason().to_owned()));
        self.shadow.call_mut(call).life = Life::Answered;
        self.vats[got.vat].respond(got.id, Err(why));
    }

    /// Says early what will stand in the results. The target then answers with just that.
    pub(crate) fn early(&mut self, call: CallNo, caps: &[Option<StubNo>]) {
        let runs = |got: &&Got| got.early.is_none() && self.vats[got.vat].is_delivered(got.id);
        let Some(got) = self.got.get(&call).filter(runs) else { return };
        let (vat, id) = (got.vat, got.id);
        let stubs = self.sound(call, caps);
        let (passed, sent) = self.pass(&stubs);
        self.tell(|| format!("vat {vat} says early that c{} has {}", call.0, names(caps)));
        let early = Payload { content: stamped(call, passed.len()), caps: passed };
        self.shadow.call_mut(call).early = Some(sent);
        for stub in stubs.iter().flatten() {
            self.vats[vat].retain(stub.cap);
        }
        self.got.entry(call).and_modify(|got| got.early = Some(stubs));
        self.vats[vat].set_pipeline(id, early);
    }

    /// Answers a call with the outcome of another: a tail call. What would wait for itself fails.
    pub(crate) fn redirect(
        &mut self,
        call: CallNo,
        stub: StubNo,
        caps: &[Option<StubNo>],
    ) -> Option<CallNo> {
        let early = self.got.get(&call).is_none_or(|got| got.early.is_some());
        if early || self.shadow.waits_for_call(self.stub(stub).thing, call) {
            self.fail(call);
            return None;
        }
        let got = self.take_got(call)?;
        let Stub { vat, cap, .. } = self.stub(stub);
        let (next, request) = self.prepare(stub, caps, Interest::Tail(call));
        self.tell(|| {
            let (call, next, with) = (call.0, next.0, names(caps));
            format!("vat {vat} answers c{call} as c{next}, made on s{stub} with {with}")
        });
        self.shadow.call_mut(call).answer = Some(Answer::As(next));
        self.shadow.call_mut(call).life = Life::Answered;
        self.vats[vat].redirect(got.id, cap, request);
        Some(next)
    }

    /// Makes the same call on another capability; its outcome will answer this one.
    pub(crate) fn forward(&mut self, call: CallNo, stub: StubNo) -> Option<CallNo> {
        let got = self.got.get(&call)?;
        if got.forward.is_some() || got.early.is_some() {
            return None;
        }
        let held = |cap: &Option<StubNo>| cap.filter(|stub| self.stubs.contains_key(stub));
        let params: Vec<_> = got.params.iter().map(held).collect();
        let next = self.call(stub, &params);
        self.shadow.call_mut(next).forwards = Some(call);
        self.got.entry(call).and_modify(|got| got.forward = Some(next));
        Some(next)
    }
}

fn names(caps: &[Option<StubNo>]) -> String {
    let name = |cap: &Option<StubNo>| cap.map_or("null".to_owned(), |stub| format!("s{stub}"));
    format!("[{}]", caps.iter().map(name).collect::<Vec<_>>().join(", "))
}
