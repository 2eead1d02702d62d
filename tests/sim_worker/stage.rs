//! A small scene of Workers, of which all schedules are played: each does its part as soon as it can, and messages
//! arrive in every order they may arrive in.

use std::collections::BTreeMap;

use crate::ending::Ending;
use crate::making::{Pass, Root};
use crate::schedules::{Play, play_all};
use crate::shadow::{CallNo, Interest, Kind, PipeNo};
use crate::wires::{deliver, is_loaded};
use crate::world::{Shape, StubNo, World};

/// Names a stub: `0>1`, of what vat 1 offers, in vat 0; `call?0`, the first one in the arguments of a call, as its target
/// has it; `call!0`, the first one in its result, as its maker has it.
pub(crate) type Name = &'static str;

/// Something that is passed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Given {
    Object,
    Function,
    /// The reader of the scene's stream, which is made for it.
    Reader,
    Stub(Name),
}

/// Something done in a scene, once what it names is there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// A call, what it is made on, and what is passed.
    Call(Name, Name, &'static [Given]),
    /// The same on what will come of another, or of a property of it.
    Pipeline(Name, Name, Option<u8>),
    /// An answer: with one thing, or a plain object of several.
    Answer(Name, bool, &'static [Given]),
    Fail(Name),
    /// A stub is disposed.
    Dispose(Name),
    /// A result is disposed, once it is there.
    DisposeResult(Name),
    GiveUp(Name),
    /// Bytes are written to the scene's stream.
    Write,
    /// What there is of it is read.
    Read,
}

/// What is done in one vat, one step after the other.
pub(crate) type Part<'a> = (usize, &'a [Step]);

/// A story for two vats.
pub(crate) struct Scene<'a> {
    pub(crate) parts: &'a [Part<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    Part { part: usize, vat: usize },
    Deliver { vat: usize },
}

struct Stage<'a> {
    scene: &'a Scene<'a>,
    world: World,
    stubs: BTreeMap<String, StubNo>,
    calls: BTreeMap<Name, CallNo>,
    at: Vec<usize>,
}

/// The scene's stream.
const PIPE: PipeNo = PipeNo(0);

impl Scene<'_> {
    /// Plays every schedule, between objects and in sessions; says how many there are.
    pub(crate) fn play_all(&self) -> usize {
        let shapes = [false, true].map(|sessions| Shape { sessions, ..Shape::default() });
        shapes.map(|shape| play_all(|| Stage::new(self, shape))).iter().sum()
    }
}

impl Play for Stage<'_> {
    type Move = Move;

    fn moves(&self) -> Vec<Move> {
        let parts = self.scene.parts.iter().enumerate();
        let due = parts.filter(|(part, (_, steps))| {
            steps.get(self.at[*part]).is_some_and(|step| self.can(*step))
        });
        let due = due.map(|(part, (vat, _))| Move::Part { part, vat: *vat });
        let queues = self.world.queues[0].iter().enumerate();
        let loaded = queues.filter(|(_, queue)| is_loaded(queue));
        due.chain(loaded.map(|(vat, _)| Move::Deliver { vat })).collect()
    }

    fn vat(next: Move) -> usize {
        match next {
            Move::Part { vat, .. } | Move::Deliver { vat } => vat,
        }
    }

    fn make(&mut self, next: Move) {
        match next {
            Move::Part { part, vat } => {
                let step = self.scene.parts[part].1[self.at[part]];
                self.step(vat, step);
                self.at[part] += 1;
            }
            Move::Deliver { vat } => drop(deliver(&self.world.queues[0][vat])),
        }
        self.settle();
    }

    fn check(&self) {
        self.world.check();
    }

    fn end(mut self) {
        self.world.end(Ending::Answer);
    }
}

