//! What objects tell, held against the oracle; and what they are told to do.

use bowline::worker::value::Value;
use bowline::worker::{JsError, Return, RpcStub};

use crate::making::{KEYS, Pass};
use crate::object::{Event, Reply, Slot};
use crate::shadow::{
    Answer, CallNo, Fate, Interest, Item, Kind, Life, ObjectNo, Op, Shadow, Thing,
};
use crate::world::{Got, StubNo, World};
use crate::wrong;

impl World {
    /// Hears what objects told. Says whether there was anything.
    pub(crate) fn hear(&mut self) -> bool {
        let events = self.log.take();
        let any = !events.is_empty();
        for event in events {
            match event {
                Event::Reached(object, call, things, slot) => {
                    self.on_reached(object, call, &things, slot);
                }
                Event::Returned(call) => self.on_over(call, true),
                Event::Cancelled(call) => self.on_over(call, false),
                Event::Disposed(object) => self.on_disposed(object),
                Event::ResultDisposed(call) => self.on_result_disposed(call),
                Event::Opened(object) => self.shadow.objects[object.0].opened += 1,
                Event::Waits(slot) => {
                    self.waited[0] += 1;
                    self.waits.push(slot);
                }
                Event::Waited => self.waited[1] += 1,
            }
        }
        any
    }

    fn on_reached(&mut self, object: ObjectNo, no: CallNo, things: &[Value], slot: Slot) {
        self.tell(|| format!("c{} reaches object {}", no.0, object.0));
        let call = self.shadow.call(no);
        if call.life != Life::Made {
            wrong!("twice", "c{} arrives, and was {:?}", no.0, call.life);
        }
        let fate = self.shadow.fate(call.target);
        if fate != Fate::Object(object) {
            wrong!("target", "c{} reaches object {}, not {fate:?}", no.0, object.0);
        }
        let items = call.items.clone();
        let entry = &self.shadow.objects[object.0];
        if entry.disposed > 0 && entry.kind != Kind::Entrypoint {
            wrong!("target", "c{} reaches object {}, which is disposed", no.0, object.0);
        }
        let vat = entry.vat;
        if let Some(later) = self.shadow.arrive(no) {
            wrong!("order", "c{} arrives after the call {later} of its line", no.0);
        }
        if things.len() != items.len() {
            wrong!("content", "c{} came with {} things, not {}", no.0, things.len(), items.len());
        }
        let came = things.iter().zip(items);
        let params: Vec<StubNo> =
            came.filter_map(|(value, item)| self.arrive(vat, value, item)).collect();
        self.shadow.call_mut(no).life = Life::Running;
        self.got
            .insert(no, Got { vat, slot: Some(slot), params, given: Vec::new(), lent: Vec::new() });
    }

    /// A call is over where it arrived: what it came with is disposed there. (Rule 41)
    fn on_over(&mut self, no: CallNo, returned: bool) {
        self.tell(|| {
            format!("c{} is over, {}", no.0, if returned { "answered" } else { "cancelled" })
        });
        let Some(got) = self.got.remove(&no) else { return };
        if !returned {
            if !self.torn && self.is_wanted(no) {
                wrong!("cancel", "c{} is cancelled, and is wanted", no.0);
            }
            if let Some(Answer::As(next)) = self.shadow.call(no).answer {
                self.shadow.call_mut(next).interest = Interest::Gone;
            }
            self.breaks(no);
            let call = self.shadow.call_mut(no);
            (call.life, call.answer) = (Life::Cancelled, None);
            // It was not given out.
            self.disposers.remove(&no);
        }
        // What is returned is given away, unless it is lent. (Rule 46)
        let is_good = |stub: &RpcStub| !stub.is_disposed();
        if returned && (got.given.iter().any(is_good) || !got.lent.iter().all(is_good)) {
            let (given, lent) = (&got.given, &got.lent);
            wrong!("given", "c{} is over: it gave {given:?} away, and lent {lent:?}", no.0);
        }
        for param in got.params {
            if let Some(stub) = self.stubs.remove(&param)
                && !stub.stub.is_disposed()
            {
                wrong!("params", "s{param} came with c{}, which is over, and is good", no.0);
            }
        }
    }

