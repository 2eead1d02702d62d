//! Long life: two sides over TCP and Unix sockets under a mixed load of both faces, with calls given up at any moment,
//! connections cut and made again, and whole vats dropped. Nothing fails that was not made to, memory stays flat, and
//! at the end all tables are empty, and what was made is disposed once.
//!
//! It lasts 10 seconds, or as long as `BOWLINE_LIFE` says; `SEED=7` throws the dice otherwise. An hour:
//! `BOWLINE_LIFE=3600 cargo test --release --all-features --test life -- --nocapture`.
#![cfg(target_os = "linux")]

#[path = "../support/fields.rs"]
mod fields;

mod calls;
mod clerk;
mod dice;
mod guest;
mod hall;
mod ledger;
mod memory;
mod object;
mod stranger;
mod works;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use dice::Dice;
use guest::Guest;
use ledger::Ledger;
use memory::Memory;
use stranger::Stranger;

/// How many vats come to the far side.
const GUESTS: u64 = 6;

fn asked(name: &str, default: u64) -> u64 {
    let asked = std::env::var(name).ok();
    asked.map_or(default, |asked| asked.parse().expect("a number"))
}

/// A folder for sockets, gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("bowline-life-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder of our own");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left of it harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The guests' thread: they come and go until the time is over. Says how memory fared.
fn near_side(ledger: &Arc<Ledger>, places: &hall::Places, seed: u64, lasts: Duration) -> Memory {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("an event queue");
    let (stranger, thread) = Stranger::arrive();
    let mut dice = Dice::new(seed);
    let guests: Vec<_> = (0..GUESTS)
        .map(|number| Guest {
            name: format!("SEED={seed}, guest {number}"),
            ledger: Arc::clone(ledger),
            places: places.clone(),
            stranger: stranger.clone(),
            dice: dice.fork(),
            outlived: Default::default(),
        })
        .collect();
    drop(stranger);
    let begin = Instant::now();
    let mut memory = Memory::default();
    runtime.block_on(async {
        let watch = async {
            while begin.elapsed() < lasts && !ledger.is_over() {
                memory.look();
                tokio::time::sleep(lasts / 400).await;
            }
            ledger.end();
        };
        let lives = futures::future::join_all(guests.into_iter().map(Guest::live));
        futures::join!(watch, lives);
    });
    thread.join().expect("the stranger does not panic");
    memory
}

#[test]
fn a_long_life_of_everything_at_once() {
    let (seed, lasts) = (asked("SEED", 1), Duration::from_secs(asked("BOWLINE_LIFE", 10)));
    let (ledger, folder) = (Arc::new(Ledger::default()), Folder::new());
    let (tell, hear) = std::sync::mpsc::channel();
    let hall = {
        let (ledger, dir) = (Arc::clone(&ledger), folder.0.clone());
        std::thread::spawn(move || hall::run(&ledger, &dir, &tell))
    };
    let places = hear.recv().expect("the far side listens");
    let memory = near_side(&ledger, &places, seed, lasts);
    ledger.leave();
    hall.join().expect("the far side does not panic");
    for (what, count) in ledger.counts() {
        println!(
            "{what:20} {:9} done {:8} given up {:7} cut",
            count.done, count.cancelled, count.cut
        );
    }
    println!("{memory}");
    let failures = ledger.failures();
    assert!(failures.is_empty(), "{failures:#?}");
    let seen = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::SeqCst);
    assert_eq!(seen(&ledger.gone), seen(&ledger.made), "objects disposed, and made");
    assert_eq!(seen(&ledger.running), 0, "calls run in objects that are gone");
    memory.is_flat().expect("memory is flat");
}
