//! Measures reading, writing and checking of values, beside another implementation of the format:
//!
//!     cargo bench --bench values -- [ROW [xOPERATIONS]] [SECONDS]
//!
//! With `x1000` our side of the row's work is done a thousand times and nothing is measured: the difference of two
//! such runs under `valgrind --tool=callgrind` is what it takes.
//! `SECONDS` is the time for one row, both together; 1 by default. Contenders take turns in nine rounds; the
//! median counts. Allocations are counted by the gate alone: counting them takes time.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bowline::worker::value::{Limits, Value, check, decode, encode, value};
use bytes::Bytes;
use v8_valueserializer::{ValueDeserializer, ValueSerializer};

const ROUNDS: usize = 9;

type Work = Box<dyn Fn()>;

/// A question, with our answer and the other's.
struct Row {
    name: &'static str,
    /// Bytes one operation carries, if that is what counts.
    payload: Option<usize>,
    ours: Work,
    theirs: Option<Work>,
}

fn small() -> Value {
    value!([1, "x", { a: true }])
}

fn large() -> Value {
    Value::uint8_array(vec![7; 1 << 20])
}

/// What a call might carry: an object with some of everything, 40 values in all.
fn record() -> Value {
    let item = |at: i32| value!({ id: at, name: "somebody or other", tags: ["one", "two"], at: 1.5, ok: true, next: null });
    value!({ list: [(item(1)), (item(2)), (item(3)), (item(4))], total: 4 })
}

fn bytes(value: &Value) -> Bytes {
    encode(value, &Limits::default()).expect("it can be sent").bytes.into()
}

fn rows(
    [encoding, decoding, checking]: [&'static str; 3],
    value: Value,
    payload: Option<usize>,
) -> Vec<Row> {
    let limits = Limits::default();
    let sent = bytes(&value);
    let (to_check, message) = (value.clone(), sent.clone());
    let (theirs, heap) = ValueDeserializer::default().read(&sent).expect("it has no host object");
    vec![
        Row {
            name: encoding,
            payload,
            ours: Box::new(move || drop(black_box(encode(black_box(&value), &limits)))),
            theirs: Some(Box::new(move || {
                drop(black_box(ValueSerializer::default().finish(&heap, black_box(&theirs)).ok()));
            })),
        },
        Row {
            name: decoding,
            payload,
            ours: Box::new(move || {
                drop(black_box(decode(black_box(message.clone()), Vec::new(), &limits)));
            }),
            theirs: Some(Box::new(move || {
                drop(black_box(ValueDeserializer::default().read(black_box(&sent)).ok()));
            })),
        },
        Row {
            name: checking,
            payload: None,
            ours: Box::new(move || drop(black_box(check(black_box(&to_check), &limits)))),
            theirs: None,
        },
    ]
}

/// Seconds for one operation: the median of the rounds.
fn measure(works: &[&Work], budget: Duration) -> Vec<f64> {
    let slice = budget / ROUNDS as u32 / works.len() as u32;
    let timed = |work: &Work, operations: u64| {
        let begun = Instant::now();
        (0..operations).for_each(|_| work());
        begun.elapsed()
    };
    let fills = |work: &Work| {
        let mut operations = 1u64;
        while timed(work, operations) < slice / 4 {
            operations *= 2;
        }
        operations * 4
    };
    let operations: Vec<u64> = works.iter().map(|work| fills(work)).collect();
    let mut rounds = vec![Vec::new(); works.len()];
    for _ in 0..ROUNDS {
        for (at, work) in works.iter().enumerate() {
            rounds[at].push(timed(work, operations[at]).as_secs_f64() / operations[at] as f64);
        }
    }
    rounds
        .into_iter()
        .map(|mut seconds| {
            seconds.sort_by(f64::total_cmp);
            seconds[ROUNDS / 2]
        })
        .collect()
}

fn told(seconds: f64, payload: Option<usize>) -> String {
    let figure = match payload {
        Some(bytes) => format!("{:.2} GB/s", bytes as f64 / seconds / 1e9),
        None => format!("{:.0} ns", seconds * 1e9),
    };
    format!("{figure:>14}")
}

fn main() {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let only = words.next().filter(|word| word.parse::<f64>().is_err());
    let operations: Option<u64> =
        words.next().and_then(|word| word.strip_prefix('x')?.parse().ok());
    let seconds = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(1.0);
    let budget = Duration::from_secs_f64(seconds);
    let all = [
        rows(["encode-small", "decode-small", "check-small"], small(), None),
        rows(["encode-record", "decode-record", "check-record"], record(), None),
        rows(["encode-1m", "decode-1m", "check-1m"], large(), Some(1 << 20)),
    ];
    println!("{:16}{:>14}{:>22}", "row", "bowline", "v8_valueserializer");
    for row in all.into_iter().flatten() {
        if only.as_deref().is_some_and(|only| only != row.name) {
            continue;
        }
        if let Some(operations) = operations {
            (0..operations).for_each(|_| (row.ours)());
            continue;
        }
        let works: Vec<&Work> =
            [Some(&row.ours), row.theirs.as_ref()].into_iter().flatten().collect();
        let figures = measure(&works, budget);
        let told: Vec<String> =
            figures.into_iter().map(|seconds| told(seconds, row.payload)).collect();
        println!("{:16}{}", row.name, told.join("        "));
    }
}
