//! All schedules of a small scene: each vat does its part as soon as it can, and messages arrive in
//! every order they may arrive in.

use std::collections::BTreeMap;

use crate::ending::Ending;
use crate::schedules::{Play, play_all};
use crate::shadow::{CallNo, Interest, Life, PromiseNo};
use crate::world::{Shape, StubNo, To, World};
use crate::wrong;

/// Names a capability: as a step of the scene named it; `0>1`, what vat 1 offers, in vat 0;
/// `call?0`, the first one passed in a call, as its target holds it; `call!0`, the first one in its
/// results, as its maker took it.
pub(crate) type Name = &'static str;

/// Something a vat does in a scene, once what it names is there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Host(Name),
    Promise(Name),
    /// A call, what it is made on, and what is passed.
    Call(Name, Name, &'static [Name]),
    /// A capability in the results of a call.
    Pipeline(Name, Name, u16),
    Answer(Name, &'static [Name]),
    Early(Name, &'static [Name]),
    Fail(Name),
    /// A call, and the one it is answered as, made on this.
    Redirect(Name, Name, Name),
    /// A call, made once more on this, to be answered with what comes of it.
    Forward(Name, Name, Name),
    Resolve(Name, Name),
    Break(Name),
    Dispose(Name),
    Take(Name),
    /// A call is given up, result and pipeline.
    Drop(Name),
}

/// What one vat does, one beat after the other: the steps of a beat are done at once, as soon as all
/// they name is there.
pub(crate) type Part<'a> = (usize, &'a [&'a [Step]]);

/// A story for a few vats.
pub(crate) struct Scene<'a> {
    pub(crate) vats: u8,
    pub(crate) parts: &'a [Part<'a>],
}

/// A thing that can happen next, and the vat it happens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    Part { part: usize, vat: usize },
    Deliver { wire: usize, end: usize, vat: usize },
}

struct Stage<'a> {
    scene: &'a Scene<'a>,
    world: World,
    stubs: BTreeMap<String, StubNo>,
    calls: BTreeMap<Name, CallNo>,
    promises: BTreeMap<Name, PromiseNo>,
    at: Vec<usize>,
}

impl Scene<'_> {
    /// Plays every schedule; says how many there are.
    pub(crate) fn play_all(&self) -> usize {
        play_all(|| Stage::new(self))
    }
}

impl Play for Stage<'_> {
    type Move = Move;

    fn moves(&self) -> Vec<Move> {
        let parts = self.scene.parts.iter().enumerate().filter(|(part, (_, beats))| {
            beats.get(self.at[*part]).is_some_and(|beat| self.can_all(beat))
        });
        let parts = parts.map(|(part, (vat, _))| Move::Part { part, vat: *vat });
        let loaded = self.world.loaded().into_iter().map(|(wire, end)| {
            let vat = self.world.wires[wire].ends[end].vat;
            Move::Deliver { wire, end, vat }
        });
        parts.chain(loaded).collect()
    }

    fn make(&mut self, next: Move) {
        match next {
            Move::Part { part, .. } => {
                let (vat, beats) = self.scene.parts[part];
                for step in beats[self.at[part]] {
                    self.step(vat, *step);
                }
                self.at[part] += 1;
            }
            Move::Deliver { wire, end, .. } => {
                self.world.deliver(wire, end);
            }
        }
        self.settle();
    }

    fn vat(next: Move) -> usize {
        match next {
            Move::Part { vat, .. } | Move::Deliver { vat, .. } => vat,
        }
    }

    fn check(&self) {
        self.world.check();
    }

    fn end(mut self) {
        let cancelled = self.world.shadow.calls.iter().any(|call| call.life == Life::Cancelled);
        for (part, (vat, beats)) in self.scene.parts.iter().enumerate() {
            if let Some(beat) = beats.get(self.at[part])
                && !cancelled
            {
                wrong!("stuck", "vat {vat} never comes to {beat:?}");
            }
        }
        self.world.end(Ending::AnswerFirst);
    }
}

impl<'a> Stage<'a> {
    fn new(scene: &'a Scene<'a>) -> Self {
        let world = World::new(Shape { vats: scene.vats, ..Shape::default() }, None);
        let at = vec![0; scene.parts.len()];
        let (stubs, calls, promises) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut stage = Self { scene, world, stubs, calls, promises, at };
        for wire in 0..stage.world.wires.len() {
            for end in 0..2 {
                let call = stage.world.bootstrap(wire, end);
                stage.world.quiet();
                let ends = &stage.world.wires[wire].ends;
                let name = format!("{}>{}", ends[end].vat, ends[1 - end].vat);
                let taken = stage.world.collect(call);
                stage.stubs.extend(taken[0].map(|stub| (name, stub)));
            }
        }
        stage.settle();
        stage
    }

