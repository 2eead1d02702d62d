use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bowline::conn::Config;
use bowline::rpc::Link;
use bowline::runtime::{Local, Turn, Vat};
use bowline::transport::{SameThread, Transport, same_thread};
use bowline::wire::{
    AnswerId, Bootstrap, CapDescriptor, Content, ExportId, Finish, ImportId, Message,
    MessageTarget, Outcome, Path, Payload, PromisedAnswer, QuestionId, Release, Return,
    SendResultsTo,
};
use bowline::worker::stream::{ReadableStream, identity};
use bowline::worker::value::{Value, value};
use bowline::worker::{AbortSignal, Answer, Call, JsError, RpcStub, RpcTarget};

use crate::choices::Choices;

const JS_RPC_TARGET: u64 = 0xa1a9_6525_142a_9d98;
const EXTERNAL_PUSHER: u64 = 0xee2e_b0d2_e1aa_d430;
const BYTE_STREAM: u64 = 0xd2e7_d8a0_dc0a_9766;
/// Calls a peer makes, each under a number of its own.
const CALLS_MAX: u32 = 40;

/// How many objects came to be, and how many were disposed.
#[derive(Clone, Default)]
struct Census {
    made: Rc<Cell<u32>>,
    gone: Rc<Cell<u32>>,
    kept: Rc<RefCell<Vec<RpcStub>>>,
}

/// An object with some of everything.
struct Desk {
    census: Census,
    disposed: Cell<bool>,
}

impl Desk {
    fn stub(here: &Local, census: &Census) -> RpcStub {
        census.made.set(census.made.get() + 1);
        RpcStub::new(here, Self { census: census.clone(), disposed: Cell::new(false) })
    }

    fn plain(&self, here: &Local) -> Value {
        let census = self.census.clone();
        let function = RpcStub::function(here, move |call: Call| {
            let made = Self::stub(call.here(), &census);
            async move { Ok::<_, JsError>(made) }
        });
        value!({ n: 1, desk: (Self::stub(here, &self.census)), make: (function), deep: { list: [1, 2] } })
    }

    /// Keeps one of them.
    fn keep(&self, args: &[Value]) -> Result<f64, JsError> {
        let mut kept = self.census.kept.borrow_mut();
        for value in args {
            if let Ok(stub) = RpcStub::from_value(value) {
                kept.truncate(3);
                kept.insert(0, stub.dup()?);
            }
        }
        Ok(kept.len() as f64)
    }
}

/// Whatever stubs, streams and signals are there are used.
async fn use_all(args: Vec<Value>) -> Result<Value, JsError> {
    let mut last = Value::UNDEFINED;
    for value in args {
        if let Ok(stub) = RpcStub::from_value(&value) {
            last = stub.invoke(bowline::worker::args![1]).await?.into_value();
        } else if let Ok(mut stream) = ReadableStream::take(&value) {
            last = Value::from(stream.read_all(1 << 12).await?.len());
        } else if let Some(signal) = AbortSignal::of_value(&value) {
            last = signal.is_aborted().into();
        }
    }
    Ok(last)
}

impl RpcTarget for Desk {
    fn method(self: Rc<Self>, name: &str, call: Call) -> Answer {
        let here = call.here().clone();
        match name {
            "echo" => Answer::now(Ok(Value::from(call.args().as_slice().to_vec()))),
            "desk" => Answer::now(Ok(Self::stub(&here, &self.census))),
            "plain" => Answer::now(Ok(self.plain(&here))),
            "keep" => Answer::now(self.keep(call.args().as_slice())),
            "use" => Answer::later(use_all(call.args().as_slice().to_vec())),
            "stream" => Answer::now(Ok(Value::from(ReadableStream::from("a few bytes")))),
            "pipe" => {
                let (to, from) = identity();
                Answer::now(Ok(value!({ to: (to), from: (from) })))
            }
            "throw" => Answer::Now(Err(JsError::new("RangeError", "as it was asked to"))),
            "hang" => Answer::later(std::future::pending::<Result<Value, JsError>>()),
            "value" | "held" => Answer::property(call),
            _ => Answer::Missing,
        }
    }

    fn getter(self: Rc<Self>, name: &str, here: &Local) -> Answer {
        match name {
            "value" => Answer::now(Ok(7)),
            "held" => Answer::now(Ok(self.plain(here))),
            "echo" | "desk" | "plain" | "keep" => Answer::Method,
            _ => Answer::Missing,
        }
    }

    fn invoke(self: Rc<Self>, call: Call) -> Answer {
        self.method("echo", call)
    }

    fn dispose(&self) {
        // Who reads the object itself gets a stub of its own, with a disposer's run of its own. (Rule 45)
        if !self.disposed.replace(true) {
            self.census.gone.set(self.census.gone.get() + 1);
        }
    }
}

/// Words with a tag of what they are before them.
fn bytes_at(words: &mut Vec<u64>, pointer: usize, bytes: &[u8]) {
    let offset = (words.len() - pointer - 1) as u64;
    words[pointer] = 1 | offset << 2 | 2 << 32 | (bytes.len() as u64) << 35;
    for piece in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..piece.len()].copy_from_slice(piece);
        words.push(u64::from_le_bytes(word));
    }
}

