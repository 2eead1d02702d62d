//! Plans made by chance.

use crate::act::Act;
use crate::dice::Dice;
use crate::ending::Ending;
use crate::search::Plan;
use crate::world::Shape;

/// How often each kind of act is done, in one run.
struct Habits {
    weights: [u32; 27],
}

impl Plan {
    /// The plan that `seed` stands for.
    pub(crate) fn of_seed(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let shape = Shape {
            vats: 2 + dice.weighed(&[5, 3, 1]) as u8,
            bytes: dice.one_in(8),
            deliver_first: dice.one_in(4),
            hints: !dice.one_in(4),
        };
        let endings =
            [Ending::AnswerFirst, Ending::DisposeFirst, Ending::CancelFirst, Ending::AtOnce];
        let ending = endings[dice.weighed(&[5, 2, 2, 1])];
        let habits = Habits::roll(&mut dice);
        let length = 20 + dice.roll(140);
        // Everybody knows somebody, to begin with.
        let mut acts: Vec<Act> = (0..6)
            .map(|wire| Act::Bootstrap { wire, end: dice.roll(2) as u8 })
            .take(usize::from(shape.vats))
            .collect();
        if dice.one_in(2) {
            acts.push(Act::Quiet);
        }
        acts.extend((0..length).map(|_| habits.act(&mut dice)));
        Self { shape, acts, ending }
    }
}

impl Habits {
    fn roll(dice: &mut Dice) -> Self {
        let mut weights = [
            2, 6, 1, // host, promise, bootstrap
            24, 10, // call, pipeline
            12, 2, 3, 4, 3, // answer, fail, early, redirect, forward
            6, 1, 1, // resolve, nullify, break
            2, 5, 1, // dup, dispose, watch
            5, 2, 2, 1, 2, // collect, drop result, drop pipeline, detach, courtesy
            14, 16, 14, 1, // send, take, deliver, quiet
            0, 0, // cut, abort
        ];
        // No two runs are alike: some never let go of anything, some hardly deliver.
        for weight in &mut weights {
            match dice.roll(8) {
                0 => *weight /= 3,
                1 => *weight *= 3,
                _ => {}
            }
        }
        if dice.one_in(5) {
            weights[25 + dice.roll(2) as usize] = 1;
        }
        Self { weights }
    }

    fn act(&self, dice: &mut Dice) -> Act {
        let pick = dice.pick();
        let vat = dice.roll(12) as u8;
        let end = dice.roll(2) as u8;
        match dice.weighed(&self.weights) {
            0 => Act::Host { vat },
            1 => Act::Promise { vat },
            2 => Act::Bootstrap { wire: vat, end },
            3 => Act::Call { stub: pick, caps: caps(dice) },
            4 => Act::Pipeline { call: pick, field: dice.weighed(&[6, 2, 1]) as u8 },
            5 => Act::Answer { got: pick, caps: caps(dice) },
            6 => Act::Fail { got: pick },
            7 => Act::Early { got: pick, caps: caps(dice) },
            8 => Act::Redirect { got: pick, stub: dice.pick(), caps: caps(dice) },
            9 => Act::Forward { got: pick, stub: dice.pick() },
            10 => Act::Resolve { promise: pick, stub: dice.pick() },
            11 => Act::Nullify { promise: pick },
            12 => Act::Break { promise: pick },
            13 => Act::Dup { stub: pick },
            14 => Act::Dispose { stub: pick },
            15 => Act::Watch { stub: pick },
            16 => Act::Collect { call: pick },
            17 => Act::DropResult { call: pick },
            18 => Act::DropPipeline { call: pick },
            19 => Act::Detach { call: pick },
            20 => Act::Courtesy { call: pick },
            21 => Act::Send { vat },
            22 => Act::Take { vat },
            23 => Act::Deliver { queue: vat },
            24 => Act::Quiet,
            25 => Act::Cut { wire: vat, end },
            _ => Act::Abort { wire: vat, end },
        }
    }
}

/// None, one, or several, the first of which are most often used.
fn caps(dice: &mut Dice) -> [u8; 3] {
    let count = dice.weighed(&[3, 5, 2, 1]);
    let mut caps = [0; 3];
    for cap in caps.iter_mut().take(count) {
        *cap = if dice.one_in(12) { 0 } else { 1 + dice.pick() };
    }
    caps
}
