//! What the program says of itself, and of what cannot be asked of it.

use std::net::TcpListener;

use crate::support::{Ran, bowline, run, socket_path};

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let ran = run(&["--help"]);
    ran.succeeds();
    for word in [
        "demo",
        "serve",
        "call",
        "decode",
        "probe",
        "relay",
        "trace",
        "bindings",
        "tcp:HOST:PORT",
        "Exit codes",
    ] {
        assert!(ran.out.contains(word), "no `{word}` in {ran:?}");
    }
    let ran = run(&["demo", "--help"]);
    ran.succeeds();
    for word in ["--transport", "--seconds", "same-thread", "memory", "child", "unix", "tcp"] {
        assert!(ran.out.contains(word), "no `{word}` in {ran:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written_is_a_failure() {
    let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
    let ran = bowline(&["--help"]).stdout(full).output().expect("the program is built");
    Ran::from(ran).fails(1, &["standard output", "No space left"]);
}

#[test]
fn the_version_is_that_of_the_crate() {
    let ran = run(&["--version"]);
    ran.succeeds();
    assert_eq!(ran.out, format!("bowline {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_leaves_with_2() {
    let wrong: [&[&str]; 6] = [
        &["demonstrate"],
        &["demo", "--transport", "pigeon"],
        &["demo", "--seconds", "0"],
        &["serve"],
        &["call", "tcp:localhost:1", "twice", "thrice"],
        &["call", "tcp:localhost:1", "--json"],
    ];
    for arguments in wrong {
        let ran = run(arguments);
        ran.fails(2, &["`--help` says more"]);
        assert!(ran.out.is_empty(), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn a_bad_address_is_told_in_one_line() {
    for command in ["serve", "call"] {
        run(&[command, "localhost:4000"]).fails(2, &["`localhost:4000`", "tcp:host:port"]);
        run(&[command, "tcp:localhost"]).fails(2, &["a port must follow the host"]);
        run(&[command, "tcp:localhost:70000"]).fails(2, &["0 to 65535"]);
        run(&[command, "unix:"]).fails(2, &["a path must follow"]);
    }
    run(&["call", "stdio"]).fails(2, &["not to stdio"]);
    for address in ["http://localhost:1", "debug://localhost:1"] {
        run(&["call", address]).fails(2, &[address, "an expression says what to call"]);
    }
}

#[test]
fn what_cannot_be_listened_on_is_told_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("tcp:{}", taken.local_addr().expect("bound"));
    run(&["serve", &address]).fails(1, &["listening on", &address, "in use"]);

    let path = socket_path("taken");
    let taken = std::os::unix::net::UnixListener::bind(&path).expect("a free path");
    let address = format!("unix:{}", path.display());
    run(&["serve", &address]).fails(1, &["in use", "somebody listens there"]);
    drop(taken);
    for serving in
        [&["serve", &address][..], &["relay", "--listen", &address, "--connect", "stdio"]]
    {
        run(serving).fails(1, &[&address, "in use", "nobody listens; remove it"]);
    }
    std::fs::remove_file(&path).expect("it was made here");
    std::fs::write(&path, "a file").expect("the path is free again");
    run(&["serve", &address]).fails(1, &["in use", "no socket"]);
    std::fs::remove_file(&path).expect("it was made here");

    run(&["serve", "unix:/nowhere/at/all.sock"]).fails(1, &["/nowhere/at/all.sock"]);
    run(&["serve", "stdio"]).fails(1, &["neither a pipe nor a socket"]);
}

#[test]
fn nobody_at_the_address_is_told_in_one_line() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("tcp:{}", listener.local_addr().expect("bound"));
    drop(listener);
    run(&["call", &address]).fails(1, &["connecting to", &address, "refused"]);
    run(&["call", "unix:/nowhere/at/all.sock"]).fails(1, &["connecting to"]);
}
