//! Another implementation of the format reads and writes the same.

use bowline::worker::value::{Limits, decode, encode};
use v8_valueserializer::{ValueDeserializer, ValueSerializer};

use crate::random::Maker;

#[test]
fn another_implementation_agrees() {
    // C-V2. It has no host objects, so no errors of the runtime; resizable buffers it knows.
    for seed in 0..3000 {
        let mut maker = Maker::new(seed);
        maker.errors = false;
        let value = maker.value(4);
        let sent = encode(&value, &Limits::default()).expect("a small value");
        let (theirs, heap) = ValueDeserializer::default()
            .read(&sent.bytes)
            .unwrap_or_else(|why| panic!("seed {seed}: {why}: {value:?}"));
        let again = ValueSerializer::default().finish(&heap, &theirs).expect("what it read");
        let back = decode(again, Vec::new(), &Limits::receiving())
            .unwrap_or_else(|why| panic!("seed {seed}: {why}: {value:?}"));
        assert_eq!(back, value, "seed {seed}");
    }
}
