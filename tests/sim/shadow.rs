//! The oracle: what every capability stands for, and what every call must come to. It knows what was
//! done and nothing of connections, messages or nodes.
//!
//! # What E-order promises
//!
//! A *line* is a reference as one vat holds it: a stub and its copies; a promise and what that vat
//! learnt it came to be (by resolving it, or by taking the results it was a part of) while it held
//! it. Every call is made on one line. Calls come *before* a call if they were
//!
//! 1. made earlier on the same line, or
//! 2. before, in this sense, a capability from which its line sprang: one that was passed in params or
//!    results when they had been made. Not if it was passed in a call that waited for a promise, and
//!    they waited for a promise as well: which of the two is resolved first decides, and if one comes
//!    to be the other, the call that waited there already goes first.
//!
//! A call may not arrive at its target after one it comes before. Nothing is promised about calls
//! on different lines otherwise, wherever they lead; nor that a call arrives at all once a
//! connection was lost. Calls that were given up may be left out, and may not be late.

use std::collections::BTreeMap;

use bowline::vat::CallId;

/// Declares a number that names one kind of thing.
macro_rules! number {
    ($name:ident, $what:literal) => {
        #[doc = $what]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(pub(crate) u32);

        impl $name {
            pub(crate) fn of(index: usize) -> Self {
                Self(u32::try_from(index).expect("a run is short"))
            }

            pub(crate) fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

number!(ObjectNo, "An object.");
number!(PromiseNo, "A promise made by a vat, to be resolved by it.");
number!(CallNo, "A call, from the moment it is made.");
number!(LineNo, "A reference as one vat holds it.");

/// What a capability stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thing {
    Object(ObjectNo),
    Promise(PromiseNo),
    /// What stands in a field of the results of a call.
    Result(CallNo, u16),
    Null,
}

/// What a thing came to be, so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Object(ObjectNo),
    Null,
    Broken(String),
    /// It waits for its promise to be resolved.
    Promise(PromiseNo),
    /// It waits for the outcome of a call.
    Call(CallNo),
}

/// A capability on its way to another vat, with the calls that come before all made on it there.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) thing: Thing,
    pub(crate) before: Vec<CallNo>,
}

/// How a promise was resolved.
#[derive(Clone, Debug)]
pub(crate) enum Resolution {
    To(Thing),
    Broken(String),
}

/// How a call was answered.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Results(Vec<Sent>),
    Failed(String),
    /// As that call is: a tail call.
    As(CallNo),
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Made,
    /// With its target.
    Running,
    /// Its target answered it.
    Answered,
    /// Its target was told that nobody wants it any more.
    Cancelled,
}

/// Whether whoever made a call awaits its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    /// It does, and was not told yet.
    Waiting,
    /// It was told that the outcome is there.
    Told,
    /// It does not, but the call is to run.
    Detached,
    /// It does not, and the call is to run if what it waits for comes.
    Courtesy,
    /// It does not any more.
    Gone,
    /// It took the outcome.
    Taken,
    /// The call was made for another, whose outcome is this one's.
    Tail(CallNo),
}

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Method,
    /// What a peer offers to whoever connects; it stands at the root of the results.
    Bootstrap,
}

/// A call, as the oracle sees it.
#[derive(Debug)]
pub(crate) struct Call {
    /// The vat that made it.
    pub(crate) by: usize,
    /// What that vat calls it; a tail call has no name there.
    pub(crate) id: Option<CallId>,
    pub(crate) kind: Kind,
    pub(crate) target: Thing,
    /// All calls it may not arrive before.
    pub(crate) before: Vec<CallNo>,
    pub(crate) params: Vec<Sent>,
    /// The lines of the capabilities in its results, as its maker holds them.
    pub(crate) lines: BTreeMap<u16, LineNo>,
    pub(crate) interest: Interest,
    /// Its maker may still pipeline on it.
    pub(crate) pipelined: bool,
    pub(crate) life: Life,
    pub(crate) early: Option<Vec<Sent>>,
    pub(crate) answer: Option<Answer>,
    /// Its outcome is to answer this call, which its maker received.
    pub(crate) forwards: Option<CallNo>,
}

