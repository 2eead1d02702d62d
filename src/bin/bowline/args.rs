//! The command line: what can be asked for, and how.

use std::path::PathBuf;
use std::time::Duration;

use bowline::transport::http::ConnectHost;
use bowline::worker::config::ServiceAddress;
use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::failure::Failure;
use crate::probe::Named;

/// Shows the Cap'n Proto RPC engine bowline at work.
///
/// Without a command it runs `demo`.
#[derive(Parser)]
#[command(name = "bowline", version, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

const AFTER_HELP: &str = "\
Addresses: tcp:HOST:PORT (port 0 to serve on a free one), unix:PATH, stdio; http://HOST:PORT for vats
behind a CONNECT, and debug://HOST:PORT for the debug port of workerd, where a Worker is served or called.
Exit codes: 0 all is well, 1 something failed (one line on standard error says what), 2 wrong usage.";

/// What the program is asked to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve a vat and call it from another, over every transport in turn
    ///
    /// Does real work over each transport, checks every result, and checks that the tables of both
    /// sides are empty at the end. Then measures, and prints a row. Does the same again with Workers of three vats.
    Demo {
        /// Only these transports, in this order
        #[arg(long = "transport", value_name = "NAME", value_delimiter = ',')]
        transports: Vec<TransportName>,
        /// How long to measure each transport
        #[arg(long, value_name = "S", default_value = "1")]
        seconds: Seconds,
    },
    /// Serve the demo's objects, or a Worker, until interrupted
    ///
    /// Prints `serving ADDRESS` once it listens. With `stdio` it serves whoever is at its standard
    /// input and output, until they leave.
    ///
    /// SIGTERM or SIGINT (Ctrl-C) has it take nobody in any more, wait for the calls and streams that are under way,
    /// and end every connection with an Abort; again, it ends at once.
    ///
    /// At http://HOST:PORT and debug://HOST:PORT, and with --worker elsewhere, it serves the Worker `desk`, which a
    /// Worker in workerd, or `bowline call`, can call: add(a, b), echo(value), props(), users(), and newCounter(start),
    /// which gives an object with increment(by) and value; and, from its entrypoint `Admin`, createUser(name) and
    /// deleteUser(name). At http:// a CONNECT to NAME reaches the default entrypoint and one to Admin.NAME the other;
    /// other requests, fetch() from a Worker among them, are GET /users and POST /echo.
    Serve {
        /// Where to listen: tcp:HOST:PORT, unix:PATH or stdio; for a Worker also http://HOST:PORT or debug://HOST:PORT
        #[arg(value_name = "ADDR")]
        address: String,
        /// Serve the Worker
        #[arg(long)]
        worker: bool,
        /// How long to wait, when told to end, for what is under way; what it cuts off is an error
        #[arg(long, value_name = "S", default_value = "10")]
        drain: Seconds,
        /// The host of the CONNECT at http://HOST:PORT: the `capnpConnectHost` of workerd
        #[arg(long, value_name = "NAME", default_value = ServiceAddress::CONNECT_HOST)]
        connect_host: ConnectHost,
    },
    /// Do the demo's work against a served vat, or call a Worker
    ///
    /// With an expression it calls an entrypoint of Workers RPC, such as a socket of workerd with a `capnpConnectHost`,
    /// or a debug port: `bowline call http://127.0.0.1:8080 'newCounter().increment(5)'`. All of the expression is sent at
    /// once, in one round trip, and what comes is printed as Node prints it. Arguments are literals of JavaScript.
    Call {
        /// Where it is served: tcp:HOST:PORT or unix:PATH; a Worker also at http://HOST:PORT or debug://HOST:PORT
        #[arg(value_name = "ADDR")]
        address: String,
        /// What to call: names and calls, as behind `await env.SERVICE.` in JavaScript
        expression: Option<String>,
        #[command(flatten)]
        worker: Wanted,
        /// How long to measure
        #[arg(long, value_name = "S", default_value = "1.5")]
        seconds: Seconds,
    },
    /// Run two Cap'n Proto programs through a vat in the middle
    ///
    /// Prints `relaying ADDRESS to ADDRESS` once it listens. Everybody who connects is offered what the
    /// far side offers, over a far connection of their own; what passes, in either direction, is
    /// forwarded in order, pipelined calls before their answers. When one side hangs up, so does the
    /// other. A far side that cannot be reached is told to the client in an Abort and here in a line.
    /// With `stdio` on one side it relays one client, and ends with it.
    ///
    /// With http://HOST:PORT a side speaks HTTP, and vats behind `CONNECT NAME`: a client that asks for
    /// --connect-host is relayed, and the far side is asked for the same. With both sides like that all
    /// other HTTP, WebSockets too, is passed through byte for byte, each client on a connection of its own.
    Relay {
        /// Where clients come: tcp:HOST:PORT, http://HOST:PORT, unix:PATH or stdio
        #[arg(long, value_name = "ADDR")]
        listen: String,
        /// Where the far side is: tcp:HOST:PORT, http://HOST:PORT, unix:PATH or stdio
        #[arg(long, value_name = "ADDR")]
        connect: String,
        /// The name of the vat at an address that begins with http://
        #[arg(long, value_name = "NAME")]
        connect_host: Option<ConnectHost>,
    },
    /// Print the service bindings of Workers, and which of them are connected
    ///
    /// Reads the `services` of each config, as `wrangler dev` does. A binding is connected if the service is the name of
    /// one of the configs and its code, where that can be seen, exports the entrypoint; or if something answers at the
    /// address given for it. It exits with 0 if all are connected, with 1 if one is not and says why in a line, and
    /// with 2 if a config cannot be used.
    Bindings {
        /// A wrangler.jsonc, wrangler.json or wrangler.toml; may be given many times
        #[arg(short = 'c', long = "config", value_name = "FILE", required = true)]
        configs: Vec<PathBuf>,
        /// The environment: the section under `env` of that name, in each config
        #[arg(short = 'e', long = "env", value_name = "NAME")]
        environment: Option<String>,
        /// Where a service is that has no config here, as in auth=tcp:HOST:PORT or auth#Admin=http://HOST:PORT
        ///
        /// An address is tcp:HOST:PORT, unix:PATH, http://HOST:PORT or debug://HOST:PORT. The first three offer one
        /// entrypoint with fixed props each; at a debug port any is found, with any props.
        #[arg(long = "address", value_name = "SERVICE=ADDR")]
        addresses: Vec<String>,
    },
    /// Print a recorded stream of Cap'n Proto RPC, message by message
    ///
    /// A stream is the bytes of one direction, with or without the HTTP head that opened it. Each message is
    /// shown behind the byte it begins at: in one line, and below it the content, which is shown without its
    /// schema, and the cap table. Ids are named as their sender sees them: q a question and a an answer
    /// of its own, e an export and p a promise it exports, i an import, m an embargo; `.0.2` is pointer field 2 of
    /// pointer field 0. Where the stream breaks, all before is shown and a line says where and why.
    Decode {
        /// The file, or - for the standard input
        file: String,
        /// Only the one line of each message
        #[arg(long, conflicts_with = "whole")]
        brief: bool,
        /// Content to its end, however long
        #[arg(long)]
        whole: bool,
    },
    /// Make a page of a session: who said what, and the tables of both sides at each message
    ///
    /// The page is one file that any browser opens, and asks nothing of the network: a sequence diagram of both sides,
    /// the calls that were made on results to come, embargoes, the sizes of the tables over time, and the four tables of each side
    /// behind any message; what was never given back, and who still waits. The tables are rebuilt from the messages alone:
    /// the programs may be of any engine.
    ///
    /// FILE is a recording made by `--save`, or in a program by `bowline::trace::Recorder`. Or it is one direction of
    /// a connection, as `bowline decode` reads it; of two, the first is what the left side sent, and the second
    /// what the right side sent: with no times in them, they are shown in an order in which it can have been said.
    ///
    /// With --listen and --connect it stands between two programs instead, passes all bytes on as they are, and ends when everybody
    /// who came has left, or with Ctrl-C.
    ///
    /// A recording holds all that was said, and its page much of it: secrets, too.
    Trace(Traced),
    /// Try how a server of Cap'n Proto RPC, of any engine, takes what a peer may and may not say
    ///
    /// Walks the clauses of SPEC.md against it, each on connections of its own, and prints a line for each:
    /// that it holds, that it is broken and how, or why it cannot be told. Behind each it looks whether the
    /// server still answers. Nothing is known of the server's interface: with --echo and --hang more can
    /// be told. It exits with 0 if nothing is broken, 1 if something is, 2 if it could not begin.
    ///
    /// A server may not survive this: run it against one that serves nobody else.
    Probe {
        /// Where it is served: tcp:HOST:PORT or unix:PATH
        #[arg(value_name = "ADDR")]
        address: String,
        /// How long to wait where the server should speak, for each clause
        #[arg(long, value_name = "S", default_value = "2")]
        timeout: Seconds,
        /// How long the whole walk may take
        #[arg(long, value_name = "S", default_value = "120")]
        total: Seconds,
        /// A method of the bootstrap object that returns its first pointer, a capability, as its first
        #[arg(long, value_name = "0xINTERFACE.METHOD")]
        echo: Option<Named>,
        /// A method of the bootstrap object that never returns
        #[arg(long, value_name = "0xINTERFACE.METHOD")]
        hang: Option<Named>,
        /// Only these clauses, as in C-Q2,C-R1
        #[arg(long, value_name = "CLAUSE", value_delimiter = ',')]
        only: Vec<String>,
    },
}

