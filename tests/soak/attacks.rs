//! What a peer may do that is worst.

use bowline::conn::Config;
use bowline::probe::say;
use bowline::schema::worker_capnp::js_value::external_pusher;
use bowline::transport::FramedLimits;
use bowline::wire::{Call, CapDescriptor, Content, Message, MessageTarget, Payload, SendResultsTo};
use capnp::traits::HasTypeId;

use crate::stage::ID;

/// What the object offered is asked for.
pub(crate) mod method {
    /// Returns the number.
    pub(crate) const NOTE: u16 = 0;
    /// Never returns.
    pub(crate) const NEVER: u16 = 1;
    /// Returns a new object.
    pub(crate) const MAKE: u16 = 2;
    /// Returns a new object, and 512 bytes.
    pub(crate) const LARGE: u16 = 3;
    /// Returns a promise that is never resolved.
    pub(crate) const PROMISE: u16 = 4;
    /// Calls NOTE on the capability it is passed.
    pub(crate) const CALL_IT: u16 = 5;
}

/// Whether the attacker takes what is sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    All,
    Nothing,
}

/// Twenty peers are not one: together they have twenty turns.
pub(crate) const TWENTY: &str = "calls on twenty connections";

/// A way to do harm.
#[derive(Clone)]
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) config: Config,
    pub(crate) limits: FramedLimits,
    pub(crate) reads: Reads,
    /// On how many connections at once.
    pub(crate) connections: usize,
    /// The messages of each step.
    pub(crate) says: fn(u32) -> Vec<Message>,
    /// The bytes behind them.
    pub(crate) writes: fn(u32) -> Vec<u8>,
}

/// Limits small enough to be reached within seconds.
fn config() -> Config {
    let mut config = Config::default();
    config.questions_max = 500;
    config.answers_max = 500;
    config.inbound_words_max = 32 << 10;
    config.kept_words_max = 4 << 10;
    config.exports_max = 500;
    config.imports_max = 500;
    config.embargoes_max = 100;
    config.echoes_max = 100;
    config.queued_words_max = 32 << 10;
    config.payload_words_max = 32 << 10;
    config
}

fn limits() -> FramedLimits {
    let mut limits = FramedLimits::default();
    limits.incoming.frame_words_max = 32 << 10;
    limits
}

fn silent(_: u32) -> Vec<u8> {
    Vec::new()
}

fn mute(_: u32) -> Vec<Message> {
    Vec::new()
}

fn attack(name: &'static str, reads: Reads, says: fn(u32) -> Vec<Message>) -> Attack {
    Attack { name, config: config(), limits: limits(), reads, connections: 1, says, writes: silent }
}

/// A struct of one data word and four pointers, the first of which is `cap` if there is one.
fn params(cap: Option<CapDescriptor>) -> Payload {
    let pointer = if cap.is_some() { 3 } else { 0 };
    let words = [1 << 32 | 4 << 48, 7, pointer, 0, 0, 0];
    Payload { content: Content::from_words(&words), caps: cap.into_iter().collect() }
}

fn asks(question: u32, target: MessageTarget, method: u16, cap: Option<CapDescriptor>) -> Call {
    let mut call = say::call(question, target, ID, method);
    call.params = params(cap);
    call
}

/// The bootstrap first, which stays a question, then what is said in each step from 1 on.
fn first(step: u32, then: impl FnOnce(u32) -> Vec<Message>) -> Vec<Message> {
    match step {
        0 => vec![say::bootstrap(0)],
        step => then(step),
    }
}

/// What the vat offers.
fn offered() -> MessageTarget {
    say::to_result(0, &[])
}

/// What it promises.
fn promised() -> MessageTarget {
    say::to_result(1, &[0])
}

fn calls(step: u32, method: u16) -> Vec<Message> {
    first(step, |id| vec![say::called(asks(id, offered(), method, None))])
}

/// The promise that never is anything first.
fn promise(step: u32, then: impl FnOnce(u32) -> Vec<Message>) -> Vec<Message> {
    match step {
        0 => first(0, |_| Vec::new()),
        1 => vec![say::called(asks(1, offered(), method::PROMISE, None))],
        step => then(step),
    }
}

/// Content of so many words, which are no pointers.
fn large(words: usize) -> Payload {
    let mut content = vec![0; words];
    // A list of words: how many, and what they are, stands in the pointer.
    content[0] = 1 | 5 << 32 | (words as u64 - 1) << 35;
    Payload { content: Content::from_words(&content), caps: Vec::new() }
}

