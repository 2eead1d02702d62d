use std::collections::VecDeque;

use bowline::conn::{Config, Connection};
use bowline::vat::{CallId, Cap, Graph, LinkId, Output, Payload, Request, TargetId};
use bowline::wire::{Content, Exception, Path};

use crate::choices::Choices;
use crate::messages::each_message;

/// No side holds more of a kind; the oldest goes first.
const KEPT_MAX: usize = 8;
/// What was sent before and can be sent again.
const OLD_MAX: usize = 16;
/// As long as two vats talk on, once nobody gives them anything new to say.
const ROUNDS_MAX: usize = 500;

/// One vat, who does what comes to mind, and what is on its way to it.
struct Side {
    vat: Graph,
    link: LinkId,
    /// Each is one reference.
    caps: Vec<Cap>,
    promises: Vec<Cap>,
    asked: Vec<CallId>,
    running: Vec<CallId>,
    inbound: VecDeque<Vec<u8>>,
    hosted: u32,
}

impl Side {
    fn new() -> Self {
        let mut vat = Graph::new();
        let boot = vat.host(TargetId(0));
        let link = vat.connect(Connection::new(Config::default()), Some(boot));
        let (caps, promises, asked, running) = Default::default();
        Self { vat, link, caps, promises, asked, running, inbound: VecDeque::new(), hosted: 0 }
    }

    fn keep(&mut self, cap: Cap) {
        self.caps.push(cap);
        if self.caps.len() > KEPT_MAX {
            let oldest = self.caps.remove(0);
            self.vat.release(oldest);
        }
    }

    fn cap(&mut self, pick: u8) -> Option<Cap> {
        let at = usize::from(pick).checked_rem(self.caps.len())?;
        Some(self.caps[at])
    }

    /// Some capabilities to be passed, and content that leads to them. A new object is among them now and then.
    fn payload(&mut self, from: &mut Choices<'_>) -> Payload {
        let caps: Vec<_> = (0..from.below(4)).map(|_| self.passed(from)).collect();
        let root = match caps.len() as u64 {
            0 => 0,
            count => count << 48,
        };
        let pointers = (0..caps.len() as u64).map(|index| index << 32 | 3);
        let words: Vec<u64> = std::iter::once(root).chain(pointers).collect();
        Payload { content: Content::from_words(&words), caps }
    }

    fn passed(&mut self, from: &mut Choices<'_>) -> Option<Cap> {
        match from.below(6) {
            0 => None,
            1 => {
                self.hosted += 1;
                Some(self.vat.host(TargetId(self.hosted)))
            }
            2 => {
                // Of its two references one stays, until it is resolved.
                let promise = self.vat.promise();
                self.promises.push(promise);
                Some(promise)
            }
            _ => {
                let cap = self.cap(from.byte())?;
                self.vat.retain(cap);
                Some(cap)
            }
        }
    }

    fn request(&mut self, from: &mut Choices<'_>) -> Request {
        Request { interface: 7, method: 0, params: self.payload(from) }
    }

    fn began(&mut self, call: CallId) {
        match self.vat.collect(call) {
            Some(outcome) => self.took(outcome),
            None => {
                self.vat.watch_outcome(call);
                self.asked.push(call);
            }
        }
    }

    fn took(&mut self, outcome: Result<Payload, Exception>) {
        for cap in outcome.into_iter().flat_map(|results| results.caps).flatten() {
            self.keep(cap);
        }
    }

    fn pick(calls: &[CallId], from: &mut Choices<'_>) -> Option<usize> {
        usize::from(from.byte()).checked_rem(calls.len())
    }

    fn act(&mut self, from: &mut Choices<'_>) -> Option<()> {
        match from.below(12) {
            0 => {
                let call = self.vat.bootstrap(self.link);
                self.began(call);
            }
            1..4 => {
                let cap = self.cap(from.byte())?;
                let request = self.request(from);
                let call = self.vat.call(cap, request);
                self.began(call);
            }
            4 => {
                let call = self.asked[Self::pick(&self.asked, from)?];
                let path: Path = (0..from.below(3)).map(|_| u16::from(from.below(3))).collect();
                let cap = self.vat.pipeline(call, &path);
                self.keep(cap);
            }
            5 | 6 => {
                let call = self.running.swap_remove(Self::pick(&self.running, from)?);
                let results = self.payload(from);
                self.vat.respond(call, Ok(results));
            }
            7 => {
                let call = self.running.swap_remove(Self::pick(&self.running, from)?);
                self.vat.respond(call, Err(Exception::failed("no")));
            }
            8 => {
                let cap = self.cap(from.byte())?;
                let call = self.running.swap_remove(Self::pick(&self.running, from)?);
                let request = self.request(from);
                self.vat.redirect(call, cap, request);
            }
            9 => {
                let promise = self.promises.pop()?;
                let to = self.cap(from.byte());
                if let Some(cap) = to {
                    self.vat.retain(cap);
                }
                self.vat.resolve(promise, Ok(to));
            }
            10 => {
                let cap = self.cap(from.byte())?;
                let at = self.caps.iter().position(|kept| *kept == cap)?;
                self.caps.swap_remove(at);
                self.vat.release(cap);
            }
            _ => {
                let call = self.asked.swap_remove(Self::pick(&self.asked, from)?);
                self.give_up(call);
            }
        }
        Some(())
    }

