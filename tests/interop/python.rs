//! The C++ peer: a Python with the pinned `pycapnp`, and processes of it.

use std::io::Error;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

/// For installing, and for one whole list of scenarios.
const TIMEOUT: Duration = Duration::from_secs(240);

/// Where this package's files are.
fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn peers() -> PathBuf {
    std::env::var_os("BOWLINE_PEERS").map_or_else(|| home().join("target/peers"), PathBuf::from)
}

/// The Python of the peers' folder (`BOWLINE_PEERS`, else `target/peers`), made if it is not there.
/// Tests run at once, so one makes it and the others wait on a file lock.
pub(crate) async fn interpreter() -> PathBuf {
    let folder = peers();
    let python = folder.join("bin/python3");
    std::fs::create_dir_all(&folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let lock = std::fs::File::create(folder.join(".lock")).expect("the folder was just made");
    lock.lock().expect("a file lock on a local disk");
    let mut probe = Command::new(&python);
    probe.args(["-c", "import capnp"]).stderr(Stdio::null());
    if !matches!(run(&mut probe).await, Ok(status) if status.success()) {
        install(&folder, &python).await;
    }
    python
}

async fn install(folder: &Path, python: &Path) {
    let wanted = home().join("tests/interop/requirements.txt");
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(folder);
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(wanted);
    for command in [&mut venv, &mut pip] {
        match run(command).await {
            Ok(status) if status.success() => {}
            failed => panic!("no C++ peer: {:?} ended with {failed:?}", command.as_std()),
        }
    }
}

async fn run(command: &mut Command) -> Result<ExitStatus, Error> {
    let mut child = command.kill_on_drop(true).stdin(Stdio::null()).spawn()?;
    tokio::time::timeout(TIMEOUT, child.wait()).await?
}

fn script(python: &Path, name: &str) -> Command {
    let mut command = Command::new(python);
    command.arg(home().join("tests/interop").join(name)).kill_on_drop(true);
    command
}

/// A C++ peer that listens; it ends when this is dropped, its stdin closing.
pub(crate) struct Listening {
    pub(crate) port: u16,
    _process: Child,
    _stdin: ChildStdin,
}

/// Starts a C++ peer that serves the interop schema.
pub(crate) async fn serve() -> Listening {
    serve_with("peer.py", &["serve"]).await
}

/// Starts a C++ peer of another script.
pub(crate) async fn serve_with(name: &str, args: &[&str]) -> Listening {
    let python = interpreter().await;
    let mut command = script(&python, name);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().expect("the peers' python was just tried");
    let stdin = process.stdin.take().expect("stdin is piped");
    let mut lines = BufReader::new(process.stdout.take().expect("stdout is piped")).lines();
    let line = tokio::time::timeout(TIMEOUT, lines.next_line()).await;
    let line = line.ok().and_then(Result::ok).flatten().unwrap_or_default();
    let port = line.strip_prefix("listening ").and_then(|port| port.parse().ok());
    let port = port.unwrap_or_else(|| panic!("the C++ peer did not listen, it said {line:?}"));
    Listening { port, _process: process, _stdin: stdin }
}

/// Has a C++ peer call a server on `port`, and gives back what it printed: `ok NAME` or
/// `fail NAME why` for each scenario.
pub(crate) async fn call(port: u16) -> String {
    call_with("peer.py", &["call", "--connect", &port.to_string()]).await
}

/// Runs a C++ peer of another script to its end, and gives back what it printed.
pub(crate) async fn call_with(name: &str, args: &[&str]) -> String {
    let python = interpreter().await;
    let mut command = script(&python, name);
    command.args(args).stdin(Stdio::null());
    let output = tokio::time::timeout(TIMEOUT, command.output()).await;
    let output = output.expect("the C++ peer hung").expect("the peers' python was just tried");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the C++ peer failed ({}):\n{told}{why}", output.status);
    told
}