    /// Every vat does what is due, and the calls that came are named.
    fn settle(&mut self) {
        for vat in 0..self.world.vats.len() {
            while self.world.take(vat) {}
            while self.world.send(vat) {}
        }
        for (name, call) in &self.calls {
            let Some(got) = self.world.got.get(call) else { continue };
            for (at, stub) in got.params.iter().enumerate() {
                self.stubs.extend(stub.map(|stub| (format!("{name}?{at}"), stub)));
            }
        }
    }

    /// Whether a target has this call, or was told to drop it.
    fn has(&self, call: Name) -> bool {
        let call = self.calls.get(call);
        call.is_some_and(|call| {
            self.world.got.contains_key(call)
                || self.world.shadow.call(*call).life == Life::Cancelled
        })
    }

    /// Whether everything a beat names is there, or made by the beat itself.
    fn can_all(&self, beat: &[Step]) -> bool {
        let mut made = Vec::new();
        beat.iter().all(|step| {
            let can = self.can(*step, &made);
            match step {
                Step::Host(name)
                | Step::Promise(name)
                | Step::Call(name, ..)
                | Step::Pipeline(name, ..) => made.push(*name),
                _ => {}
            }
            can
        })
    }

    fn can(&self, step: Step, made: &[Name]) -> bool {
        let knows = |name: &Name| made.contains(name) || self.stubs.contains_key(*name);
        let all = |names: &[Name]| names.iter().all(knows);
        let promised = |name: &Name| made.contains(name) || self.promises.contains_key(*name);
        match step {
            Step::Host(_) | Step::Promise(_) => true,
            Step::Call(_, on, with) => knows(&on) && all(with),
            Step::Pipeline(_, call, _) | Step::Drop(call) => {
                made.contains(&call) || self.calls.contains_key(call)
            }
            Step::Answer(call, with) | Step::Early(call, with) => self.has(call) && all(with),
            Step::Fail(call) => self.has(call),
            Step::Redirect(_, call, on) | Step::Forward(_, call, on) => {
                self.has(call) && knows(&on)
            }
            Step::Resolve(promise, to) => promised(&promise) && knows(&to),
            Step::Break(promise) => promised(&promise),
            Step::Dispose(stub) => knows(&stub),
            Step::Take(call) => {
                let call = self.calls.get(call).map(|call| self.world.shadow.call(*call));
                call.is_some_and(|call| call.interest == Interest::Told)
            }
        }
    }

    fn step(&mut self, vat: usize, step: Step) {
        let caps = |stage: &Self, names: &[Name]| -> Vec<Option<StubNo>> {
            names.iter().map(|name| Some(stage.stubs[*name])).collect()
        };
        match step {
            Step::Host(name) => {
                let stub = self.world.host(vat);
                self.stubs.insert(name.to_owned(), stub);
            }
            Step::Promise(name) => {
                let (stub, promise) = self.world.promise(vat);
                self.stubs.insert(name.to_owned(), stub);
                self.promises.insert(name, promise);
            }
            Step::Call(name, on, with) => {
                let with = caps(self, with);
                let call = self.world.call(self.stubs[on], &with);
                self.calls.insert(name, call);
            }
            Step::Pipeline(name, call, field) => {
                let stub = self.world.pipeline(self.calls[call], field);
                self.stubs.insert(name.to_owned(), stub);
            }
            Step::Answer(call, with) => {
                let with = caps(self, with);
                self.world.answer(self.calls[call], &with);
            }
            Step::Early(call, with) => {
                let with = caps(self, with);
                self.world.early(self.calls[call], &with);
            }
            Step::Fail(call) => self.world.fail(self.calls[call]),
            Step::Redirect(name, call, on) => {
                let next = self.world.redirect(self.calls[call], self.stubs[on], &[]);
                self.calls.extend(next.map(|next| (name, next)));
            }
            Step::Forward(name, call, on) => {
                let next = self.world.forward(self.calls[call], self.stubs[on]);
                self.calls.extend(next.map(|next| (name, next)));
            }
            Step::Resolve(promise, to) => {
                self.world.resolve(self.promises[promise], To::Stub(self.stubs[to]));
            }
            Step::Break(promise) => self.world.resolve(self.promises[promise], To::Error),
            Step::Dispose(stub) => {
                if let Some(stub) = self.stubs.remove(stub) {
                    self.world.dispose(stub);
                }
            }
            Step::Take(call) => {
                let taken = self.world.collect(self.calls[call]);
                for (at, stub) in taken.into_iter().enumerate() {
                    self.stubs.extend(stub.map(|stub| (format!("{call}!{at}"), stub)));
                }
            }
            Step::Drop(call) => {
                self.world.drop_result(self.calls[call]);
                self.world.drop_pipeline(self.calls[call]);
            }
        }
    }
}
