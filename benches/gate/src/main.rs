//! Does one thing many times, to be counted from outside:
//!
//!     bowline-gate rows                 the names of what it can do
//!     bowline-gate run ROW OPERATIONS   does it so many times
//!     bowline-gate allocs ROW           how many allocations one operation takes
//!
//! Nothing here depends on the time or on chance: the executor is single, and the vats' clock stands still.

#[path = "../../../tests/data/interop_capnp.rs"]
#[allow(warnings, clippy::all, unreachable_pub, missing_docs, reason = "generated")]
#[rustfmt::skip]
mod interop_capnp;

#[path = "../../support/alloc.rs"]
mod alloc;
mod calls;
mod pool;
#[path = "../../support/row.rs"]
#[expect(dead_code, reason = "it has only a few of the rows")]
mod row;
#[path = "../../support/target.rs"]
mod target;
#[path = "../../support/typed.rs"]
#[expect(dead_code, reason = "it has only a few of the rows")]
mod typed;
mod values;

use std::process::ExitCode;

/// Operations before any are counted: tables and queues are as large as they get.
const WARM: u64 = 256;
/// Operations whose allocations are counted.
const COUNTED: u64 = 1024;

/// Ready to be done so many times.
type Work = Box<dyn FnMut(u64)>;

/// A name, and what makes it ready.
type Row = (&'static str, fn() -> Work);

/// What can be done.
const ROWS: [Row; 14] = [
    ("same-thread-dynamic-null", calls::dynamic),
    ("same-thread-typed-null", calls::typed_here),
    ("same-thread-vats-null", calls::between_vats),
    ("mem-null", calls::mem_null),
    ("mem-64", calls::mem_in_flight),
    ("mem-chain8", calls::mem_chain),
    ("mem-stream4k", calls::mem_stream),
    ("mem-connect", calls::mem_connect),
    ("worker-number", values::worker_number),
    ("worker-chain8", values::worker_chain),
    ("encode-small", || values::encoding(values::small())),
    ("decode-small", || values::decoding(&values::small())),
    ("encode-record", || values::encoding(values::record())),
    ("decode-record", || values::decoding(&values::record())),
];

fn made(name: &str) -> Option<Work> {
    ROWS.iter().find(|(row, _)| *row == name).map(|(_, make)| make())
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match *words {
        ["rows"] => ROWS.iter().for_each(|(row, _)| println!("{row}")),
        ["run", row, times] => match (made(row), times.parse()) {
            (Some(mut work), Ok(times)) => work(times),
            _ => return refused(),
        },
        ["allocs", row] => match made(row) {
            Some(mut work) => {
                work(WARM);
                println!("{:.2}", alloc::count(|| work(COUNTED)).0 as f64 / COUNTED as f64);
            }
            None => return refused(),
        },
        _ => return refused(),
    }
    ExitCode::SUCCESS
}

fn refused() -> ExitCode {
    eprintln!("bowline-gate: rows | run ROW OPERATIONS | allocs ROW");
    ExitCode::from(2)
}
