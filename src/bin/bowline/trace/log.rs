//! A log is a session as the page shows it: line by line, and what each line did to the tables.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bowline::trace::{Entry, Key, Number, Piece, Side, Step, Tables, TablesLimits, What};
use bowline::wire::{Message, Outcome, OutlineLimits};

/// How much of a message's content is shown.
const OUTLINE: OutlineLimits = OutlineLimits { lines_max: 60, values_max: 64, nesting_max: 32 };

/// For how many bytes of descriptions a page has room; a browser must hold all of it.
const DETAILS_MAX: usize = 24 << 20;

/// One line: a message, or something else that was seen.
pub(super) struct Line {
    pub(super) at: Duration,
    pub(super) from: Side,
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) detail: String,
    pub(super) bytes: usize,
    /// It failed, or makes something fail.
    pub(super) failed: bool,
    pub(super) step: Step,
}

/// A session.
pub(super) struct Log {
    pub(super) left: String,
    pub(super) right: String,
    /// Its two directions were recorded apart: nothing is known of times.
    pub(super) woven: bool,
    /// What stood in the tables before the first line.
    pub(super) known: BTreeMap<Key, Entry>,
    pub(super) lines: VecDeque<Line>,
    /// How many lines came before the first and are not shown.
    pub(super) skipped: Number,
    tables: Tables,
    messages: usize,
}

impl Log {
    pub(super) fn new(left: String, right: String) -> Self {
        Self {
            left,
            right,
            woven: false,
            known: BTreeMap::new(),
            lines: VecDeque::new(),
            skipped: 0,
            tables: Tables::new(TablesLimits::default()),
            messages: 0,
        }
    }

    pub(super) const fn messages(&self) -> usize {
        self.messages
    }

    fn number(&self) -> Number {
        self.skipped + self.lines.len() as Number
    }

    fn know(&mut self, key: Key, entry: Entry) {
        self.tables.restore(key, entry.clone());
        self.known.insert(key, entry);
    }

    /// Adds a message.
    pub(super) fn say(&mut self, at: Duration, from: Side, message: &Message, bytes: usize) {
        let step = self.tables.observe(self.number(), from, message);
        let told = message.describe(OUTLINE).to_string();
        let (text, detail) = told.split_once('\n').unwrap_or((&told, ""));
        self.messages += 1;
        self.lines.push_back(Line {
            at,
            from,
            kind: kind(message),
            text: text.to_owned(),
            detail: detail.to_owned(),
            bytes,
            failed: has_failed(message),
            step,
        });
    }

    /// Adds something that is no message.
    pub(super) fn see(&mut self, at: Duration, from: Side, kind: &'static str, text: &str) {
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        self.lines.push_back(Line {
            at,
            from,
            kind,
            text: first.trim_end().to_owned(),
            detail: rest.to_owned(),
            bytes: 0,
            failed: kind == "broken",
            step: Step::default(),
        });
    }

    /// Forgets the first lines beyond `last`, and keeps what they left.
    fn cut(&mut self, last: usize) {
        while self.lines.len() > last {
            let Some(line) = self.lines.pop_front() else { return };
            self.skipped += 1;
            for change in line.step.changes {
                match change.now {
                    Some(entry) => self.known.insert(change.key, entry),
                    None => self.known.remove(&change.key),
                };
            }
        }
    }
}

/// The sessions of all that was recorded.
pub(super) struct Logs {
    last: usize,
    details: usize,
    file: u32,
    logs: BTreeMap<(u32, u32), Log>,
}

impl Logs {
    /// Of each session the last so many lines are kept.
    pub(super) const fn new(last: usize) -> Self {
        Self { last, details: DETAILS_MAX, file: 0, logs: BTreeMap::new() }
    }

    /// What follows is of another file, whose sessions are its own.
    pub(super) const fn next_file(&mut self) {
        self.file += 1;
    }

    pub(super) fn add(&mut self, Piece { session, at, what }: Piece) {
        let message = what.message();
        let key = (self.file, session);
        let unnamed = || Log::new("left".to_owned(), "right".to_owned());
        let log = self.logs.entry(key).or_insert_with(unnamed);
        match what {
            What::Opened { left, right } => (log.left, log.right) = (left, right),
            What::Known(key, entry) => log.know(key, entry),
            What::Frame(from, bytes) => match message {
                Some(message) => log.say(at, from, &message, bytes.len()),
                None => log.see(at, from, "broken", "this frame is no message"),
            },
            What::Head(from, text) => log.see(at, from, "head", &text),
            What::Broken(from, why) => log.see(at, from, "broken", &why),
            What::Ended(from) => log.see(at, from, "end", "the direction ends"),
            _ => {}
        }
        log.cut(self.last);
    }

    /// Adds a session that was put together elsewhere.
    pub(super) fn put(&mut self, mut log: Log) {
        log.cut(self.last);
        self.file += 1;
        self.logs.insert((self.file, 0), log);
    }

    /// The sessions in which something was said.
    pub(super) fn finish(self) -> Vec<Log> {
        let mut room = self.details;
        let mut logs: Vec<Log> = self.logs.into_values().collect();
        // From the end: that is what a person wants to see first.
        for line in logs.iter_mut().rev().flat_map(|log| log.lines.iter_mut().rev()) {
            match room.checked_sub(line.detail.len()) {
                Some(left) => room = left,
                None => "(not shown: the page would be too large)".clone_into(&mut line.detail),
            }
        }
        logs
    }
}

const fn kind(message: &Message) -> &'static str {
    match message {
        Message::Unimplemented(_) => "unimplemented",
        Message::Abort(_) => "abort",
        Message::Bootstrap(_) => "bootstrap",
        Message::Call(_) => "call",
        Message::Return(_) => "return",
        Message::Finish(_) => "finish",
        Message::Resolve(_) => "resolve",
        Message::Release(_) => "release",
        Message::Disembargo(_) => "disembargo",
        _ => "foreign",
    }
}

fn has_failed(message: &Message) -> bool {
    use bowline::wire::Resolution;
    match message {
        Message::Abort(_) | Message::Unimplemented(_) => true,
        Message::Return(ret) => matches!(ret.outcome, Outcome::Exception(_)),
        Message::Resolve(resolve) => matches!(resolve.resolution, Resolution::Exception(_)),
        _ => false,
    }
}
