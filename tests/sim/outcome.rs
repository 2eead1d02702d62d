//! What comes of what was done: messages that move, and outputs of the vats, each held against the
//! oracle.

use bowline::conn::ConnectionError;
use bowline::vat::{CallId, Cap, Outcome, Output, Payload, TargetId};
use bowline::wire::{Exception, ExceptionKind, Message};

use crate::content::stamp;
use crate::reread::through_bytes;
use crate::shadow::{Answer, CALLED_NULL, CallNo, Fate, Interest, Life, ObjectNo, Sent, Thing};
use crate::wires::{Packet, cut};
use crate::world::{Got, StubNo, World};
use crate::wrong;

/// Messages.
impl World {
    /// The next message of a vat sets out. False: there is none.
    pub(crate) fn send(&mut self, vat: usize) -> bool {
        let Some((link, message)) = self.vats[vat].poll_transmit() else { return false };
        let places = self.wires.iter().enumerate().flat_map(|(n, _)| [(n, 0), (n, 1)]);
        let place = places.into_iter().find(|(wire, end)| {
            let end = &self.wires[*wire].ends[*end];
            end.vat == vat && end.link == link
        });
        let Some((wire, end)) = place else { return true };
        self.tell(|| format!("vat {vat} → wire {wire}: {message}"));
        let message = if self.shape.bytes { through_bytes(message) } else { message };
        let other = &mut self.wires[wire].ends[1 - end];
        if other.open {
            other.inbound.push_back(Packet::Message(message));
        }
        true
    }

    /// The next message on a wire arrives at one of its ends. False: there is none.
    pub(crate) fn deliver(&mut self, wire: usize, end: usize) -> bool {
        let at = &mut self.wires[wire].ends[end];
        let Some(packet) = at.inbound.pop_front() else { return false };
        let (vat, link) = (at.vat, at.link);
        match packet {
            Packet::Message(message) => {
                self.tell(|| format!("wire {wire} → vat {vat}: {message}"));
                let aborts = matches!(message, Message::Abort(_));
                match self.vats[vat].handle(link, message) {
                    Ok(()) => {}
                    Err(ConnectionError::Aborted(_)) if aborts && self.torn => {}
                    Err(why) => wrong!("protocol", "vat {vat} finds its peer in the wrong: {why}"),
                }
            }
            Packet::Cut => {
                self.tell(|| format!("wire {wire} ends at vat {vat}"));
                self.vats[vat].handle_disconnect(link, cut());
            }
        }
        true
    }

    /// The transport fails at one end; the other end hears of it behind what is under way.
    pub(crate) fn cut(&mut self, wire: usize, end: usize) {
        let at = &self.wires[wire].ends[end];
        if at.open {
            let (vat, link) = (at.vat, at.link);
            self.tell(|| format!("wire {wire} is cut at vat {vat}"));
            self.torn = true;
            self.wires[wire].cut(end);
            self.vats[vat].handle_disconnect(link, cut());
        }
    }

    /// One end hangs up and says so.
    pub(crate) fn abort(&mut self, wire: usize, end: usize) {
        let at = &self.wires[wire].ends[end];
        if at.open {
            let (vat, link) = (at.vat, at.link);
            self.tell(|| format!("vat {vat} hangs up on wire {wire}"));
            self.torn = true;
            self.vats[vat].abort(link, Exception::failed("enough"));
        }
    }
}

/// Outputs.
impl World {
    /// One output of a vat is carried out. False: there is none.
    pub(crate) fn take(&mut self, vat: usize) -> bool {
        let Some(output) = self.vats[vat].poll_output() else { return false };
        match output {
            Output::Deliver { target, call, interface, params, .. } => {
                let no = CallNo(u32::try_from(interface).expect("calls are numbered so"));
                self.on_deliver(vat, target, call, no, params);
            }
            Output::Cancel { call } => self.on_cancel(vat, call),
            Output::Completed { call } => self.on_completed(vat, call),
            Output::Settled { cap } => {
                if !self.watched.remove(&(vat, cap)) {
                    wrong!("settled", "vat {vat} tells of {cap}, which nobody watches");
                }
            }
            Output::Dropped { target } => self.on_dropped(vat, target),
            Output::Closed { link, .. } => {
                let ends = self.wires.iter_mut().flat_map(|wire| &mut wire.ends);
                for end in ends.filter(|end| end.vat == vat && end.link == link) {
                    end.open = false;
                    end.inbound.clear();
                }
                if !self.torn {
                    wrong!("closed", "vat {vat} lost a connection that nobody cut");
                }
            }
            other => wrong!("output", "{other:?}"),
        }
        true
    }

