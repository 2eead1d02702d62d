//! Plans made by chance.

use crate::act::{Act, STUBS, Things};
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
        let more = dice.weighed(&[5, 3, 1]) as u8;
        let shape = Shape { more, bytes: dice.one_in(4), sessions: dice.one_in(3) };
        let endings = [Ending::Answer, Ending::Drop, Ending::Dispose, Ending::Cut];
        let ending = endings[dice.weighed(&[6, 2, 2, 1])];
        let habits = Habits::roll(&mut dice);
        let length = 10 + dice.roll(70);
        let mut acts = if dice.one_in(6) { reflection(&mut dice) } else { Vec::new() };
        for _ in 0..length {
            let act = habits.act(&mut dice);
            // What is called is called again.
            let again = matches!(act, Act::Call { .. } | Act::Pipeline { .. }) && dice.one_in(3);
            acts.extend(std::iter::repeat_n(act, 1 + usize::from(again)));
        }
        Self { shape, acts, ending }
    }
}

impl Habits {
    fn roll(dice: &mut Dice) -> Self {
        let mut weights = [
            3, 22, 6, 12, 2, 3, // host, call, ahead, pipeline, number, read
            16, 3, 3, 2, // answer, answer as, fail, waited
            3, 3, 3, // dup, dispose, drop
            8, 2, 1, 2, 2, // await, cancel, detach, dispose result, drop result
            6, 2, 1, 6, 1, // write, close, abort, read bytes, cancel read
            14, 14, 3, 0, // turn, deliver, quiet, cut
        ];
        // No two runs are alike: some never let go of anything, some hardly deliver.
        for weight in &mut weights {
            match dice.roll(8) {
                0 => *weight /= 3,
                1 => *weight *= 3,
                _ => {}
            }
        }
        if dice.one_in(6) {
            weights[26] = 1;
        }
        Self { weights }
    }

    fn act(&self, dice: &mut Dice) -> Act {
        let pick = dice.pick();
        let bit = dice.one_in(2);
        let key = dice.weighed(&[4, 2, 1, 1]) as u8;
        match dice.weighed(&self.weights) {
            0 => Act::Host { vat: pick, function: bit },
            1 => Act::Call { stub: pick, things: things(dice) },
            2 => Act::Ahead { stub: pick, thing: things(dice)[0] },
            3 => Act::Pipeline { call: pick, key, things: things(dice) },
            4 => Act::Number { stub: pick },
            5 => Act::Read { call: pick, key },
            6 => Act::Answer { got: pick, plain: bit, lent: dice.one_in(3), things: things(dice) },
            7 => Act::AnswerAs { got: pick, call: dice.pick() },
            8 => Act::Fail { got: pick },
            9 => Act::Waited { wait: pick },
            10 => Act::Dup { stub: pick },
            11 => Act::Dispose { stub: pick },
            12 => Act::Drop { stub: pick },
            13 => Act::Await { call: pick, keep: dice.one_in(4) },
            14 => Act::Cancel { call: pick, dispose: bit },
            15 => Act::Detach { call: pick },
            16 => Act::DisposeResult { result: pick },
            17 => Act::DropResult { result: pick },
            18 => {
                let most = if dice.one_in(8) { 256 } else { 30 };
                Act::Write { pipe: pick, size: dice.roll(most) as u8 }
            }
            19 => Act::Close { pipe: pick },
            20 => Act::Abort { pipe: pick },
            21 => Act::ReadBytes { pipe: pick },
            22 => Act::CancelRead { pipe: pick },
            23 => Act::Turn { vat: dice.roll(12) as u8 },
            24 => Act::Deliver { queue: dice.roll(12) as u8 },
            25 => Act::Quiet,
            _ => Act::Cut { wire: pick },
        }
    }
}

/// An object that comes back to its own vat while calls are under way to it: they must not be overtaken by those
/// that go straight there.
fn reflection(dice: &mut Dice) -> Vec<Act> {
    let latest = [STUBS, 0, 0];
    let mut acts = vec![
        Act::Host { vat: 0, function: false },
        // What the first stub of vat 0 is a stub of, in a world of two.
        Act::Ahead { stub: 2, thing: STUBS },
        Act::Call { stub: 0, things: [0; 3] },
    ];
    let answer = Act::Answer { got: 0, plain: false, lent: dice.one_in(2), things: latest };
    for then in [Act::Quiet, answer, Act::Call { stub: 1, things: [0; 3] }] {
        for _ in 0..dice.roll(5) {
            acts.push(match dice.roll(4) {
                0 => Act::Turn { vat: 0 },
                1 => Act::Turn { vat: 1 },
                2 => Act::Deliver { queue: dice.roll(2) as u8 },
                _ => Act::Call { stub: dice.roll(2) as u8, things: [0; 3] },
            });
        }
        acts.push(then);
    }
    acts
}

/// None, one, or several.
fn things(dice: &mut Dice) -> Things {
    let count = dice.weighed(&[3, 5, 2, 1]);
    let mut things = [0; 3];
    for thing in things.iter_mut().take(count) {
        *thing = match dice.weighed(&[1, 3, 2, 1, 1, 1, 1, 10]) as u8 {
            7 => STUBS + dice.pick(),
            other => other + 1,
        };
    }
    things
}
