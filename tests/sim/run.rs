//! A run from its plan to its verdict, and a failing one made short.

use crate::act::Act;
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
    pub(crate) story: Vec<String>,
}

impl Plan {
    /// Plays it; nothing, if all was as it must be.
    pub(crate) fn play(&self, telling: bool) -> Option<Finding> {
        let story = Story::default();
        let heard = hear(|| {
            let mut world = World::new(self.shape);
            world.story = telling.then(|| story.clone());
            for act in &self.acts {
                world.act(*act);
                world.check();
            }
            world.end(self.ending);
        });
        let (kind, what) = heard.err()?;
        Some(Finding { kind, what, story: story.take() })
    }

    /// A shorter run that is stopped by the same kind of finding.
    pub(crate) fn shrink(&self, kind: &str) -> Self {
        let fails = |plan: &Self| plan.play(false).is_some_and(|finding| finding.kind == kind);
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

    /// Makes the acts, the vats and the ending plainer.
    fn simplify(&mut self, fails: &dyn Fn(&Self) -> bool) {
        let shapes = [
            Shape { vats: 2, ..self.shape },
            Shape { vats: 3, ..self.shape },
            Shape { bytes: false, ..self.shape },
            Shape { deliver_first: false, ..self.shape },
            Shape { hints: true, ..self.shape },
        ];
        let vats = self.shape.vats;
        for shape in shapes.into_iter().filter(|shape| shape.vats <= vats) {
            let plainer = Self { shape, ..self.clone() };
            if fails(&plainer) {
                *self = plainer;
            }
        }
        let plainer = Self { ending: Ending::AnswerFirst, ..self.clone() };
        if fails(&plainer) {
            *self = plainer;
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
    let caps = |caps: [u8; 3]| {
        let mut plainer = vec![[0; 3]];
        for at in 0..3 {
            for value in 0..caps[at].min(4) {
                let mut less = caps;
                less[at] = value;
                plainer.push(less);
            }
        }
        plainer.into_iter().filter(|less| *less != caps).collect::<Vec<_>>()
    };
    let below = |pick: u8| (0..pick.min(4)).collect::<Vec<_>>();
    match act {
        Call { stub, caps: all } => {
            let stubs = below(stub).into_iter().map(|stub| Call { stub, caps: all });
            stubs.chain(caps(all).into_iter().map(|caps| Call { stub, caps })).collect()
        }
        Answer { got, caps: all } => {
            let gots = below(got).into_iter().map(|got| Answer { got, caps: all });
            gots.chain(caps(all).into_iter().map(|caps| Answer { got, caps })).collect()
        }
        Early { got, caps: all } => {
            let gots = below(got).into_iter().map(|got| Early { got, caps: all });
            gots.chain(caps(all).into_iter().map(|caps| Early { got, caps })).collect()
        }
        Redirect { got, stub, caps: all } => {
            let gots = below(got).into_iter().map(|got| Redirect { got, stub, caps: all });
            let stubs = below(stub).into_iter().map(|stub| Redirect { got, stub, caps: all });
            let caps = caps(all).into_iter().map(|caps| Redirect { got, stub, caps });
            gots.chain(stubs).chain(caps).collect()
        }
        Resolve { promise, stub } => {
            let stubs = below(stub).into_iter().map(|stub| Resolve { promise, stub });
            stubs
                .chain(below(promise).into_iter().map(|promise| Resolve { promise, stub }))
                .collect()
        }
        Pipeline { call, field } => {
            let calls = below(call).into_iter().map(|call| Pipeline { call, field });
            calls.chain(below(field).into_iter().map(|field| Pipeline { call, field })).collect()
        }
        _ => Vec::new(),
    }
}
