//! Two ends that do anything a vat may do, and one end whose peer says anything at all.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::super::config::Config;
use super::super::connection::Connection;
use super::super::event::{
    CallRef, Event, InCap, InPayload, InReturn, LocalCap, OutCall, OutCap, OutPayload, OutReturn,
    OutTarget, Tag,
};
use super::support::*;
use crate::wire::*;

/// A small generator: the same seed tells the same story.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % sides
    }

    fn pick<T: Copy>(&mut self, from: &BTreeSet<T>) -> Option<T> {
        if from.is_empty() { None } else { from.iter().nth(self.roll(from.len())).copied() }
    }
}

/// The least vat there can be: it knows what it holds, and nothing of order.
struct Vat {
    conn: Connection,
    calls: BTreeSet<u32>,
    imports: BTreeSet<u32>,
    running: BTreeSet<u32>,
    promises: BTreeSet<u32>,
    /// References handed in and not given back, by slot.
    refs: BTreeMap<u32, u64>,
    embargoes: BTreeSet<u32>,
    next: u32,
}

impl Vat {
    fn new() -> Self {
        let config = Config { peer_may_be_level_0: false, ..Config::default() };
        Self {
            conn: Connection::new(config),
            calls: BTreeSet::new(),
            imports: BTreeSet::new(),
            running: BTreeSet::new(),
            promises: BTreeSet::new(),
            refs: BTreeMap::new(),
            embargoes: BTreeSet::new(),
            next: 10,
        }
    }

