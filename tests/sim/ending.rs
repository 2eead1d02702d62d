//! What must hold after every step, and the end of a run: everything is answered, resolved and let
//! go of, and nothing may be left.

use crate::shadow::{CallNo, Interest, Life};
use crate::world::{To, World, known};
use crate::wrong;

/// No run has so many messages: something goes round in circles.
const ROUNDS_MAX: usize = 10_000;

/// In which order everything is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Everybody hears of everything before anything is let go of.
    AnswerFirst,
    /// All capabilities are disposed of first.
    DisposeFirst,
    /// All calls are given up first.
    CancelFirst,
    /// Everything at once, nothing delivered in between.
    AtOnce,
}

impl World {
    /// Counts agree, in every vat.
    pub(crate) fn check(&self) {
        for (vat, graph) in self.vats.iter().enumerate() {
            if let Err(broken) = graph.check() {
                wrong!("check", "vat {vat}: {broken}");
            }
        }
    }

    /// Carries out, sends and delivers all there is.
    pub(crate) fn quiet(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let mut moved = false;
            for vat in 0..self.vats.len() {
                while self.take(vat) {
                    moved = true;
                }
                while self.send(vat) {
                    moved = true;
                }
            }
            for (wire, end) in self.loaded() {
                moved |= self.deliver(wire, end);
                self.check();
            }
            if !moved {
                return;
            }
        }
        wrong!("circle", "messages go round and round");
    }

    /// Ends everything and looks for what is left.
    pub(crate) fn end(&mut self, ending: Ending) {
        match ending {
            Ending::AnswerFirst => {
                self.quiet();
                self.answer_all();
                self.collect_all();
                self.every_call_is_over();
                self.dispose_all();
            }
            Ending::DisposeFirst => {
                self.dispose_all();
                self.quiet();
                self.answer_all();
                self.collect_all();
                self.every_call_is_over();
            }
            Ending::CancelFirst => {
                self.give_up_all();
                self.quiet();
                self.answer_all();
                self.dispose_all();
            }
            Ending::AtOnce => {
                self.resolve_all();
                self.answer_got();
                self.dispose_all();
                self.give_up_all();
            }
        }
        // What arrives at the end may bring more.
        while self.leave_nothing() {}
        self.check();
        self.nothing_is_left();
        self.hang_up();
    }

    fn leave_nothing(&mut self) -> bool {
        self.answer_all();
        self.quiet();
        let busy = !self.stubs.is_empty() || !self.got.is_empty();
        self.dispose_all();
        self.give_up_all();
        self.quiet();
        busy
    }

    /// Resolves all promises and answers all calls, until no more come.
    fn answer_all(&mut self) {
        self.resolve_all();
        self.quiet();
        while !self.got.is_empty() {
            self.answer_got();
            self.quiet();
        }
    }

    fn resolve_all(&mut self) {
        while let Some((promise, _)) = self.resolvers.first_key_value() {
            let promise = *promise;
            self.resolve(promise, if promise.0 % 2 == 0 { To::Null } else { To::Error });
        }
    }

    fn answer_got(&mut self) {
        for call in self.got.keys().copied().collect::<Vec<_>>() {
            self.answer(call, &[]);
        }
    }

    fn collect_all(&mut self) {
        for call in (0..self.shadow.calls.len()).map(CallNo::of) {
            self.collect(call);
        }
        self.quiet();
    }

    fn dispose_all(&mut self) {
        while let Some((stub, _)) = self.stubs.first_key_value() {
            self.dispose(*stub);
        }
    }

    fn give_up_all(&mut self) {
        let own = |world: &Self, call: &CallNo| world.shadow.call(*call).id.is_some();
        for call in (0..self.shadow.calls.len()).map(CallNo::of) {
            if own(self, &call) {
                self.drop_result(call);
                self.drop_pipeline(call);
            }
        }
    }

    /// Whoever awaits a call has been told.
    fn every_call_is_over(&self) {
        for (no, call) in self.shadow.calls.iter().enumerate() {
            if call.interest == Interest::Waiting {
                wrong!("lost", "c{no} has no outcome, and is {:?}", call.life);
            }
            if call.interest == Interest::Detached && call.life == Life::Made && !self.torn {
                let fate = self.shadow.fate(call.target);
                if matches!(fate, crate::shadow::Fate::Object(_)) {
                    wrong!("lost", "c{no} was detached and never arrived");
                }
            }
        }
    }

    /// All tables are empty, and no node is left but what is offered as bootstrap.
    fn nothing_is_left(&self) {
        if known::PIPELINES_IN_CIRCLES && self.is_circle_left() {
            return;
        }
        for (vat, graph) in self.vats.iter().enumerate() {
            let links = self.wires.iter().flat_map(|wire| &wire.ends);
            let links = links.filter(|end| end.vat == vat).map(|end| end.link);
            let idle =
                |link| graph.connection(link).is_none_or(|it| it.is_closed() || it.is_idle());
            if !graph.is_idle() || !links.into_iter().all(idle) {
                wrong!("leak", "vat {vat} is left with\n{}", graph.dump());
            }
        }
        if let Some((vat, cap)) = self.watched.iter().next() {
            wrong!("settled", "vat {vat} never tells of node {cap}");
        }
        for (no, object) in self.shadow.objects.iter().enumerate() {
            let offered = self.bootstraps.iter().any(|boot| boot.index() == no);
            if !object.dropped && !offered {
                wrong!("leak", "object {no} of vat {} is not dropped", object.vat);
            }
        }
    }

    /// Calls that are only pipelined on are left, on both sides of a wire, and no others of a vat's own.
    fn is_circle_left(&self) -> bool {
        let dumps: Vec<_> = self.vats.iter().map(bowline::vat::Graph::dump).collect();
        let count = |is: fn(&str) -> bool| {
            dumps.iter().flat_map(|dump| dump.lines()).filter(|line| is(line)).count()
        };
        let open = count(|line| line.contains("place: Remote("));
        let only = count(|line| {
            line.trim_start().starts_with("call ") && line.ends_with(" pipeline only")
        });
        only >= 2 && open == only
    }

    /// Without connections there is nothing at all.
    fn hang_up(&mut self) {
        for wire in 0..self.wires.len() {
            self.cut(wire, 0);
        }
        self.quiet();
        for (vat, graph) in self.vats.iter().enumerate() {
            let stats = graph.stats();
            if stats.nodes + stats.calls + stats.queued > 0 {
                wrong!("leak", "vat {vat} keeps without its connections\n{}", graph.dump());
            }
        }
    }
}
