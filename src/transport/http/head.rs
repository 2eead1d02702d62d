//! The head reader takes bytes until the empty line that ends a head, within limits, and does no I/O.

use std::time::Duration;

use super::error::HeadError;

/// How much of a head is read before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadLimits {
    /// Bytes, its line ends included. A peer that sends a head without end would have us keep it
    /// all. Default: 16 KiB, what HTTP servers usually take.
    pub bytes_max: usize,
    /// Lines, the first one included. A head of empty headers costs whoever reads it more than whoever
    /// sends it. Default: 128.
    pub lines_max: usize,
    /// How long it may take to come; kept by [`dial`](super::dial) and [`admit`](super::admit), which have a
    /// clock. A peer that sends a byte a minute would occupy a connection for ever. Default: 10 s.
    pub patience: Duration,
    /// How long a connection may stay with no request on it; kept where requests are served. Clients come back within
    /// seconds, and each that does not costs a file descriptor. Default: 60 s.
    pub idle_max: Duration,
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self {
            bytes_max: 16 << 10,
            lines_max: 128,
            patience: Duration::from_secs(10),
            idle_max: Duration::from_secs(60),
        }
    }
}

/// Takes in the bytes of a stream that begins with an HTTP/1 head, in any pieces.
///
/// A byte that can stand in no head is refused when it comes, not at the end: whoever sends
/// something else altogether learns of it at once.
#[derive(Clone, Debug)]
pub struct HeadReader {
    limits: HeadLimits,
    /// What has come: the head, and what came behind it.
    bytes: Vec<u8>,
    /// How far it was looked at.
    seen: usize,
    lines: usize,
    /// Where the line that is being read begins.
    line: usize,
    refused: Option<HeadError>,
}

impl HeadReader {
    /// A reader at the start of a stream.
    #[must_use]
    pub const fn new(limits: HeadLimits) -> Self {
        Self { limits, bytes: Vec::new(), seen: 0, lines: 0, line: 0, refused: None }
    }

    /// Takes in more of the stream. How long the head is, once it has come whole; what else
    /// is in `bytes` stands behind it.
    ///
    /// # Errors
    ///
    /// It broke a limit, or contains what no head may. Every later call says so again.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Option<usize>, HeadError> {
        if let Some(error) = self.refused {
            return Err(error);
        }
        self.bytes.extend_from_slice(bytes);
        let outcome = self.look();
        self.refused = outcome.err();
        outcome
    }

    /// Goes on looking for the end of the head.
    fn look(&mut self) -> Result<Option<usize>, HeadError> {
        while let Some(byte) = self.bytes.get(self.seen).copied() {
            if self.seen >= self.limits.bytes_max {
                return Err(HeadError::TooLong { limit: self.limits.bytes_max });
            }
            let after_return =
                self.seen > self.line && self.bytes.get(self.seen - 1) == Some(&b'\r');
            match byte {
                b'\n' if after_return => {
                    let is_empty = self.seen - self.line == 1;
                    self.end_line()?;
                    if is_empty {
                        return Ok(Some(self.line));
                    }
                    continue;
                }
                b'\n' => return Err(HeadError::BareLineFeed),
                _ if after_return => return Err(HeadError::BareCarriageReturn),
                b'\t' | b'\r' => {}
                0..=31 | 127 => return Err(HeadError::ControlByte(byte)),
                _ => {}
            }
            self.seen += 1;
        }
        Ok(None)
    }

    fn end_line(&mut self) -> Result<(), HeadError> {
        if self.lines == self.limits.lines_max {
            return Err(HeadError::TooManyLines { limit: self.limits.lines_max });
        }
        self.lines += 1;
        self.seen += 1;
        self.line = self.seen;
        Ok(())
    }

    /// The first line of what has come, without its end.
    #[must_use]
    pub fn first_line(&self) -> &[u8] {
        self.bytes.split(|byte| *byte == b'\r').next().unwrap_or_default()
    }

    /// All that has come.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