    fn fresh(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn hand_in(&mut self, slot: u32) -> LocalCap {
        *self.refs.entry(slot).or_default() += 1;
        LocalCap(slot)
    }

    fn cap(&mut self, dice: &mut Dice) -> OutCap {
        match dice.roll(5) {
            0 => OutCap::Hosted(self.hand_in(0)),
            1 => OutCap::Hosted(self.hand_in(1)),
            2 => {
                let slot = self.fresh();
                self.promises.insert(slot);
                OutCap::Promise(self.hand_in(slot))
            }
            3 => dice.pick(&self.imports).map_or(OutCap::None, |id| OutCap::Import(ImportId(id))),
            _ => dice
                .pick(&self.calls)
                .map_or(OutCap::None, |call| OutCap::Answer(CallRef(call), Path::root())),
        }
    }

    fn payload(&mut self, dice: &mut Dice) -> OutPayload {
        let caps = (0..dice.roll(3)).map(|_| self.cap(dice)).collect();
        payload(caps)
    }

    fn target(&self, dice: &mut Dice) -> Option<OutTarget> {
        let import = dice.pick(&self.imports).map(|id| OutTarget::Import(ImportId(id)));
        let call = dice.pick(&self.calls).map(|call| on(CallRef(call)));
        if dice.roll(2) == 0 { import.or(call) } else { call.or(import) }
    }

    fn call(&mut self, dice: &mut Dice, tail: bool) -> Option<CallRef> {
        let target = self.target(dice)?;
        let call = OutCall { tail, ..ask(self.fresh(), vec![]) };
        let call = OutCall { params: self.payload(dice), ..call };
        match self.conn.call(target, call) {
            Ok(call) => {
                self.calls.insert(call.0);
                Some(call)
            }
            Err(refused) => {
                self.take_back(&refused.call.params.caps);
                None
            }
        }
    }

    fn take_back(&mut self, caps: &[OutCap]) {
        for cap in caps {
            if let OutCap::Hosted(cap) | OutCap::Promise(cap) = cap {
                *self.refs.get_mut(&cap.0).expect("handed in") -= 1;
            }
        }
    }

    fn ret(&mut self, dice: &mut Dice) {
        let Some(answer) = dice.pick(&self.running) else { return };
        let outcome = match dice.roll(5) {
            0 => OutReturn::Exception(Exception::failed("no")),
            1 => OutReturn::Canceled,
            2 => match self.call(dice, true) {
                Some(call) => OutReturn::TakeFrom(call),
                None => OutReturn::Results(payload(vec![])),
            },
            _ => OutReturn::Results(self.payload(dice)),
        };
        self.running.remove(&answer);
        self.conn.ret(AnswerId(answer), outcome);
    }

    fn act(&mut self, dice: &mut Dice) {
        match dice.roll(12) {
            0 => {
                let tag = Tag(self.fresh().into());
                self.calls.extend(self.conn.bootstrap(tag).ok().map(|call| call.0));
            }
            1..=3 => drop(self.call(dice, false)),
            4 => dice.pick(&self.calls).into_iter().for_each(|c| self.conn.drop_result(CallRef(c))),
            5 => {
                dice.pick(&self.calls)
                    .into_iter()
                    .for_each(|c| self.conn.drop_pipeline(CallRef(c)));
            }
            6 => {
                let Some(call) = dice.pick(&self.calls) else { return };
                self.calls.remove(&call);
                self.conn.finish(CallRef(call));
            }
            7 => {
                let Some(import) = dice.pick(&self.imports) else { return };
                self.imports.remove(&import);
                self.conn.release(ImportId(import));
            }
            8 | 9 => self.ret(dice),
            10 => {
                let Some(slot) = dice.pick(&self.promises) else { return };
                self.promises.remove(&slot);
                let to = self.cap(dice);
                self.conn.resolve(LocalCap(slot), Ok(to));
            }
            _ => {
                // A question may be embargoed only once it is returned; an import at any time.
                let Some(import) = dice.pick(&self.imports) else { return };
                let embargo = self.conn.disembargo(OutTarget::Import(ImportId(import)));
                self.embargoes.insert(embargo.0);
            }
        }
    }

    fn know(&mut self, payload: &InPayload) {
        payload.caps.iter().for_each(|cap| self.know_cap(cap));
    }

    fn know_cap(&mut self, cap: &InCap) {
        if let InCap::Import { import, tag } | InCap::ImportPromise { import, tag } = cap {
            // Twice in one payload, and it is still unknown the second time.
            let fresh = self.imports.insert(import.0);
            assert!(!(fresh && tag.is_some()), "{cap:?} was released");
            self.conn.tag_import(*import, Tag(import.0.into()));
        }
    }

    /// Takes all events, as a vat does after each step.
    fn listen(&mut self) {
        while let Some(event) = self.conn.poll_event() {
            match event {
                Event::Bootstrap { answer } => self.asked(answer),
                Event::Call { answer, call, .. } => {
                    self.asked(answer);
                    self.know(&call.params);
                }
                Event::Return { outcome: InReturn::Results(payload), .. } => self.know(&payload),
                Event::Resolve { to: Ok(cap), .. } => self.know_cap(&cap),
                Event::Released { cap, refs } => {
                    let held = self.refs.get_mut(&cap.0).expect("handed in");
                    *held = held.checked_sub(refs).expect("given back once");
                }
                Event::DisembargoRequested { embargo, .. } => {
                    self.conn.disembargo_reply(OutTarget::Import(ImportId(0)), embargo);
                }
                Event::Disembargoed { embargo } | Event::EmbargoBroken { embargo, .. } => {
                    assert!(self.embargoes.remove(&embargo.0));
                }
                _ => {}
            }
        }
        assert_eq!(self.conn.check(), Ok(()), "\n{}", self.conn.dump());
    }

    fn asked(&mut self, answer: AnswerId) {
        assert!(self.running.insert(answer.0));
        let tag = Tag(self.fresh().into());
        self.conn.tag_answer(answer, tag);
    }

    /// Gives up everything it holds.
    fn wind_down(&mut self) {
        for answer in std::mem::take(&mut self.running) {
            self.conn.ret(AnswerId(answer), OutReturn::Results(payload(vec![])));
        }
        for call in std::mem::take(&mut self.calls) {
            self.conn.finish(CallRef(call));
        }
        for import in std::mem::take(&mut self.imports) {
            self.conn.release(ImportId(import));
        }
        self.listen();
    }

    fn assert_holds_nothing(&self, story: &str) {
        assert!(self.conn.is_idle(), "{story}\n{}\n{}", self.conn.stats(), self.conn.dump());
        assert!(self.refs.values().all(|refs| *refs == 0), "{story}: {:?}", self.refs);
        assert!(self.embargoes.is_empty(), "{story}: {:?}", self.embargoes);
    }
}

/// Moves at most `most` messages from one end to the other.
fn carry(from: &mut Vat, wire: &mut VecDeque<Message>, to: &mut Vat, most: usize) -> usize {
    while let Some(message) = from.conn.poll_transmit() {
        wire.push_back(message);
    }
    from.listen();
    let now = most.min(wire.len());
    for message in wire.drain(..now) {
        let shown = show(&message);
        to.conn.handle(message).unwrap_or_else(|error| panic!("{shown}: {error}"));
        to.listen();
    }
    now
}

#[test]
fn whatever_two_vats_do_is_no_misbehaviour_and_leaves_nothing_behind() {
    for seed in 0..400 {
        let mut dice = Dice(seed);
        let (mut left, mut right) = (Vat::new(), Vat::new());
        let (mut out, mut back) = (VecDeque::new(), VecDeque::new());
        for _ in 0..150 {
            match dice.roll(6) {
                0 => drop(carry(&mut left, &mut out, &mut right, dice.roll(4))),
                1 => drop(carry(&mut right, &mut back, &mut left, dice.roll(4))),
                2 | 3 => left.act(&mut dice),
                _ => right.act(&mut dice),
            }
            left.listen();
            right.listen();
        }
        for _ in 0..20 {
            left.wind_down();
            right.wind_down();
            carry(&mut left, &mut out, &mut right, usize::MAX);
            carry(&mut right, &mut back, &mut left, usize::MAX);
        }
        left.assert_holds_nothing(&format!("left of seed {seed}"));
        right.assert_holds_nothing(&format!("right of seed {seed}"));
    }
}

fn any_descriptor(dice: &mut Dice) -> CapDescriptor {
    let id = dice.roll(4) as u32;
    match dice.roll(7) {
        0 => CapDescriptor::None,
        1 => their(id),
        2 => their_promise(id),
        3 => CapDescriptor::ReceiverHosted(ImportId(id)),
        4 => CapDescriptor::ReceiverAnswer(promised(id)),
        5 => CapDescriptor::ThirdPartyHosted { vine: ExportId(id) },
        _ => CapDescriptor::Foreign(9),
    }
}

fn any_target(dice: &mut Dice) -> MessageTarget {
    let id = dice.roll(4) as u32;
    match dice.roll(5) {
        0 => MessageTarget::Foreign(9),
        1 | 2 => to_answer(id),
        _ => to_export(id),
    }
}

fn any_outcome(dice: &mut Dice) -> Outcome {
    match dice.roll(8) {
        0 => Outcome::Exception(Exception::failed("no")),
        1 => Outcome::Canceled,
        2 => Outcome::ResultsSentElsewhere,
        3 => Outcome::TakeFromOtherQuestion(QuestionId(dice.roll(4) as u32)),
        4 => Outcome::Foreign(9),
        _ => Outcome::Results(Payload {
            content: Content::null(),
            caps: (0..dice.roll(3)).map(|_| any_descriptor(dice)).collect(),
        }),
    }
}

fn any_message(dice: &mut Dice) -> Message {
    // Ids of either kind, mostly small enough to meet something.
    let id = dice.roll(6) as u32 | if dice.roll(16) == 0 { 1 << 31 } else { 0 };
    match dice.roll(18) {
        0 => bootstrap(id),
        12..=14 => finish(id, dice.roll(2) == 0),
        15 | 16 => call(id, to_answer(dice.roll(4) as u32), vec![any_descriptor(dice)]),
        1 | 2 => {
            let mut call = plain_call(id, any_target(dice), vec![any_descriptor(dice)]);
            call.results_to = [SendResultsTo::Caller, SendResultsTo::Yourself][dice.roll(2)];
            call.only_promise_pipeline = dice.roll(3) == 0;
            Message::Call(Box::new(call))
        }
        3..=5 => {
            let mut answer = ret(id, any_outcome(dice));
            answer.release_param_caps = dice.roll(2) == 0;
            answer.no_finish_needed = dice.roll(2) == 0;
            Message::Return(Box::new(answer))
        }
        6 => finish(id, dice.roll(2) == 0),
        7 => resolve(id, any_descriptor(dice)),
        8 => release(id, dice.roll(3) as u32),
        9 => {
            let embargo = EmbargoId(dice.roll(3) as u32);
            let contexts = [Context::SenderLoopback(embargo), Context::ReceiverLoopback(embargo)];
            disembargo(any_target(dice), contexts[dice.roll(2)])
        }
        10 => unimplemented(any_message(dice)),
        _ => foreign(),
    }
}

#[test]
fn whatever_a_peer_says_the_end_is_orderly() {
    let mut steps = 0;
    for seed in 0..3000 {
        let mut dice = Dice(seed);
        let mut vat = Vat::new();
        for _ in 0..60 {
            vat.act(&mut dice);
            vat.listen();
            if dice.roll(3) > 0 {
                while vat.conn.poll_transmit().is_some() {}
                vat.listen();
            }
            let over = vat.conn.handle(any_message(&mut dice)).is_err();
            vat.listen();
            if over {
                break;
            }
            steps += 1;
        }
        vat.conn.handle_disconnect(Exception::disconnected("gone"));
        vat.listen();
        while vat.conn.poll_transmit().is_some() {}
        vat.wind_down();
        vat.assert_holds_nothing(&format!("seed {seed}"));
    }
    assert!(steps > 3000, "most stories ended at once: {steps}");
}