    fn on_deliver(
        &mut self,
        vat: usize,
        target: TargetId,
        id: CallId,
        no: CallNo,
        params: Payload,
    ) {
        self.tell(|| format!("vat {vat} delivers c{} to object {}", no.0, target.0));
        let call = self.shadow.call(no);
        if call.life != Life::Made {
            wrong!("twice", "c{} is delivered, and was {:?}", no.0, call.life);
        }
        let object = ObjectNo(target.0);
        let fate = self.shadow.fate(call.target);
        if fate != Fate::Object(object) || self.shadow.objects[object.index()].vat != vat {
            wrong!("target", "c{} reaches object {} of vat {vat}, not {fate:?}", no.0, object.0);
        }
        if self.shadow.objects[object.index()].dropped {
            wrong!("target", "c{} reaches object {}, which was dropped", no.0, object.0);
        }
        if stamp(&params.content) != Some(no) {
            wrong!("content", "c{} has the params of {:?}", no.0, stamp(&params.content));
        }
        if let Some(later) = self.shadow.arrive(object, no) {
            wrong!("order", "c{} arrives after c{}, which was made after it", no.0, later.0);
        }
        let sent = self.shadow.call(no).params.clone();
        let params = self.take_caps(vat, &sent, params.caps);
        let params = params.into_iter().map(|(cap, sent)| {
            let (cap, line) = (cap?, self.shadow.line(sent.before));
            Some(self.add_stub(vat, cap, sent.thing, line))
        });
        let params = params.collect();
        self.shadow.call_mut(no).life = Life::Running;
        self.received.insert((vat, id), no);
        self.got.insert(no, Got { vat, id, params, early: None, forward: None });
    }

    /// What came, each beside what was sent.
    fn take_caps(
        &mut self,
        vat: usize,
        sent: &[Sent],
        caps: Vec<Option<Cap>>,
    ) -> Vec<(Option<Cap>, Sent)> {
        if caps.len() != sent.len() {
            wrong!("caps", "{} were sent to vat {vat}, {} came", sent.len(), caps.len());
        }
        for (cap, sent) in caps.iter().zip(sent) {
            let fate = self.shadow.fate(sent.thing);
            if cap.is_none() && fate != Fate::Null {
                wrong!("caps", "null came to vat {vat} in place of {:?}, {fate:?}", sent.thing);
            }
        }
        caps.into_iter().zip(sent.iter().cloned()).collect()
    }

    fn on_cancel(&mut self, vat: usize, id: CallId) {
        let no = self.received.get(&(vat, id)).copied();
        let Some((no, got)) = no.and_then(|no| Some((no, self.got.remove(&no)?))) else {
            wrong!("cancel", "vat {vat} cancels a call that does not run");
        };
        self.tell(|| format!("vat {vat} cancels c{}", no.0));
        if !self.torn && self.is_wanted(no) {
            wrong!("cancel", "c{} is cancelled, and is wanted", no.0);
        }
        self.shadow.call_mut(no).life = Life::Cancelled;
        self.let_go(got.early);
        if let Some(next) = got.forward {
            self.drop_result(next);
            self.drop_pipeline(next);
        }
    }

    fn on_completed(&mut self, vat: usize, id: CallId) {
        let Some(no) = self.made.get(&(vat, id)).copied() else {
            wrong!("completed", "vat {vat} completes a call it did not make");
        };
        self.tell(|| format!("vat {vat} learns that c{} is over", no.0));
        match &mut self.shadow.call_mut(no).interest {
            interest @ Interest::Waiting => *interest = Interest::Told,
            Interest::Gone | Interest::Detached | Interest::Courtesy => {}
            other => wrong!("completed", "c{} completes, and was {other:?}", no.0),
        }
    }

    /// The outcome of a call is taken; one that was forwarded answers the call it was made for.
    pub(crate) fn collect(&mut self, no: CallNo) -> Vec<Option<StubNo>> {
        let entry = self.shadow.call(no);
        let (vat, Some(id), Interest::Told) = (entry.by, entry.id, entry.interest) else {
            return Vec::new();
        };
        let known = self.at_once.remove(&no);
        let Some(outcome) = known.or_else(|| self.vats[vat].collect(id)) else {
            wrong!("collect", "c{} was said to be over, and has no outcome", no.0);
        };
        self.tell(|| format!("vat {vat} takes the outcome of c{}", no.0));
        let entry = self.shadow.call_mut(no);
        entry.interest = Interest::Taken;
        entry.pipelined = false;
        let forwards = entry.forwards;
        match self.check_outcome(vat, no, outcome) {
            Ok(results) => {
                if let Some(call) = forwards {
                    self.answer(call, &results);
                }
                results
            }
            Err(why) => {
                if let Some(call) = forwards {
                    self.fail_with(call, why);
                }
                Vec::new()
            }
        }
    }