/// The pointer to what comes next: a struct, with its place among the words.
fn struct_at(words: &mut Vec<u64>, pointer: usize, data: u64, pointers: u64) -> usize {
    let at = words.len();
    words[pointer] = ((at - pointer - 1) as u64) << 2 | data << 32 | pointers << 48;
    words.resize(at + (data + pointers) as usize, 0);
    at
}

/// A name, most of the time one that is known.
fn name(from: &mut Choices<'_>) -> Vec<u8> {
    const NAMES: [&str; 16] = [
        "echo", "desk", "plain", "keep", "use", "stream", "pipe", "throw", "hang", "value", "held",
        "make", "deep", "dup", "to", "0",
    ];
    let pick = from.byte();
    let mut name = match NAMES.get(usize::from(pick)) {
        Some(name) => name.as_bytes().to_vec(),
        None => from.take(usize::from(pick % 8)).to_vec(),
    };
    name.push(0);
    name
}

/// The params of a call: a path, and arguments with their externals. `caps` is how many capabilities go with it.
fn params(from: &mut Choices<'_>, caps: u8) -> Vec<u64> {
    let mut words = vec![0];
    let root = struct_at(&mut words, 0, 1, 4);
    let depth = from.below(4);
    if depth == 1 {
        bytes_at(&mut words, root + 1, &name(from));
    } else {
        words[root] |= 1;
        let at = words.len();
        let offset = (at - root - 2) as u64;
        words[root + 1] = 1 | offset << 2 | 6 << 32 | u64::from(depth) << 35;
        words.resize(at + usize::from(depth), 0);
        for step in 0..usize::from(depth) {
            bytes_at(&mut words, at + step, &name(from));
        }
    }
    match from.below(8) {
        0 => words[root] |= 1 << 16,
        1 => {}
        _ => arguments(from, caps, &mut words, root + 2),
    }
    if caps > 0 {
        words[root] |= 1 << 32;
        words[root + 3] = 3 | u64::from(from.below(caps)) << 32;
    }
    words
}

fn arguments(from: &mut Choices<'_>, caps: u8, words: &mut Vec<u64>, pointer: usize) {
    let at = struct_at(words, pointer, 0, 2);
    let externals: Vec<[u64; 2]> = (0..from.below(4))
        .map(|_| [u64::from(from.below(9)), u64::from(from.below(caps.max(1)))])
        .collect();
    let mut value = vec![0xff, 0x0f];
    match from.below(3) {
        0 => value = from.take(usize::from(from_length(&externals, 48))).to_vec(),
        1 => value.extend_from_slice(from.take(40)),
        _ => {
            // An array of what goes with it.
            value.extend([b'A', externals.len() as u8]);
            for [kind, _] in &externals {
                let mark: &[u8] = match kind {
                    1 => &[0x5c, 1],
                    2 => &[0x5c, 2],
                    3 => &[0x5c, 3],
                    7 => &[0x5c, 9],
                    _ => &[0x5c, 11],
                };
                value.extend_from_slice(mark);
            }
            value.extend([b'$', 0, externals.len() as u8]);
        }
    }
    bytes_at(words, at, &value);
    let tag = words.len();
    let count = externals.len() as u64;
    words[at + 1] = 1 | ((tag - at - 2) as u64) << 2 | 7 << 32 | (count * 4) << 35;
    words.push(count << 2 | 2 << 32 | 2 << 48);
    for [kind, cap] in externals {
        words.extend([kind, 0, 3 | cap << 32, 0]);
    }
}

fn from_length(externals: &[[u64; 2]], most: u8) -> u8 {
    most >> externals.len()
}

/// A peer, who speaks well enough to be heard.
struct Peer {
    wire: SameThread,
    asked: u32,
    results: usize,
    /// Calls made of its objects.
    got: Vec<AnswerId>,
}

impl Peer {
    fn say(&mut self, message: Message) {
        let _ = self.wire.send(message);
        let _ = self.wire.poll_flush(&mut Context::from_waker(Waker::noop()));
    }

    fn question(&mut self) -> QuestionId {
        self.asked += 1;
        QuestionId(self.asked)
    }

    /// Somewhere in what was asked before: the object itself, what a call is pipelined on, or a stream's ends.
    fn place(&self, from: &mut Choices<'_>) -> PromisedAnswer {
        let question = QuestionId(u32::from(from.byte()) % (self.asked + 1));
        let path = match from.below(4) {
            _ if question.0 == 0 => Path::root(),
            0 | 1 => Path::root().field(1),
            2 => Path::root().field(0),
            _ => Path::root().field(0).field(1),
        };
        PromisedAnswer { question, path }
    }

    fn target(&self, from: &mut Choices<'_>) -> MessageTarget {
        match from.below(4) {
            0 => MessageTarget::ImportedCap(ImportId(u32::from(from.below(4)))),
            _ => MessageTarget::PromisedAnswer(self.place(from)),
        }
    }

