//! How wide the window of a stream is: as wide as was said, or as wide as its path turns out to need.
//!
//! A path needs as many bytes on their way as it carries in the time of one round trip. Both are measured at one call at a
//! time, a *probe*: one whose sending filled the window, for nothing is learnt of the path from a writer that leaves
//! room. When it is acknowledged, so is what was on its way when it left; that, and how long it took, make the rate.
//! The window becomes a little more than the rate fills in the *shortest* round trip: whatever makes trips longer than that
//! is a queue, of which a wider window makes more and carries nothing.

use std::time::{Duration, Instant};

use crate::conn::Window;

/// For how long the shortest round trip is believed. After that the window is narrow for one probe, so that the queue it
/// keeps up itself is gone, and the trip of that one is the shortest.
const BELIEVED: Duration = Duration::from_secs(10);

/// After so many probes that hardly widened it, the window stops doubling.
const FLAT_PROBES: u8 = 3;

/// The window of one stream.
#[derive(Debug)]
pub(super) enum Pace {
    Fixed(u64),
    Adaptive(Box<Estimate>),
}

/// What is known of a path.
#[derive(Debug)]
pub(super) struct Estimate {
    bytes: u64,
    min: u64,
    max: u64,
    /// Bytes acknowledged so far.
    acknowledged: u64,
    probe: Option<Probe>,
    /// The shortest round trip, and when one last was as short.
    shortest: Option<(Duration, Instant)>,
    phase: Phase,
}

/// A call whose round trip is measured.
#[derive(Clone, Copy, Debug)]
struct Probe {
    /// The number of the last call sent when it was, its own.
    call: u64,
    /// The time of the turn it left in. `None` until then.
    left: Option<Instant>,
    /// Bytes acknowledged when it was sent.
    acknowledged: u64,
}

/// How a window changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It doubles: nothing is known yet. So many probes hardly widened it.
    Doubling(u8),
    /// It follows the path.
    Following,
    /// It is narrow, to see how short a round trip can be; before, it had so many bytes.
    Looking(u64),
}

/// Whether a call is a probe, whose leaving is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probing {
    Begins,
    No,
}

impl Pace {
    pub(super) fn new(window: Window) -> Self {
        match window {
            Window::Fixed(bytes) => Self::Fixed(bytes),
            Window::Adaptive { min, max } => Self::Adaptive(Box::new(Estimate {
                bytes: min,
                min,
                max: max.max(min),
                acknowledged: 0,
                probe: None,
                shortest: None,
                phase: Phase::Doubling(0),
            })),
        }
    }

    /// How many bytes may be on their way, besides the largest call.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Fixed(bytes) => *bytes,
            Self::Adaptive(estimate) => estimate.bytes,
        }
    }

    /// A call was sent, the stream's number `call`, and filled the window.
    pub(super) fn filled(&mut self, call: u64) -> Probing {
        match self {
            Self::Adaptive(estimate) if estimate.probe.is_none() => {
                let acknowledged = estimate.acknowledged;
                estimate.probe = Some(Probe { call, left: None, acknowledged });
                Probing::Begins
            }
            _ => Probing::No,
        }
    }

    /// The probe leaves in the turn of this time.
    pub(super) fn leaves(&mut self, now: Instant) {
        if let Self::Adaptive(estimate) = self
            && let Some(probe) = &mut estimate.probe
        {
            probe.left.get_or_insert(now);
        }
    }

    /// So many bytes were acknowledged, and with them the stream's calls up to number `call`.
    pub(super) fn acknowledge(&mut self, bytes: u64, call: u64, now: Option<Instant>) {
        let Self::Adaptive(estimate) = self else { return };
        estimate.acknowledged += bytes;
        if let Some(probe) = estimate.probe
            && call >= probe.call
        {
            estimate.probe = None;
            if let (Some(now), Some(left)) = (now, probe.left) {
                let bytes = estimate.acknowledged - probe.acknowledged;
                estimate.learn(bytes, now.saturating_duration_since(left), now);
            }
        }
    }

    /// The stream goes another way from here on.
    pub(super) fn moves(&mut self) {
        if let Self::Adaptive(estimate) = self {
            estimate.shortest = None;
        }
    }
}

