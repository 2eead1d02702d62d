//! A run as data: what is done, one thing after the other. Whoever or whatever is meant is named by
//! how lately it came to be, counted round, so that a step still means something when those before
//! it are taken out.

use bowline::worker::value::Value;

use crate::making::{Pass, Root};
use crate::object::Reply;
use crate::shadow::{CallNo, Interest, Kind, PipeNo};
use crate::wires::{deliver, is_loaded};
use crate::world::{StubNo, World};
use crate::wrong;

/// One of those there are: 0 the latest, 1 the one before …, counted round.
pub(crate) type Pick = u8;

/// Up to three things to be passed: 0 is none, then a number, a new object, a new function, the ends of a new stream,
/// the ends of a stream that is there, and from [`STUBS`] on the latest stub there ….
pub(crate) type Things = [u8; 3];

/// The first that means a stub.
pub(crate) const STUBS: u8 = 8;

/// Something done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// A vat hosts an object, or a function.
    Host {
        vat: Pick,
        function: bool,
    },
    /// An object or a function is called.
    Call {
        stub: Pick,
        things: Things,
    },
    /// A call with one thing or none, and a stub of what will come of it.
    Ahead {
        stub: Pick,
        thing: u8,
    },
    /// A call on what will come of another, or of a property of it.
    Pipeline {
        call: Pick,
        key: Pick,
        things: Things,
    },
    /// The number of an object is read.
    Number {
        stub: Pick,
    },
    /// A property of what will come of a call is read.
    Read {
        call: Pick,
        key: Pick,
    },
    /// An object answers: with one thing or a plain object of several, which it gives away or lends.
    Answer {
        got: Pick,
        plain: bool,
        lent: bool,
        things: Things,
    },
    /// An object answers with what comes of another call.
    AnswerAs {
        got: Pick,
        call: Pick,
    },
    Fail {
        got: Pick,
    },
    /// Something that outlasts its call is over.
    Waited {
        wait: Pick,
    },
    Dup {
        stub: Pick,
    },
    Dispose {
        stub: Pick,
    },
    /// A stub is dropped, not disposed.
    Drop {
        stub: Pick,
    },
    /// What came of a call is taken, if it has come.
    Await {
        call: Pick,
        keep: bool,
    },
    /// The promise of a call is dropped, or disposed and dropped.
    Cancel {
        call: Pick,
        dispose: bool,
    },
    Detach {
        call: Pick,
    },
    /// A result is disposed, with every stub in it.
    DisposeResult {
        result: Pick,
    },
    /// A result is dropped; the stubs in it stay.
    DropResult {
        result: Pick,
    },
    Write {
        pipe: Pick,
        size: u8,
    },
    Close {
        pipe: Pick,
    },
    Abort {
        pipe: Pick,
    },
    ReadBytes {
        pipe: Pick,
    },
    CancelRead {
        pipe: Pick,
    },
    Turn {
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
    /// Does it, if there is somebody to do it and something to do it to, and hears what came of it.
    pub(crate) fn act(&mut self, act: Act) {
        if self.call_or_answer(act).is_none() && self.hold_or_move(act).is_none() {
            // Nobody was there.
        }
        self.hear();
    }

    fn call_or_answer(&mut self, act: Act) -> Option<()> {
        match act {
            Act::Host { vat, function } => {
                let kind = if function { Kind::Function } else { Kind::Target };
                let vat = usize::from(vat) % self.vats.len();
                let object = self.shadow.object(vat, kind);
                let stub = self.host(object);
                let no = self.add_stub(vat, stub, crate::shadow::Thing::Object(object));
                self.tell(|| format!("vat {vat} hosts object {} as s{no}", object.0));
            }
            Act::Call { stub, things } => {
                let stub = self.any_stub(stub)?;
                let things = self.things(self.stubs[&stub].vat, things);
                self.call(Root::Stub(stub), &things);
            }
            Act::Ahead { stub, thing } => {
                let stub = self.plain_stub(stub)?;
                let things = self.things(self.stubs[&stub].vat, [thing, 0, 0]);
                self.call_ahead(stub, things.first().copied());
            }
            Act::Pipeline { call, key, things } => {
                let call = self.promised(call)?;
                let things = self.things(self.shadow.call(call).by, things);
                self.call(Root::Promise(call, key.checked_sub(1).map(|key| key % 3)), &things);
            }
            Act::Number { stub } => self.read_number(self.any_stub(stub)?),
            Act::Read { call, key } => self.read_property(self.promised(call)?, key % 3),
            Act::Answer { got, plain, lent, things } => {
                let got = self.got_call(got)?;
                let things = self.things(self.got[&got].vat, things);
                self.answer(got, &things, plain, lent)?;
            }
            Act::AnswerAs { got, call } => {
                let got = self.got_call(got)?;
                let by = self.got[&got].vat;
                let own: Vec<CallNo> = self
                    .calls
                    .keys()
                    .copied()
                    .filter(|no| self.shadow.call(*no).by == by)
                    .collect();
                self.answer_as(got, choose(call, &own)?)?;
            }
            Act::Fail { got } => self.fail(self.got_call(got)?)?,
            Act::Waited { wait } => {
                let at = index(wait, self.waits.len())?;
                self.waits.remove(at).fill(Reply::With(Ok(Value::UNDEFINED.into())));
            }
            _ => return None,
        }
        Some(())
    }

    fn hold_or_move(&mut self, act: Act) -> Option<()> {
        match act {
            Act::Dup { stub } => drop(self.dup(self.any_stub(stub)?)),
            Act::Dispose { stub } => self.dispose(self.any_stub(stub)?),
            Act::Drop { stub } => {
                let no = self.any_stub(stub)?;
                self.tell(|| format!("s{no} is dropped"));
                // A value it came in may hold it still.
                drop(self.stubs.remove(&no));
            }
            Act::Await { call, keep } => {
                let call = self.promised(call)?;
                self.collect(call, keep);
            }
            Act::Cancel { call, dispose } => {
                let call = self.promised(call)?;
                let promise = self.give_up(call)?;
                if dispose {
                    self.group_ends(call, || promise.dispose());
                }
            }
            Act::Detach { call } => {
                let call = self.promised(call)?;
                if self.shadow.call(call).interest == Interest::Waiting {
                    let promise = self.calls.remove(&call)?;
                    self.shadow.call_mut(call).interest = Interest::Detached;
                    self.tell(|| format!("c{} is detached", call.0));
                    promise.detach();
                    self.breaks(call);
                }
            }
            Act::DisposeResult { result } => self.dispose_result(self.any_result(result)?),
            Act::DropResult { result } => {
                let call = self.any_result(result)?;
                // A promise that is kept has it, too.
                if !self.calls.contains_key(&call) {
                    self.tell(|| format!("the result of c{} is dropped", call.0));
                    drop(self.results.remove(&call));
                }
            }
            act => return self.move_on(act),
        }
        Some(())
    }

    fn move_on(&mut self, act: Act) -> Option<()> {
        match act {
            Act::Write { pipe, size } => {
                let size = usize::from(size) * usize::from(size) + 1;
                self.write(self.any_pipe(pipe)?, size)?;
            }
            Act::Close { pipe } => drop(self.close(self.any_pipe(pipe)?)),
            Act::Abort { pipe } => self.abort(self.any_pipe(pipe)?),
            Act::ReadBytes { pipe } => drop(self.read(self.any_pipe(pipe)?)),
            Act::CancelRead { pipe } => self.cancel(self.any_pipe(pipe)?),
            Act::Turn { vat } => self.turn(usize::from(vat) % self.vats.len()),
            Act::Deliver { queue } => {
                let loaded: Vec<_> =
                    self.queues.iter().flatten().filter(|queue| is_loaded(queue)).collect();
                let at = index(queue, loaded.len())?;
                deliver(loaded[at]);
            }
            Act::Quiet => self.quiet(),
            Act::Cut { wire } => self.cut(usize::from(wire) % self.queues.len()),
            _ => return None,
        }
        Some(())
    }
}

