//! Measures us, other engines and the floor side by side, in one run and one process:
//!
//!     cargo bench --bench versus -- [--rows all|NAME,…] [--only CONTENDER] [--seconds S]
//!                                   [--json FILE] [--table FILE] [--svg FOLDER]
//!     cargo bench --bench versus -- --serve ADDRESS
//!     cargo bench --bench versus -- --connect ADDRESS [--rows …] [--seconds S] [--json FILE]
//!
//! `S` is the time for one row, all contenders together; 4 by default. `--table` rewrites the table in a file
//! that has one, as `benches/README.md` has, and `--svg` writes charts. `--connect` measures a peer at `tcp:host:port`
//! or `unix:path` that serves `Peer` of `tests/data/interop.capnp`, as `--serve` does. `--only` is for profiling, and
//! so is `--operations N`: it does the work N times and measures nothing. The difference of two such
//! runs under `valgrind --tool=callgrind` is what the work takes, without the opening.

#[path = "../tests/data/interop_capnp.rs"]
#[allow(warnings, clippy::all, unreachable_pub, missing_docs, reason = "generated")]
#[rustfmt::skip]
mod interop_capnp;

#[path = "support/alloc.rs"]
mod alloc;
#[path = "support/bowline.rs"]
mod bowline;
#[path = "support/capnp_rpc.rs"]
mod capnp_rpc;
#[path = "support/charts.rs"]
mod charts;
#[path = "support/floor.rs"]
mod floor;
#[path = "support/goals.rs"]
mod goals;
#[path = "support/held.rs"]
mod held;
#[path = "support/measure.rs"]
mod measure;
#[path = "support/options.rs"]
mod options;
#[path = "support/raw.rs"]
mod raw;
#[path = "support/remote.rs"]
mod remote;
#[path = "support/report.rs"]
mod report;
#[path = "support/row.rs"]
mod row;
#[path = "support/sockets.rs"]
mod sockets;
#[path = "support/svg.rs"]
mod svg;
#[path = "support/syscalls.rs"]
mod syscalls;
#[path = "support/table.rs"]
mod table;
#[path = "support/target.rs"]
mod target;
#[path = "support/tarpc.rs"]
mod tarpc;
#[path = "support/tonic.rs"]
mod tonic;
#[path = "support/typed.rs"]
mod typed;

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use measure::{Contender, Figure, measure};
use options::Options;
use remote::Remote;
use row::Row;

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("versus: {why}");
            return ExitCode::from(2);
        }
    };
    let ran = match (&options.serve, options.operations) {
        (Some(address), _) => Err(format!("{address}: {}", remote::serve(address))),
        (None, Some(operations)) => {
            work(&options, operations);
            Ok(())
        }
        (None, None) => compare(&options),
    };
    if let Err(why) = &ran {
        eprintln!("versus: {why}");
    }
    if ran.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Who takes part.
fn contenders(options: &Options) -> Vec<Box<dyn Contender>> {
    if let Some(address) = &options.connect {
        return vec![Box::new(Remote(address.clone()))];
    }
    let mut all: Vec<Box<dyn Contender>> = vec![
        Box::new(bowline::Bowline),
        Box::new(capnp_rpc::CapnpRpc),
        Box::new(tarpc::Tarpc),
        Box::new(tonic::Tonic),
        Box::new(floor::Floor),
        Box::new(syscalls::Syscalls),
    ];
    if let Some(only) = &options.only {
        all.retain(|contender| contender.name() == only);
    }
    all
}

/// Does the work and measures nothing.
fn work(options: &Options, operations: u64) {
    let contenders = contenders(options);
    for row in &options.rows {
        let sessions = contenders.iter().filter_map(|contender| contender.open(*row));
        sessions.for_each(|mut session| session.run(operations));
    }
}

fn compare(options: &Options) -> Result<(), String> {
    let contenders = contenders(options);
    let contenders: Vec<&dyn Contender> = contenders.iter().map(|who| &**who).collect();
    let columns: Vec<_> = contenders.iter().map(|contender| contender.name()).collect();
    println!("{}", report::head(&columns));
    let mut told = Vec::new();
    for row in &options.rows {
        let figures = measure(*row, &contenders, Duration::from_secs_f64(options.seconds));
        println!("{}", report::line(*row, &figures, &columns));
        told.push((*row, figures));
    }
    print!("{}", report::behind(&told));
    keep(options, &told)
}

/// Writes what was asked for.
fn keep(options: &Options, told: &[(Row, Vec<Figure>)]) -> Result<(), String> {
    let write = |file: &str, text| fs::write(file, text).map_err(|why| format!("{file}: {why}"));
    if let Some(file) = &options.json {
        write(file, report::json(told))?;
    }
    if let Some(file) = &options.table {
        let old = fs::read_to_string(file).map_err(|why| format!("{file}: {why}"))?;
        write(file, table::rewrite(&old, told)?)?;
    }
    if let Some(folder) = &options.svg {
        for (name, chart) in charts::all(told) {
            write(&format!("{folder}/{name}.svg"), chart)?;
        }
    }
    Ok(())
}