impl Estimate {
    /// In the time of a round trip, so many bytes were acknowledged.
    fn learn(&mut self, bytes: u64, trip: Duration, now: Instant) {
        if trip.is_zero() {
            // The clock stands still.
            return;
        }
        if let Phase::Looking(before) = self.phase {
            self.shortest = Some((trip, now));
            self.phase = Phase::Following;
            self.bytes = before;
            return;
        }
        let (shortest, seen) = match self.shortest {
            Some((shortest, seen)) if shortest < trip => (shortest, seen),
            _ => (trip, now),
        };
        self.shortest = Some((shortest, seen));
        let held = u128::from(bytes) * shortest.as_nanos() / trip.as_nanos();
        // Fits: no more than `bytes`, as no trip is shorter than the shortest.
        self.adapt(held as u64);
        if now.saturating_duration_since(seen) >= BELIEVED {
            self.phase = Phase::Looking(self.bytes);
            self.bytes = self.min.max(self.bytes / 2);
        }
    }

    /// The path holds so many bytes without a queue.
    fn adapt(&mut self, held: u64) {
        let (before, factor) = (self.bytes, if self.is_doubling() { 8 } else { 5 });
        let grown = |bytes: u64| bytes.saturating_mul(factor) / 4;
        let bytes = grown(held).clamp(before / 8 * 7, grown(before).max(before));
        self.bytes = bytes.clamp(self.min, self.max);
        if let Phase::Doubling(flat) = self.phase {
            self.phase = match self.bytes > before.saturating_mul(5) / 4 {
                true => Phase::Doubling(0),
                false if flat + 1 < FLAT_PROBES => Phase::Doubling(flat + 1),
                false => Phase::Following,
            };
        }
    }

    fn is_doubling(&self) -> bool {
        matches!(self.phase, Phase::Doubling(_))
    }
}

#[cfg(test)]
mod tests {
    use super::super::stream::{Room, Stream};
    use super::*;

    const CALL: u64 = 16 << 10;
    const WINDOW: Window = Window::Adaptive { min: 64 << 10, max: 8 << 20 };
    const MEGABIT: u64 = 1_000_000 / 8;
    const SECOND: Duration = Duration::from_secs(1);

    /// A writer that never runs dry, and a path to an object that acknowledges at once.
    struct Flow {
        stream: Stream,
        /// Bytes a second.
        rate: u64,
        trip: Duration,
        now: Instant,
        /// When the last call has passed the narrowest place.
        passed: Instant,
        /// When what is on its way is acknowledged.
        acks: std::collections::VecDeque<Instant>,
        widest: u64,
    }

    impl Flow {
        fn new(window: Window, rate: u64, trip: Duration) -> Self {
            let now = Instant::now();
            let stream = Stream::new(window);
            Self { stream, rate, trip, now, passed: now, acks: [].into(), widest: 0 }
        }

        fn write(&mut self) -> Room {
            let (room, _) = self.stream.send(CALL);
            self.stream.leave(self.now);
            let takes = Duration::from_nanos(CALL * 1_000_000_000 / self.rate);
            self.passed = self.passed.max(self.now) + takes;
            self.acks.push_back(self.passed + self.trip);
            self.widest = self.widest.max(self.acks.len() as u64 * CALL);
            room
        }

        /// Writes for a while; how much of what the path can carry it carried.
        fn run(&mut self, time: Duration) -> f64 {
            let (begin, mut carried) = (self.now, 0);
            self.widest = 0;
            let mut room = if self.acks.is_empty() { Room::Free } else { Room::Full };
            while self.now < begin + time {
                while room == Room::Free {
                    room = self.write();
                }
                let ack = self.acks.pop_front().expect("the window is full");
                self.now = self.now.max(ack);
                room = self.stream.acknowledge(CALL, Some(self.now));
                carried += CALL;
            }
            carried as f64 / (self.now - begin).as_secs_f64() / self.rate as f64
        }