/// What is held.
impl World {
    pub(crate) fn dup(&mut self, no: StubNo) -> StubNo {
        let stub = &self.stubs[&no];
        let (vat, thing, line) = (stub.vat, stub.thing, stub.line);
        match stub.stub.dup() {
            Ok(copy) => {
                let copy = self.add_stub_on(vat, copy, thing, line);
                self.tell(|| format!("s{no} is duplicated as s{copy}"));
                copy
            }
            Err(why) => wrong!("disposed", "s{no} cannot be duplicated: {why}"),
        }
    }

    pub(crate) fn dispose(&mut self, no: StubNo) {
        let Some(stub) = self.stubs.remove(&no) else { return };
        self.tell(|| format!("s{no} is disposed"));
        stub.stub.dispose();
        if !stub.stub.is_disposed() || stub.stub.dup().is_ok() {
            wrong!("disposed", "s{no} was disposed, and is good");
        }
    }

    pub(crate) fn dispose_result(&mut self, call: CallNo) {
        // Its promise is the same result.
        self.calls.remove(&call);
        self.tell(|| format!("the result of c{} is disposed", call.0));
        let received = self.results[&call].received.clone();
        self.group_ends(call, || received.dispose());
    }

    /// The stubs of a result are disposed together. (Rules 42 and 43)
    fn group_ends(&mut self, call: CallNo, dispose: impl FnOnce()) {
        dispose();
        let Some(taken) = self.results.remove(&call) else { return };
        for no in taken.stubs {
            if let Some(stub) = self.stubs.remove(&no)
                && !stub.stub.is_disposed()
            {
                wrong!(
                    "group",
                    "s{no} came with c{}, whose result is disposed, and is good",
                    call.0
                );
            }
        }
    }
}