    fn on_disposed(&mut self, no: ObjectNo) {
        self.tell(|| format!("object {} is disposed", no.0));
        let object = &mut self.shadow.objects[no.0];
        object.disposed += 1;
        let once = object.disposed == 1;
        if object.kind == Kind::Entrypoint && self.sessions {
            return;
        }
        if !once {
            wrong!("disposer", "object {} is disposed twice", no.0);
        }
        if !self.torn && self.is_held(&|shadow, thing| shadow.fate(thing) == Fate::Object(no)) {
            wrong!("disposer", "object {} is disposed, and is held", no.0);
        }
    }

    fn on_result_disposed(&mut self, no: CallNo) {
        let times = self.disposers.entry(no).or_default();
        *times += 1;
        if *times > 1 {
            wrong!("disposer", "the result of c{} is disposed twice", no.0);
        }
    }
}

/// Who still wants what.
impl World {
    /// Whether anybody can still see what comes of a call.
    pub(crate) fn is_wanted(&self, no: CallNo) -> bool {
        let awaited = match self.shadow.call(no).interest {
            Interest::Waiting | Interest::Detached => true,
            Interest::For(parent) => self.is_wanted(parent),
            Interest::Gone | Interest::Taken => false,
        };
        awaited || self.is_held(&|shadow, thing| shadow.waits_for(thing, no))
    }

    /// Whether anybody holds, or is about to be given, something of which `test` is true.
    fn is_held(&self, test: &dyn Fn(&Shadow, Thing) -> bool) -> bool {
        let shadow = &self.shadow;
        let stub = |item: &Item| matches!(item, Item::Stub(thing) if test(shadow, *thing));
        let carried = |no: CallNo| {
            let call = shadow.call(no);
            let arrives = matches!(shadow.fate(call.target), Fate::Object(_) | Fate::Waits(_));
            // Nobody tells when something is read.
            let made = call.life == Life::Made && call.op == Op::Call && arrives;
            let returned = match shadow.outcome(no) {
                Ok(Some(Answer::One(item))) => stub(&item),
                Ok(Some(Answer::Fields(items))) => items.iter().any(stub),
                _ => false,
            };
            (made && (test(shadow, call.target) || call.items.iter().any(stub))) || returned
        };
        let unread = |no: &CallNo| shadow.call(*no).interest == Interest::Waiting;
        self.stubs.values().any(|stub| test(shadow, stub.thing))
            || self.calls.keys().filter(|no| unread(no)).any(|no| carried(*no))
    }
}

