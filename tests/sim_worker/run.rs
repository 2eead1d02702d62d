//! A run from its plan to its verdict, and a failing one made short.

use crate::act::{Act, Things};
use crate::ending::Ending;
use crate::hear::hear;
use crate::world::{Shape, Story, World};

/// All there is to know of a run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) shape: Shape,
    pub(crate) acts: Vec<Act>,
    pub(crate) ending: Ending,
}

/// What a run was stopped by.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// What kind of rule was broken; while a run is made short, this stays.
    pub(crate) kind: String,
    pub(crate) what: String,
}

impl Plan {
    /// Plays it; nothing, if all was as it must be.
    pub(crate) fn play(&self) -> Option<Finding> {
        self.tell().1
    }

    /// Plays it, and tells what happened, and what was wrong.
    pub(crate) fn tell(&self) -> (Vec<String>, Option<Finding>) {
        let story = Story::default();
        let heard = hear(|| {
            let mut world = World::new(self.shape, &story);
            for act in &self.acts {
                world.act(*act);
                world.check();
            }
            world.end(self.ending);
        });
        (story.take(), heard.err().map(|(kind, what)| Finding { kind, what }))
    }

    /// A shorter run that is stopped by the same kind of finding.
    pub(crate) fn shrink(&self, kind: &str) -> Self {
        let fails = |plan: &Self| plan.play().is_some_and(|finding| finding.kind == kind);
        let mut best = self.clone();
        loop {
            let before = format!("{best:?}");
            best.drop_acts(&fails);
            best.simplify(&fails);
            if format!("{best:?}") == before {
                return best;
            }
        }
    }

    /// Takes out as many acts as can be missed, large pieces first.
    fn drop_acts(&mut self, fails: &dyn Fn(&Self) -> bool) {
        let mut size = self.acts.len().max(1);
        while size > 0 {
            let mut at = self.acts.len();
            while at > 0 {
                let from = at.saturating_sub(size);
                let mut less = self.clone();
                less.acts.drain(from..at);
                if fails(&less) {
                    *self = less;
                }
                at = from.min(self.acts.len());
            }
            size /= 2;
        }
    }

    /// Makes the vats, the ending and the acts plainer.
    fn simplify(&mut self, fails: &dyn Fn(&Self) -> bool) {
        let fewer = (0..self.shape.more).map(|more| Shape { more, ..self.shape });
        let plainer =
            [Shape { bytes: false, ..self.shape }, Shape { sessions: false, ..self.shape }];
        let shapes = fewer.chain(plainer).map(|shape| Self { shape, ..self.clone() });
        let ending = Self { ending: Ending::Answer, ..self.clone() };
        for plainer in shapes.chain([ending]).collect::<Vec<_>>() {
            if fails(&plainer) {
                *self = plainer;
            }
        }
        for at in 0..self.acts.len() {
            for act in plainer_acts(self.acts[at]) {
                let mut plainer = self.clone();
                plainer.acts[at] = act;
                if fails(&plainer) {
                    *self = plainer;
                    break;
                }
            }
        }
    }

    /// The run as a test to be pasted.
    pub(crate) fn as_test(&self, name: &str) -> String {
        let acts: String = self.acts.iter().map(|act| format!("            {act:?},\n")).collect();
        let (shape, ending) = (self.shape, self.ending);
        format!(
            "#[test]\nfn {name}() {{\n    use Act::*;\n    replay(\n        {shape:?},\n        &[\n{acts}        ],\n        Ending::{ending:?},\n    );\n}}\n"
        )
    }
}

/// The same act with smaller operands, the plainest first.
fn plainer_acts(act: Act) -> Vec<Act> {
    use Act::*;
    let less = |things: Things| {
        let mut plainer = vec![[0; 3]];
        for at in 0..3 {
            for value in 0..things[at].min(12) {
                let mut less = things;
                less[at] = value;
                plainer.push(less);
            }
        }
        plainer.into_iter().filter(|less| *less != things).collect::<Vec<_>>()
    };
    let below = |pick: u8| 0..pick.min(5);
    match act {
        Call { stub, things } => {
            let stubs = below(stub).map(|stub| Call { stub, things });
            stubs.chain(less(things).into_iter().map(|things| Call { stub, things })).collect()
        }
        Pipeline { call, key, things } => {
            let calls = below(call).map(|call| Pipeline { call, key, things });
            let keys = below(key).map(|key| Pipeline { call, key, things });
            let things = less(things).into_iter().map(|things| Pipeline { call, key, things });
            calls.chain(keys).chain(things).collect()
        }
        Answer { got, plain, lent, things } => {
            let gots = below(got).map(|got| Answer { got, plain, lent, things });
            let plainer = [Answer { got, plain: false, lent, things }];
            let lents = [Answer { got, plain, lent: false, things }];
            let things = less(things).into_iter().map(|things| Answer { got, plain, lent, things });
            let all = gots.chain(plainer).chain(lents).chain(things);
            all.filter(|plainer| *plainer != act).collect()
        }
        Dispose { stub } => below(stub).map(|stub| Dispose { stub }).collect(),
        Drop { stub } => below(stub).map(|stub| Drop { stub }).collect(),
        Await { call, keep } => below(call).map(|call| Await { call, keep }).collect(),
        Cancel { call, dispose } => below(call).map(|call| Cancel { call, dispose }).collect(),
        Write { pipe, size } => below(size).map(|size| Write { pipe, size }).collect(),
        _ => Vec::new(),
    }
}
