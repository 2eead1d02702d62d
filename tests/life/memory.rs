//! What the process holds of the machine's memory, as time goes by.

use std::fmt;

/// Samples of the resident set, in KiB.
#[derive(Default)]
pub(crate) struct Memory(Vec<u64>);

/// What memory may differ by and be flat: a tenth, and what a few large calls that meet take.
const SLACK_KIB: u64 = 8 << 10;

impl Memory {
    pub(crate) fn look(&mut self) {
        let status = std::fs::read_to_string("/proc/self/status").expect("linux says");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        self.0.push(kib.expect("a number of kB"));
    }

    /// The medians of the four quarters of the time.
    fn quarters(&self) -> [u64; 4] {
        [0, 1, 2, 3].map(|quarter| {
            let all = self.0.len();
            let mut part = self.0[quarter * all / 4..(quarter + 1) * all / 4].to_vec();
            part.sort_unstable();
            part.get(part.len() / 2).copied().unwrap_or_default()
        })
    }

    /// The last quarter takes no more than the second did: the first is for warming up.
    pub(crate) fn is_flat(&self) -> Result<(), String> {
        let [_, second, _, last] = self.quarters();
        let most = second + second / 10 + SLACK_KIB;
        if last <= most { Ok(()) } else { Err(format!("{last} KiB, and {most} would be flat")) }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (quarters, most) = (self.quarters(), self.0.iter().max().copied().unwrap_or_default());
        write!(f, "resident KiB, medians of the quarters: {quarters:?}; at most {most}")
    }
}
