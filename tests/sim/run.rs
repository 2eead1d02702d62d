//! The game that is searched: vats with capabilities.

use crate::act::Act;
use crate::ending::Ending;
use crate::search::{Game, Story};
use crate::world::{Shape, World};

pub(crate) type Plan = crate::search::Plan<Vats>;

/// Vats, and what they do to each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vats;

impl Game for Vats {
    type Shape = Shape;
    type Act = Act;
    type Ending = Ending;

    const PLAINEST: Ending = Ending::AnswerFirst;

    fn of_seed(seed: u64) -> Plan {
        Plan::of_seed(seed)
    }

    fn perform(plan: &Plan, story: Option<&Story>) {
        let mut world = World::new(plan.shape);
        world.story = story.cloned();
        for act in &plan.acts {
            world.act(*act);
            world.check();
        }
        world.end(plan.ending);
    }

    fn plainer_shapes(shape: Shape) -> Vec<Shape> {
        let shapes = [
            Shape { vats: 2, ..shape },
            Shape { vats: 3, ..shape },
            Shape { bytes: false, ..shape },
            Shape { deliver_first: false, ..shape },
            Shape { hints: true, ..shape },
        ];
        shapes.into_iter().filter(|plainer| plainer.vats <= shape.vats).collect()
    }

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
                calls
                    .chain(below(field).into_iter().map(|field| Pipeline { call, field }))
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}
