//! Node, which has V8's own reader and writer.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A node that answers `node.js`' commands.
pub(crate) struct Node {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Node {
    pub(crate) fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/worker/node.js");
        let mut child = Command::new("node")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|why| {
                panic!("node (20 or later) must be on the PATH to compare with V8: {why}")
            });
        let commands = child.stdin.take().expect("it was asked for");
        let answers = BufReader::new(child.stdout.take().expect("it was asked for"));
        Self { child, commands, answers }
    }

    /// What V8 serializes, and how it describes it.
    pub(crate) fn ask(&mut self, command: &str) -> Result<(Vec<u8>, String), String> {
        writeln!(self.commands, "{command}").expect("node listens");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("node answers in text");
        let (bytes, described) =
            line.trim_end_matches('\n').split_once(' ').expect("an answer has two parts");
        if bytes == "!" {
            Err(described.to_owned())
        } else {
            Ok((from_hex(bytes), described.to_owned()))
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn from_hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "half a byte: {text}");
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
    (0..text.len()).step_by(2).map(byte).collect()
}
