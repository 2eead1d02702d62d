//! Running the program, and what it leaves: an exit code and two texts.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn bowline(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bowline"));
    command.args(arguments);
    command
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Ran {
    Ran::from(bowline(arguments).stdin(Stdio::null()).output().expect("the program is built"))
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Ran {
    /// It failed with `code` and said so in one line, in which all of `words` stand.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.err.starts_with("bowline: ") && self.err.lines().count() == 1, "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "no `{word}` in {self:?}");
        }
    }

    #[track_caller]
    pub(crate) fn succeeds(&self) {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{self:?}");
    }
}

/// The program while it serves. Dropping kills it.
pub(crate) struct Serving {
    process: Child,
    _out: BufReader<ChildStdout>,
    err: BufReader<ChildStderr>,
    pub(crate) address: String,
}

impl Serving {
    pub(crate) fn at(address: &str) -> Self {
        Self::with(&["serve", address])
    }

    /// With these arguments.
    pub(crate) fn with(arguments: &[&str]) -> Self {
        let (mut serving, line) = Self::start(arguments);
        line.strip_prefix("serving ").expect("it says where").clone_into(&mut serving.address);
        serving
    }

    /// A relay on a free port.
    pub(crate) fn relaying_to(connect: &str) -> Self {
        let arguments = ["relay", "--listen", "tcp:127.0.0.1:0", "--connect", connect];
        Self::relaying(&arguments, connect)
    }

    /// A relay on a free port, behind HTTP on one side or both.
    pub(crate) fn relaying_http(listen: &str, connect: &str) -> Self {
        let arguments =
            ["relay", "--listen", listen, "--connect", connect, "--connect-host", "vat.test"];
        Self::relaying(&arguments, connect)
    }

    /// A trace on a free port.
    pub(crate) fn tracing(connect: &str, more: &[&str]) -> Self {
        let arguments = ["trace", "--listen", "tcp:127.0.0.1:0", "--connect", connect];
        let (mut serving, line) = Self::start(&[&arguments, more].concat());
        let told = line.strip_prefix("tracing ").and_then(|told| told.split_once(" to "));
        told.expect("it says where, and to whom").0.clone_into(&mut serving.address);
        serving
    }

    fn relaying(arguments: &[&str], connect: &str) -> Self {
        let (mut serving, line) = Self::start(arguments);
        let told = line.strip_prefix("relaying ").and_then(|told| told.split_once(" to "));
        let (address, to) = told.expect("it says where, and to whom");
        assert_eq!(to, connect);
        address.clone_into(&mut serving.address);
        serving
    }

    fn start(arguments: &[&str]) -> (Self, String) {
        let mut process = bowline(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program is built");
        let mut out = BufReader::new(process.stdout.take().expect("piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("text");
        let err = BufReader::new(process.stderr.take().expect("piped"));
        (Self { process, _out: out, err, address: String::new() }, line.trim().to_owned())
    }

    /// What it says on standard error until a line with `word` in it.
    pub(crate) fn says(&mut self, word: &str) -> String {
        let mut line = String::new();
        while self.err.read_line(&mut line).expect("text") > 0 {
            if line.contains(word) {
                return line;
            }
            line.clear();
        }
        panic!("it ended without a word of `{word}`");
    }

    /// The port of a TCP address.
    pub(crate) fn port(&self) -> u16 {
        self.address.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    /// Sends it the signal `name`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().expect("kill exists");
        assert!(sent.success());
    }

    /// Sends it the signal `name`, and waits for its end.
    pub(crate) fn end(self, name: &str) -> Ran {
        self.signal(name);
        self.ended()
    }

    /// Waits for its end, which comes by itself.
    pub(crate) fn ended(mut self) -> Ran {
        let status = self.process.wait().expect("it was started");
        let mut err = String::new();
        self.err.read_to_string(&mut err).expect("text");
        Ran { code: status.code(), out: String::new(), err }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already, as it was told to.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A path for a socket, of this test alone.
pub(crate) fn socket_path(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("bowline-cli-{name}-{}.sock", std::process::id()))
}