/// Who is meant.
impl World {
    fn any_stub(&self, pick: Pick) -> Option<StubNo> {
        let at = index(pick, self.stubs.len())?;
        self.stubs.keys().nth(at).copied()
    }

    /// A stub of an object that has methods.
    fn plain_stub(&self, pick: Pick) -> Option<StubNo> {
        let plain = |no: &StubNo| match self.shadow.fate(self.stubs[no].thing) {
            crate::shadow::Fate::Object(no) => self.shadow.objects[no.0].kind != Kind::Function,
            _ => false,
        };
        let all: Vec<StubNo> = self.stubs.keys().copied().filter(plain).collect();
        choose(pick, &all)
    }

    fn promised(&self, pick: Pick) -> Option<CallNo> {
        let at = index(pick, self.calls.len())?;
        self.calls.keys().nth(at).copied()
    }

    fn got_call(&self, pick: Pick) -> Option<CallNo> {
        let open: Vec<CallNo> =
            self.got.iter().filter(|(_, got)| got.slot.is_some()).map(|(no, _)| *no).collect();
        choose(pick, &open)
    }

    fn any_result(&self, pick: Pick) -> Option<CallNo> {
        let at = index(pick, self.results.len())?;
        self.results.keys().nth(at).copied()
    }

    fn any_pipe(&self, pick: Pick) -> Option<PipeNo> {
        index(pick, self.pipes.len()).map(PipeNo)
    }

    /// What is to be passed from a vat.
    fn things(&self, vat: usize, things: Things) -> Vec<Pass> {
        let here = self.stubs.iter().filter(|(_, stub)| stub.vat == vat);
        let here: Vec<StubNo> = here.map(|(no, _)| *no).collect();
        let pipes = || (0..self.pipes.len()).rev().map(PipeNo);
        let thing = |thing: u8| match thing {
            0 => None,
            1 => Some(Pass::Number),
            2 => Some(Pass::New(Kind::Target)),
            3 => Some(Pass::New(Kind::Function)),
            4 => Some(Pass::NewReader),
            5 => Some(Pass::NewWriter),
            6 => pipes().find(|pipe| self.pipes[pipe.0].reader.is_in(vat)).map(Pass::Reader),
            7 => pipes().find(|pipe| self.pipes[pipe.0].is_open_in(vat)).map(Pass::Writer),
            stub => choose(stub - STUBS, &here).map(Pass::Stub),
        };
        things.into_iter().filter_map(thing).collect()
    }
}
