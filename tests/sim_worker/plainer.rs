//! The same, but plainer: what a failing run is made short with.

use crate::act::{Act, Things};
use crate::ending::Ending;
use crate::search::plainer_picks;
use crate::world::Shape;

impl Ending {
    /// The ending a short run has, if it can.
    pub(crate) const PLAINEST: Self = Self::Answer;
}

impl Shape {
    /// Plainer shapes, the plainest first.
    pub(crate) fn plainer(self) -> Vec<Self> {
        let fewer = (0..self.more).map(|more| Self { more, ..self });
        fewer.chain([Self { bytes: false, ..self }, Self { sessions: false, ..self }]).collect()
    }
}

impl Act {
    /// The same act with smaller operands, the plainest first.
    pub(crate) fn plainer(self) -> Vec<Self> {
        use Act::*;
        let less = |things: Things| plainer_picks(things, 12);
        let below = |pick: u8| 0..pick.min(5);
        match self {
            Call { stub, things } => {
                let stubs = below(stub).map(|stub| Call { stub, things });
                stubs.chain(less(things).map(|things| Call { stub, things })).collect()
            }
            Pipeline { call, key, things } => {
                let calls = below(call).map(|call| Pipeline { call, key, things });
                let keys = below(key).map(|key| Pipeline { call, key, things });
                let things = less(things).map(|things| Pipeline { call, key, things });
                calls.chain(keys).chain(things).collect()
            }
            Answer { got, plain, lent, things } => {
                let gots = below(got).map(|got| Answer { got, plain, lent, things });
                let plainer = [Answer { got, plain: false, lent, things }];
                let lents = [Answer { got, plain, lent: false, things }];
                let things = less(things).map(|things| Answer { got, plain, lent, things });
                let all = gots.chain(plainer).chain(lents).chain(things);
                all.filter(|plainer| *plainer != self).collect()
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
