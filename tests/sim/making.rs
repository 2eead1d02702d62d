//! Calls that are made, and questions for what the other end of a wire offers.

use std::collections::BTreeMap;

use bowline::vat::CallId;

use crate::shadow::{Answer, Call, CallNo, Interest, Kind, Life, Sent, Thing};
use crate::world::World;

impl World {
    pub(crate) fn made_as(&mut self, call: CallNo, id: CallId) {
        let entry = self.shadow.call_mut(call);
        entry.id = Some(id);
        entry.pipelined = true;
        let by = entry.by;
        self.made.insert((by, id), call);
        // What fails as it is made is never told of.
        if let Some(outcome) = self.vats[by].collect(id) {
            self.shadow.call_mut(call).interest = Interest::Told;
            self.shadow.call_mut(call).pipelined = false;
            self.at_once.insert(call, outcome);
        } else {
            self.vats[by].watch_outcome(id);
        }
    }

    /// Asks for what the other end of a wire offers; it is field 0 of the results.
    pub(crate) fn bootstrap(&mut self, wire: usize, end: usize) -> CallNo {
        let (vat, link) = (self.wires[wire].ends[end].vat, self.wires[wire].ends[end].link);
        let offered = Thing::Object(self.bootstraps[self.wires[wire].ends[1 - end].vat]);
        let call = self.shadow.add_call(Call {
            by: vat,
            id: None,
            kind: Kind::Bootstrap,
            target: offered,
            before: Vec::new(),
            params: Vec::new(),
            lines: BTreeMap::new(),
            interest: Interest::Waiting,
            pipelined: false,
            life: Life::Answered,
            early: None,
            answer: Some(Answer::Results(vec![Sent { thing: offered, before: Vec::new() }])),
            forwards: None,
        });
        self.tell(|| format!("vat {vat} asks wire {wire} for its bootstrap as c{}", call.0));
        let id = self.vats[vat].bootstrap(link);
        self.made_as(call, id);
        call
    }
}

/// What makers of calls do with them.
impl World {
    pub(crate) fn drop_result(&mut self, call: CallNo) {
        let entry = self.shadow.call_mut(call);
        let (vat, id) = (entry.by, entry.id.expect("its maker has a name for it"));
        if matches!(entry.interest, Interest::Waiting | Interest::Told) {
            entry.interest = Interest::Gone;
            self.tell(|| format!("vat {vat} drops the result of c{}", call.0));
            self.vats[vat].drop_result(id);
        }
    }

    pub(crate) fn drop_pipeline(&mut self, call: CallNo) {
        let entry = self.shadow.call_mut(call);
        let (vat, id) = (entry.by, entry.id.expect("its maker has a name for it"));
        if std::mem::replace(&mut entry.pipelined, false) {
            self.tell(|| format!("vat {vat} drops the pipeline of c{}", call.0));
            self.vats[vat].drop_pipeline(id);
        }
    }

    pub(crate) fn detach(&mut self, call: CallNo) {
        let entry = self.shadow.call_mut(call);
        let (vat, id) = (entry.by, entry.id.expect("its maker has a name for it"));
        if entry.interest == Interest::Waiting {
            entry.interest = Interest::Detached;
            self.tell(|| format!("vat {vat} detaches c{}", call.0));
            self.vats[vat].detach(id);
        }
    }

    pub(crate) fn detach_as_courtesy(&mut self, call: CallNo) {
        let entry = self.shadow.call_mut(call);
        let (vat, id) = (entry.by, entry.id.expect("its maker has a name for it"));
        if entry.interest == Interest::Waiting {
            entry.interest = Interest::Courtesy;
            self.tell(|| format!("vat {vat} makes a courtesy of c{}", call.0));
            self.vats[vat].detach_as_courtesy(id);
        }
    }
}