    fn caps(&self, from: &mut Choices<'_>) -> Vec<CapDescriptor> {
        let cap = |from: &mut Choices<'_>| match from.below(6) {
            0 => CapDescriptor::None,
            1 => CapDescriptor::ReceiverHosted(ImportId(u32::from(from.below(3)))),
            2 | 3 => CapDescriptor::SenderHosted(ExportId(u32::from(from.below(5)))),
            _ => CapDescriptor::ReceiverAnswer(self.place(from)),
        };
        (0..from.below(4)).map(|_| cap(from)).collect()
    }

    fn call(
        &mut self,
        target: MessageTarget,
        interface: u64,
        method: u16,
        words: &[u64],
        caps: Vec<CapDescriptor>,
    ) {
        let question = self.question();
        let params = Payload { content: Content::from_words(words), caps };
        self.say(Message::Call(Box::new(bowline::wire::Call {
            question,
            target,
            interface,
            method,
            params,
            results_to: SendResultsTo::Caller,
            no_promise_pipelining: false,
            only_promise_pipeline: false,
        })));
    }

    fn act(&mut self, from: &mut Choices<'_>) {
        let calls = self.asked < CALLS_MAX;
        match from.below(10) {
            0..5 if calls => {
                let (target, caps) = (self.target(from), self.caps(from));
                let words = params(from, caps.len() as u8);
                self.call(target, JS_RPC_TARGET, 0, &words, caps);
            }
            5 if calls => {
                let (target, length) = (self.target(from), u64::from(from.byte()));
                let words = [1 << 32, length];
                self.call(target, EXTERNAL_PUSHER, 0, &words, Vec::new());
            }
            6 if calls => {
                let mut words = vec![0];
                let at = struct_at(&mut words, 0, 0, 1);
                bytes_at(&mut words, at, from.take(5));
                let (target, method) = (self.target(from), u16::from(from.below(3)));
                self.call(target, BYTE_STREAM, method, &words, Vec::new());
            }
            7 => self.say(Message::Finish(Finish {
                question: QuestionId(1 + u32::from(from.byte()) % self.asked.max(1)),
                release_result_caps: from.below(4) > 0,
                require_early_cancellation_workaround: false,
            })),
            8 => self.say(Message::Release(Release {
                import: ImportId(u32::from(from.below(4))),
                reference_count: 1,
            })),
            _ => {
                let Some(answer) = self.got.pop() else { return };
                let caps = self.caps(from);
                let outcome = match from.below(3) {
                    0 => Outcome::Exception(bowline::wire::Exception::failed("no")),
                    _ => {
                        // Results of the face: a value, with what goes with it.
                        let mut words = vec![0];
                        let at = struct_at(&mut words, 0, 1, 3);
                        arguments(from, caps.len() as u8, &mut words, at + 1);
                        Outcome::Results(Payload { content: Content::from_words(&words), caps })
                    }
                };
                let (release_param_caps, no_finish_needed) = (true, false);
                let ret = Return { answer, release_param_caps, no_finish_needed, outcome };
                self.say(Message::Return(Box::new(ret)));
            }
        }
    }

    fn hear(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Ok(Some(message))) = self.wire.poll_receive(&mut cx) {
            match message {
                Message::Return(ret) => {
                    self.results += usize::from(matches!(ret.outcome, Outcome::Results(_)));
                }
                Message::Call(call) => self.got.push(AnswerId(call.question.0)),
                _ => {}
            }
        }
    }
}

fn settle(vat: &Vat) {
    for _ in 0..1000 {
        if vat.turn(Instant::now()) != Turn::More {
            return;
        }
    }
    panic!("it never comes to rest");
}

/// A peer calls the objects of a worker with anything, and hands it anything. When it is gone, every object it was
/// given is disposed, and nothing is left. Gives the number of results it got.
pub(crate) fn run(bytes: &[u8]) -> usize {
    let vat = Vat::local();
    let census = Census::default();
    let desk = Desk::stub(vat.here(), &census);
    let (ours, wire) = same_thread();
    let boot = desk.client().expect("it is live");
    let link = Link::connect(vat.here(), ours, Config::default(), Some(&boot));
    let mut peer = Peer { wire, asked: 0, results: 0, got: Vec::new() };
    peer.say(Message::Bootstrap(Bootstrap { question: QuestionId(0) }));
    let mut from = Choices::new(bytes);
    while !from.is_over() {
        peer.act(&mut from);
        settle(&vat);
        peer.hear();
        let check = vat.here().with(|graph| graph.check());
        assert_eq!(check, Ok(()), "{}", vat.here().with(|graph| graph.dump()));
    }
    let results = peer.results;
    drop(peer);
    settle(&vat);
    let dump = || vat.here().with(|graph| graph.dump());
    assert!(link.is_idle(), "{}", dump());
    census.kept.take();
    drop((desk, boot, link));
    settle(&vat);
    assert_eq!(census.gone.get(), census.made.get(), "{}", dump());
    let stats = vat.here().with(|graph| graph.stats());
    // A vat keeps the object that stands for nobody, once it was asked for.
    assert!(stats.calls == 0 && stats.nodes <= 1, "{}", dump());
    results
}
