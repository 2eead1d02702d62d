//! The tables of both sides, rebuilt from the messages alone.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::{Asked, Entry, Given, Held, Key, Kind, Life, Number, Table};
use super::side::Side;
use crate::wire::{
    Call, CapDescriptor, Context, Disembargo, Finish, Message, MessageTarget, Outcome,
    PromisedAnswer, Release, Resolution, Resolve, Return,
};

/// What an observer remembers at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TablesLimits {
    /// Entries of all tables together; what comes beyond is not followed, which is said in a note.
    /// Default: 2^18.
    ///
    /// Who is watched may ask and never finish, or export and never be released.
    pub entries_max: usize,
    /// Capabilities remembered with the questions that carried them, all together. Default: 2^20.
    ///
    /// A question may carry thousands, and they are remembered until it ends.
    pub caps_max: usize,
}

impl Default for TablesLimits {
    fn default() -> Self {
        Self { entries_max: 1 << 18, caps_max: 1 << 20 }
    }
}

/// An observer of one connection: it is shown each message, of either side, in an order in which they can have
/// been said, and knows what stands in the tables of both.
///
/// It takes each message as sent and received at once. So what one side calls a question stands in the
/// answers of the other for just as long, and an export in the imports. Whatever the messages say, it neither panics nor
/// stops: what cannot be is told in the [`Step::notes`]. Deterministic, without I/O or clock.
#[derive(Debug, Default)]
pub struct Tables {
    entries: BTreeMap<Key, Entry>,
    /// Questions that ended without a Finish, or without a Return: the one that crossed is none too many.
    settled: BTreeSet<Key>,
    caps: usize,
    limits: TablesLimits,
}

/// Notes about one message. A cap table may name thousands of capabilities that are not there.
const NOTES_MAX: usize = 8;

/// What a message did.
#[derive(Debug, Default)]
pub struct Step {
    /// The entries it made, changed or removed.
    pub changes: Vec<Change>,
    /// What cannot be, or could not be followed, in a sentence each.
    pub notes: Vec<String>,
    /// The message that asked the question this one is about, if that was observed; a call's is itself.
    pub about: Option<Number>,
    /// The message that asked the question on whose results this call is made.
    pub upon: Option<Number>,
    touched: BTreeSet<Key>,
}

impl Step {
    /// Says what cannot be, unless so much was said that it is clear.
    fn note(&mut self, what: impl FnOnce() -> String) {
        if self.notes.len() < NOTES_MAX {
            self.notes.push(what());
        }
    }
}

/// What became of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub key: Key,
    /// As it is now; `None`: it is gone.
    pub now: Option<Entry>,
}

impl Tables {
    /// Empty tables.
    #[must_use]
    pub fn new(limits: TablesLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// The message `number` was said by `from`.
    pub fn observe(&mut self, number: Number, from: Side, message: &Message) -> Step {
        let mut step = Step::default();
        match message {
            Message::Bootstrap(asked) => {
                let asked = (asked.question.0, "bootstrap".to_owned(), None, false, Vec::new());
                self.ask(&mut step, number, from, asked);
            }
            Message::Call(call) => self.call(&mut step, number, from, call),
            Message::Return(ret) => self.returned(&mut step, number, from, ret),
            Message::Finish(finish) => self.finish(&mut step, from, finish),
            Message::Resolve(resolve) => self.resolve(&mut step, number, from, resolve),
            Message::Release(release) => {
                let Release { import, reference_count } = release;
                self.drop_references(&mut step, from.other(), import.0, *reference_count);
            }
            Message::Disembargo(lift) => self.disembargo(&mut step, number, from, lift),
            Message::Unimplemented(inner) => self.refused(&mut step, from.other(), inner),
            Message::Abort(_) | Message::Foreign(_) => {}
        }
        let touched = std::mem::take(&mut step.touched);
        step.changes = touched
            .into_iter()
            .map(|key| Change { key, now: self.entries.get(&key).cloned() })
            .collect();
        step
    }

    /// Every entry, in order.
    pub fn entries(&self) -> impl Iterator<Item = (Key, &Entry)> {
        self.entries.iter().map(|(key, entry)| (*key, entry))
    }

    /// The entry at `key`.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&Entry> {
        self.entries.get(&key)
    }

    /// Puts an entry back that another observer knew of, as of before the first message.
    pub fn restore(&mut self, key: Key, entry: Entry) {
        let caps = match &entry {
            Entry::Question(asked) => asked.params.len() + asked.results.len(),
            _ => 0,
        };
        self.caps += caps;
        if !self.insert(&mut Step::default(), key, entry) {
            self.caps -= caps;
        }
    }

    pub(super) fn question(&self, owner: Side, id: u32) -> Option<&Asked> {
        match self.entries.get(&question(owner, id))? {
            Entry::Question(asked) => Some(asked),
            _ => None,
        }
    }

    pub(super) fn export(&self, owner: Side, id: u32) -> Option<&Given> {
        match self.entries.get(&export(owner, id))? {
            Entry::Export(given) => Some(given),
            _ => None,
        }
    }