fn calls_kept(id: u32) -> Message {
    let mut call = asks(id, offered(), method::LARGE, None);
    call.results_to = SendResultsTo::Yourself;
    say::called(call)
}

fn of_calls() -> Vec<Attack> {
    vec![
        attack("calls that are never finished", Reads::All, |step| calls(step, method::NEVER)),
        attack("the same, and nothing is read", Reads::Nothing, |step| calls(step, method::NEVER)),
        attack("calls behind a promise that never is", Reads::All, |step| {
            promise(step, |id| vec![say::called(asks(id, promised(), method::NOTE, None))])
        }),
        attack("large calls behind that promise", Reads::All, |step| {
            promise(step, |id| {
                let mut call = asks(id, promised(), method::NOTE, None);
                call.params = large(30 << 10);
                vec![say::called(call)]
            })
        }),
        attack("calls that are cancelled at once", Reads::All, |step| {
            first(step, |id| {
                vec![say::called(asks(id, offered(), method::NEVER, None)), say::finish(id)]
            })
        }),
        attack("calls on what is not returned", Reads::All, |step| {
            first(step, |id| {
                let target = if id == 1 { offered() } else { say::to_result(id - 1, &[0]) };
                vec![say::called(asks(id, target, method::NEVER, None))]
            })
        }),
        attack("large frames", Reads::All, |step| {
            first(step, |id| {
                let mut call = asks(id, offered(), 99, None);
                call.params = large(30 << 10);
                vec![say::called(call), say::finish(id)]
            })
        }),
        attack("ever new capabilities", Reads::All, |step| {
            first(step, |id| {
                let cap = Some(say::hosted(id));
                vec![say::called(asks(id, offered(), method::NEVER, cap))]
            })
        }),
    ]
}

fn of_results() -> Vec<Attack> {
    vec![
        attack("results that are never finished", Reads::All, |step| calls(step, method::LARGE)),
        attack("results that are to be taken", Reads::All, |step| {
            first(step, |id| vec![calls_kept(id)])
        }),
        attack("objects that are never released", Reads::All, |step| {
            first(step, |id| {
                let call = say::called(asks(id, offered(), method::MAKE, None));
                vec![call, say::keep(id)]
            })
        }),
        attack("results that are not read", Reads::Nothing, |step| {
            first(step, |id| {
                let mut call = asks(id, offered(), method::LARGE, None);
                call.no_promise_pipelining = true;
                vec![say::called(call), say::keep(id)]
            })
        }),
        attack("calls in vain that are not read", Reads::Nothing, |step| {
            first(step, |id| vec![say::called(asks(id, say::to_result(0, &[9]), 0, None))])
        }),
        attack("streams that are opened", Reads::All, |step| {
            first(step, |id| {
                let call = say::call(id, offered(), external_pusher::Client::TYPE_ID, 0);
                vec![say::called(call), say::keep(id)]
            })
        }),
    ]
}

fn of_the_rest() -> Vec<Attack> {
    let mut all = vec![
        attack("what nobody knows", Reads::All, |step| {
            (0..20).map(|body| say::foreign(999, (step + body) as u16)).collect()
        }),
        attack("what nobody knows, and nothing is read", Reads::Nothing, |_| {
            (0..20).map(|_| say::foreign(999, 0)).collect()
        }),
        attack("finishes of nothing", Reads::All, |step| {
            (0..20).map(|at| say::finish(20 * step + at)).collect()
        }),
        attack("disembargoes that cannot go back", Reads::All, |step| {
            promise(step, |id| vec![say::disembargo(promised(), id)])
        }),
        attack("promises that come home", Reads::All, |step| {
            first(step, |id| {
                let cap = Some(say::promised(id));
                let call = say::called(asks(id, offered(), method::CALL_IT, cap));
                vec![call, say::resolve(id, say::yours(0))]
            })
        }),
        attack("rules that are broken again and again", Reads::All, |_| vec![say::release(9, 1)]),
    ];
    all.push(Attack {
        connections: 50,
        writes: |step| match step {
            // A frame of 256 KiB less a word, of which all but the last word comes.
            0 => {
                let words = 32 << 10;
                let mut bytes = vec![0; 8 * words];
                bytes[4..8].copy_from_slice(&(words as u32).to_le_bytes());
                bytes
            }
            _ => Vec::new(),
        },
        ..attack("frames that never come whole", Reads::All, mute)
    });
    all.push(Attack {
        connections: 20,
        ..attack(TWENTY, Reads::All, |step| calls(step, method::NOTE))
    });
    all
}

pub(crate) fn all() -> Vec<Attack> {
    [of_calls(), of_results(), of_the_rest()].into_iter().flatten().collect()
}