/// What objects do with the calls they received.
impl World {
    /// Answers with one thing, or with a plain object of several.
    pub(crate) fn answer(
        &mut self,
        no: CallNo,
        all: &[Pass],
        plain: bool,
        lent: bool,
    ) -> Option<()> {
        let got = self.got.get_mut(&no)?;
        let (vat, slot) = (got.vat, got.slot.take()?);
        // What waits for the call itself would never come to be anything.
        let waits = |pass: &Pass| match pass {
            Pass::Stub(stub) => self.shadow.leads_to(self.stubs[stub].thing, no),
            _ => false,
        };
        let all = all.iter().map(|pass| if waits(pass) { Pass::Number } else { *pass });
        let all: Vec<Pass> = all.take(if plain { KEYS.len() } else { 1 }).collect();
        let all: Vec<Pass> = all.into_iter().map(|pass| self.kept(no, pass, lent)).collect();
        let passed = self.pass(vat, &all);
        let stubs = all.iter().filter_map(|pass| match pass {
            Pass::Stub(stub) => self.stubs.remove(stub).map(|stub| stub.stub),
            _ => None,
        });
        let stubs: Vec<RpcStub> = stubs.collect();
        if let Some(got) = self.got.get_mut(&no) {
            *if lent { &mut got.lent } else { &mut got.given } = stubs;
        }
        let (values, items): (Vec<Value>, Vec<Item>) = passed.into_iter().unzip();
        let (value, answer) = match (plain, items.first()) {
            (false, Some(item)) => (values[0].clone(), Answer::One(*item)),
            (false, None) => (7.into(), Answer::One(Item::Number)),
            _ => (Value::object(KEYS.into_iter().zip(values)), Answer::Fields(items)),
        };
        let mut result = if lent { Return::lent(value) } else { Return::new(value) };
        if plain && no.0.is_multiple_of(2) {
            let log = self.log.clone();
            self.disposers.insert(no, 0);
            result = result.on_dispose(move || log.tell(Event::ResultDisposed(no)));
        }
        self.tell(|| format!("c{} is answered with {answer:?}, {all:?}, lent: {lent}", no.0));
        let call = self.shadow.call_mut(no);
        (call.life, call.answer) = (Life::Answered, Some(answer));
        if call.interest != Interest::Waiting {
            self.breaks(no);
        }
        slot.fill(Reply::With(Ok(result)));
        Some(())
    }

    /// A stub that may be gone before the answer is given, or is to stay, is answered with in a copy.
    fn kept(&mut self, no: CallNo, pass: Pass, lent: bool) -> Pass {
        let Pass::Stub(stub) = pass else { return pass };
        let of_others = self.got.iter().filter(|(got, _)| **got != no).map(|(_, got)| &got.params);
        let in_results = self.results.values().map(|taken| &taken.stubs);
        let grouped = of_others.chain(in_results).any(|stubs| stubs.contains(&stub));
        if grouped || lent { Pass::Stub(self.dup(stub)) } else { pass }
    }

    pub(crate) fn fail(&mut self, no: CallNo) -> Option<()> {
        let slot = self.got.get_mut(&no)?.slot.take()?;
        let why = format!("c{} failed", no.0);
        self.tell(|| why.clone());
        let call = self.shadow.call_mut(no);
        (call.life, call.answer) = (Life::Answered, Some(Answer::Failed(why.clone())));
        slot.fill(Reply::With(Err(JsError::new("Error", why))));
        Some(())
    }

    /// Answers a call with what comes of another its target made.
    pub(crate) fn answer_as(&mut self, no: CallNo, next: CallNo) -> Option<()> {
        let vat = self.got.get(&no).filter(|got| got.slot.is_some())?.vat;
        let call = self.shadow.call(next);
        let own = call.by == vat && call.op == Op::Call && call.interest == Interest::Waiting;
        // Nobody waits for themselves, nor holds what they are held by.
        if !own
            || no == next
            || self.depends_on(next, no)
            || self.shadow.leads_to(Thing::Result(next, None), no)
        {
            return None;
        }
        let promise = self.calls.remove(&next)?;
        let slot = self.got.get_mut(&no)?.slot.take()?;
        self.tell(|| format!("c{} is answered with what comes of c{}", no.0, next.0));
        self.shadow.call_mut(next).interest = Interest::For(no);
        let call = self.shadow.call_mut(no);
        (call.life, call.answer) = (Life::Answered, Some(Answer::As(next)));
        // What came of the other may have been sent to it by now, and nobody takes it any more.
        if call.interest != Interest::Waiting {
            self.breaks(no);
        }
        slot.fill(Reply::As(promise));
        Some(())
    }

    /// Whether a call cannot be over before `other` is.
    fn depends_on(&self, call: CallNo, other: CallNo) -> bool {
        match self.shadow.fate(Thing::Result(call, None)) {
            Fate::Waits(of) => of == other || of != call && self.depends_on(of, other),
            _ => false,
        }
    }
}
