//! A failure is one plain line for a person, and an exit code for a program.

use std::fmt;
use std::io::Write;
use std::process::ExitCode;

/// Why the program ends with another code than 0.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was asked for something that cannot be: exit code 2.
    Usage(String),
    /// It could not begin: exit code 2.
    Unable(String),
    /// Something did not work, or a check did not hold: exit code 1.
    Failed(String),
    /// All was said already, or nobody is there to be told: exit code 1.
    Told,
}

impl Failure {
    pub(crate) fn usage(line: impl Into<String>) -> Self {
        Self::Usage(line.into())
    }

    pub(crate) fn failed(line: impl Into<String>) -> Self {
        Self::Failed(line.into())
    }

    /// The standard output could not be written to. Whoever closed it has read enough, as `head` does,
    /// and need not be told.
    pub(crate) fn unprintable(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::Told,
            _ => Self::failed(format!("writing to standard output failed: {error}")),
        }
    }

    /// The same failure, and what was being done, or with whom, if it does not say so itself.
    pub(crate) fn during(self, what: impl fmt::Display) -> Self {
        let what = format!("{what}: ");
        match self {
            Self::Failed(line) if !line.starts_with(&what) => Self::Failed(what + &line),
            other => other,
        }
    }

    /// Says it on standard error, in one line.
    pub(crate) fn tell(&self) {
        if let Self::Usage(line) | Self::Unable(line) | Self::Failed(line) = self {
            // What a peer says may span lines; a failure is one.
            let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
            // And what it says is no command to the terminal.
            let line: String = line.chars().flat_map(harmless).collect();
            // Where standard error is closed there is nobody to be told; the exit code remains.
            let _ = writeln!(std::io::stderr(), "bowline: {line}");
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) | Self::Unable(_) => ExitCode::from(2),
            Self::Failed(_) | Self::Told => ExitCode::from(1),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(line) | Self::Unable(line) | Self::Failed(line) => f.write_str(line),
            Self::Told => f.write_str("what was said before"),
        }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A character as it is printed: one that controls the terminal as `\u{1b}`.
fn harmless(c: char) -> impl Iterator<Item = char> {
    let escaped = c.is_control().then(|| c.escape_unicode());
    let plain = (!c.is_control()).then_some(c);
    escaped.into_iter().flatten().chain(plain)
}

/// Fails with what `wrong` says unless `holds`.
pub(crate) fn ensure(holds: bool, wrong: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::Failed(wrong())) }
}