/// What a page is made of.
#[derive(Args)]
pub(crate) struct Traced {
    /// Recordings
    #[arg(value_name = "FILE", required_unless_present = "listen", conflicts_with = "listen")]
    pub(crate) files: Vec<PathBuf>,
    /// Where the page goes
    #[arg(short = 'o', long = "output", value_name = "PAGE")]
    pub(crate) output: PathBuf,
    /// Where clients come: tcp:HOST:PORT, http://HOST:PORT, unix:PATH or stdio
    #[arg(long, value_name = "ADDR", requires = "connect")]
    pub(crate) listen: Option<String>,
    /// Where the far side is: tcp:HOST:PORT, http://HOST:PORT, unix:PATH or stdio
    #[arg(long, value_name = "ADDR", requires = "listen")]
    pub(crate) connect: Option<String>,
    /// Write a recording as it happens, all of it; without, the latest 256 MiB are kept, in memory
    #[arg(long, value_name = "FILE", requires = "listen")]
    pub(crate) save: Option<PathBuf>,
    /// How many lines of each session are shown: the last so many
    #[arg(long, value_name = "N", default_value = "50000")]
    pub(crate) last: usize,
}

/// Which Worker is called, and how the result is shown.
#[derive(Args)]
pub(crate) struct Wanted {
    /// Print the result as JSON, on one line
    #[arg(long, requires = "expression")]
    pub(crate) json: bool,
    /// The host of the CONNECT at http://HOST:PORT, the `capnpConnectHost` of workerd; rpc.internal if none is given
    #[arg(long, value_name = "NAME", requires = "expression")]
    pub(crate) connect_host: Option<ConnectHost>,
    /// The name of the service; only at debug://HOST:PORT, and needed there
    #[arg(long, value_name = "NAME", requires = "expression")]
    pub(crate) service: Option<String>,
    /// The name of the entrypoint, unless it is the default one; only at debug://HOST:PORT
    #[arg(long, value_name = "NAME", requires = "expression")]
    pub(crate) entrypoint: Option<String>,
    /// What its `ctx.props` are, an object as JavaScript writes it; only at debug://HOST:PORT
    #[arg(long, value_name = "OBJECT", requires = "expression")]
    pub(crate) props: Option<String>,
}