impl<'a> Stage<'a> {
    fn new(scene: &'a Scene<'a>, shape: Shape) -> Self {
        let mut world = World::new(shape, None);
        world.quiet();
        let stubs = world.stubs.iter().map(|(no, stub)| (stub.vat, *no));
        let stubs = stubs.map(|(vat, no)| (format!("{vat}>{}", 1 - vat), no)).collect();
        Self { scene, world, stubs, calls: BTreeMap::new(), at: vec![0; scene.parts.len()] }
    }

    /// Each vat does what is due, and what came is named.
    fn settle(&mut self) {
        for vat in 0..2 {
            self.world.turn(vat);
            self.world.hear();
        }
        for (name, call) in self.calls.clone() {
            // What came of a call is looked at when it is there.
            if self.world.calls.contains_key(&call)
                && self.world.shadow.call(call).interest == Interest::Waiting
            {
                self.world.collect(call, true);
            }
            let params = self.world.got.get(&call).map(|got| &got.params);
            let params = params.into_iter().flatten().enumerate();
            self.stubs.extend(params.map(|(at, no)| (format!("{name}?{at}"), *no)));
            let came = self.world.results.get(&call).map(|taken| &taken.stubs);
            let came = came.into_iter().flatten().enumerate();
            self.stubs.extend(came.map(|(at, no)| (format!("{name}!{at}"), *no)));
        }
        let good: Vec<StubNo> = self.world.stubs.keys().copied().collect();
        self.stubs.retain(|_, no| good.contains(no));
    }

    fn can(&self, step: Step) -> bool {
        let knows = |name: &Name| self.stubs.contains_key(*name);
        let all = |given: &[Given]| {
            given.iter().all(|given| match given {
                Given::Stub(name) => knows(name),
                _ => true,
            })
        };
        let call = |name: &Name| self.calls.get(*name).copied();
        let open = |name: &Name| {
            let got = call(name).and_then(|no| self.world.got.get(&no));
            got.is_some_and(|got| got.slot.is_some())
        };
        let promised =
            |name: &Name| call(name).is_some_and(|no| self.world.calls.contains_key(&no));
        match step {
            Step::Call(_, on, given) => knows(&on) && all(given),
            Step::Pipeline(_, on, _) | Step::GiveUp(on) => promised(&on),
            Step::Answer(name, _, given) => open(&name) && all(given),
            Step::Fail(name) => open(&name),
            Step::Dispose(stub) => knows(&stub),
            Step::DisposeResult(name) => {
                call(&name).is_some_and(|no| self.world.results.contains_key(&no))
            }
            Step::Write | Step::Read => !self.world.pipes.is_empty(),
        }
    }

    fn given(&self, given: &[Given]) -> Vec<Pass> {
        let pass = |given: &Given| match given {
            Given::Object => Pass::New(Kind::Target),
            Given::Function => Pass::New(Kind::Function),
            Given::Reader => Pass::NewReader,
            Given::Stub(name) => Pass::Stub(self.stubs[*name]),
        };
        given.iter().map(pass).collect()
    }

    fn step(&mut self, vat: usize, step: Step) {
        match step {
            Step::Call(name, on, given) => {
                let given = self.given(given);
                assert_eq!(self.world.stubs[&self.stubs[on]].vat, vat, "{on} is of another vat");
                let call = self.world.call(Root::Stub(self.stubs[on]), &given);
                self.calls.insert(name, call);
            }
            Step::Pipeline(name, on, key) => {
                let call = self.world.call(Root::Promise(self.calls[on], key), &[]);
                self.calls.insert(name, call);
            }
            Step::Answer(call, plain, given) => {
                let given = self.given(given);
                self.world.answer(self.calls[call], &given, plain, false);
            }
            Step::Fail(call) => drop(self.world.fail(self.calls[call])),
            Step::Dispose(stub) => self.world.dispose(self.stubs[stub]),
            Step::DisposeResult(call) => self.world.dispose_result(self.calls[call]),
            Step::GiveUp(call) => drop(self.world.give_up(self.calls[call])),
            Step::Write => drop(self.world.write(PIPE, 7)),
            Step::Read => drop(self.world.read(PIPE)),
        }
    }
}
