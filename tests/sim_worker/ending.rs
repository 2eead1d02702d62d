//! The end of a run: everything is answered, awaited and let go of, and nothing may be left.

use bowline::worker::value::Value;

use crate::object::Reply;
use crate::shadow::{CallNo, Fate, Interest, Kind, Life};
use crate::world::World;
use crate::wrong;

/// What is done first when everything is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Everybody hears of everything before anything is let go of.
    Answer,
    /// All is let go of first.
    Drop,
    /// All results and stubs are disposed first.
    Dispose,
    /// All wires are cut first.
    Cut,
}

impl World {
    /// Ends everything and looks for what is left.
    pub(crate) fn end(&mut self, ending: Ending) {
        match ending {
            Ending::Answer => {
                self.answer_all();
                self.collect_all();
                self.end_pipes();
            }
            Ending::Drop => self.drop_all(),
            Ending::Dispose => self.dispose_all(),
            Ending::Cut => (0..self.queues.len()).for_each(|wire| self.cut(wire)),
        }
        while self.leave_nothing() {}
        self.check();
        self.leave();
        self.every_disposer_ran();
    }

    fn leave_nothing(&mut self) -> bool {
        self.answer_all();
        let held = self.stubs.len() + self.calls.len() + self.results.len() + self.got.len();
        self.drop_all();
        self.quiet();
        held > 0
    }

    /// Answers all calls, until no more come.
    fn answer_all(&mut self) {
        self.quiet();
        loop {
            let open = self.got.iter().filter(|(_, got)| got.slot.is_some());
            let open: Vec<CallNo> = open.map(|(no, _)| *no).collect();
            let waits = std::mem::take(&mut self.waits);
            if open.is_empty() && waits.is_empty() {
                return;
            }
            for call in open {
                self.answer(call, &[], false, true);
            }
            for wait in waits {
                wait.fill(Reply::With(Ok(Value::UNDEFINED.into())));
            }
            self.quiet();
        }
    }

    /// Whoever awaits a call has been told.
    fn collect_all(&mut self) {
        for call in self.calls.keys().copied().collect::<Vec<_>>() {
            if !self.collect(call, false) {
                wrong!(
                    "lost",
                    "c{} has no outcome, and is {:?}",
                    call.0,
                    self.shadow.call(call).life
                );
            }
        }
        for (no, call) in self.shadow.calls.iter().enumerate() {
            let arrives = matches!(self.shadow.fate(call.target), Fate::Object(_));
            let made = call.life == Life::Made && call.op == crate::shadow::Op::Call;
            if made && arrives && call.interest == Interest::Detached && !self.torn {
                wrong!("lost", "c{no} was detached and never arrived");
            }
        }
    }

    fn drop_all(&mut self) {
        for call in self.calls.keys().copied().collect::<Vec<_>>() {
            drop(self.give_up(call));
        }
        self.results.clear();
        self.stubs.clear();
        self.drop_pipes();
        self.hear();
    }

    fn dispose_all(&mut self) {
        for call in self.results.keys().copied().collect::<Vec<_>>() {
            self.dispose_result(call);
        }
        for stub in self.stubs.keys().copied().collect::<Vec<_>>() {
            self.dispose(stub);
        }
        for call in self.calls.keys().copied().collect::<Vec<_>>() {
            if let Some(promise) = self.give_up(call) {
                promise.dispose();
            }
        }
    }

    /// Each object was disposed, once; so was each instance of an entrypoint, and each result with a disposer.
    fn every_disposer_ran(&self) {
        for (no, object) in self.shadow.objects.iter().enumerate() {
            let entrypoint = object.kind == Kind::Entrypoint;
            let expected = if entrypoint { object.opened } else { 1 };
            if object.disposed != expected {
                let (times, vat) = (object.disposed, object.vat);
                wrong!(
                    "leak",
                    "object {no} of vat {vat} is disposed {times} times, not {expected}"
                );
            }
        }
        for (call, times) in &self.disposers {
            if *times != 1 {
                wrong!("leak", "the result of c{} is disposed {times} times", call.0);
            }
        }
        if self.waited[0] != self.waited[1] {
            wrong!("lost", "{} things outlast calls, and {} ended", self.waited[0], self.waited[1]);
        }
    }
}
