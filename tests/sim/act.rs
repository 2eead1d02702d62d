//! A run as data: what is done, one thing after the other. Whoever or whatever is meant is named by
//! how lately it came to be, counted round, so that a step still means something when those before
//! it are taken out.

use crate::shadow::{CallNo, Interest, PromiseNo};
use crate::world::{StubNo, To, World};

/// One of those there are: 0 the latest, 1 the one before …, counted round.
pub(crate) type Pick = u8;

/// Up to three capabilities to be passed: 0 is null, 1 the latest stub there …; nulls at the end
/// are left out.
pub(crate) type Caps = [Pick; 3];

/// Something done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// A vat hosts one more object.
    Host {
        vat: Pick,
    },
    /// A vat makes a promise.
    Promise {
        vat: Pick,
    },
    /// A vat asks for what one of its peers offers.
    Bootstrap {
        wire: Pick,
        end: Pick,
    },
    /// A call on any capability.
    Call {
        stub: Pick,
        caps: Caps,
    },
    /// A capability in the results of a call.
    Pipeline {
        call: Pick,
        field: Pick,
    },
    /// A target answers with capabilities of its vat.
    Answer {
        got: Pick,
        caps: Caps,
    },
    /// A target fails a call.
    Fail {
        got: Pick,
    },
    /// A target says early what its results will be.
    Early {
        got: Pick,
        caps: Caps,
    },
    /// A target answers with a tail call.
    Redirect {
        got: Pick,
        stub: Pick,
        caps: Caps,
    },
    /// A target makes the same call elsewhere, to answer with what comes of it.
    Forward {
        got: Pick,
        stub: Pick,
    },
    /// A promise comes to be a capability of its vat.
    Resolve {
        promise: Pick,
        stub: Pick,
    },
    /// A promise comes to be null.
    Nullify {
        promise: Pick,
    },
    /// A promise breaks.
    Break {
        promise: Pick,
    },
    Dup {
        stub: Pick,
    },
    Dispose {
        stub: Pick,
    },
    Watch {
        stub: Pick,
    },
    /// The outcome of a call is taken.
    Collect {
        call: Pick,
    },
    DropResult {
        call: Pick,
    },
    DropPipeline {
        call: Pick,
    },
    Detach {
        call: Pick,
    },
    /// As `Detach`, of what is said to whoever is there.
    Courtesy {
        call: Pick,
    },
    /// A message of a vat sets out.
    Send {
        vat: Pick,
    },
    /// One output of a vat is carried out.
    Take {
        vat: Pick,
    },
    /// A message arrives: on one of the wires that carry any.
    Deliver {
        queue: Pick,
    },
    /// Everything under way arrives.
    Quiet,
    Cut {
        wire: Pick,
        end: Pick,
    },
    Abort {
        wire: Pick,
        end: Pick,
    },
}

/// The entry meant by `pick`, of `count`.
fn index(pick: Pick, count: usize) -> Option<usize> {
    count.checked_sub(1).map(|last| last - usize::from(pick) % count)
}

fn choose<T: Copy>(pick: Pick, all: &[T]) -> Option<T> {
    index(pick, all.len()).map(|at| all[at])
}

impl World {
    /// Does it; nothing, if there is nobody to do it or nothing to do it to.
    pub(crate) fn act(&mut self, act: Act) {
        if self.prepare_and_call(act).is_none() && self.finish_and_resolve(act).is_none() {
            // Nobody was there.
        }
    }

    fn prepare_and_call(&mut self, act: Act) -> Option<()> {
        let vats = self.vats.len();
        match act {
            Act::Host { vat } => drop(self.host(usize::from(vat) % vats)),
            Act::Promise { vat } => drop(self.promise(usize::from(vat) % vats)),
            Act::Bootstrap { wire, end } => {
                let wire = usize::from(wire) % self.wires.len();
                let end = usize::from(end) % 2;
                if self.wires[wire].is_whole() {
                    self.bootstrap(wire, end);
                }
            }
            Act::Call { stub, caps } => {
                let stub = self.any_stub(stub)?;
                let caps = self.caps_of(self.stub(stub).vat, caps);
                self.call(stub, &caps);
            }
            Act::Pipeline { call, field } => {
                let call = self.own_call(call, |world, call| world.shadow.call(call).pipelined)?;
                self.pipeline(call, u16::from(field) % 3);
            }
            Act::Answer { got, caps } => {
                let call = self.got_call(got)?;
                let caps = self.caps_of(self.got[&call].vat, caps);
                self.answer(call, &caps);
            }
            Act::Fail { got } => {
                let call = self.got_call(got)?;
                self.fail(call);
            }
            Act::Early { got, caps } => {
                let call = self.got_call(got)?;
                let caps = self.caps_of(self.got[&call].vat, caps);
                self.early(call, &caps);
            }
            Act::Redirect { got, stub, caps } => {
                let call = self.got_call(got)?;
                let vat = self.got[&call].vat;
                let stub = self.stub_of(vat, stub)?;
                let caps = self.caps_of(vat, caps);
                self.redirect(call, stub, &caps);
            }
            Act::Forward { got, stub } => {
                let call = self.got_call(got)?;
                let stub = self.stub_of(self.got[&call].vat, stub)?;
                self.forward(call, stub);
            }
            _ => return None,
        }
        Some(())
    }

