//! `bowline bindings`: what the configs of Workers bind, and whether it is there.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bowline::transport::{Address, Socket};
use bowline::worker::config::{
    AddressBook, Destination, Directory, ServiceAddress, ServiceBinding, WorkerConfig,
};
use tokio::time::timeout;

use crate::failure::Failure;
use crate::table::say;

/// How long an address may take to answer.
const ANSWERING: Duration = Duration::from_secs(2);

/// A config and the file it was read from.
struct Read<'a> {
    file: &'a Path,
    config: WorkerConfig,
}

/// Prints the bindings of all configs. Fails if one leads nowhere.
pub(crate) async fn run(
    files: &[PathBuf],
    environment: Option<&str>,
    addresses: &[String],
) -> Result<(), Failure> {
    let mut book = AddressBook::new();
    for entry in addresses {
        book = book.with_entry(entry).map_err(|why| Failure::usage(why.to_string()))?;
    }
    let mut configs = Vec::new();
    for file in files {
        let config = WorkerConfig::read(file, environment)
            .map_err(|why| Failure::Unable(why.to_string()))?;
        config.warnings().iter().for_each(|line| aside(line));
        configs.push(Read { file, config });
    }
    let directory = directory(book, &configs)?;
    let (mut look, mut all) = (Look { directory: &directory, answered: HashMap::new() }, true);
    for config in &configs {
        all &= print(config, &mut look).await?;
    }
    if all { Ok(()) } else { Err(Failure::Told) }
}

fn directory(book: AddressBook, configs: &[Read<'_>]) -> Result<Directory, Failure> {
    let mut directory = Directory::new(book);
    for Read { file, config } in configs {
        let Some(name) = config.name() else { continue };
        directory
            .add(name, config.entrypoints(file))
            .map_err(|why| Failure::Unable(format!("{}: {why}", file.display())))?;
    }
    Ok(directory)
}

/// Prints the bindings of one config, and tells whether all are connected.
async fn print(read: &Read<'_>, look: &mut Look<'_>) -> Result<bool, Failure> {
    let (file, services) = (read.file.display(), read.config.services());
    let name = read.config.name().unwrap_or("a worker without a name");
    if services.is_empty() {
        say(&format!("{name} ({file}) has no service bindings"))?;
        return Ok(true);
    }
    say(&format!("{name} ({file}) has access to the following bindings:\n- Services:"))?;
    let longest = |text: fn(&ServiceBinding) -> usize| services.iter().map(text).max().unwrap_or(0);
    let names = longest(|service| service.binding.chars().count()) + 1;
    let targets = longest(|service| service.target().chars().count());
    let mut all = true;
    for service in services {
        let why = look.at(service).await.err();
        let status = if why.is_none() { "connected" } else { "not connected" };
        let (name, target) = (format!("{}:", service.binding), service.target());
        say(&format!("  - {name:<names$} {target:<targets$} [{status}]"))?;
        if let Some(why) = why {
            aside(&format!("{file}: {why}"));
            all = false;
        }
    }
    Ok(all)
}

fn aside(line: &str) {
    // Where standard error is closed there is nobody to be told.
    let _ = writeln!(std::io::stderr(), "bowline: {line}");
}

/// Looks where bindings lead.
struct Look<'a> {
    directory: &'a Directory,
    /// What came of each address that was tried.
    answered: HashMap<Address, Result<(), String>>,
}

impl Look<'_> {
    /// Whether somebody is there, or one line that says why not.
    async fn at(&mut self, service: &ServiceBinding) -> Result<(), String> {
        match self.directory.resolve(service) {
            Ok(Destination::Here { .. }) => Ok(()),
            Ok(Destination::There(address)) => {
                let answers = self.answers(address).await;
                answers.map_err(|why| format!("binding \"{}\": {why}", service.binding))
            }
            Err(why) => Err(why.to_string()),
        }
    }

    async fn answers(&mut self, at: &ServiceAddress) -> Result<(), String> {
        let address = at.address();
        if let Some(known) = self.answered.get(address) {
            return known.clone();
        }
        let answers = match timeout(ANSWERING, Socket::connect(address)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(why)) => Err(why.to_string()),
            Err(_) => Err(format!("nobody at {at} answered within {} s", ANSWERING.as_secs())),
        };
        self.answered.insert(address.clone(), answers.clone());
        answers
    }
}