    fn check_outcome(
        &mut self,
        vat: usize,
        no: CallNo,
        outcome: Outcome,
    ) -> Result<Vec<Option<StubNo>>, Exception> {
        let expected = self.shadow.outcome(no).map(|it| it.map(|(by, all)| (by, all.to_vec())));
        let payload = match (outcome, expected) {
            (Err(why), Some(Err(expected))) if is_reason(&why, &expected) => return Err(why),
            (Err(why), _) if self.torn && why.kind() == ExceptionKind::Disconnected => {
                // Whoever hears of it from this vat hears just that.
                return Err(why);
            }
            (Err(why), expected) => wrong!("outcome", "c{} failed: {why}, not {expected:?}", no.0),
            (Ok(payload), Some(Ok((by, sent)))) => {
                let bootstrap = self.shadow.call(no).kind == crate::shadow::Kind::Bootstrap;
                if !bootstrap && stamp(&payload.content) != Some(by) {
                    let came = stamp(&payload.content);
                    wrong!("content", "c{} has results of {came:?}, not {by:?}", no.0);
                }
                (payload, sent)
            }
            (Ok(_), expected) => wrong!("outcome", "c{} returned, not {expected:?}", no.0),
        };
        let (payload, sent) = payload;
        let came = self.take_caps(vat, &sent, payload.caps);
        let stubs = came.into_iter().zip(0..).map(|((cap, sent), field)| {
            let line = self.line_of(no, field);
            self.shadow.behind(line, &sent.before);
            Some(self.add_stub(vat, cap?, sent.thing, line))
        });
        Ok(stubs.collect())
    }

    fn on_dropped(&mut self, vat: usize, target: TargetId) {
        let no = ObjectNo(target.0);
        let object = &mut self.shadow.objects[no.index()];
        if object.vat != vat || std::mem::replace(&mut object.dropped, true) {
            wrong!("dropped", "vat {vat} drops object {} once too often", no.0);
        }
        if !self.torn && self.is_held(&|world, thing| world.shadow.fate(thing) == Fate::Object(no))
        {
            wrong!("dropped", "object {} is dropped, and is held", no.0);
        }
    }
}

/// Whether `why` says what is `expected`. An answer without capabilities is gone once it was
/// returned: what is pipelined on it, which can only be null, then fails in other words.
/// A call on null is told by its method.
fn is_reason(why: &Exception, expected: &str) -> bool {
    let gone = [
        "pipelined on question",
        "invalid 'receiverAnswer' question id",
        "the call returned no capabilities or is over",
    ];
    let nothing = expected == CALLED_NULL && gone.iter().any(|gone| why.reason().starts_with(gone));
    let named = expected == CALLED_NULL && why.reason().starts_with(CALLED_NULL);
    nothing || named || why.reason() == expected
}

/// Who still wants what.
impl World {
    /// Whether anybody can still see what comes of a call.
    pub(crate) fn is_wanted(&self, no: CallNo) -> bool {
        let call = self.shadow.call(no);
        let awaited = match call.interest {
            Interest::Waiting | Interest::Told | Interest::Detached | Interest::Courtesy => true,
            Interest::Tail(parent) => self.is_wanted(parent),
            Interest::Gone | Interest::Taken => false,
        };
        let waits = |world: &Self, thing| world.shadow.fate(thing) == Fate::Call(no);
        awaited || call.pipelined || self.is_held(&waits)
    }

    /// Whether anybody holds, or is about to be given, a capability of which `test` is true.
    fn is_held(&self, test: &dyn Fn(&Self, Thing) -> bool) -> bool {
        let any = |sent: &[Sent]| sent.iter().any(|sent| test(self, sent.thing));
        let calls = || self.shadow.calls.iter();
        let early = self.got.values().flat_map(|got| got.early.iter().flatten().flatten());
        self.stubs.values().chain(early).any(|stub| test(self, stub.thing))
            || calls().any(|call| {
                let awaited = matches!(call.interest, Interest::Waiting | Interest::Told);
                let known = awaited || call.pipelined;
                let fails = matches!(self.shadow.fate(call.target), Fate::Null | Fate::Broken(_));
                let made = call.life == Life::Made && !fails;
                let carried = made && (test(self, call.target) || any(&call.params));
                let returned = match &call.answer {
                    Some(Answer::Results(all)) => any(all),
                    _ => call.early.as_deref().is_some_and(any),
                };
                known && (carried || returned)
            })
    }
}