    fn finish_and_resolve(&mut self, act: Act) -> Option<()> {
        let vats = self.vats.len();
        match act {
            Act::Resolve { promise, stub } => {
                let promise = self.open_promise(promise)?;
                let stub = self.stub_of(self.resolvers[&promise].vat, stub)?;
                self.resolve(promise, To::Stub(stub));
            }
            Act::Nullify { promise } => self.resolve(self.open_promise(promise)?, To::Null),
            Act::Break { promise } => self.resolve(self.open_promise(promise)?, To::Error),
            Act::Dup { stub } => drop(self.dup(self.any_stub(stub)?)),
            Act::Dispose { stub } => self.dispose(self.any_stub(stub)?),
            Act::Watch { stub } => self.watch(self.any_stub(stub)?),
            Act::Collect { call } => {
                let call = self.call_that_is(call, &[Interest::Told])?;
                self.collect(call);
            }
            Act::DropResult { call } => {
                let call = self.call_that_is(call, &[Interest::Waiting, Interest::Told])?;
                self.drop_result(call);
            }
            Act::DropPipeline { call } => {
                let call = self.own_call(call, |world, call| world.shadow.call(call).pipelined)?;
                self.drop_pipeline(call);
            }
            Act::Detach { call } => {
                let call = self.call_that_is(call, &[Interest::Waiting])?;
                self.detach(call);
            }
            Act::Courtesy { call } => {
                let call = self.call_that_is(call, &[Interest::Waiting])?;
                self.detach_as_courtesy(call);
            }
            Act::Send { vat } => drop(self.send(usize::from(vat) % vats)),
            Act::Take { vat } => drop(self.take(usize::from(vat) % vats)),
            Act::Deliver { queue } => {
                let (wire, end) = choose(queue, &self.loaded())?;
                self.deliver(wire, end);
            }
            Act::Quiet => self.quiet(),
            Act::Cut { wire, end } => {
                let wire = usize::from(wire) % self.wires.len();
                self.cut(wire, usize::from(end) % 2);
            }
            Act::Abort { wire, end } => {
                let wire = usize::from(wire) % self.wires.len();
                self.abort(wire, usize::from(end) % 2);
            }
            _ => return None,
        }
        Some(())
    }

    fn any_stub(&self, pick: Pick) -> Option<StubNo> {
        let at = index(pick, self.stubs.len())?;
        self.stubs.keys().nth(at).copied()
    }

    fn stub_of(&self, vat: usize, pick: Pick) -> Option<StubNo> {
        let here = self.stubs.iter().filter(|(_, stub)| stub.vat == vat);
        let here: Vec<StubNo> = here.map(|(no, _)| *no).collect();
        choose(pick, &here)
    }

    fn caps_of(&self, vat: usize, caps: Caps) -> Vec<Option<StubNo>> {
        let count = caps.iter().rposition(|pick| *pick > 0).map_or(0, |last| last + 1);
        let cap = |pick: &Pick| self.stub_of(vat, pick.checked_sub(1)?);
        caps[..count].iter().map(cap).collect()
    }

    fn got_call(&self, pick: Pick) -> Option<CallNo> {
        let at = index(pick, self.got.len())?;
        self.got.keys().nth(at).copied()
    }

    fn open_promise(&self, pick: Pick) -> Option<PromiseNo> {
        let at = index(pick, self.resolvers.len())?;
        self.resolvers.keys().nth(at).copied()
    }

    fn call_that_is(&self, pick: Pick, interest: &[Interest]) -> Option<CallNo> {
        self.own_call(pick, |world, call| interest.contains(&world.shadow.call(call).interest))
    }

    fn own_call(&self, pick: Pick, is: impl Fn(&Self, CallNo) -> bool) -> Option<CallNo> {
        let all = (0..self.shadow.calls.len()).map(CallNo::of);
        let all: Vec<CallNo> = all.filter(|call| is(self, *call)).collect();
        choose(pick, &all)
    }

    /// The ends of wires that messages are on their way to.
    pub(crate) fn loaded(&self) -> Vec<(usize, usize)> {
        let all = (0..self.wires.len()).flat_map(|wire| [(wire, 0), (wire, 1)]);
        all.filter(|(wire, end)| !self.wires[*wire].ends[*end].inbound.is_empty()).collect()
    }
}
