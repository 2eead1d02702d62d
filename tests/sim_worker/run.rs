//! The game that is searched: Workers.

use crate::act::{Act, Things};
use crate::ending::Ending;
use crate::search::{Game, Story};
use crate::world::{Shape, World};

pub(crate) type Plan = crate::search::Plan<Workers>;

/// Workers, and what they do to each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workers;

impl Game for Workers {
    type Shape = Shape;
    type Act = Act;
    type Ending = Ending;

    const PLAINEST: Ending = Ending::Answer;

    fn of_seed(seed: u64) -> Plan {
        Plan::of_seed(seed)
    }

    fn perform(plan: &Plan, story: Option<&Story>) {
        let mut world = World::new(plan.shape, &story.cloned().unwrap_or_default());
        for act in &plan.acts {
            world.act(*act);
            world.check();
        }
        world.end(plan.ending);
    }

    fn plainer_shapes(shape: Shape) -> Vec<Shape> {
        let fewer = (0..shape.more).map(|more| Shape { more, ..shape });
        fewer.chain([Shape { bytes: false, ..shape }, Shape { sessions: false, ..shape }]).collect()
    }

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
                let things =
                    less(things).into_iter().map(|things| Answer { got, plain, lent, things });
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
}
