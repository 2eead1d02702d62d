//! Bytes that a real runtime sent, and what they are.

use bowline::worker::value::{Limits, decode, encode};

use crate::node::{from_hex, to_hex};
use crate::resource::externals;

/// Lines of five columns: name, `=` if the bytes are written again as they came or `~` if they have another
/// spelling, what was sent beside them, the bytes, and how the value is printed.
const VALUES: &str = include_str!("../data/values.txt");

#[test]
fn what_a_runtime_sent_is_read_and_written_again() {
    // C-V2, C-V3, C-V6, rules 20, 21, 28 and 75
    let mut count = 0;
    for line in VALUES.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let columns: Vec<_> = line.splitn(5, ' ').collect();
        let [name, spelling, beside, hex, printed] = columns[..] else {
            panic!("five columns: {line}")
        };
        let value = decode(from_hex(hex), externals(beside), &Limits::receiving())
            .unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(format!("{value:?}"), printed, "{name}");
        let again = encode(&value, &Limits::default()).expect("what was sent can be sent");
        assert_eq!(
            to_hex(&again.bytes) == hex,
            spelling == "=",
            "{name}: {}",
            to_hex(&again.bytes)
        );
        assert_eq!(again.externals.len(), externals(beside).len(), "{name}");
        let back =
            decode(again.bytes, again.externals, &Limits::receiving()).expect("our own bytes");
        assert_eq!(back, value, "{name}");
        count += 1;
    }
    assert!(count > 80, "only {count} values");
}