    fn give_up(&mut self, call: CallId) {
        self.vat.drop_result(call);
        self.vat.drop_pipeline(call);
    }

    /// What the vat wants done is done, and what it says goes to `other`.
    fn settle(&mut self, other: &mut VecDeque<Vec<u8>>) {
        while let Some(output) = self.vat.poll_output() {
            match output {
                Output::Deliver { call, params, .. } => {
                    self.running.push(call);
                    params.caps.into_iter().flatten().for_each(|cap| self.keep(cap));
                }
                Output::Cancel { call } => self.running.retain(|running| *running != call),
                Output::Completed { call } => {
                    self.asked.retain(|asked| *asked != call);
                    if let Some(outcome) = self.vat.collect(call) {
                        self.took(outcome);
                    }
                }
                _ => {}
            }
        }
        while let Some((_, message)) = self.vat.poll_transmit() {
            let mut bytes = Vec::new();
            message.encode().append_to(&mut bytes);
            other.push_back(bytes);
        }
        self.check();
    }

    /// The next message arrives, if it is one. Says whether it was taken.
    fn hear(&mut self) -> bool {
        let Some(bytes) = self.inbound.pop_front() else { return false };
        let mut taken = false;
        each_message(&bytes, |message| {
            taken |= self.vat.handle(self.link, message).is_ok();
            self.check();
        });
        taken
    }

    fn check(&self) {
        assert_eq!(self.vat.check(), Ok(()), "{}", self.vat.dump());
    }

    /// Lets go of everything it has.
    fn end(&mut self) {
        for cap in std::mem::take(&mut self.caps) {
            self.vat.release(cap);
        }
        for promise in std::mem::take(&mut self.promises) {
            self.vat.resolve(promise, Ok(None));
        }
        for call in std::mem::take(&mut self.running) {
            self.vat.respond(call, Err(Exception::failed("the end")));
        }
        for call in std::mem::take(&mut self.asked) {
            self.give_up(call);
        }
    }

    fn is_empty(&self) -> bool {
        let stats = self.vat.stats();
        stats.nodes + stats.calls + stats.queued == 0
    }
}

/// Messages are lost, come twice, out of order or changed.
fn meddle(lane: &mut VecDeque<Vec<u8>>, old: &[Vec<u8>], from: &mut Choices<'_>) -> Option<()> {
    let at = usize::from(from.byte()).checked_rem(lane.len());
    match from.below(6) {
        0 => drop(lane.remove(at?)),
        1 => lane.push_back(lane[at?].clone()),
        2 => lane.swap(at?, 0),
        3 => {
            let again = usize::from(from.byte()).checked_rem(old.len())?;
            lane.push_back(old[again].clone());
        }
        4 => {
            // One of the numbers in it: of a call, of a capability, of a variant.
            let message = &mut lane[at?];
            let place = usize::from(from.byte()) * 4 % message.len();
            message[place] = from.byte();
            message[place + 1] = 0;
        }
        _ => {
            let message = &mut lane[at?];
            let place = usize::from(from.byte()) % message.len();
            message[place] ^= from.byte();
        }
    }
    Some(())
}

/// Both hear all there is, as far as it goes on by itself.
fn quiet(sides: &mut [Side; 2]) -> usize {
    let mut heard = 0;
    for _ in 0..ROUNDS_MAX {
        let before = heard;
        for at in 0..2 {
            heard += usize::from(sides[at].hear());
            settle(sides, at);
        }
        if before == heard && sides.iter().all(|side| side.inbound.is_empty()) {
            break;
        }
    }
    heard
}

fn settle(sides: &mut [Side; 2], at: usize) {
    let [left, right] = sides;
    let (side, other) = if at == 0 { (left, right) } else { (right, left) };
    side.settle(&mut other.inbound);
}

/// Two vats talk over a wire that does not pass on all they say as they say it. Their tables agree after each step,
/// and when the wire is gone and all is given up, both are empty. Gives the number of messages that were taken.
pub(crate) fn run(bytes: &[u8]) -> usize {
    let mut from = Choices::new(bytes);
    let mut sides = [Side::new(), Side::new()];
    let mut old: Vec<Vec<u8>> = Vec::new();
    let mut heard = 0;
    while !from.is_over() {
        let at = usize::from(from.below(2));
        match from.below(8) {
            0..4 => {
                let _ = sides[at].act(&mut from);
                settle(&mut sides, at);
            }
            4 | 5 => {
                old.extend(sides[at].inbound.front().cloned());
                if old.len() > OLD_MAX {
                    old.remove(0);
                }
                heard += usize::from(sides[at].hear());
                settle(&mut sides, at);
            }
            6 => heard += quiet(&mut sides),
            _ => drop(meddle(&mut sides[at].inbound, &old, &mut from)),
        }
    }
    heard += quiet(&mut sides);
    for at in 0..2 {
        let link = sides[at].link;
        sides[at].vat.handle_disconnect(link, Exception::disconnected("the wire is gone"));
        settle(&mut sides, at);
        // What is given up may bring more to be given up.
        for _ in 0..4 {
            sides[at].end();
            settle(&mut sides, at);
        }
        assert!(sides[at].is_empty(), "{}", sides[at].vat.dump());
    }
    heard
}
