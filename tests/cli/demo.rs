//! The demo over every transport, and its two halves in two processes.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use crate::support::{Ran, Serving, bowline, run, socket_path};

const QUICK: [&str; 2] = ["--seconds", "0.05"];

/// The lines of a table begin with these names, and are of one length.
#[track_caller]
fn is_table(lines: &[&str], names: &[&str]) {
    for (line, name) in lines.iter().zip(names) {
        assert!(line.starts_with(name), "{name}: {line}");
        assert_eq!(line.chars().count(), lines[0].chars().count(), "not aligned: {lines:#?}");
    }
    let behind = lines.get(names.len());
    assert!(behind.is_some_and(|line| line.is_empty()), "more than {names:?}: {lines:#?}");
}

#[test]
fn the_demo_works_over_every_transport_and_prints_aligned_tables() {
    let ran = run(&["demo", QUICK[0], QUICK[1]]);
    ran.succeeds();
    let lines: Vec<_> = ran.out.lines().collect();
    let names = ["same-thread", "memory pipe", "child process", "unix socket", "tcp loopback"];
    is_table(&lines, &[&["transport"], &names[..]].concat());
    for column in ["null round trip", "chain of 8", "8 awaited", "64 in flight", "64 MiB"] {
        assert!(lines[0].contains(column), "{ran:?}");
    }
    is_table(&lines[7..], &[&["Workers", "one vat"], &names[..]].concat());
    for scenario in
        ["add", "counter", "database", "rights", "file of 64 MiB", "forwarded", "gateway"]
    {
        assert!(lines[7].contains(scenario), "{ran:?}");
    }
}

#[test]
fn only_the_transports_asked_for_are_shown() {
    let ran = run(&["demo", "--transport", "unix", "--transport", "memory", QUICK[0], QUICK[1]]);
    ran.succeeds();
    let lines: Vec<_> = ran.out.lines().collect();
    is_table(&lines, &["transport", "unix socket", "memory pipe"]);
    is_table(&lines[4..], &["Workers", "unix socket", "memory pipe"]);
}

#[test]
fn a_vat_served_over_tcp_is_called_twice_and_ends_when_interrupted() {
    let serving = Serving::at("tcp:127.0.0.1:0");
    assert_ne!(serving.port(), 0);
    for _ in 0..2 {
        let ran = run(&["call", &serving.address, QUICK[0], QUICK[1]]);
        ran.succeeds();
        let rows = ran.out.lines().filter(|row| row.starts_with("tcp "));
        assert_eq!(rows.count(), 2, "{ran:?}");
    }
    serving.end("INT").succeeds();
}

#[test]
fn a_vat_served_over_a_unix_socket_removes_it_when_terminated() {
    let path = socket_path("served");
    let serving = Serving::at(&format!("unix:{}", path.display()));
    run(&["call", &serving.address, QUICK[0], QUICK[1]]).succeeds();
    assert!(path.exists());
    serving.end("TERM").succeeds();
    assert!(!path.exists());
}

#[test]
fn a_vat_served_over_stdio_ends_when_its_peer_leaves() {
    let served = bowline(&["serve", "stdio"]).stdin(Stdio::piped()).stdout(Stdio::piped()).output();
    let ran = Ran::from(served.expect("the program is built"));
    ran.succeeds();
    assert_eq!(ran.out, "");
}

#[test]
fn a_peer_that_breaks_a_rule_over_stdio_is_told_which_and_so_is_whoever_started_it() {
    let mut serving = bowline(&["serve", "stdio"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program is built");
    let mut input = serving.stdin.take().expect("piped");
    input.write_all(&[0xff; 64]).expect("it listens");
    drop(input);
    let output = serving.wait_with_output().expect("it was started");
    let abort = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(abort.contains("segments, over the limit"), "{abort:?}");
    let ran = Ran::from(std::process::Output { stdout: Vec::new(), ..output });
    ran.fails(1, &["peer misbehaved", "segments, over the limit"]);
}

/// The demo, its table read by somebody.
fn demo(arguments: &[&str]) -> Child {
    let mut command = bowline(&["demo"]);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program is built")
}

#[test]
fn a_reader_who_leaves_after_the_first_line_ends_it() {
    let mut demo = demo(&QUICK);
    let mut head = String::new();
    let mut out = BufReader::new(demo.stdout.take().expect("piped"));
    out.read_line(&mut head).expect("text");
    assert!(head.starts_with("transport "), "{head}");
    drop(out);
    let ran = Ran::from(demo.wait_with_output().expect("it was started"));
    // Whoever closed it has read enough, and is told nothing.
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{ran:?}");
}

/// The processes that `parent` started.
#[cfg(target_os = "linux")]
fn children(parent: u32) -> Vec<u32> {
    let status = |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/status")).ok();
    let wanted = format!("PPid:\t{parent}");
    let all = std::fs::read_dir("/proc").expect("there are processes").flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| status(*pid).is_some_and(|text| text.lines().any(|line| line == wanted)))
        .collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_child_that_dies_in_the_middle_of_the_work_is_told_in_one_line() {
    let mut demo = demo(&["--transport", "child", "--seconds", "600"]);
    let child = loop {
        if let Some(child) = children(demo.id()).first() {
            break *child;
        }
        std::thread::yield_now();
    };
    let killed = Command::new("kill").args(["-s", "KILL", &child.to_string()]).status();
    assert!(killed.expect("kill exists").success());
    let mut err = String::new();
    demo.stderr.take().expect("piped").read_to_string(&mut err).expect("text");
    let code = demo.wait().expect("it was started").code();
    Ran { code, out: String::new(), err }.fails(1, &["child process", "disconnected"]);
}

#[test]
fn a_system_out_of_file_descriptors_is_told_in_one_line_and_nothing_hangs() {
    let program = env!("CARGO_BIN_EXE_bowline");
    for most in 8..=16 {
        let limited = format!("ulimit -n {most}; exec \"$0\" demo --transport unix --seconds 0.05");
        let ran = Command::new("sh").args(["-c", &limited, program]).stdin(Stdio::null()).output();
        let ran = Ran::from(ran.expect("there is a shell"));
        match ran.code {
            Some(0) => ran.succeeds(),
            _ => ran.fails(1, &["Too many open files"]),
        }
    }
}
