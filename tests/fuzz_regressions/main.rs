//! What fuzzing found, and the seeds it starts from, replayed without a fuzzer.
//!
//! `FUZZ_GROWN=FOLDER` replays what it grew there, too: `fuzz/run` counts with it which lines that reaches.

#[path = "../../fuzz/bodies/again.rs"]
mod again;
#[path = "../../fuzz/bodies/choices.rs"]
mod choices;
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
#[path = "../../fuzz/bodies/messages.rs"]
mod messages;
#[path = "../../fuzz/bodies/pair.rs"]
mod pair;
#[path = "../../fuzz/bodies/payload.rs"]
mod payload;
#[cfg(feature = "worker")]
#[path = "../../fuzz/bodies/session.rs"]
mod session;
#[path = "../../fuzz/bodies/trace.rs"]
mod trace;
#[cfg(feature = "worker")]
#[path = "../../fuzz/bodies/value.rs"]
mod value;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::{Duration, Instant};

/// Inputs are small: whatever takes longer than this does work out of proportion to its bytes.
const PATIENCE: Duration = Duration::from_secs(5);

/// A target: its name, its body, and whether an input is one to start from.
type Target = (&'static str, fn(&[u8]) -> bool);

const TARGETS: &[Target] = &[
    #[cfg(feature = "wrangler")]
    ("config", config::run),
    ("connection", |bytes| connection::run(bytes) > 0),
    #[cfg(feature = "worker")]
    ("dispatch", |bytes| dispatch::run(bytes) > 1),
    #[cfg(feature = "worker")]
    ("expression", expression::run),
    ("frame", |bytes| frame::run(bytes) > 0),
    ("head", head::run),
    ("message", message::run),
    ("pair", |bytes| pair::run(bytes) > 1),
    ("payload", payload::run),
    #[cfg(feature = "worker")]
    ("session", |bytes| session::run(bytes) > 1),
    ("trace", trace::run),
    #[cfg(feature = "worker")]
    ("value", value::run),
];

thread_local! {
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

/// How often this thread panicked, though a vat may have caught it, as it does for its objects.
fn panics() -> u32 {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            before(panic);
        }));
    });
    PANICS.get()
}

/// What a body makes of an input; none, if it panicked or took too long.
fn play(body: fn(&[u8]) -> bool, file: &Path) -> Option<bool> {
    let bytes = fs::read(file).expect("a file that was listed can be read");
    let (begun, before) = (Instant::now(), panics());
    let made = catch_unwind(AssertUnwindSafe(|| body(&bytes))).ok()?;
    (panics() == before && begun.elapsed() < PATIENCE).then_some(made)
}

fn fuzz() -> PathBuf {
    // Of the crate, or of the targets, which have it as a test, too.
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    if manifest.ends_with("fuzz") { manifest.into() } else { manifest.join("fuzz") }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(listed) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> =
        listed.map(|entry| entry.expect("a folder that opens can be listed").path()).collect();
    files.sort();
    files
}

/// A target that replays the body of another finds what that one finds, and nothing else.
#[test]
fn every_target_fuzzes_the_body_of_its_name() {
    let names = |folder: &str| -> BTreeSet<String> {
        let name = |file: PathBuf| file.file_stem().map(|it| it.to_string_lossy().into());
        files(&fuzz().join(folder)).into_iter().filter_map(name).collect()
    };
    let targets = names("fuzz_targets");
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).expect("a manifest");
    for name in &targets {
        let file = format!("fuzz_targets/{name}.rs");
        let text = fs::read_to_string(fuzz().join(&file)).expect("it is listed");
        assert!(text.contains(&format!("\n#[path = \"../bodies/{name}.rs\"]\n")), "{file}");
        assert!(manifest.contains(&format!("path = \"{file}\"")), "{file} is not in the manifest");
    }
    assert_eq!(names("corpus"), targets, "what each target starts from");
    assert!(names("regressions").is_subset(&targets));
    if cfg!(feature = "wrangler") {
        let replayed: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(replayed, targets);
    }
}

#[test]
fn what_to_start_from_leads_somewhere() {
    for (name, body) in TARGETS {
        let files = files(&fuzz().join("corpus").join(name));
        assert!(!files.is_empty(), "{name} has nothing to start from");
        let dull: Vec<_> = files.iter().filter(|file| play(*body, file) != Some(true)).collect();
        assert!(dull.is_empty(), "nothing comes of, or a panic: {dull:#?}");
    }
}

#[test]
fn what_broke_something_does_not_break_it_again() {
    let grown = std::env::var_os("FUZZ_GROWN").map(PathBuf::from);
    let folders = || grown.clone().into_iter().chain([fuzz().join("regressions")]);
    let mut played = 0;
    for (name, body) in TARGETS {
        let files: Vec<_> = folders().flat_map(|folder| files(&folder.join(name))).collect();
        played += files.len();
        let unhappy: Vec<_> = files.iter().filter(|file| play(*body, file).is_none()).collect();
        assert!(unhappy.is_empty(), "panics, or takes more than {PATIENCE:?}: {unhappy:#?}");
    }
    assert!(played > 0, "there were some");
}

#[test]
fn what_broke_a_frame_does_not_break_a_connection() {
    for file in files(&fuzz().join("regressions/frame")) {
        let taken = play(|bytes| connection::run(bytes) < usize::MAX, &file);
        assert_eq!(taken, Some(true), "{}", file.display());
    }
}