#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) vat: usize,
    pub(crate) dropped: bool,
}

#[derive(Debug)]
enum Line {
    Calls(Vec<CallNo>),
    Same(LineNo),
}

/// All there is.
#[derive(Debug, Default)]
pub(crate) struct Shadow {
    pub(crate) objects: Vec<Object>,
    pub(crate) promises: Vec<Option<Resolution>>,
    pub(crate) calls: Vec<Call>,
    lines: Vec<Line>,
    /// The calls delivered to each object, in that order.
    arrived: BTreeMap<ObjectNo, Vec<CallNo>>,
}

impl Shadow {
    pub(crate) fn call(&self, call: CallNo) -> &Call {
        &self.calls[call.index()]
    }

    pub(crate) fn call_mut(&mut self, call: CallNo) -> &mut Call {
        &mut self.calls[call.index()]
    }

    pub(crate) fn object(&mut self, vat: usize) -> ObjectNo {
        self.objects.push(Object { vat, dropped: false });
        ObjectNo::of(self.objects.len() - 1)
    }

    pub(crate) fn promise(&mut self) -> PromiseNo {
        self.promises.push(None);
        PromiseNo::of(self.promises.len() - 1)
    }

    pub(crate) fn add_call(&mut self, call: Call) -> CallNo {
        self.calls.push(call);
        CallNo::of(self.calls.len() - 1)
    }

    /// What `thing` came to be.
    pub(crate) fn fate(&self, thing: Thing) -> Fate {
        let mut at = thing;
        loop {
            at = match at {
                Thing::Object(object) => return Fate::Object(object),
                Thing::Null => return Fate::Null,
                Thing::Promise(promise) => match &self.promises[promise.index()] {
                    None => return Fate::Promise(promise),
                    Some(Resolution::Broken(why)) => return Fate::Broken(why.clone()),
                    Some(Resolution::To(thing)) => *thing,
                },
                Thing::Result(call, field) => match self.result(call, field) {
                    Ok(thing) => thing,
                    Err(fate) => return fate,
                },
            };
        }
    }

    fn result(&self, no: CallNo, field: u16) -> Result<Thing, Fate> {
        let call = self.call(no);
        let within = |all: &[Sent]| all.get(usize::from(field)).map_or(Thing::Null, |s| s.thing);
        match (&call.answer, &call.early) {
            (Some(Answer::As(next)), _) => Ok(Thing::Result(*next, field)),
            (Some(Answer::Results(all)), _) | (None, Some(all)) => Ok(within(all)),
            (Some(Answer::Failed(why)), _) => Err(Fate::Broken(why.clone())),
            (None, None) if call.life == Life::Made => match self.fate(call.target) {
                Fate::Broken(why) => Err(Fate::Broken(why)),
                Fate::Null => Err(Fate::Broken(CALLED_NULL.to_owned())),
                _ => Err(Fate::Call(no)),
            },
            (None, None) => Err(Fate::Call(no)),
        }
    }

    /// Whether calls on `thing` have to wait for a promise, or for an outcome.
    pub(crate) fn waiting(&self, thing: Thing) -> bool {
        matches!(self.fate(thing), Fate::Promise(_) | Fate::Call(_))
    }

    /// What is passed in a call on `target`, as those who get it there may rely on it.
    pub(crate) fn passed_to(&self, target: Thing, sent: Vec<Sent>) -> Vec<Sent> {
        if !self.waiting(target) {
            return sent;
        }
        let relied = |call: &CallNo| !self.waiting(self.call(*call).target);
        let weaken =
            |sent: Sent| Sent { before: sent.before.into_iter().filter(relied).collect(), ..sent };
        sent.into_iter().map(weaken).collect()
    }

