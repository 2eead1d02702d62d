//! Measures us, other engines and the floor side by side, in one run and one process:
//!
//!     cargo bench --bench versus -- [--rows all|NAME,…] [--only CONTENDER] [--seconds S] [--json FILE] [--table FILE]
//!
//! `--table` rewrites the table in a file that has one, as `benches/README.md` has. `S` is the time for one row, all contenders together; 4 by default. `--only` is for profiling, and
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
#[path = "support/floor.rs"]
mod floor;
#[path = "support/goals.rs"]
mod goals;
#[path = "support/held.rs"]
mod held;
#[path = "support/measure.rs"]
mod measure;
#[path = "support/raw.rs"]
mod raw;
#[path = "support/report.rs"]
mod report;
#[path = "support/row.rs"]
mod row;
#[path = "support/sockets.rs"]
mod sockets;
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
use row::{ROWS, Row};

struct Options {
    rows: Vec<Row>,
    only: Option<String>,
    seconds: f64,
    json: Option<String>,
    table: Option<String>,
    operations: Option<u64>,
}

fn options(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        rows: ROWS.to_vec(),
        only: None,
        seconds: 4.0,
        json: None,
        table: None,
        operations: None,
    };
    while let Some(option) = args.next() {
        if option == "--bench" {
            continue; // cargo says so to every bench
        }
        let value = args.next().ok_or_else(|| format!("{option} needs a value"))?;
        match option.as_str() {
            "--rows" => options.rows = rows(&value)?,
            "--only" => options.only = Some(value),
            "--seconds" => options.seconds = seconds(&value)?,
            "--table" => options.table = Some(value),
            "--json" => options.json = Some(value),
            "--operations" => {
                options.operations =
                    Some(value.parse().map_err(|_| format!("no number: {value}"))?);
            }
            _ => return Err(format!("unknown option {option}")),
        }
    }
    Ok(options)
}

fn rows(names: &str) -> Result<Vec<Row>, String> {
    if names == "all" {
        return Ok(ROWS.to_vec());
    }
    let named = |name| ROWS.into_iter().find(|row| row.name == name);
    names.split(',').map(|name| named(name).ok_or_else(|| format!("no row {name}"))).collect()
}

fn seconds(value: &str) -> Result<f64, String> {
    match value.parse() {
        Ok(seconds) if (0.01..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err(format!("--seconds takes 0.01 to 3600, not {value}")),
    }
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("versus: {why}");
            return ExitCode::from(2);
        }
    };
    let mut contenders: Vec<&dyn Contender> = vec![
        &bowline::Bowline,
        &capnp_rpc::CapnpRpc,
        &tarpc::Tarpc,
        &tonic::Tonic,
        &floor::Floor,
        &syscalls::Syscalls,
    ];
    if let Some(only) = &options.only {
        contenders.retain(|contender| contender.name() == only);
    }
    if let Some(operations) = options.operations {
        for row in options.rows {
            let sessions = contenders.iter().filter_map(|contender| contender.open(row));
            sessions.for_each(|mut session| session.run(operations));
        }
        return ExitCode::SUCCESS;
    }
    let columns: Vec<_> = contenders.iter().map(|contender| contender.name()).collect();
    println!("{}", report::head(&columns));
    let mut told = Vec::new();
    for row in options.rows {
        let figures = measure(row, &contenders, Duration::from_secs_f64(options.seconds));
        println!("{}", report::line(row, &figures, &columns));
        told.push((row, figures));
    }
    print!("{}", report::behind(&told));
    let kept = keep(&options.json, &options.table, &told);
    if let Err(why) = &kept {
        eprintln!("versus: {why}");
    }
    if kept.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn keep(
    json: &Option<String>,
    table: &Option<String>,
    told: &[(Row, Vec<Figure>)],
) -> Result<(), String> {
    let write = |file: &str, text| fs::write(file, text).map_err(|why| format!("{file}: {why}"));
    if let Some(file) = json {
        write(file, report::json(told))?;
    }
    if let Some(file) = table {
        let old = fs::read_to_string(file).map_err(|why| format!("{file}: {why}"))?;
        write(file, table::rewrite(&old, told)?)?;
    }
    Ok(())
}
