//! `bowline trace` makes one page of a session: who said what, and what that did to the tables of both sides.

mod live;
mod log;
mod names;
mod page;
mod raw;

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use bowline::trace::{TapeReader, is_tape};
use bowline::transport::Address;

use crate::args::Traced;
use crate::failure::Failure;
use crate::{place, table};
use log::{Log, Logs};

/// Makes the page that is asked for.
pub(crate) async fn run(wishes: &Traced) -> Result<(), Failure> {
    let Traced { listen, connect, output, save, last, .. } = wishes;
    let mut logs = Logs::new(*last);
    let (Some(listen), Some(connect)) = (listen, connect) else {
        read_files(wishes, &mut logs)?;
        return table::say(&write(logs, create(output)?, output)?);
    };
    let (listen, connect) = (address(listen)?, address(connect)?);
    // Tried now, and not when all that was waited for would be lost.
    let page = create(output)?;
    live::run(&listen, &connect, save.as_deref(), &mut logs).await?;
    let told = write(logs, page, output)?;
    let ours = ![&listen, &connect].contains(&&Address::Stdio);
    if ours { table::say(&told) } else { table::say_aside(&told) }
}

/// An address; bytes pass as they are, so that HTTP is nothing special.
fn address(text: &str) -> Result<Address, Failure> {
    match text.strip_prefix("http://") {
        Some(port) => place::address(&format!("tcp:{}", port.trim_end_matches('/'))),
        None => place::address(text),
    }
}

fn read_files(wishes: &Traced, logs: &mut Logs) -> Result<(), Failure> {
    let mut plain = Vec::new();
    for path in &wishes.files {
        let named = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|why| Failure::from(why).during(&named))?;
        if is_tape(&bytes) {
            read_tape(bytes.as_slice(), &named, logs)?;
        } else {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            plain.push((name.unwrap_or(named), bytes));
        }
    }
    if plain.len() > 2 {
        let why =
            "one or two recordings of a direction each can be shown: from the left, from the right";
        return Err(Failure::usage(why));
    }
    raw::read(&plain, logs);
    Ok(())
}

fn read_tape(input: impl Read, named: &str, logs: &mut Logs) -> Result<(), Failure> {
    let broken = |why: std::io::Error| Failure::from(why).during(named);
    let mut tape = TapeReader::new(BufReader::new(input)).map_err(broken)?;
    logs.next_file();
    while let Some(piece) = tape.read().map_err(broken)? {
        logs.add(piece);
    }
    Ok(())
}

fn create(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|why| Failure::from(why).during(path.display()))
}

/// Writes the page; what is in it, in a line.
fn write(logs: Logs, page: File, output: &Path) -> Result<String, Failure> {
    let logs = logs.finish();
    let written = |why: std::io::Error| Failure::from(why).during(output.display());
    let mut page = BufWriter::new(page);
    page::write(&logs, &mut page).and_then(|()| page.flush()).map_err(written)?;
    let count =
        |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let messages = logs.iter().map(Log::messages).sum();
    let (messages, sessions) = (count(messages, "message"), count(logs.len(), "session"));
    Ok(format!("{}: {messages} of {sessions}", output.display()))
}
