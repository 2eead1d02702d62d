//! The demo over every transport, and its two halves in two processes.

use std::process::Stdio;

use crate::support::{Serving, bowline, run, socket_path};

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
    let ran = crate::support::Ran::from(served.expect("the program is built"));
    ran.succeeds();
    assert_eq!(ran.out, "");
}