    pub(super) fn is_embargoed(&self, owner: Side, id: u32) -> bool {
        self.entries.contains_key(&embargo(owner, id))
    }

    /// Whether there was room for it.
    fn insert(&mut self, step: &mut Step, key: Key, entry: Entry) -> bool {
        if self.entries.len() >= self.limits.entries_max && !self.entries.contains_key(&key) {
            step.note(|| "there are too many entries: one is not followed".to_owned());
            return false;
        }
        step.touched.insert(key);
        self.entries.insert(key, entry);
        true
    }

    fn remove(&mut self, step: &mut Step, key: Key) {
        if let Some(Entry::Question(asked)) = self.entries.remove(&key) {
            self.caps -= asked.params.len() + asked.results.len();
        }
        step.touched.insert(key);
    }

    /// A question that ends short of a message that may yet come.
    fn settle(&mut self, step: &mut Step, key: Key) {
        self.remove(step, key);
        if self.settled.len() < self.limits.entries_max {
            self.settled.insert(key);
        }
    }

    /// Keeps which capabilities went with a question, as long as there is room for them.
    fn keep(&mut self, step: &mut Step, caps: Vec<u32>) -> Vec<u32> {
        if self.caps + caps.len() > self.limits.caps_max {
            step.note(|| "too many capabilities to remember which went with this".to_owned());
            return Vec::new();
        }
        self.caps += caps.len();
        caps
    }

    fn ask(
        &mut self,
        step: &mut Step,
        number: Number,
        from: Side,
        (id, what, upon, only_pipeline, params): (u32, String, Option<u32>, bool, Vec<u32>),
    ) {
        let key = question(from, id);
        self.settled.remove(&key);
        if self.entries.contains_key(&key) {
            step.note(|| format!("q{id} is asked again, and was not over"));
            self.remove(step, key);
        }
        step.about = Some(number);
        step.upon = upon.and_then(|upon| self.question(from, upon)?.since);
        let params = self.keep(step, params);
        let caps = params.len();
        let asked = Asked {
            since: Some(number),
            what,
            upon,
            life: Life::Open,
            only_pipeline,
            params,
            results: Vec::new(),
        };
        if !self.insert(step, key, Entry::Question(asked)) {
            self.caps -= caps;
        }
    }

    fn call(&mut self, step: &mut Step, number: Number, from: Side, call: &Call) {
        let upon = self.look_at_target(step, from, &call.target);
        let params = self.give(step, number, from, &call.params.caps);
        let what = format!("{} @{:#x}.{}", call.target, call.interface, call.method);
        let asked = (call.question.0, what, upon, call.only_promise_pipeline, params);
        self.ask(step, number, from, asked);
    }

    /// The question a target is in the results of; notes what is not there.
    fn look_at_target(&self, step: &mut Step, from: Side, target: &MessageTarget) -> Option<u32> {
        match target {
            MessageTarget::ImportedCap(import) => {
                if self.export(from.other(), import.0).is_none() {
                    step.note(|| format!("{import} is not exported by the other side"));
                }
                None
            }
            MessageTarget::PromisedAnswer(PromisedAnswer { question, .. }) => {
                if self.question(from, question.0).is_none() {
                    step.note(|| format!("{question} is not open"));
                }
                Some(question.0)
            }
            MessageTarget::Foreign(_) => None,
        }
    }

    /// The references a cap table carries from `from`; the exports they are of.
    fn give(
        &mut self,
        step: &mut Step,
        number: Number,
        from: Side,
        caps: &[CapDescriptor],
    ) -> Vec<u32> {
        let mut given = Vec::new();
        for cap in caps {
            let (id, kind) = match cap {
                CapDescriptor::SenderHosted(id) => (id.0, Kind::Hosted),
                CapDescriptor::SenderPromise(id) => (id.0, Kind::Promise),
                CapDescriptor::ThirdPartyHosted { vine } => (vine.0, Kind::Vine),
                CapDescriptor::ReceiverHosted(id) => {
                    if self.export(from.other(), id.0).is_none() {
                        step.note(|| format!("{id} is not exported by the other side"));
                    }
                    continue;
                }
                CapDescriptor::None
                | CapDescriptor::ReceiverAnswer(_)
                | CapDescriptor::Foreign(_) => continue,
            };
            given.push(id);
            let key = export(from, id);
            if let Some(Entry::Export(known)) = self.entries.get_mut(&key) {
                known.references = known.references.saturating_add(1);
                step.touched.insert(key);
            } else {
                let new = Given { since: Some(number), kind, references: 1, resolved: None };
                self.insert(step, key, Entry::Export(new));
            }
        }
        given
    }

    fn drop_references(&mut self, step: &mut Step, owner: Side, id: u32, count: u32) {
        let key = export(owner, id);
        let Some(Entry::Export(given)) = self.entries.get_mut(&key) else {
            return step.note(|| format!("e{id} is released, which is not exported"));
        };
        step.touched.insert(key);
        let count = u64::from(count);
        if given.references < count {
            let known = given.references;
            step.note(|| format!("e{id} is released ×{count}, of {known} references"));
        }
        given.references = given.references.saturating_sub(count);
        if given.references == 0 {
            self.remove(step, key);
        }
    }

