use bowline::conn::{
    CallRef, Config, Connection, Event, InCap, InReturn, InTarget, LocalCap, OutCall, OutCap,
    OutPayload, OutReturn, OutTarget, PeerMisbehaved, Tag,
};
use bowline::wire::{AnswerId, Content, Exception, ImportId, Path};

use crate::messages::each_message;

/// Calls of ours open at once; enough for ids to be used again.
const CALLS_MAX: usize = 8;

/// A connection, and a vat that does whatever comes to its mind.
struct End {
    conn: Connection,
    /// Calls of the peer that are not returned.
    running: Vec<AnswerId>,
    /// Answers that are returned by a tail call, by tag, and that call.
    passed_on: Vec<(Tag, CallRef)>,
    imports: Vec<ImportId>,
    calls: usize,
    tags: u64,
}

impl End {
    fn new() -> Self {
        let mut conn = Connection::new(Config::default());
        // So that a Return has something to answer.
        let asked = conn.bootstrap(Tag(0));
        assert!(asked.is_ok(), "a new connection is open");
        let (running, passed_on, imports) = (Vec::new(), Vec::new(), Vec::new());
        Self { conn, running, passed_on, imports, calls: 1, tags: 1 }
    }

    fn tag(&mut self) -> Tag {
        self.tags += 1;
        Tag(self.tags)
    }

    /// The invariants hold, all events are answered and all messages leave.
    fn settle(&mut self) {
        loop {
            while let Some(event) = self.conn.poll_event() {
                self.on_event(event);
            }
            self.check();
            if self.conn.poll_transmit().is_none() {
                return;
            }
        }
    }

    fn check(&self) {
        assert_eq!(self.conn.check(), Ok(()), "{}", self.conn.dump());
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Bootstrap { answer } => {
                let tag = self.tag();
                self.conn.tag_answer(answer, tag);
                self.conn.ret(answer, results(vec![OutCap::Hosted(LocalCap(0))]));
            }
            Event::Call { answer, call, .. } => {
                let tag = self.tag();
                self.conn.tag_answer(answer, tag);
                self.take(call.params.caps);
                self.answer(answer, tag, call.keep_results, call.method);
            }
            Event::Cancel { answer, .. } => self.give_up(answer),
            Event::Done { tag } => {
                if let Some(at) = self.passed_on.iter().position(|(of, _)| *of == tag) {
                    let (_, call) = self.passed_on.swap_remove(at);
                    self.finish(call);
                }
            }
            Event::Return { call, outcome, .. } => self.on_return(call, outcome),
            Event::Resolve { import, to, .. } => {
                self.take(to.into_iter().collect());
                self.let_go(import);
            }
            Event::DisembargoRequested { target, embargo } => {
                match (target, self.imports.first()) {
                    (InTarget::Answer { .. }, Some(import)) => {
                        self.conn.disembargo_reply(OutTarget::Import(*import), embargo);
                    }
                    _ => self
                        .conn
                        .abort_misbehaved(PeerMisbehaved::DisembargoDoesNotLoopBack(embargo)),
                }
            }
            Event::Closed { .. } => {
                self.running.clear();
                self.imports.clear();
            }
            _ => {}
        }
    }

    /// What the peer wants of us depends on the method it calls.
    fn answer(&mut self, answer: AnswerId, tag: Tag, keep: bool, method: u16) {
        let import = self.imports.first().copied();
        match (method % 6, import) {
            (0, _) => self.running.push(answer),
            _ if keep => self.conn.ret(answer, OutReturn::Kept),
            (1, _) => self.conn.ret(answer, OutReturn::Exception(Exception::failed("no"))),
            (2, Some(import)) => {
                let caps = vec![OutCap::Import(import), OutCap::None];
                self.conn.ret(answer, results(caps));
            }
            (3, _) => {
                let promise = LocalCap(1);
                self.conn.ret(answer, results(vec![OutCap::Promise(promise)]));
                self.conn.resolve(promise, Ok(OutCap::Hosted(LocalCap(2))));
            }
            (4, Some(import)) => match self.call(OutTarget::Import(import), true) {
                Some(call) => {
                    self.conn.ret(answer, OutReturn::TakeFrom(call));
                    self.passed_on.push((tag, call));
                }
                None => self.conn.ret(answer, results(Vec::new())),
            },
            _ => {
                self.running.drain(..).for_each(|at| self.conn.ret(at, results(Vec::new())));
                self.conn.ret(answer, results(vec![OutCap::Hosted(LocalCap(0)); 2]));
            }
        }
    }

    fn give_up(&mut self, answer: AnswerId) {
        if let Some(at) = self.running.iter().position(|id| *id == answer) {
            self.running.swap_remove(at);
            self.conn.ret(answer, OutReturn::Canceled);
        }
    }

    fn on_return(&mut self, call: CallRef, outcome: InReturn) {
        if self.passed_on.iter().any(|(_, tail)| *tail == call) {
            return;
        }
        if let InReturn::Results(payload) = outcome {
            self.take(payload.caps);
            let embargoed = OutTarget::Answer(call, Path::root());
            if self.conn.path_used(&embargoed) {
                self.conn.disembargo(embargoed);
            }
        }
        self.finish(call);
    }

    /// New imports are tagged, called, and two of them kept.
    fn take(&mut self, caps: Vec<InCap>) {
        for cap in caps {
            let (InCap::Import { import, .. } | InCap::ImportPromise { import, .. }) = cap else {
                continue;
            };
            if !self.imports.contains(&import) {
                let tag = self.tag();
                self.conn.tag_import(import, tag);
                self.imports.push(import);
            }
            if let Some(call) = self.call(OutTarget::Import(import), false) {
                self.call(OutTarget::Answer(call, Path::root()), false);
            }
        }
        while self.imports.len() > 2 {
            let oldest = self.imports[0];
            self.let_go(oldest);
        }
    }

    fn let_go(&mut self, import: ImportId) {
        self.imports.retain(|kept| *kept != import);
        self.conn.release(import);
    }

    fn call(&mut self, target: OutTarget, tail: bool) -> Option<CallRef> {
        if self.calls >= CALLS_MAX {
            return None;
        }
        let tag = self.tag();
        let caps = vec![OutCap::Hosted(LocalCap(0)); usize::from(tag.0.is_multiple_of(3))];
        let params = OutPayload { content: Content::null(), caps };
        let call = OutCall { tag, interface: 1, method: 1, params, tail };
        let asked = self.conn.call(target, call).ok()?;
        self.calls += 1;
        if tag.0.is_multiple_of(4) && !tail {
            self.conn.drop_result(asked);
        }
        Some(asked)
    }

    fn finish(&mut self, call: CallRef) {
        self.calls -= 1;
        self.conn.finish(call);
    }
}

fn results(caps: Vec<OutCap>) -> OutReturn {
    OutReturn::Results(OutPayload { content: Content::null(), caps })
}

/// Whatever a peer says, the tables agree with each other, and at the end nothing is left. Gives the
/// number of messages that were taken before the connection ended.
pub(crate) fn run(bytes: &[u8]) -> usize {
    let mut end = End::new();
    end.settle();
    let mut taken = 0;
    each_message(bytes, |message| {
        let handled = end.conn.handle(message);
        end.check();
        end.settle();
        taken += usize::from(handled.is_ok() && !end.conn.is_closed());
    });
    end.conn.handle_disconnect(Exception::disconnected("the input ends"));
    end.settle();
    assert!(end.conn.is_idle(), "{}", end.conn.dump());
    taken
}
