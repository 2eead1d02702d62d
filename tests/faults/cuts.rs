//! Every wire of a story is cut at every message of it, in every way.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::hear::hear;
use crate::stage::{Cut, Kind, Moment, Plan, Stage, Tale, Way};
use crate::wires::Medium;

const KINDS: [Kind; 5] = [Kind::Reset, Kind::Close, Kind::HalfClose, Kind::Killed, Kind::Aborted];

/// Makes each story a test, in which its wires are cut wherever they can be.
macro_rules! stories {
    ($($name:ident),* $(,)?) => {
        mod cut_at_every_message {
            $(#[test]
            fn $name() {
                crate::cuts::everywhere(stringify!($name), |stage| Box::pin(super::$name(stage)));
            })*
        }
    };
}
pub(crate) use stories;

/// Plays a story. How many messages arrived in each lane, or what was wrong.
fn play(name: &str, tale: Tale, plan: Plan) -> Result<Vec<usize>, String> {
    let stage = Stage::new(plan);
    let mut arrived = Vec::new();
    let played = hear(|| arrived = stage.play(tale));
    played.map(|()| arrived).map_err(|(_, what)| {
        let story = stage.story.borrow().join("\n  ");
        // What is left of the run may be in any state.
        std::mem::forget(Rc::clone(&stage));
        format!("{name}, {plan:?}\n  {story}\n  => {what}")
    })
}

/// Everything that can happen to a message.
fn cuts(medium: Medium, arrived: &[usize]) -> Vec<Cut> {
    let mut all = Vec::new();
    for (lane, count) in arrived.iter().enumerate() {
        for message in 0..*count {
            for kind in KINDS {
                // Of what is lost half-way nobody sees a half.
                let halves = medium == Medium::Bytes && kind != Kind::Reset;
                let within = halves.then_some(Moment::Within);
                let moments = [Moment::Before, Moment::Behind].into_iter().chain(within);
                all.extend(moments.map(|moment| Cut { lane, message, moment, kind }));
            }
        }
    }
    all
}

/// The story is told in peace, and once for each thing that can happen to each of its messages.
pub(crate) fn everywhere(name: &str, tale: Tale) {
    let (mut messages, mut played, mut findings) = (0, 0, Vec::new());
    for (medium, way) in [
        (Medium::Moved, Way::Straight),
        (Medium::Bytes, Way::Straight),
        (Medium::Bytes, Way::Again),
    ] {
        let whole = Plan { medium, way, cut: None };
        let arrived = match play(name, tale, whole) {
            Ok(arrived) => arrived,
            Err(what) => panic!("{what}"),
        };
        assert!(arrived.iter().all(|count| *count > 1), "a wire is not used: {arrived:?}");
        messages += arrived.iter().sum::<usize>();
        for cut in cuts(medium, &arrived) {
            played += 1;
            findings.extend(play(name, tale, Plan { cut: Some(cut), ..whole }).err());
        }
    }
    println!("{name}: {messages} messages, {played} cuts");
    // Ten of a message that is moved, and fourteen of one that is bytes.
    assert!(messages > 20 && played > 10 * messages, "{messages} messages, {played} cuts");
    let mut shown = BTreeMap::<&str, (usize, &str)>::new();
    for finding in &findings {
        let kind = finding.rsplit("=> ").next().unwrap_or_default();
        shown.entry(kind).or_insert((0, finding)).0 += 1;
    }
    let shown: Vec<String> =
        shown.values().map(|(count, finding)| format!("{count} times {finding}")).collect();
    assert!(findings.is_empty(), "{} of {played} cuts\n\n{}", findings.len(), shown.join("\n\n"));
}
