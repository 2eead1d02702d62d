//! Calls that are made, passed on, awaited and given up.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bowline::worker::stream::{ReadableStream, WritableStream};
use bowline::worker::value::{Value, View};
use bowline::worker::{Args, Received, RpcPromise, RpcStub, rpc_interface};

use crate::pipes::End;
use crate::shadow::{
    Answer, Call, CallNo, Fate, Interest, Item, Key, Kind, Life, ObjectNo, Op, PipeNo, Thing,
};
use crate::world::{StubNo, Taken, World};
use crate::wrong;

/// What is called, with the promise as a stub of what will come.
#[rpc_interface]
trait Ahead {
    async fn m(&self, number: f64) -> Ahead;
}

/// The same with something that is passed.
#[rpc_interface]
trait AheadWith {
    async fn m(&self, number: f64, thing: Value) -> Ahead;
}

/// What is called.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Root {
    Stub(StubNo),
    /// A place in a result that may not have come.
    Promise(CallNo, Key),
}

/// What is passed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pass {
    Number,
    New(Kind),
    Stub(StubNo),
    NewReader,
    NewWriter,
    Reader(PipeNo),
    Writer(PipeNo),
}

pub(crate) const KEYS: [&str; 3] = ["a", "b", "c"];

impl World {
    /// Values to be passed from a vat, each with what the oracle is told. Stubs are passed as they are, not in copies.
    pub(crate) fn pass(&mut self, vat: usize, all: &[Pass]) -> Vec<(Value, Item)> {
        all.iter().map(|pass| self.pass_one(vat, *pass)).collect()
    }

    fn pass_one(&mut self, vat: usize, pass: Pass) -> (Value, Item) {
        match pass {
            Pass::Number => (7.into(), Item::Number),
            Pass::New(kind) => {
                let object = self.shadow.object(vat, kind);
                let stub = self.host(object);
                (stub.into(), Item::Stub(Thing::Object(object)))
            }
            Pass::Stub(no) => {
                let stub = &self.stubs[&no];
                (Value::from(&stub.stub), Item::Stub(stub.thing))
            }
            Pass::NewReader => {
                let pipe = self.pipe(vat);
                self.pass_one(vat, Pass::Reader(pipe))
            }
            Pass::NewWriter => {
                let pipe = self.pipe(vat);
                self.pass_one(vat, Pass::Writer(pipe))
            }
            Pass::Reader(pipe) => match self.pipes[pipe.0].reader.take_from(vat) {
                Some(reader) => (reader.into(), Item::Reader(pipe)),
                None => (7.into(), Item::Number),
            },
            Pass::Writer(pipe) => match self.pipes[pipe.0].writer.take_from(vat) {
                Some(writer) => (writer.into(), Item::Writer(pipe)),
                None => (7.into(), Item::Number),
            },
        }
    }

    fn root(&mut self, root: Root) -> (usize, Thing, crate::shadow::LineNo) {
        match root {
            Root::Stub(no) => {
                let stub = &self.stubs[&no];
                (stub.vat, stub.thing, stub.line)
            }
            Root::Promise(call, key) => {
                let line = self.shadow.line_of(call, key);
                (self.shadow.call(call).by, Thing::Result(call, key), line)
            }
        }
    }

    fn entry(&mut self, root: Root, op: Op, items: Vec<Item>) -> CallNo {
        let (by, target, line) = self.root(root);
        let place = self.shadow.place(line);
        let (life, interest) = (Life::Made, Interest::Waiting);
        let answer = None;
        self.shadow.calls.push(Call { by, target, op, items, life, interest, answer, line, place });
        CallNo(self.shadow.calls.len() - 1)
    }

    pub(crate) fn call(&mut self, root: Root, all: &[Pass]) -> CallNo {
        let (vat, target, _) = self.root(root);
        let passed = self.pass(vat, all);
        let (values, items): (Vec<_>, Vec<_>) = passed.into_iter().unzip();
        let call = self.entry(root, Op::Call, items);
        let args = values.into_iter().fold(Args::new().with(call.0), Args::with);
        // A function has no methods; of what it is not known yet, anything is called as a function.
        let named = match self.shadow.fate(target) {
            Fate::Object(object) => self.shadow.objects[object.0].kind != Kind::Function,
            _ => false,
        };
        let promise = match root {
            Root::Stub(no) if named => self.stubs[&no].stub.call("m", args),
            Root::Stub(no) => self.stubs[&no].stub.invoke(args),
            Root::Promise(of, key) => {
                let promise = &self.calls[&of];
                match key {
                    Some(key) if named => promise.get(KEYS[usize::from(key)]).call("m", args),
                    Some(key) => promise.get(KEYS[usize::from(key)]).invoke(args),
                    None if named => promise.call("m", args),
                    None => promise.invoke(args),
                }
            }
        };
        self.tell(|| format!("vat {vat} makes c{} on {root:?} with {all:?}", call.0));
        self.calls.insert(call, promise);
        call
    }

