//! `bowline decode`: a recorded stream, message by message.

use std::fs::File;
use std::io::{BufWriter, Read, Write};

use bowline::wire::{Deframer, Limits, Message, OutlineLimits};

use crate::failure::Failure;
use crate::http;

/// How much of each message is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// One line.
    Brief,
    /// So much of its content that it is still read with pleasure.
    Usual,
    /// All of it.
    Whole,
}

/// Prints the stream recorded in `file`; `-` is the standard input.
pub(crate) fn run(file: &str, detail: Detail) -> Result<(), Failure> {
    let input: Box<dyn Read> = match file {
        "-" => Box::new(std::io::stdin().lock()),
        path => Box::new(File::open(path).map_err(|why| Failure::from(why).during(path))?),
    };
    let name = if file == "-" { "standard input" } else { file };
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut recording = Recording { input, ahead: Vec::new(), at: 0, messages: 0 };
    let outcome = recording.print(&mut out, detail);
    let flushed = out.flush().map_err(unprintable);
    outcome.map_err(|failure| failure.during(name)).and(flushed)
}

fn unprintable(error: std::io::Error) -> Failure {
    Failure::unprintable(&error)
}

/// A stream of bytes, and how far it was understood.
struct Recording {
    input: Box<dyn Read>,
    /// Read, and not yet understood.
    ahead: Vec<u8>,
    /// How many bytes were understood.
    at: usize,
    messages: usize,
}

/// Where the messages stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// At the end of the stream.
    End,
    /// At the head of another connection.
    Head,
}

impl Recording {
    fn print(&mut self, out: &mut impl Write, detail: Detail) -> Result<(), Failure> {
        loop {
            self.print_heads(out)?;
            if self.print_messages(out, detail)? == Stop::End {
                break;
            }
        }
        let Self { messages, at, .. } = self;
        writeln!(out, "{at:>8}  the end of {messages} messages").map_err(unprintable)
    }

    fn broken(&self, why: impl std::fmt::Display) -> Failure {
        Failure::failed(format!("at byte {}: {why}", self.at))
    }

    /// Reads more into `ahead`; how much it was.
    fn read_on(&mut self) -> Result<usize, Failure> {
        let from = self.ahead.len();
        self.ahead.resize(from + (16 << 10), 0);
        let outcome = self.input.read(&mut self.ahead[from..]);
        let count = *outcome.as_ref().unwrap_or(&0);
        self.ahead.truncate(from + count);
        outcome.map_err(|error| self.broken(format!("reading failed: {error}")))
    }

    /// The HTTP heads some transports begin with.
    fn print_heads(&mut self, out: &mut impl Write) -> Result<(), Failure> {
        loop {
            let end = match http::head(&self.ahead) {
                http::Head::None => return Ok(()),
                http::Head::Ends(end) => end,
                http::Head::TooLong if http::names_http(&self.ahead) => {
                    return Err(self.broken("the HTTP head does not end"));
                }
                http::Head::TooLong => return Err(self.broken(http::TEXT)),
                http::Head::GoesOn if self.read_on()? > 0 => continue,
                http::Head::GoesOn if self.ahead.len() < http::TELLING => return Ok(()),
                http::Head::GoesOn if !http::names_http(&self.ahead) => {
                    return Err(self.broken(http::TEXT));
                }
                http::Head::GoesOn => {
                    return Err(self.broken("the stream ends within an HTTP head"));
                }
            };
            let head = String::from_utf8_lossy(&self.ahead[..end]).into_owned();
            let mut lines = head.lines().filter(|line| !line.is_empty());
            let first = lines.next().unwrap_or_default();
            writeln!(out, "{:>8}  {}", self.at, first.escape_debug()).map_err(unprintable)?;
            for line in lines {
                writeln!(out, "{:>8}    {}", "", line.escape_debug()).map_err(unprintable)?;
            }
            self.at += end;
            self.ahead.drain(..end);
            http::may_be_followed(&head).map_err(|why| self.broken(why))?;
        }
    }

    /// The messages up to the end, or up to another head: recorders put one connection behind the other.
    fn print_messages(&mut self, out: &mut impl Write, detail: Detail) -> Result<Stop, Failure> {
        let limits = Limits::default();
        let mut deframer = Deframer::new(limits);
        let mut fed = 0;
        loop {
            loop {
                let frame = match deframer.next_frame() {
                    Ok(Some(frame)) => frame,
                    Ok(None) => break,
                    Err(_) if http::head(&self.ahead) != http::Head::None => return Ok(Stop::Head),
                    Err(why) => return Err(self.broken(why)),
                };
                let bytes = frame.bytes();
                let message = Message::decode(frame, &limits).map_err(|why| self.broken(why))?;
                self.print_message(out, &message, detail).map_err(unprintable)?;
                self.messages += 1;
                self.at += bytes;
                self.ahead.drain(..bytes);
                fed -= bytes;
            }
            // Where somebody watches a stream that is still written, they see what there is.
            out.flush().map_err(unprintable)?;
            if fed == self.ahead.len() && self.read_on()? == 0 {
                let cut =
                    format!("the stream ends within a message, {fed} bytes of which are there");
                return deframer.finish().map(|()| Stop::End).map_err(|_| self.broken(cut));
            }
            let space = deframer.space();
            let more = self.ahead.get(fed..).unwrap_or_default();
            let count = space.len().min(more.len());
            space[..count].copy_from_slice(&more[..count]);
            deframer.advance(count);
            fed += count;
        }
    }

    fn print_message(
        &self,
        out: &mut impl Write,
        message: &Message,
        detail: Detail,
    ) -> std::io::Result<()> {
        let limits = match detail {
            // Content may be made to unfold without end.
            Detail::Whole => OutlineLimits {
                lines_max: 1 << 20,
                values_max: 1 << 26,
                ..OutlineLimits::default()
            },
            _ => OutlineLimits::default(),
        };
        let text = message.describe(limits).to_string();
        let shown = if detail == Detail::Brief { 1 } else { usize::MAX };
        for (number, line) in text.lines().take(shown).enumerate() {
            match number {
                0 => writeln!(out, "{:>8}  {line}", self.at)?,
                _ => writeln!(out, "{:>8}  {line}", "")?,
            }
        }
        Ok(())
    }
}
