//! The oracle: what stands for what, and what was said to come of each call. It knows no vats, no messages and no
//! references.

use std::collections::BTreeMap;

/// Calls, as they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CallNo(pub(crate) usize);

impl CallNo {
    /// Whether something is to wait until it is told otherwise, in the context of an entrypoint.
    pub(crate) fn outlasted(self) -> bool {
        self.0 % 3 == 2
    }
}

/// Objects, as they come to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ObjectNo(pub(crate) usize);

/// Streams, as they come to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PipeNo(pub(crate) usize);

/// Ways along which calls arrive in the order they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LineNo(pub(crate) usize);

/// The property of a result; none: the result itself.
pub(crate) type Key = Option<u8>;

/// What a stub is a stub of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thing {
    Object(ObjectNo),
    Result(CallNo, Key),
}

/// Something passed in a call or in a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Stub(Thing),
    Reader(PipeNo),
    Writer(PipeNo),
    Number,
}

impl Item {
    fn thing(self) -> Option<Thing> {
        match self {
            Self::Stub(thing) => Some(thing),
            _ => None,
        }
    }
}

/// What a call was answered with.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    One(Item),
    /// A plain object.
    Fields(Vec<Item>),
    Failed(String),
    /// What comes of another.
    As(CallNo),
}

/// What is done there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Call,
    /// The number of an object is read.
    ReadNumber,
    /// A property of a result is read.
    Read,
}

/// How far a call got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// It is on its way.
    Made,
    /// It arrived.
    Running,
    /// Its target said what is to come of it.
    Answered,
    /// Its target gave up on it.
    Cancelled,
}

/// Who makes a call wants to know what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    Waiting,
    /// Nobody does, and it is to run to its end.
    Detached,
    /// It was passed on as what comes of another call.
    For(CallNo),
    Gone,
    /// The result was taken.
    Taken,
}

pub(crate) struct Call {
    pub(crate) by: usize,
    pub(crate) target: Thing,
    pub(crate) op: Op,
    pub(crate) items: Vec<Item>,
    pub(crate) life: Life,
    pub(crate) interest: Interest,
    pub(crate) answer: Option<Answer>,
    /// Its way, and its place on it.
    pub(crate) line: LineNo,
    pub(crate) place: usize,
}

/// What a thing comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Object(ObjectNo),
    /// It is not known before this call is answered.
    Waits(CallNo),
    /// Calls on it fail, for this reason.
    Failed(String),
    /// It is a value that cannot be called, or nothing.
    Refused,
    /// Nobody knows: the call it depends on was cancelled.
    Lost,
}

#[derive(Default)]
pub(crate) struct Shadow {
    pub(crate) calls: Vec<Call>,
    /// How often the disposer of each object ran, or, of an entrypoint, how many instances are there.
    pub(crate) objects: Vec<Object>,
    /// Of each line: the calls made so far, and the last that arrived.
    lines: Vec<(usize, Option<usize>)>,
    results: BTreeMap<(CallNo, Key), LineNo>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Target,
    Function,
    Entrypoint,
}

pub(crate) struct Object {
    pub(crate) vat: usize,
    pub(crate) kind: Kind,
    pub(crate) disposed: usize,
    /// Instances, of an entrypoint.
    pub(crate) opened: usize,
}

impl Shadow {
    pub(crate) fn object(&mut self, vat: usize, kind: Kind) -> ObjectNo {
        self.objects.push(Object { vat, kind, disposed: 0, opened: 0 });
        ObjectNo(self.objects.len() - 1)
    }

    pub(crate) fn call(&self, call: CallNo) -> &Call {
        &self.calls[call.0]
    }

    pub(crate) fn call_mut(&mut self, call: CallNo) -> &mut Call {
        &mut self.calls[call.0]
    }

    pub(crate) fn line(&mut self) -> LineNo {
        self.lines.push((0, None));
        LineNo(self.lines.len() - 1)
    }

    /// The line of what is pipelined on a place in a result.
    pub(crate) fn line_of(&mut self, call: CallNo, key: Key) -> LineNo {
        if let Some(line) = self.results.get(&(call, key)) {
            return *line;
        }
        let line = self.line();
        self.results.insert((call, key), line);
        line
    }

    /// The next place on a line.
    pub(crate) fn place(&mut self, line: LineNo) -> usize {
        self.lines[line.0].0 += 1;
        self.lines[line.0].0
    }

    /// A call arrives. The place of one that was made later and came before it, if there is one.
    pub(crate) fn arrive(&mut self, call: CallNo) -> Option<usize> {
        let (line, place) = (self.call(call).line, self.call(call).place);
        let last = &mut self.lines[line.0].1;
        let overtaken = last.filter(|last| *last > place);
        *last = Some(place.max(last.unwrap_or(0)));
        overtaken
    }

