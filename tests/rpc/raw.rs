//! A vat and peers that are played by the test, message by message.

use std::task::{self, Poll, Waker};
use std::time::Instant;

use bowline::conn::Config;
use bowline::rpc::{Client, Link};
use bowline::runtime::{Turn, Vat};
use bowline::transport::{
    ByteStream, Framed, FramedLimits, Peer, SameThread, Transport, memory_pipe, same_thread,
};
use bowline::wire::*;
use capnp::Word;

use crate::support::ID;

/// The vat under test.
pub(crate) struct Us {
    pub(crate) vat: Vat,
}

/// A peer of it, in the hands of the test.
pub(crate) struct Raw {
    end: SameThread,
    pub(crate) link: Link,
}

impl Us {
    pub(crate) fn new() -> Self {
        Self { vat: Vat::local() }
    }

    /// Turns the vat until nothing happens any more.
    pub(crate) fn quiet(&self) {
        while self.vat.turn(Instant::now()) == Turn::More {}
        self.vat.here().with(|graph| graph.check()).expect("the tables agree");
    }

    /// A new peer, which is offered `bootstrap`.
    pub(crate) fn meet(&self, bootstrap: Option<&Client>) -> Raw {
        self.meet_with(Config::default(), bootstrap)
    }

    pub(crate) fn meet_with(&self, config: Config, bootstrap: Option<&Client>) -> Raw {
        let (ours, end) = same_thread();
        Raw { end, link: Link::connect(self.vat.here(), ours, config, bootstrap) }
    }

    /// A peer that holds `boot`, as our export 0.
    pub(crate) fn meet_holder(&self, boot: &Client) -> Raw {
        let mut peer = self.meet(Some(boot));
        peer.says(self, [bootstrap(99)]);
        assert_eq!(peer.hears(self), ["return a99 results cap 0 [e0]"]);
        peer.says(self, [finish(99, false)]);
        peer
    }

    /// A peer that offers us what it calls `cap`, and the client we have of it.
    pub(crate) fn meet_host(&self, cap: CapDescriptor) -> (Raw, Client) {
        let mut peer = self.meet(None);
        let client = peer.link.bootstrap();
        assert_eq!(peer.hears(self), ["bootstrap q0"]);
        peer.says(self, [results(0, vec![cap])]);
        assert_eq!(peer.hears(self), ["finish q0"]);
        (peer, client)
    }

    /// What a peer hears that sends these bytes and nothing else.
    pub(crate) fn meet_bytes(&self, bytes: &[u8]) -> Vec<String> {
        let mut cx = task::Context::from_waker(Waker::noop());
        let (ours, mut end) = memory_pipe(1 << 10);
        let ours = Framed::new(ours, Peer::Memory, FramedLimits::default());
        Link::connect(self.vat.here(), ours, Config::default(), None);
        let written = end.poll_write_vectored(&mut cx, &[std::io::IoSlice::new(bytes)]);
        assert!(matches!(written, Poll::Ready(Ok(all)) if all == bytes.len()));
        self.quiet();
        let mut end = Framed::new(end, Peer::Memory, FramedLimits::default());
        let mut heard = Vec::new();
        while let Poll::Ready(Ok(Some(message))) = end.poll_receive(&mut cx) {
            heard.push(message.summary());
        }
        heard
    }

    /// What came of a promise once nothing happens any more.
    pub(crate) fn outcome<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        let mut cx = task::Context::from_waker(Waker::noop());
        for _ in 0..3 {
            if let Poll::Ready(done) = future.as_mut().poll(&mut cx) {
                return done;
            }
            self.quiet();
        }
        panic!("nothing comes of it");
    }
}

impl Raw {
    /// The peer sends all these at once, and the vat takes them.
    pub(crate) fn says(&mut self, us: &Us, messages: impl IntoIterator<Item = Message>) {
        let mut cx = task::Context::from_waker(Waker::noop());
        for message in messages {
            self.end.send(message).expect("the way is open");
        }
        assert!(matches!(self.end.poll_flush(&mut cx), Poll::Ready(Ok(()))));
        us.quiet();
    }

    /// All that the vat sent since the peer listened last.
    pub(crate) fn receives(&mut self, us: &Us) -> Vec<Message> {
        us.quiet();
        let mut cx = task::Context::from_waker(Waker::noop());
        let mut received = Vec::new();
        while let Poll::Ready(Ok(Some(message))) = self.end.poll_receive(&mut cx) {
            received.push(message);
        }
        received
    }