    /// A call with one thing or none, and a stub of what will come of it.
    pub(crate) fn call_ahead(&mut self, no: StubNo, thing: Option<Pass>) {
        let (vat, stub) = (self.stubs[&no].vat, self.stubs[&no].stub.clone());
        let passed = thing.map(|thing| self.pass_one(vat, thing));
        let items = passed.iter().map(|(_, item)| *item).collect();
        let call = self.entry(Root::Stub(no), Op::Call, items);
        let number = call.0 as f64;
        let promised = match passed {
            Some((value, _)) => AheadWith::from(stub).m(number, value),
            None => Ahead::from(stub).m(number),
        };
        let ahead = RpcStub::dup(&promised);
        let Ok(ahead) = ahead else { wrong!("ahead", "c{} has no stub of its result", call.0) };
        self.tell(|| {
            format!("vat {vat} makes c{} on s{no} with {thing:?}, and has a stub of it", call.0)
        });
        self.calls.insert(call, promised.untyped());
        let line = self.shadow.line_of(call, None);
        self.add_stub_on(vat, ahead, Thing::Result(call, None), line);
    }

    /// Reads the number of an object.
    pub(crate) fn read_number(&mut self, no: StubNo) {
        let promise = self.stubs[&no].stub.get("id").read();
        let call = self.entry(Root::Stub(no), Op::ReadNumber, Vec::new());
        self.tell(|| format!("c{} reads the number of s{no}", call.0));
        self.calls.insert(call, promise);
    }

    /// Reads a property of a result that may not have come.
    pub(crate) fn read_property(&mut self, of: CallNo, key: u8) {
        let promise = self.calls[&of].get(KEYS[usize::from(key)]).read();
        let call = self.entry(Root::Promise(of, Some(key)), Op::Read, Vec::new());
        // A stream goes to whoever is first.
        self.pipes.iter_mut().for_each(|pipe| pipe.whole &= pipe.is_at_home());
        self.tell(|| format!("c{} reads {} of c{}", call.0, KEYS[usize::from(key)], of.0));
        self.calls.insert(call, promise);
    }

    /// Nobody wants to know any more.
    pub(crate) fn give_up(&mut self, call: CallNo) -> Option<RpcPromise> {
        let entry = self.shadow.call_mut(call);
        if entry.interest == Interest::Waiting {
            entry.interest = Interest::Gone;
        }
        let promise = self.calls.remove(&call)?;
        self.tell(|| format!("the promise of c{} is given up", call.0));
        self.breaks(call);
        Some(promise)
    }

    /// Streams in a call, or in what comes of it, may break off.
    pub(crate) fn breaks(&mut self, call: CallNo) {
        if let Some(Answer::As(next)) = self.shadow.call(call).answer {
            self.breaks(next);
        }
        let entry = self.shadow.call(call);
        let answered = match &entry.answer {
            Some(Answer::One(item)) => vec![*item],
            Some(Answer::Fields(items)) => items.clone(),
            _ => Vec::new(),
        };
        for item in entry.items.clone().into_iter().chain(answered) {
            if let Item::Reader(pipe) | Item::Writer(pipe) = item {
                self.pipes[pipe.0].whole = false;
            }
        }
    }
}

/// What came.
impl World {
    /// Takes what came of a call, if it has come; `keep` keeps the promise. Says whether it has.
    pub(crate) fn collect(&mut self, call: CallNo, keep: bool) -> bool {
        let Some(promise) = self.calls.get_mut(&call) else { return false };
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(outcome) = Pin::new(promise).poll(&mut cx) else { return false };
        self.tell(|| format!("c{} comes to {outcome:?}", call.0));
        if self.shadow.call(call).interest == Interest::Taken {
            self.calls.remove(&call);
            return true;
        }
        // What happened meanwhile was told in time.
        self.hear();
        self.shadow.call_mut(call).interest = Interest::Taken;
        match outcome {
            Ok(received) => self.take(call, received),
            Err(why) => {
                self.breaks(call);
                self.is_reason(call, &why.to_string());
            }
        }
        if !keep {
            self.calls.remove(&call);
        }
        true
    }