    /// What a thing comes to.
    pub(crate) fn fate(&self, thing: Thing) -> Fate {
        let (call, key) = match thing {
            Thing::Object(object) => return Fate::Object(object),
            Thing::Result(call, key) => (call, key),
        };
        match (self.call(call).op, self.fate(self.call(call).target), key) {
            (Op::Call, ..) => {}
            (Op::Read, fate, None) => return fate,
            // A number, or a property of a stub.
            (_, Fate::Object(_), _) => return Fate::Refused,
            (_, fate, _) => return fate,
        }
        let item = match (&self.call(call).answer, key) {
            (None, _) => return self.unanswered(call),
            (Some(Answer::Failed(why)), _) => return Fate::Failed(why.clone()),
            (Some(Answer::As(next)), key) => return self.fate(Thing::Result(*next, key)),
            (Some(Answer::One(item)), None) => *item,
            (Some(Answer::One(item)), Some(key)) => return self.property(*item, key),
            (Some(Answer::Fields(_)), None) => return Fate::Refused,
            (Some(Answer::Fields(fields)), Some(key)) => match fields.get(usize::from(key)) {
                Some(item) => *item,
                None => return Fate::Refused,
            },
        };
        item.thing().map_or(Fate::Refused, |thing| self.fate(thing))
    }

    /// What a property of something comes to.
    fn property(&self, item: Item, key: u8) -> Fate {
        match item {
            Item::Stub(Thing::Result(call, None)) => self.fate(Thing::Result(call, Some(key))),
            Item::Stub(thing @ Thing::Result(call, Some(of))) => match self.outcome(call) {
                Ok(Some(Answer::Fields(items))) => match items.get(usize::from(of)) {
                    Some(item) => self.property(*item, key),
                    None => Fate::Refused,
                },
                _ => match self.fate(thing) {
                    Fate::Object(_) => Fate::Refused,
                    other => other,
                },
            },
            _ => Fate::Refused,
        }
    }

    /// What stands in a property of what came of a call.
    pub(crate) fn item_at(&self, call: CallNo, key: u8) -> Option<Item> {
        match self.outcome(call) {
            Ok(Some(Answer::Fields(items))) => items.get(usize::from(key)).copied(),
            Ok(Some(Answer::One(item))) => self.item_in(item, key),
            _ => None,
        }
    }

    fn item_in(&self, item: Item, key: u8) -> Option<Item> {
        match item {
            Item::Stub(Thing::Result(call, None)) => self.item_at(call, key),
            Item::Stub(Thing::Result(call, Some(of))) => self.item_in(self.item_at(call, of)?, key),
            _ => None,
        }
    }

    /// Whether a thing is, or holds, what waits for `call`: as its result it would hold itself.
    pub(crate) fn leads_to(&self, thing: Thing, call: CallNo) -> bool {
        let items = match thing {
            Thing::Object(_) => return false,
            _ if self.waits_for(thing, call) => return true,
            Thing::Result(of, _) => match self.outcome(of) {
                Ok(Some(Answer::One(item))) => vec![item],
                Ok(Some(Answer::Fields(items))) => items,
                _ => return false,
            },
        };
        items.into_iter().filter_map(Item::thing).any(|thing| self.leads_to(thing, call))
    }

    fn unanswered(&self, call: CallNo) -> Fate {
        let entry = self.call(call);
        match (entry.life, self.fate(entry.target)) {
            (Life::Cancelled, _) => Fate::Lost,
            (_, Fate::Object(_)) => Fate::Waits(call),
            (_, other) => other,
        }
    }

    /// What is to be told to whoever made a call: an answer, or why it did not arrive.
    pub(crate) fn outcome(&self, call: CallNo) -> Result<Option<Answer>, Fate> {
        let entry = self.call(call);
        match &entry.answer {
            Some(Answer::As(next)) => self.outcome(*next),
            Some(Answer::Failed(why)) => Err(Fate::Failed(why.clone())),
            Some(answer) => Ok(Some(answer.clone())),
            None => match (entry.life, self.fate(entry.target)) {
                (Life::Cancelled, _) => Err(Fate::Lost),
                (_, Fate::Object(_)) => Ok(None),
                (_, fate) => Err(fate),
            },
        }
    }

    /// Whether a thing waits for `call`, in the end.
    pub(crate) fn waits_for(&self, thing: Thing, call: CallNo) -> bool {
        let mut thing = thing;
        for _ in 0..=self.calls.len() {
            match self.fate(thing) {
                Fate::Waits(other) if other == call => return true,
                Fate::Waits(other) => match self.call(other).answer {
                    Some(Answer::As(next)) => thing = Thing::Result(next, None),
                    _ => return false,
                },
                _ => return false,
            }
        }
        false
    }
}