        /// How many bytes the path holds.
        fn holds(&self) -> u64 {
            (self.rate as f64 * self.trip.as_secs_f64()) as u64
        }
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_long_path_is_filled_within_a_second_and_what_is_on_its_way_stays_bounded() {
        for (rate, trip) in [(100, 50), (1000, 20), (10, 200), (100, 5), (400, 100)] {
            let mut flow = Flow::new(WINDOW, rate * MEGABIT, ms(trip));
            flow.run(SECOND.max(20 * ms(trip)));
            let share = flow.run(3 * SECOND);
            assert!(share > 0.95, "{rate} Mbit/s, {trip} ms: {share}");
            let most = flow.holds() * 3 / 2 + (192 << 10);
            assert!(flow.widest <= most, "{} of {most} bytes on their way", flow.widest);
        }
        let mut fixed = Flow::new(Window::Fixed(64 << 10), 100 * MEGABIT, ms(50));
        assert!(fixed.run(3 * SECOND) < 0.15);
    }

    #[test]
    fn no_window_is_wider_than_the_most_nor_narrower_than_the_least() {
        let mut flow =
            Flow::new(Window::Adaptive { min: 64 << 10, max: 1 << 20 }, 4000 * MEGABIT, ms(50));
        flow.run(3 * SECOND);
        assert_eq!(flow.stream.window(), 1 << 20);
        assert!(flow.widest <= (1 << 20) + CALL);
        let mut slow = Flow::new(WINDOW, MEGABIT / 8, ms(1));
        slow.run(30 * SECOND);
        assert!(slow.stream.window() <= 128 << 10, "{}", slow.stream.window());
        let absurd = Stream::new(Window::Adaptive { min: 10, max: 5 });
        assert_eq!(absurd.window(), 10);
    }

    #[test]
    fn a_path_that_becomes_slower_has_a_narrower_window_and_one_that_becomes_faster_a_wider_one() {
        let mut flow = Flow::new(WINDOW, 400 * MEGABIT, ms(50));
        flow.run(3 * SECOND);
        flow.rate = 100 * MEGABIT;
        flow.run(3 * SECOND);
        assert!(flow.stream.window() < flow.holds() * 3 / 2, "{}", flow.stream.window());
        flow.rate = 400 * MEGABIT;
        flow.run(3 * SECOND);
        assert!(flow.run(SECOND) > 0.95);
    }

    #[test]
    fn a_path_that_becomes_longer_is_filled_once_the_shortest_trip_is_not_believed_any_more() {
        let mut flow = Flow::new(WINDOW, 100 * MEGABIT, ms(10));
        flow.run(3 * SECOND);
        flow.trip = ms(80);
        flow.run(BELIEVED + 5 * SECOND);
        assert!(flow.run(3 * SECOND) > 0.9);
    }

    #[test]
    fn the_queue_a_stream_keeps_up_does_not_widen_its_window_in_an_hour() {
        let mut flow = Flow::new(WINDOW, 20 * MEGABIT, ms(50));
        flow.run(3600 * SECOND);
        assert!(flow.run(20 * SECOND) > 0.95);
        assert!(flow.widest < flow.holds() * 3 / 2 + (64 << 10), "{}", flow.widest);
    }

    #[test]
    fn a_writer_that_leaves_room_says_nothing_of_the_path() {
        let mut flow = Flow::new(WINDOW, 100 * MEGABIT, ms(50));
        flow.run(3 * SECOND);
        while !flow.acks.is_empty() {
            flow.now = flow.acks.pop_front().expect("there is one");
            flow.stream.acknowledge(CALL, Some(flow.now));
        }
        let window = flow.stream.window();
        for _ in 0..1000 {
            assert_eq!(flow.write(), Room::Free);
            flow.now = flow.acks.pop_front().expect("it was sent");
            flow.stream.acknowledge(CALL, Some(flow.now));
        }
        assert_eq!(flow.stream.window(), window);
    }

    #[test]
    fn without_a_clock_the_window_stays_as_it_began() {
        let mut stream = Stream::new(WINDOW);
        for _ in 0..1000 {
            while stream.send(CALL).0 == Room::Free {}
            while stream.calls() > 0 {
                stream.acknowledge(CALL, None);
            }
        }
        assert_eq!(stream.window(), 64 << 10);
    }
}