    fn is_reason(&self, call: CallNo, why: &str) {
        let expected = match (self.shadow.call(call).op, self.fate_of(call)) {
            (_, Some(fate)) => fate,
            (Op::Read, None) => return,
            _ if self.torn => return,
            (_, None) => wrong!("outcome", "c{} failed: {why}", call.0),
        };
        match expected {
            _ if self.torn => {}
            Fate::Failed(reason) if !why.ends_with(&reason) => {
                wrong!("outcome", "c{} failed: {why}, not: {reason}", call.0)
            }
            _ => {}
        }
    }

    /// Why a call fails, if it does.
    fn fate_of(&self, call: CallNo) -> Option<Fate> {
        let entry = self.shadow.call(call);
        match entry.op {
            Op::Call => self.shadow.outcome(call).err(),
            Op::ReadNumber | Op::Read => match self.shadow.fate(entry.target) {
                Fate::Object(_) => None,
                fate => Some(fate),
            },
        }
    }

    fn take(&mut self, call: CallNo, received: Received) {
        let vat = self.shadow.call(call).by;
        let mut stubs = Vec::new();
        match self.expected(call) {
            Answer::One(item) => {
                let value = received.value().clone();
                if self.shadow.call(call).op == Op::ReadNumber {
                    self.number_is(call, &value);
                }
                stubs.extend(self.arrive(vat, &value, item));
            }
            Answer::Fields(items) => {
                for (key, item) in KEYS.iter().zip(items) {
                    let Some(value) = received.get(key) else {
                        wrong!("content", "c{} returned no {key}", call.0);
                    };
                    stubs.extend(self.arrive(vat, &value.to_value(), item));
                }
            }
            other => wrong!("outcome", "c{} returned, not {other:?}", call.0),
        }
        self.results.insert(call, Taken { received, stubs });
    }

    /// What a call is to bring, if it brings anything.
    fn expected(&self, call: CallNo) -> Answer {
        let entry = self.shadow.call(call);
        let failed = |why: String| Answer::Failed(why);
        match (entry.op, entry.target) {
            (Op::Call, _) => match self.shadow.outcome(call) {
                Ok(Some(answer)) => answer,
                Ok(None) => failed("it was not answered".to_owned()),
                Err(why) => failed(format!("{why:?}")),
            },
            (Op::ReadNumber, target) => match self.shadow.fate(target) {
                Fate::Object(_) => Answer::One(Item::Number),
                why => failed(format!("{why:?}")),
            },
            (Op::Read, Thing::Result(of, Some(key))) => match self.shadow.item_at(of, key) {
                Some(item) => Answer::One(item),
                None => failed(format!("there is no {} in c{}", KEYS[usize::from(key)], of.0)),
            },
            (Op::Read, target) => failed(format!("a property of {target:?}")),
        }
    }

    /// Something that was passed arrives in a vat: what it is, it must be.
    pub(crate) fn arrive(&mut self, vat: usize, value: &Value, item: Item) -> Option<StubNo> {
        match item {
            Item::Stub(thing) => match RpcStub::from_value(value) {
                Ok(stub) => return Some(self.add_stub(vat, stub, thing)),
                Err(why) => wrong!("content", "vat {vat} got no stub of {thing:?}: {why}"),
            },
            Item::Reader(pipe) => match ReadableStream::take(value) {
                Ok(reader) => self.pipes[pipe.0].reader = End::Held(vat, reader),
                Err(why) if self.is_whole(pipe) => {
                    wrong!("content", "vat {vat} got no reader of p{}: {why}", pipe.0)
                }
                Err(_) => {}
            },
            Item::Writer(pipe) => match WritableStream::take(value) {
                Ok(writer) => self.pipes[pipe.0].writer = End::Held(vat, writer),
                Err(why) if self.is_whole(pipe) => {
                    wrong!("content", "vat {vat} got no writer of p{}: {why}", pipe.0)
                }
                Err(_) => {}
            },
            Item::Number if !matches!(value.view(), View::Number(_)) => {
                wrong!("content", "vat {vat} got {value:?} in place of a number")
            }
            Item::Number => {}
        }
        None
    }

    /// The number that was read is that of the object.
    fn number_is(&self, call: CallNo, value: &Value) {
        if let Fate::Object(ObjectNo(no)) = self.shadow.fate(self.shadow.call(call).target)
            && value.as_f64() != Some(no as f64)
        {
            wrong!("target", "c{} read the number of {value:?}, not of {no}", call.0);
        }
    }
}