/// A way to reach a vat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TransportName {
    /// Two vats on one thread; messages cross by move, unencoded
    SameThread,
    /// Bytes through this process's memory
    Memory,
    /// This program, started again, over its standard input and output
    Child,
    /// A unix socket
    Unix,
    /// A TCP connection over the loopback interface
    Tcp,
}

impl TransportName {
    pub(crate) const ALL: [Self; 5] =
        [Self::SameThread, Self::Memory, Self::Child, Self::Unix, Self::Tcp];

    /// What the table calls it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::SameThread => "same-thread",
            Self::Memory => "memory pipe",
            Self::Child => "child process",
            Self::Unix => "unix socket",
            Self::Tcp => "tcp loopback",
        }
    }

    /// Where its two vats live.
    pub(crate) const fn place(self) -> &'static str {
        match self {
            Self::Child => "two processes",
            _ => "one thread",
        }
    }

    /// Where its vats live when there are three.
    pub(crate) const fn places(self) -> &'static str {
        match self {
            Self::Child => "three processes",
            _ => "one thread",
        }
    }
}

/// A span of time on the command line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seconds(pub(crate) Duration);

impl std::str::FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
        let allowed = (0.01..=600.0).contains(&seconds);
        let seconds = allowed.then_some(seconds).ok_or("from 0.01 to 600 seconds")?;
        Ok(Self(Duration::from_secs_f64(seconds)))
    }
}

/// Reads the command line. Help and version are printed here.
pub(crate) fn parse() -> Result<Command, Failure> {
    match Arguments::try_parse() {
        Ok(arguments) => Ok(arguments.command.unwrap_or(Command::Demo {
            transports: Vec::new(),
            seconds: Seconds(Duration::from_secs(1)),
        })),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                error.print().map_err(|error| Failure::unprintable(&error))?;
                std::process::exit(0)
            }
            _ => Err(Failure::usage(wrong(&error.to_string()))),
        },
    }
}

/// What is wrong about a command line, without the usage behind it: a failure is one line.
fn wrong(told: &str) -> String {
    let told = told.strip_prefix("error: ").unwrap_or(told);
    let usage =
        |line: &&str| line.starts_with("Usage:") || line.starts_with("For more information");
    let lines: Vec<&str> = told.lines().take_while(|line| !usage(line)).collect();
    format!("{}; `--help` says more", lines.join(" ").trim_end())
}