    /// The same, each in one line.
    pub(crate) fn hears(&mut self, us: &Us) -> Vec<String> {
        self.receives(us).iter().map(without_interface).collect()
    }

    /// The peer goes, without a word.
    pub(crate) fn leaves(self, us: &Us) {
        drop(self.end);
        us.quiet();
    }
}

/// A message in one line, where there is only one interface.
pub(crate) fn without_interface(message: &Message) -> String {
    message.summary().replace(&format!(" @{ID:#x}"), " ")
}

/// A message of the test objects: a number, and as many capabilities as stand in the cap table.
pub(crate) fn content(number: u64, caps: usize) -> Content {
    let to_struct =
        |offset: u64, data: u64, pointers: u64| offset << 2 | data << 32 | pointers << 48;
    // A Return with these results; its content is taken out of it.
    let mut words = vec![to_struct(0, 1, 1), 3, to_struct(0, 2, 1), 0, 0, to_struct(0, 0, 2)];
    words.extend([to_struct(1, 1, 4), 0, number]);
    words.extend((0..4).map(|index| if index < caps as u64 { index << 32 | 3 } else { 0 }));
    let mut frame = Word::allocate_zeroed_vec(words.len());
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    Word::words_to_bytes_mut(&mut frame).copy_from_slice(&bytes);
    let message = Message::decode(Frame::single(frame), &Limits::default()).expect("well formed");
    let Message::Return(ret) = message else { panic!("a Return") };
    let Outcome::Results(payload) = ret.outcome else { panic!("results") };
    payload.content
}

pub(crate) fn bootstrap(question: u32) -> Message {
    Message::Bootstrap(Bootstrap { question: QuestionId(question) })
}

pub(crate) fn call(
    question: u32,
    target: MessageTarget,
    method: u16,
    number: u64,
    caps: Vec<CapDescriptor>,
) -> Call {
    Call {
        question: QuestionId(question),
        target,
        interface: ID,
        method,
        params: Payload { content: content(number, caps.len()), caps },
        results_to: SendResultsTo::Caller,
        no_promise_pipelining: false,
        only_promise_pipeline: false,
    }
}

/// A call without anything special about it.
pub(crate) fn calls(question: u32, target: MessageTarget, method: u16, number: u64) -> Message {
    said(call(question, target, method, number, vec![]))
}

pub(crate) fn said(call: Call) -> Message {
    Message::Call(Box::new(call))
}

/// Addressed to our export.
pub(crate) fn export(id: u32) -> MessageTarget {
    MessageTarget::ImportedCap(ImportId(id))
}

/// Capability 0 of the results of a question of the peer.
pub(crate) fn result_of(question: u32) -> MessageTarget {
    MessageTarget::PromisedAnswer(promised(question, &[0]))
}

pub(crate) fn promised(question: u32, fields: &[u16]) -> PromisedAnswer {
    PromisedAnswer { question: QuestionId(question), path: Path::from(fields) }
}

pub(crate) fn hosted(export: u32) -> CapDescriptor {
    CapDescriptor::SenderHosted(ExportId(export))
}

pub(crate) fn promise(export: u32) -> CapDescriptor {
    CapDescriptor::SenderPromise(ExportId(export))
}

pub(crate) fn ours(export: u32) -> CapDescriptor {
    CapDescriptor::ReceiverHosted(ImportId(export))
}

pub(crate) fn returns(answer: u32, outcome: Outcome) -> Message {
    let answer = AnswerId(answer);
    let release_param_caps = false;
    Message::Return(Box::new(Return {
        answer,
        release_param_caps,
        no_finish_needed: false,
        outcome,
    }))
}

/// The results of a bootstrap.
pub(crate) fn results(answer: u32, caps: Vec<CapDescriptor>) -> Message {
    let content = Content::capability(0);
    returns(answer, Outcome::Results(Payload { content, caps }))
}

pub(crate) fn finish(question: u32, release_result_caps: bool) -> Message {
    let require_early_cancellation_workaround = false;
    let question = QuestionId(question);
    Message::Finish(Finish { question, release_result_caps, require_early_cancellation_workaround })
}

pub(crate) fn resolves(promise: u32, resolution: Resolution) -> Message {
    Message::Resolve(Resolve { promise: ExportId(promise), resolution })
}

pub(crate) fn disembargo(target: MessageTarget, context: Context) -> Message {
    Message::Disembargo(Disembargo { target, context })
}
