//! `bowline` shows the engine at work, and is of use to those who run others: it serves a vat and calls
//! it over every transport, puts itself between two programs, shows what
//! they say, and tries how a server takes what a peer should not say.
#![forbid(unsafe_code)]

mod args;
mod bindings;
mod call;
mod crew;
mod decode;
mod demo;
#[allow(
    dead_code,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::unwrap_used,
    clippy::use_self,
    reason = "generated; schema/demo.capnp documents it"
)]
#[rustfmt::skip]
mod demo_capnp;
mod desk;
mod door;
mod failure;
mod http;
mod invoke;
mod measure;
mod object;
mod pass;
mod place;
mod probe;
mod protocol;
mod relay;
mod scenario;
mod serve;
mod session;
mod stream;
mod table;
mod trace;
mod work;
mod workers;

use std::process::ExitCode;

use args::Command;
use decode::Detail;
use failure::Failure;
use place::Place;
use probe::Wishes;

fn main() -> ExitCode {
    let outcome = args::parse().and_then(run);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            failure.exit_code()
        }
    }
}

/// Runs everything on this one thread: the vats of both sides are driven by one executor.
fn run(command: Command) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("the system gives no event queue: {error}")))?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        match command {
            Command::Demo { transports, seconds } => demo::run(&transports, seconds.0).await,
            Command::Serve { address, worker, drain, connect_host } => {
                if worker || place::is_of_workers(&address) {
                    return workers::run(&address, connect_host, drain.0).await;
                }
                serve::run(&place::address(&address)?, drain.0).await
            }
            Command::Call { address, expression: Some(text), worker, .. } => {
                invoke::run(&address, &text, &worker).await
            }
            Command::Call { address, seconds, .. } => call::run(&address, seconds.0).await,
            Command::Bindings { configs, environment, addresses } => {
                bindings::run(&configs, environment.as_deref(), &addresses).await
            }
            Command::Decode { file, brief, whole } => decode::run(&file, detail(brief, whole)),
            Command::Probe { address, timeout, total, echo, hang, only } => {
                let (patience, total) = (timeout.0, total.0);
                let wishes = Wishes { patience, total, echo, hang, only };
                probe::run(&place::address(&address)?, wishes).await
            }
            Command::Trace(wishes) => trace::run(&wishes).await,
            Command::Relay { listen, connect, connect_host } => {
                let read = |text: &str| Place::read(text, connect_host.as_ref());
                relay::run(&read(&listen)?, &read(&connect)?).await
            }
        }
    })
}

const fn detail(brief: bool, whole: bool) -> Detail {
    match (brief, whole) {
        (true, _) => Detail::Brief,
        (_, true) => Detail::Whole,
        _ => Detail::Usual,
    }
}
