//! Watching: a vat that was woken soon after it went to sleep looks for more before it does so again.
//!
//! To be woken on another core takes longer than most calls do. So where the last thing came soon,
//! the driver yields instead of sleeping, for about as long as a sleep and a wake would take. Where
//! that was in vain it is tried ever less often: an idle vat costs no processor time.

use std::time::{Duration, Instant};

/// What comes sooner than this, counted from the start of the turn before, most likely came from
/// this very thread, and says nothing about waits for others.
const SOON_MIN: Duration = Duration::from_micros(4);

/// What comes later than this is not worth waiting for awake. Twice a sleep and a wake on a virtual
/// machine: at first both ends sleep.
const SOON_MAX: Duration = Duration::from_micros(200);

/// How long it is watched: long enough for an answer of a peer that has to be woken first, or the two
/// would never be awake at once.
const WATCHED_MAX: Duration = Duration::from_micros(120);

/// How often it is looked, for clocks that stand still.
const LOOKS_MAX: u32 = 1024;

/// After so many vain watches, less those that were not, the pauses between them grow no more: one is
/// tried for every 2^10 chances.
const VAIN_MAX: u32 = 10;

/// How many vain watches one counts for during which somebody else had the processor: awake, a thread
/// loses its turn and waits for long, where asleep it would be put first when it is woken. Once may
/// happen; where it goes on, it is soon given up.
const HELD_UP: u32 = 3;

/// Who looks again and again looks more often than this, unless somebody else had the processor between
/// two looks: most likely the very peer that is watched for, which would have had it sooner.
const LOOK_MAX: Duration = Duration::from_micros(10);

/// While nothing is watched, one gap in so many is looked at. Odd: a call may be two turns, with a
/// long gap and a short one.
const SAMPLED: u32 = 7;

/// Decides whether to watch, from what came of it before.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// When the last turn began.
    since: Option<Instant>,
    /// Whether what was last waited for came soon.
    soon: bool,
    /// How often it was looked since, if it is watched.
    looks: Option<u32>,
    /// When it was last looked.
    looked: Option<Instant>,
    /// Somebody else had the processor between two looks.
    held_up: bool,
    turns: u32,
    /// How many watches were in vain, less those that were not.
    vain: u32,
    /// How many chances are let pass before the next watch.
    pause: u32,
}

impl Watch {
    /// Nothing has come. Whether to go on watching; if not, it was in vain.
    pub(super) fn goes_on(&mut self, now: Instant) -> bool {
        let (Some(looks), Some(since)) = (&mut self.looks, self.since) else { return false };
        *looks += 1;
        self.held_up |= is_long(self.looked, now);
        self.looked = Some(now);
        if *looks < LOOKS_MAX && now.saturating_duration_since(since) < WATCHED_MAX {
            return true;
        }
        self.looks = None;
        self.was_vain(if self.held_up { HELD_UP } else { 1 });
        // Whatever comes now came late.
        self.soon = false;
        self.since = None;
        false
    }

    /// Something came, and a turn begins. Whether to watch when it is over.
    pub(super) fn came(&mut self, now: Instant) -> bool {
        self.turns = self.turns.wrapping_add(1);
        // Comparing times is some hundred instructions, for nothing where nothing is watched.
        match self.turns % SAMPLED {
            _ if self.soon => {}
            0 => {
                self.since = Some(now);
                return false;
            }
            1 => {}
            _ => return false,
        }
        let Some(since) = self.since.replace(now) else { return self.soon };
        let gap = now.saturating_duration_since(since);
        let looked = self.looks.take().is_some_and(|looks| looks > 0);
        if gap >= SOON_MIN {
            self.soon = gap < SOON_MAX;
            match self.held_up || is_long(self.looked, now) {
                _ if !looked => {}
                true => self.was_vain(HELD_UP),
                false => self.vain = self.vain.saturating_sub(1),
            }
        }
        if self.soon && self.pause > 0 {
            self.pause -= 1;
            return false;
        }
        self.soon
    }

    fn was_vain(&mut self, times: u32) {
        self.vain = VAIN_MAX.min(self.vain + times);
        self.pause = 1 << self.vain;
    }

    /// The turn is over and nothing is left to do.
    pub(super) fn begin(&mut self) {
        (self.looks, self.looked, self.held_up) = (Some(0), None, false);
    }
}

/// Whether it is too long since it was looked.
fn is_long(looked: Option<Instant>, now: Instant) -> bool {
    looked.is_some_and(|looked| now.saturating_duration_since(looked) >= LOOK_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vat to which something comes `gap` after each turn, `times` times. How often it looked.
    fn looks(watch: &mut Watch, now: &mut Instant, gap: Duration, times: u32) -> u32 {
        let mut looks = 0;
        for _ in 0..times {
            let came = *now + gap;
            while watch.looks.is_some() && *now < came {
                *now += Duration::from_micros(1);
                looks += u32::from(watch.goes_on(*now));
            }
            *now = came;
            if watch.came(*now) {
                watch.begin();
            }
        }
        looks
    }

    #[test]
    fn what_comes_soon_is_watched_for_and_what_comes_late_is_not() {
        let mut now = Instant::now();
        let mut watch = Watch::default();
        assert!(looks(&mut watch, &mut now, Duration::from_micros(20), 100) > 1000);
        let (mut watch, late) = (Watch::default(), Duration::from_millis(1));
        assert_eq!(looks(&mut watch, &mut now, late, 100), 0);
        let (mut watch, at_once) = (Watch::default(), Duration::from_micros(1));
        assert_eq!(looks(&mut watch, &mut now, at_once, 100), 0);
    }

    #[test]
    fn watching_in_vain_is_given_up() {
        let (mut now, mut watch) = (Instant::now(), Watch::default());
        let too_late = Duration::from_micros(150);
        let looks = looks(&mut watch, &mut now, too_late, 10_000);
        assert!(looks < 20 * 120, "{looks} looks in a second");
    }

    #[test]
    fn what_this_thread_does_itself_is_no_success_of_a_watch() {
        let (mut now, mut watch) = (Instant::now(), Watch::default());
        let (at_once, too_late) = (Duration::from_micros(1), Duration::from_micros(150));
        let mut looked = 0;
        for _ in 0..5_000 {
            looked += looks(&mut watch, &mut now, at_once, 1);
            looked += looks(&mut watch, &mut now, too_late, 1);
        }
        assert!(looked < 20 * 120, "{looked} looks in a second");
    }

    #[test]
    fn a_clock_that_stands_still_ends_no_sleep() {
        let now = Instant::now();
        let mut watch = Watch { since: Some(now), soon: true, looks: Some(0), ..Watch::default() };
        assert_eq!((0..10_000).filter(|_| watch.goes_on(now)).count(), LOOKS_MAX as usize - 1);
    }
}
