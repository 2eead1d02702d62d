//! The example does what its README says: the runtime is started by `npm start`, and told only other ports.

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

use bowline::transport::{Address, Listener};

use crate::peer::{Workerd, installed};

#[expect(dead_code, reason = "it has a main of its own")]
#[path = "../../examples/workerd/main.rs"]
mod program;

const README: &str = include_str!("../../examples/workerd/README.md");

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/workerd"))
}

/// A copy of the folder in which `npm ci` was run: what it would install is what was installed for the tests.
fn after_npm_ci() -> std::path::PathBuf {
    let copy = std::env::temp_dir().join(format!("bowline-workerd-{}", std::process::id()));
    fs::create_dir_all(&copy).expect("a temporary folder");
    for file in fs::read_dir(folder()).expect("it is in the repository").flatten() {
        if file.file_type().is_ok_and(|kind| kind.is_file()) {
            fs::copy(file.path(), copy.join(file.file_name())).expect("a local disk");
        }
    }
    let modules = copy.join("node_modules");
    std::os::unix::fs::symlink(installed().join("node_modules"), &modules)
        .expect("it was not there");
    copy
}

#[test]
fn the_example_installs_what_the_tests_run() {
    let lock = |path: &str| {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
        let lock: serde_json::Value =
            serde_json::from_str(&text.expect("it is in the repository")).expect("JSON");
        let mut packages = lock["packages"].clone();
        packages[""]["name"].take();
        packages
    };
    let (ours, theirs) =
        (lock("tests/interop/package-lock.json"), lock("examples/workerd/package-lock.json"));
    assert_eq!(ours, theirs);
}

#[test]
fn rust_and_a_worker_call_each_other_as_the_readme_of_the_example_says() {
    assert!(
        README.contains("npm start ")
            && README.contains("cargo run --example workerd --features http\n")
    );
    let copy = after_npm_ci();
    let told = Rc::new(RefCell::new(Vec::new()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("an event queue").block_on(async {
        let any: Address = "tcp:127.0.0.1:0".parse().expect("an address");
        let port = Listener::bind(&any).await.expect("a free port");
        let at = port.address().to_string();
        let at = at.strip_prefix("tcp:").expect("it was TCP");
        let mut npm = Command::new("npm");
        npm.args(["start", "--", "--control-fd=1", "--socket-addr=js=127.0.0.1:0"]);
        npm.arg(format!("--external-addr=rust={at}")).current_dir(&copy);
        let workerd = Workerd::start(npm, &["js"]);
        let js = format!("http://127.0.0.1:{}", workerd.port("js")).parse().expect("an address");
        let saying = Rc::clone(&told);
        program::run(js, port, move |line| saying.borrow_mut().push(line)).await.expect("it works");
    });
    fs::remove_dir_all(&copy).expect("it was made above");
    let told = told.take().join("\n");
    assert!(README.contains(&format!("```text\n{told}\n```")), "{told}");
}