    fn drop_each(&mut self, step: &mut Step, owner: Side, caps: &[u32]) {
        for id in caps {
            self.drop_references(step, owner, *id, 1);
        }
    }

    fn returned(&mut self, step: &mut Step, number: Number, from: Side, ret: &Return) {
        let given = match &ret.outcome {
            Outcome::Results(results) => self.give(step, number, from, &results.caps),
            _ => Vec::new(),
        };
        let key = question(from.other(), ret.answer.0);
        let Some(Entry::Question(asked)) = self.entries.get_mut(&key) else {
            if !self.settled.remove(&key) {
                step.note(|| format!("q{} is returned, and was not open", key.id));
            }
            return;
        };
        step.about = asked.since;
        step.touched.insert(key);
        let (life, params) = (asked.life, std::mem::take(&mut asked.params));
        asked.life = Life::Returned;
        self.caps -= params.len();
        if ret.release_param_caps {
            self.drop_each(step, from.other(), &params);
        }
        match life {
            Life::Open if ret.no_finish_needed => self.settle(step, key),
            Life::Open => {
                let results = self.keep(step, given);
                if let Some(Entry::Question(asked)) = self.entries.get_mut(&key) {
                    asked.results = results;
                }
            }
            Life::Returned => step.note(|| format!("q{} is returned twice", key.id)),
            Life::Finished { release_results } => {
                if release_results {
                    self.drop_each(step, from, &given);
                }
                self.remove(step, key);
            }
        }
    }

    fn finish(&mut self, step: &mut Step, from: Side, finish: &Finish) {
        let key = question(from, finish.question.0);
        let Some(Entry::Question(asked)) = self.entries.get_mut(&key) else {
            if !self.settled.remove(&key) {
                step.note(|| format!("q{} is finished, and was not open", key.id));
            }
            return;
        };
        step.about = asked.since;
        step.touched.insert(key);
        match asked.life {
            Life::Open if asked.only_pipeline => self.settle(step, key),
            Life::Open => {
                asked.life = Life::Finished { release_results: finish.release_result_caps };
            }
            Life::Returned => {
                let results = std::mem::take(&mut asked.results);
                self.caps -= results.len();
                if finish.release_result_caps {
                    self.drop_each(step, from.other(), &results);
                }
                self.remove(step, key);
            }
            Life::Finished { .. } => step.note(|| format!("q{} is finished twice", key.id)),
        }
    }

    fn resolve(&mut self, step: &mut Step, number: Number, from: Side, resolve: &Resolve) {
        if let Resolution::Cap(cap) = &resolve.resolution {
            self.give(step, number, from, std::slice::from_ref(cap));
        }
        let key = export(from, resolve.promise.0);
        // It may be released already: the two messages crossed.
        if let Some(Entry::Export(given)) = self.entries.get_mut(&key) {
            let text = resolve.resolution.to_string();
            given.resolved = Some(text.trim_start_matches("→ ").to_owned());
            step.touched.insert(key);
        }
    }

    fn disembargo(&mut self, step: &mut Step, number: Number, from: Side, lift: &Disembargo) {
        match lift.context {
            Context::SenderLoopback(id) => {
                let upon = self.look_at_target(step, from, &lift.target);
                step.upon = upon.and_then(|upon| self.question(from, upon)?.since);
                let held = Held { since: Some(number), target: lift.target.to_string() };
                self.insert(step, embargo(from, id.0), Entry::Embargo(held));
            }
            Context::ReceiverLoopback(id) => {
                let key = embargo(from.other(), id.0);
                match self.entries.contains_key(&key) {
                    true => self.remove(step, key),
                    false => step.note(|| format!("{id} is lifted, and was not set")),
                }
            }
            Context::Foreign(_) => {}
        }
    }

    /// The other side does not know a message of `owner`, and sent it back.
    fn refused(&mut self, step: &mut Step, owner: Side, message: &Message) {
        match message {
            Message::Resolve(Resolve {
                resolution:
                    Resolution::Cap(CapDescriptor::SenderHosted(id) | CapDescriptor::SenderPromise(id)),
                ..
            }) => self.drop_references(step, owner, id.0, 1),
            Message::Call(call) => self.unanswered(step, owner, call.question.0),
            Message::Bootstrap(asked) => self.unanswered(step, owner, asked.question.0),
            _ => {}
        }
    }

    fn unanswered(&mut self, step: &mut Step, owner: Side, id: u32) {
        let key = question(owner, id);
        if let Some(Entry::Question(asked)) = self.entries.get_mut(&key) {
            step.about = asked.since;
            asked.life = Life::Returned;
            step.touched.insert(key);
        }
    }
}

const fn question(owner: Side, id: u32) -> Key {
    Key { table: Table::Questions, owner, id }
}

const fn export(owner: Side, id: u32) -> Key {
    Key { table: Table::Exports, owner, id }
}

const fn embargo(owner: Side, id: u32) -> Key {
    Key { table: Table::Embargoes, owner, id }
}
