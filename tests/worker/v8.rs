//! V8 reads what we write, and we read what it writes.

use bowline::worker::value::{Limits, Value, decode, encode};

use crate::describe::describe;
use crate::node::{Node, to_hex};
use crate::random::Maker;

const VALUES: u64 = 1500;

fn read(bytes: &[u8]) -> Value {
    decode(bytes.to_vec(), Vec::new(), &Limits::receiving())
        .unwrap_or_else(|why| panic!("{why}: {}", to_hex(bytes)))
}

fn written(value: &Value) -> Vec<u8> {
    encode(value, &Limits::default()).expect("a small value").bytes
}

/// An error in V8's own form, which holds less than the runtime's: we write the runtime's.
fn holds_an_error(bytes: &[u8]) -> bool {
    bytes.contains(&b'\\')
}

#[test]
fn what_v8_writes_is_read_and_written_again_byte_by_byte() {
    // C-V2, C-V3, rule 20
    let mut node = Node::start();
    let mut same = 0;
    for seed in 0..VALUES {
        let (bytes, described) =
            node.ask(&format!("make {seed}")).expect("V8 writes its own values");
        let value = read(&bytes);
        assert_eq!(describe(&value), described, "seed {seed}: {}", to_hex(&bytes));
        let again = written(&value);
        if !holds_an_error(&again) {
            assert_eq!(to_hex(&again), to_hex(&bytes), "seed {seed}: {described}");
            same += 1;
        }
        assert_eq!(read(&again), value, "seed {seed}");
    }
    assert!(same > VALUES / 2, "most values have one spelling: {same} of {VALUES}");
}

#[test]
fn what_we_write_is_read_by_v8() {
    // C-V2, C-V6, rule 20
    let mut node = Node::start();
    for seed in 0..VALUES {
        let value = Maker::new(seed).value(4);
        let bytes = written(&value);
        let told = node.ask(&format!("read {}", to_hex(&bytes)));
        let (again, described) = told.unwrap_or_else(|why| panic!("seed {seed}: {why}: {value:?}"));
        assert_eq!(describe(&value), described, "seed {seed}: {}", to_hex(&bytes));
        if !holds_an_error(&bytes) {
            assert_eq!(read(&again), value, "seed {seed}");
        }
    }
}

#[test]
fn what_v8_cannot_read_we_do_not_either() {
    // C-V5: one byte is changed. V8 also takes bytes behind the value.
    let mut node = Node::start();
    let mut refused = 0;
    for seed in 0..VALUES {
        let mut maker = Maker::new(seed);
        maker.errors = false;
        let mut bytes = written(&maker.value(3));
        let at = 2 + maker.chance.below(bytes.len() - 2);
        bytes[at] = u8::try_from(maker.chance.below(256)).expect("a byte");
        let ours = decode(bytes.clone(), Vec::new(), &Limits::receiving());
        let theirs = node.ask(&format!("read {}", to_hex(&bytes)));
        match (ours, theirs) {
            (Ok(value), Ok((_, described))) => {
                assert_eq!(describe(&value), described, "{}", to_hex(&bytes));
            }
            (Ok(value), Err(why)) => {
                // We do not look into patterns.
                let pattern = why.starts_with("Invalid regular expression");
                assert!(pattern, "V8: {why}; we: {value:?}: {}", to_hex(&bytes));
            }
            (Err(_), _) => refused += 1,
        }
    }
    assert!(refused > VALUES / 10, "{refused} of {VALUES}");
}
