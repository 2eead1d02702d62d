//! What our callers send, beside what the real runtime sent in the same situation.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Poll};

use bowline::conn::Config;
use bowline::rpc::Link;
use bowline::runtime::Vat;
use bowline::schema::worker_capnp::js_rpc_target::call_params::{self, operation};
use bowline::schema::worker_capnp::js_rpc_target::call_results;
use bowline::transport::{Peer, SameThread, Transport, TransportError, same_thread};
use bowline::wire::{Content, Deframer, Limits, Message, MessageTarget, Outcome};
use bowline::worker::{Call, RpcStub, Service as Bound, Worker, args};

use crate::cast::{Log, Service, got, number, play, run, settle};

/// A transport that notes what is sent through it.
struct Tape {
    inner: SameThread,
    sent: Rc<RefCell<Vec<String>>>,
}

impl Transport for Tape {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Message>, TransportError>> {
        self.inner.poll_receive(cx)
    }

    fn send(&mut self, message: Message) -> Result<(), TransportError> {
        self.sent.borrow_mut().extend(told(&message));
        self.inner.send(message)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_flush(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_close(cx)
    }

    fn queued_bytes(&self) -> usize {
        self.inner.queued_bytes()
    }

    fn peer(&self) -> &Peer {
        self.inner.peer()
    }
}

/// What a message asks or answers; nothing for releases, whose order is everybody's own.
fn told(message: &Message) -> Option<String> {
    match message {
        Message::Bootstrap(_) => Some(message.summary()),
        // Which number is used again is everybody's own affair.
        Message::Finish(_) => Some("finish".to_owned()),
        Message::Call(call) => {
            let caps = &call.params.caps;
            let head = match &call.target {
                MessageTarget::ImportedCap(_) => "call".to_owned(),
                target => format!("call {:?} to {target:?}", call.question),
            };
            let head = format!("{head} {:#x}.{}", call.interface, call.method);
            let params = if call.interface == JS_RPC_TARGET {
                params(&call.params.content)
            } else {
                String::new()
            };
            Some(format!("{head} {params} {caps:?}"))
        }
        Message::Return(ret) => match &ret.outcome {
            Outcome::Results(results) => {
                let value = results.content.root().and_then(|root| {
                    let results: call_results::Reader<'_> = root.get_as()?;
                    Ok(hex(results.get_result()?.get_v8_serialized()?))
                });
                Some(format!(
                    "return {:?} {} {:?}",
                    ret.answer,
                    value.expect("results of a call"),
                    results.caps.len()
                ))
            }
            other => Some(format!("return {:?} {other:?}", ret.answer)),
        },
        _ => None,
    }
}

const JS_RPC_TARGET: u64 = 0xa1a9_6525_142a_9d98;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn params(content: &Content) -> String {
    let read = |root: capnp::any_pointer::Reader<'_>| {
        let params: call_params::Reader<'_> = root.get_as()?;
        let path = match params.which()? {
            call_params::MethodName(name) => format!("{:?}", name?),
            call_params::MethodPath(names) => format!("{:?}", names?),
        };
        let op = match params.get_operation().which()? {
            operation::GetProperty(()) => "read".to_owned(),
            operation::CallWithArgs(args) => {
                let args = args?;
                format!(
                    "{} {} externals",
                    hex(args.get_v8_serialized()?),
                    args.get_externals()?.len()
                )
            }
        };
        Ok::<_, capnp::Error>(format!("{path} {op}"))
    };
    content.root().and_then(read).expect("params of a call")
}

/// The messages of a recording, behind the HTTP head it begins with.
fn recorded(bytes: &[u8]) -> Vec<String> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let mut deframer = Deframer::new(Limits::default());
    let mut rest = &bytes[head..];
    let mut all = Vec::new();
    while !rest.is_empty() {
        let space = deframer.space();
        let count = space.len().min(rest.len());
        space[..count].copy_from_slice(&rest[..count]);
        deframer.advance(count);
        rest = &rest[count..];
        while let Some(frame) = deframer.next_frame().expect("whole frames") {
            let message = Message::decode(frame, &Limits::default()).expect("a message");
            all.extend(told(&message));
        }
    }
    all
}

/// Plays a situation; what was sent.
fn played(scene: impl FnOnce(&RpcStub, &Vat)) -> Vec<String> {
    let (near, far) = (Rc::new(Vat::local()), Rc::new(Vat::local()));
    play(&[&near, &far]);
    let worker = Worker::new("svc")
        .entrypoint("default", |_| Service { log: Log::default(), kept: Rc::default() });
    let service = worker.service("default").expect("it has one");
    let boot = service.bootstrap(far.here());
    let (left, right) = same_thread();
    Link::connect(far.here(), right, Config::default(), Some(&boot));
    let sent = Rc::new(RefCell::default());
    let tape = Tape { inner: left, sent: Rc::clone(&sent) };
    let link = Link::connect(near.here(), tape, Config::default(), None);
    let svc = Bound::remote(move |_| link.bootstrap()).stub(near.here());
    scene(&svc, &near);
    drop(svc);
    settle();
    sent.take()
}

/// The same questions, in the same order, with the same content.
#[track_caller]
fn same_questions(recording: &[u8], scene: impl FnOnce(&RpcStub, &Vat)) {
    let (theirs, ours) = (recorded(recording), played(scene));
    assert_eq!(theirs, ours, "\nTHEIRS\n{}\nOURS\n{}", theirs.join("\n"), ours.join("\n"));
}

#[test]
fn one_call() {
    same_questions(include_bytes!("../data/workerd/add.bin"), |svc, _| {
        assert_eq!(number(svc.call("add", args![1, 2])), 3.0);
    });
}

#[test]
fn a_callback() {
    same_questions(include_bytes!("../data/workerd/callback.bin"), |svc, vat| {
        let shout = RpcStub::function(vat.here(), |call: Call| async move {
            Ok(format!("{}!", call.arg::<String>(0)?))
        });
        got(svc.call("callCb", args![shout, "hey"]));
    });
}

#[test]
fn a_property_is_read() {
    same_questions(include_bytes!("../data/workerd/prop.bin"), |svc, _| {
        run(svc.get("prop")).expect("it reads");
    });
}

#[test]
fn a_call_on_what_will_come() {
    same_questions(include_bytes!("../data/workerd/pipelined.bin"), |svc, _| {
        assert_eq!(number(svc.call("makeCounter", args![10]).call("increment", args![3])), 13.0);
    });
}

#[test]
fn an_object_is_called_and_disposed() {
    same_questions(include_bytes!("../data/workerd/counter.bin"), |svc, _| {
        let counter = got(svc.call("makeCounter", args![10])).stub().expect("a stub");
        settle();
        number(counter.call("increment", args![]));
        settle();
        number(counter.call("increment", args![5]));
        settle();
        number(counter.get("value").read());
        counter.dispose();
    });
}

#[test]
fn a_function_is_called_and_disposed() {
    same_questions(include_bytes!("../data/workerd/func.bin"), |svc, _| {
        let function = got(svc.call("makeFunc", args![7])).stub().expect("a function");
        settle();
        number(function.invoke(args![6]));
        settle();
        number(function.invoke(args![2]));
        function.dispose();
    });
}
