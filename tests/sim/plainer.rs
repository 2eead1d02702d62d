//! The same, but plainer: what a failing run is made short with.

use crate::act::Act;
use crate::ending::Ending;
use crate::search::plainer_picks;
use crate::world::Shape;

impl Ending {
    /// The ending a short run has, if it can.
    pub(crate) const PLAINEST: Self = Self::AnswerFirst;
}

impl Shape {
    /// Plainer shapes, the plainest first.
    pub(crate) fn plainer(self) -> Vec<Self> {
        let shapes = [
            Self { vats: 2, ..self },
            Self { vats: 3, ..self },
            Self { bytes: false, ..self },
            Self { deliver_first: false, ..self },
            Self { hints: true, ..self },
        ];
        shapes.into_iter().filter(|plainer| plainer.vats <= self.vats).collect()
    }
}

impl Act {
    /// The same act with smaller operands, the plainest first.
    pub(crate) fn plainer(self) -> Vec<Self> {
        use Act::*;
        let caps = |caps| plainer_picks(caps, 4);
        let below = |pick: u8| (0..pick.min(4)).collect::<Vec<_>>();
        match self {
            Call { stub, caps: all } => {
                let stubs = below(stub).into_iter().map(|stub| Call { stub, caps: all });
                stubs.chain(caps(all).map(|caps| Call { stub, caps })).collect()
            }
            Answer { got, caps: all } => {
                let gots = below(got).into_iter().map(|got| Answer { got, caps: all });
                gots.chain(caps(all).map(|caps| Answer { got, caps })).collect()
            }
            Early { got, caps: all } => {
                let gots = below(got).into_iter().map(|got| Early { got, caps: all });
                gots.chain(caps(all).map(|caps| Early { got, caps })).collect()
            }
            Redirect { got, stub, caps: all } => {
                let gots = below(got).into_iter().map(|got| Redirect { got, stub, caps: all });
                let stubs = below(stub).into_iter().map(|stub| Redirect { got, stub, caps: all });
                let caps = caps(all).map(|caps| Redirect { got, stub, caps });
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
