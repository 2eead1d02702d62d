//! What the main operations take, counted: instructions under `valgrind`, and allocations. Noise cannot trip it.
//!
//! A count that grew by more than a twentieth over what `recorded-ARCH.txt` says fails. What is recorded changes
//! only by hand, or with `BOWLINE_RECORD=1` in the environment, in a commit that says why.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

/// How much a count may grow over the recorded one before it fails, or shrink before it should be recorded anew.
const SLACK: f64 = 0.05;
/// Two runs of so many operations; their difference is free of what comes before the first.
const OPERATIONS: [u64; 2] = [256, 1280];

/// What one operation takes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Count {
    instructions: f64,
    allocations: f64,
}

type Counts = BTreeMap<String, Count>;

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn recorded() -> PathBuf {
    here().join(format!("recorded-{ARCH}.txt"))
}

/// Runs it to its end; what it wrote to stdout, and to stderr.
fn output(command: &mut Command) -> (String, String) {
    let ran = command.output();
    let ran = ran.unwrap_or_else(|why| panic!("{command:?} cannot be run: {why}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&ran.stdout), text(&ran.stderr));
    assert!(ran.status.success(), "{command:?} failed:\n{out}{err}");
    (out, err)
}

/// The program, optimised, with nothing of the environment that would build it otherwise.
fn built() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--profile", "bench", "--package", "bowline-gate", "--locked"]);
    cargo.args(["--message-format", "json-render-diagnostics"]).current_dir(here());
    for (name, _) in std::env::vars() {
        let bends = name.starts_with("CARGO_PROFILE_") || name.contains("RUSTFLAGS");
        if bends || name == "CARGO_BUILD_TARGET" {
            cargo.env_remove(name);
        }
    }
    let (messages, _) = output(&mut cargo);
    let mut executable = messages.lines().filter_map(|line| line.split("\"executable\":\"").nth(1));
    let path = executable.next_back().and_then(|rest| rest.split('"').next());
    PathBuf::from(path.expect("cargo says where it put the program"))
}

/// Instructions of one operation.
fn instructions(program: &Path, row: &str) -> f64 {
    let taken = OPERATIONS.map(|times| {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
        valgrind.arg(program).args(["run", row, &times.to_string()]);
        let (_, told) = output(&mut valgrind);
        let collected = told.lines().find_map(|line| line.split("Collected :").nth(1));
        let collected = collected.unwrap_or_else(|| panic!("no count in what it said:\n{told}"));
        collected.trim().parse::<u64>().expect("one count: of instructions")
    });
    (taken[1] - taken[0]) as f64 / (OPERATIONS[1] - OPERATIONS[0]) as f64
}

fn count(program: &Path, row: &str) -> Count {
    let (allocations, _) = output(Command::new(program).args(["allocs", row]));
    let allocations = allocations.trim().parse().expect("it prints a number");
    Count { instructions: instructions(program, row), allocations }
}

/// Every row, two at a time.
fn counts(program: &Path) -> Counts {
    let (rows, _) = output(Command::new(program).arg("rows"));
    let left = Mutex::new(rows.lines().map(str::to_owned).collect::<Vec<_>>());
    let counted = Mutex::new(Counts::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = left.lock().expect("nobody panicked").pop();
                    let Some(row) = next else { break };
                    let count = count(program, &row);
                    counted.lock().expect("nobody panicked").insert(row, count);
                }
            });
        }
    });
    counted.into_inner().expect("nobody panicked")
}

fn told(counts: &Counts, compiler: &str) -> String {
    let mut text = format!("# {compiler}: row, instructions and allocations of one operation\n");
    for (row, Count { instructions, allocations }) in counts {
        let _ = writeln!(text, "{row} {instructions:.0} {allocations:.2}");
    }
    text
}

fn read(text: &str) -> Counts {
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    let count = |line: &str| {
        let mut words = line.split(' ');
        let row = words.next()?.to_owned();
        let instructions = words.next()?.parse().ok()?;
        Some((row, Count { instructions, allocations: words.next()?.parse().ok()? }))
    };
    rows.map(|line| count(line).unwrap_or_else(|| panic!("no row: {line}"))).collect()
}

/// What has grown, and what should be recorded anew, in words.
fn compare(recorded: &Counts, counted: &Counts) -> (Vec<String>, Vec<String>) {
    let (mut grown, mut fallen) = (Vec::new(), Vec::new());
    for (row, now) in counted {
        let Some(then) = recorded.get(row) else {
            grown.push(format!("{row} is not recorded"));
            continue;
        };
        let both = [
            ("instructions", then.instructions, now.instructions),
            ("allocations", then.allocations, now.allocations),
        ];
        for (what, then, now) in both {
            let text = format!("{row}: {now} {what}, {then} recorded");
            if now > then * (1.0 + SLACK) {
                grown.push(text);
            } else if now < then * (1.0 - SLACK) {
                fallen.push(text);
            }
        }
    }
    let gone = recorded.keys().filter(|row| !counted.contains_key(*row));
    grown.extend(gone.map(|row| format!("{row} is recorded and was not counted")));
    (grown, fallen)
}

#[test]
fn nothing_takes_more_than_is_recorded() {
    let valgrind = Command::new("valgrind").arg("--version").output();
    assert!(
        valgrind.is_ok_and(|ran| ran.status.success()),
        "valgrind counts the instructions and cannot be run; on Debian and Ubuntu: apt-get install valgrind"
    );
    let counted = counts(&built());
    let (compiler, _) = output(Command::new("rustc").arg("--version"));
    let now = told(&counted, compiler.trim());
    println!("{now}");
    if std::env::var_os("BOWLINE_RECORD").is_some_and(|value| value == "1") {
        fs::write(recorded(), now).expect("the folder can be written");
        return;
    }
    let then = fs::read_to_string(recorded()).unwrap_or_else(|why| {
        panic!("nothing is recorded for {ARCH} ({why}); run this with BOWLINE_RECORD=1")
    });
    let (grown, fallen) = compare(&read(&then), &counted);
    if !fallen.is_empty() {
        // Not `eprintln!`: what a test that passes prints is not shown.
        let told = format!("\nrecord anew, with BOWLINE_RECORD=1:\n  {}\n", fallen.join("\n  "));
        std::io::stderr().write_all(told.as_bytes()).expect("somebody reads it");
    }
    assert!(
        grown.is_empty(),
        "grown by more than {}%:\n  {}\ncounted:\n{now}recorded:\n{then}",
        SLACK * 100.0,
        grown.join("\n  ")
    );
}

#[test]
fn growth_fails_and_less_is_told() {
    let one = |instructions, allocations| {
        Counts::from([("a".to_owned(), Count { instructions, allocations })])
    };
    let then = one(1000.0, 10.0);
    let found = |now: Counts| {
        let (grown, fallen) = compare(&then, &now);
        [grown.len(), fallen.len()]
    };
    assert_eq!(found(one(1050.0, 10.5)), [0, 0]);
    assert_eq!(found(one(1051.0, 10.0)), [1, 0]);
    assert_eq!(found(one(1000.0, 10.6)), [1, 0]);
    assert_eq!(found(one(949.0, 9.0)), [0, 2]);
    assert_eq!(found(Counts::new()), [1, 0]);
    assert_eq!(compare(&Counts::new(), &then).0.len(), 1);
    assert_eq!(read(&told(&then, "rustc")), then);
}
