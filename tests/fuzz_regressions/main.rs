//! What fuzzing found, and the seeds it starts from, replayed without a fuzzer.

#[cfg(feature = "wrangler")]
#[path = "../../fuzz/bodies/config.rs"]
mod config;
#[path = "../../fuzz/bodies/connection.rs"]
mod connection;
#[cfg(feature = "worker")]
#[path = "../../fuzz/bodies/dispatch.rs"]
mod dispatch;
#[cfg(feature = "worker")]
#[path = "../../fuzz/bodies/expression.rs"]
mod expression;
#[path = "../../fuzz/bodies/frame.rs"]
mod frame;
#[path = "../../fuzz/bodies/head.rs"]
mod head;
#[path = "../../fuzz/bodies/message.rs"]
mod message;
#[path = "../../fuzz/bodies/pair.rs"]
mod pair;
#[path = "../../fuzz/bodies/payload.rs"]
mod payload;
#[cfg(feature = "worker")]
#[path = "../../fuzz/bodies/session.rs"]
mod session;
#[cfg(feature = "worker")]
#[path = "../../fuzz/bodies/value.rs"]
mod value;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

/// Inputs are small: whatever takes longer than this does work out of proportion to its bytes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs a body over every file of a folder of `fuzz/`; gives the names of the files it is unhappy with.
fn replay(folder: &str, body: impl Fn(&[u8]) -> bool) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|why| panic!("{}: {why}", folder.display()))
        .map(|entry| entry.expect("a folder that opens can be listed").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no input", folder.display());
    let unhappy = files.iter().filter(|file| {
        let bytes = fs::read(file).expect("a file that was listed can be read");
        let begun = Instant::now();
        let happy = catch_unwind(AssertUnwindSafe(|| body(&bytes))).unwrap_or(false);
        !happy || begun.elapsed() > PATIENCE
    });
    unhappy.map(|file| file.display().to_string()).collect()
}

/// A target that replays the body of another finds what that one finds, and nothing else.
#[test]
fn every_target_fuzzes_the_body_of_its_name() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let names = |folder: &str| -> BTreeSet<String> {
        let files = fs::read_dir(fuzz.join(folder)).expect("a folder of fuzz/");
        let name =
            |file: fs::DirEntry| file.path().file_stem().map(|it| it.to_string_lossy().into());
        files.filter_map(|file| name(file.expect("it is listed"))).collect()
    };
    let targets = names("fuzz_targets");
    for name in &targets {
        let file = format!("fuzz_targets/{name}.rs");
        let text = fs::read_to_string(fuzz.join(&file)).expect("it is listed");
        assert!(text.contains(&format!("\n#[path = \"../bodies/{name}.rs\"]\n")), "{file}");
        let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).expect("a manifest");
        assert!(manifest.contains(&format!("path = \"{file}\"")), "{file} is not in the manifest");
    }
    assert_eq!(names("corpus"), targets, "what each target starts from");
    assert!(names("regressions").is_subset(&targets));
}

#[test]
fn frames_that_broke_something_do_not_break_it_again() {
    let unhappy = replay("regressions/frame", |bytes| {
        frame::run(bytes);
        true
    });
    assert!(unhappy.is_empty(), "panics, or takes more than {PATIENCE:?}: {unhappy:#?}");
}

#[test]
fn frames_to_start_from_are_read() {
    let unhappy = replay("corpus/frame", |bytes| frame::run(bytes) > 0);
    assert!(unhappy.is_empty(), "no message is read from: {unhappy:#?}");
}

#[test]
fn what_broke_a_frame_does_not_break_a_connection() {
    let unhappy = replay("regressions/frame", |bytes| {
        connection::run(bytes);
        true
    });
    assert!(unhappy.is_empty(), "panics, or takes more than {PATIENCE:?}: {unhappy:#?}");
}

#[test]
fn traffic_to_start_from_is_taken() {
    let unhappy = replay("corpus/connection", |bytes| connection::run(bytes) > 0);
    assert!(unhappy.is_empty(), "no message is taken from: {unhappy:#?}");
}

#[cfg(feature = "worker")]
#[test]
fn bytes_that_broke_a_value_do_not_break_it_again() {
    let unhappy = replay("regressions/value", |bytes| {
        value::run(bytes);
        true
    });
    assert!(unhappy.is_empty(), "panics, or takes more than {PATIENCE:?}: {unhappy:#?}");
}

#[cfg(feature = "worker")]
#[test]
fn values_to_start_from_are_read() {
    let unhappy = replay("corpus/value", value::run);
    assert!(unhappy.is_empty(), "no value is read from: {unhappy:#?}");
}

#[cfg(feature = "worker")]
#[test]
fn expressions_to_start_from_are_read() {
    let unhappy = replay("corpus/expression", expression::run);
    assert!(unhappy.is_empty(), "neither an expression nor a value: {unhappy:#?}");
}

#[test]
fn heads_to_start_from_are_read() {
    let unhappy = replay("corpus/head", head::run);
    assert!(unhappy.is_empty(), "no head is read from: {unhappy:#?}");
}

#[cfg(feature = "wrangler")]
#[test]
fn configs_to_start_from_are_read() {
    let unhappy = replay("corpus/config", config::run);
    assert!(unhappy.is_empty(), "neither a config nor an address: {unhappy:#?}");
}

#[cfg(feature = "worker")]
#[test]
fn sessions_to_start_from_get_results() {
    let unhappy = replay("corpus/session", |bytes| session::run(bytes) > 1);
    assert!(unhappy.is_empty(), "no call returns in: {unhappy:#?}");
}

#[test]
fn messages_to_start_from_are_messages() {
    let unhappy = replay("corpus/message", message::run);
    assert!(unhappy.is_empty(), "no message is read from: {unhappy:#?}");
}

#[test]
fn payloads_to_start_from_lead_to_capabilities() {
    let unhappy = replay("corpus/payload", payload::run);
    assert!(unhappy.is_empty(), "no capability is found in: {unhappy:#?}");
}

#[test]
fn pairs_to_start_from_hear_each_other() {
    let unhappy = replay("corpus/pair", |bytes| pair::run(bytes) > 1);
    assert!(unhappy.is_empty(), "nobody hears anything in: {unhappy:#?}");
}

#[cfg(feature = "worker")]
#[test]
fn calls_to_start_from_get_results() {
    let unhappy = replay("corpus/dispatch", |bytes| dispatch::run(bytes) > 1);
    assert!(unhappy.is_empty(), "no call returns in: {unhappy:#?}");
}