    /// The outcome of a call: what its results are and who wrote them, or why it failed; nothing
    /// while it has none.
    pub(crate) fn outcome(&self, call: CallNo) -> Option<Result<(CallNo, &[Sent]), String>> {
        let mut at = call;
        while let Some(Answer::As(next)) = &self.call(at).answer {
            at = *next;
        }
        let last = self.call(at);
        match &last.answer {
            Some(Answer::Results(all)) => Some(Ok((at, all))),
            Some(Answer::Failed(why)) => Some(Err(why.clone())),
            Some(Answer::As(_)) => None,
            None if last.life != Life::Made => None,
            None => match self.fate(last.target) {
                Fate::Broken(why) => Some(Err(why)),
                Fate::Null => Some(Err(CALLED_NULL.to_owned())),
                _ => None,
            },
        }
    }

    /// Whether `thing` can come to be something only when `call` is answered.
    pub(crate) fn waits_for_call(&self, thing: Thing, call: CallNo) -> bool {
        self.waits(thing).any(|fate| fate == Fate::Call(call))
    }

    /// Whether `thing` can come to be something only when `promise` is resolved.
    pub(crate) fn waits_for_promise(&self, thing: Thing, promise: PromiseNo) -> bool {
        self.waits(thing).any(|fate| fate == Fate::Promise(promise))
    }

    /// What `thing` waits for, one after the other.
    fn waits(&self, thing: Thing) -> impl Iterator<Item = Fate> {
        std::iter::successors(Some(self.fate(thing)), |fate| match fate {
            Fate::Call(call) => Some(self.fate(self.call(*call).target)),
            _ => None,
        })
    }
}

/// Why a call on the null capability fails.
pub(crate) const CALLED_NULL: &str = "called a null capability";

/// Lines, and the order of calls.
impl Shadow {
    /// A new line, behind `before`.
    pub(crate) fn line(&mut self, before: Vec<CallNo>) -> LineNo {
        self.lines.push(Line::Calls(before));
        LineNo::of(self.lines.len() - 1)
    }

    fn root(&self, line: LineNo) -> LineNo {
        let mut at = line;
        while let Line::Same(next) = &self.lines[at.index()] {
            at = *next;
        }
        at
    }

    pub(crate) fn is_same(&self, line: LineNo, other: LineNo) -> bool {
        self.root(line) == self.root(other)
    }

    /// The calls before anything that will be done with this line.
    pub(crate) fn before(&self, line: LineNo) -> Vec<CallNo> {
        match &self.lines[self.root(line).index()] {
            Line::Calls(calls) => calls.clone(),
            Line::Same(_) => Vec::new(),
        }
    }

    /// Puts `calls` before all that will be done with this line.
    pub(crate) fn behind(&mut self, line: LineNo, calls: &[CallNo]) {
        let root = self.root(line);
        if let Line::Calls(before) = &mut self.lines[root.index()] {
            let fresh: Vec<_> = calls.iter().filter(|call| !before.contains(call)).collect();
            before.extend(fresh);
        }
    }

    /// Two lines turn out to be one.
    pub(crate) fn join(&mut self, line: LineNo, other: LineNo) {
        let (line, other) = (self.root(line), self.root(other));
        if line == other {
            return;
        }
        let calls = self.before(line);
        self.behind(other, &calls);
        self.lines[line.index()] = Line::Same(other);
    }

    /// `call` arrived at `object`. The one it arrived after, though it comes before it.
    pub(crate) fn arrive(&mut self, object: ObjectNo, call: CallNo) -> Option<CallNo> {
        let calls = &self.calls;
        let arrived = self.arrived.entry(object).or_default();
        let late = arrived.iter().find(|other| calls[other.index()].before.contains(&call));
        let late = late.copied();
        arrived.push(call);
        late
    }
}
