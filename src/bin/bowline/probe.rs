//! `bowline probe`: the clauses of `SPEC.md`, put to any server of Cap'n Proto RPC.

use std::time::Duration;

use bowline::probe::{Method, Options, Probe, Verdict, clauses};
use bowline::transport::{Address, Socket};

use crate::failure::Failure;
use crate::table;

/// A method on the command line, as `decode` prints it: `0xINTERFACE.METHOD`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named(pub(crate) Method);

impl std::str::FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const WRONG: &str = "expected 0xINTERFACE.METHOD, as in 0xf55b7d5bea49479c.5";
        let (interface, method) =
            text.trim_start_matches('@').split_once('.').ok_or_else(|| WRONG.to_owned())?;
        let interface = interface.strip_prefix("0x").ok_or_else(|| WRONG.to_owned())?;
        let interface = u64::from_str_radix(interface, 16).map_err(|_| WRONG.to_owned())?;
        let method = method.parse().map_err(|_| WRONG.to_owned())?;
        Ok(Self(Method { interface, method }))
    }
}

/// What is asked for besides the address.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    pub(crate) patience: Duration,
    pub(crate) total: Duration,
    pub(crate) echo: Option<Named>,
    pub(crate) hang: Option<Named>,
    pub(crate) only: Vec<String>,
}

/// Walks the clauses against the server at `address` and prints a line for each.
pub(crate) async fn run(address: &Address, wishes: Wishes) -> Result<(), Failure> {
    if *address == Address::Stdio {
        return Err(Failure::usage("`probe` connects to tcp:HOST:PORT or unix:PATH, not to stdio"));
    }
    if let Some(unknown) = wishes.only.iter().find(|id| clauses().all(|(known, _)| known != *id)) {
        return Err(Failure::usage(format!(
            "there is no clause {unknown}, as in --only C-Q2,C-R1"
        )));
    }
    let mut options = Options::default();
    options.patience = wishes.patience;
    options.total = wishes.total;
    options.echo = wishes.echo.map(|Named(method)| method);
    options.hang = wishes.hang.map(|Named(method)| method);
    options.only = wishes.only;
    let to = address.clone();
    let reach = move || {
        let to = to.clone();
        async move { Socket::connect(&to).await.map_err(std::io::Error::other) }
    };
    let (mut holds, mut broken, mut not_applicable) = (0, 0, 0);
    let mut printed = Ok(());
    let probe = Probe::new(reach, options);
    let walked = probe.walk(|line| {
        match line.verdict {
            Verdict::Holds => holds += 1,
            Verdict::Broken(_) => broken += 1,
            _ => not_applicable += 1,
        }
        if printed.is_ok() {
            printed = table::say(&one_line(&line.to_string()));
        }
    });
    walked.await.map_err(|how| Failure::Unable(format!("{address} cannot be probed: {how}")))?;
    printed?;
    table::say(&format!("{holds} hold, {broken} broken, {not_applicable} not applicable"))?;
    if broken > 0 { Err(Failure::Told) } else { Ok(()) }
}

/// What a server says may span lines.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
