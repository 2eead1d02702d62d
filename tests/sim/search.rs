//! What all simulations share: a run as data, the search for those that fail, and a failing one made short, which prints
//! itself as a test. Each has a world of its own that is played in, and acts and endings of its own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use crate::act::Act;
use crate::ending::Ending;
use crate::hear::hear;
use crate::world::{Shape, World};

/// What happened, line by line; it outlives the run.
pub(crate) type Story = Rc<RefCell<Vec<String>>>;

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
    kind: String,
    what: String,
}

impl Plan {
    /// Plays it; panics where something is not as it must be. What happens is told to `story`, if anybody listens.
    fn perform(&self, story: Option<&Story>) {
        let mut world = World::new(self.shape, story);
        for act in &self.acts {
            world.act(*act);
            world.check();
        }
        world.end(self.ending);
    }

    /// Plays it, and says what it was stopped by; nothing, if all was as it must be.
    fn play(&self, story: Option<&Story>) -> Option<Finding> {
        let heard = hear(|| self.perform(story));
        heard.err().map(|(kind, what)| Finding { kind, what })
    }

    /// Plays it, and tells what happened, and what was wrong.
    fn tell(&self) -> (String, Option<Finding>) {
        let story = Story::default();
        let finding = self.play(Some(&story));
        (story.take().join("\n"), finding)
    }

    /// Plays a run that once failed.
    pub(crate) fn replay(&self) {
        if let (story, Some(finding)) = self.tell() {
            panic!("{story}\n{}", finding.what);
        }
    }

    /// A shorter run that is stopped by the same kind of finding.
    fn shrink(&self, kind: &str) -> Self {
        let fails = |plan: &Self| plan.play(None).is_some_and(|finding| finding.kind == kind);
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
        for shape in self.shape.plainer() {
            self.become_if(Self { shape, ..self.clone() }, fails);
        }
        self.become_if(Self { ending: Ending::PLAINEST, ..self.clone() }, fails);
        for at in 0..self.acts.len() {
            for act in self.acts[at].plainer() {
                let mut plainer = self.clone();
                plainer.acts[at] = act;
                if self.become_if(plainer, fails) {
                    break;
                }
            }
        }
    }

    fn become_if(&mut self, plainer: Self, fails: &dyn Fn(&Self) -> bool) -> bool {
        let so = fails(&plainer);
        if so {
            *self = plainer;
        }
        so
    }

    /// The run as a test to be pasted.
    fn as_test(&self, name: &str) -> String {
        let acts: String = self.acts.iter().map(|act| format!("            {act:?},\n")).collect();
        let (shape, ending) = (self.shape, self.ending);
        format!(
            "#[test]\nfn {name}() {{\n    use Act::*;\n    replay(\n        {shape:?},\n        &[\n{acts}        ],\n        Ending::{ending:?},\n    );\n}}\n"
        )
    }
}

/// The same picks with one of them smaller, the plainest first; of each, so many are tried.
pub(crate) fn plainer_picks(picks: [u8; 3], most: u8) -> impl Iterator<Item = [u8; 3]> {
    let lower = move |at: usize| {
        (0..picks[at].min(most)).map(move |value| {
            let mut less = picks;
            less[at] = value;
            less
        })
    };
    let none = [[0; 3]].into_iter();
    none.chain((0..3).flat_map(lower)).filter(move |less| *less != picks)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

fn report(seed: u64, kind: &str) -> String {
    let short = Plan::of_seed(seed).shrink(kind);
    let (story, finding) = short.tell();
    let what = finding.expect("a shrunk run fails as well").what;
    let test = short.as_test(&format!("seed_{seed}"));
    format!("seed {seed}: {what}\n\n{story}\n\n{test}")
}

/// Plays `SIM_RUNS` seeds, or as many as by default, or the one that is asked for; fails with what was found.
pub(crate) fn search(runs: u64) {
    if let Some(seed) = number("SEED") {
        let (story, finding) = Plan::of_seed(seed).tell();
        println!("{story}");
        if let Some(finding) = finding {
            panic!("{}", report(seed, &finding.kind));
        }
        return;
    }
    let first = number("SIM_FIRST").unwrap_or(0);
    let findings = failing(first..first + number("SIM_RUNS").unwrap_or(runs));
    let reports: Vec<String> = findings
        .iter()
        .map(|(kind, seeds)| format!("{} times {}", seeds.len(), report(seeds[0], kind)))
        .collect();
    assert!(reports.is_empty(), "{}", reports.join("\n\n"));
}

/// The seeds whose runs fail, by kind.
fn failing(seeds: Range<u64>) -> BTreeMap<String, Vec<u64>> {
    let mut findings = BTreeMap::<_, Vec<_>>::new();
    for seed in seeds {
        if let Some(finding) = Plan::of_seed(seed).play(None) {
            findings.entry(finding.kind).or_default().push(seed);
        }
    }
    findings
}
