//! The real runtime: `workerd` from npm, installed once and started on free ports of the loopback interface.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;

/// Where this package's files are.
fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where npm installed it, in the peers' folder (`BOWLINE_PEERS`, else `target/peers`), as is done now if it was not.
/// Tests run at once, and in several processes, so one installs it and the others wait on a file lock.
pub(crate) fn installed() -> PathBuf {
    let peers = std::env::var_os("BOWLINE_PEERS");
    let folder = peers.map_or_else(|| home().join("target/peers"), PathBuf::from).join("npm");
    fs::create_dir_all(&folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let lock = File::create(folder.join(".lock")).expect("the folder was just made");
    lock.lock().expect("a file lock on a local disk");
    if !is_installed(&folder) {
        install(&folder);
    }
    folder
}

fn binary() -> PathBuf {
    let runtimes = installed().join("node_modules/@cloudflare");
    let mut found = fs::read_dir(&runtimes).into_iter().flatten().flatten();
    let found = found.find_map(|entry| {
        let binary = entry.path().join("bin/workerd");
        binary.exists().then_some(binary)
    });
    found.unwrap_or_else(|| panic!("npm has no workerd for this machine: {}", runtimes.display()))
}

const FILES: [&str; 2] = ["package.json", "package-lock.json"];

/// What is wanted is what was installed; the list that npm writes last says that all of it is there.
fn is_installed(folder: &Path) -> bool {
    let same = |name: &&str| {
        let wanted =
            fs::read(home().join("tests/interop").join(name)).expect("it is in the repository");
        fs::read(folder.join(name)).is_ok_and(|installed| installed == wanted)
    };
    FILES.iter().all(same) && folder.join("node_modules/.package-lock.json").exists()
}

fn install(folder: &Path) {
    for name in FILES {
        fs::copy(home().join("tests/interop").join(name), folder.join(name)).expect("a local disk");
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    let status = npm.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).status();
    let installed = matches!(&status, Ok(status) if status.success());
    assert!(installed, "no workerd: {npm:?} ended with {status:?}");
}

/// A process of it that serves one of the configurations beside this file. Dropping ends it.
pub(crate) struct Workerd {
    process: Child,
    /// The port of each socket, by name.
    ports: BTreeMap<String, u16>,
}

impl Workerd {
    /// Serves `config`; `arguments` say what is different this time. Ready when it listens at `sockets`.
    pub(crate) fn serve(config: &str, sockets: &[&str], arguments: &[String]) -> Self {
        let mut command = Command::new(binary());
        command.args(["serve", config, "--control-fd=1"]).args(arguments);
        command.current_dir(home().join("tests/workerd"));
        Self::start(command, sockets)
    }

    /// What `command` starts, which is to tell on its standard output where it listens.
    pub(crate) fn start(mut command: Command, sockets: &[&str]) -> Self {
        // A group, in which what it starts itself is, too.
        command.process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|why| panic!("{command:?}: {why}"));
        let mut out = BufReader::new(process.stdout.take().expect("piped"));
        let mut said = BufReader::new(process.stderr.take().expect("piped"));
        // What it warns of is the business of its objects; what ends it is told below.
        let warnings =
            thread::spawn(move || std::io::read_to_string(&mut said).unwrap_or_default());
        let mut workerd = Self { process, ports: BTreeMap::new() };
        while workerd.ports.len() < sockets.len() {
            let mut line = String::new();
            if out.read_line(&mut line).unwrap_or(0) == 0 {
                let said = warnings.join().unwrap_or_default();
                panic!("workerd ended before it served, {command:?}: {said}");
            }
            workerd.listens(&line);
        }
        assert!(
            sockets.iter().all(|name| workerd.ports.contains_key(*name)),
            "{:?}",
            workerd.ports
        );
        drain(out);
        workerd
    }

    fn listens(&mut self, line: &str) {
        let Ok(event) = serde_json::from_str::<serde_json::Value>(line) else { return };
        if let (Some(socket), Some(port)) = (event["socket"].as_str(), event["port"].as_u64()) {
            self.ports.insert(socket.to_owned(), u16::try_from(port).expect("a port"));
        }
    }

    pub(crate) fn port(&self, socket: &str) -> u16 {
        self.ports[socket]
    }
}

/// What its Workers log is read and forgotten, so that they never wait for a reader.
fn drain(mut out: BufReader<ChildStdout>) {
    thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
}

impl Drop for Workerd {
    fn drop(&mut self) {
        // It may have ended already.
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-s", "KILL", "--", &group]).status();
        let _ = self.process.wait();
    }
}
