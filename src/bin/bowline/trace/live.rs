//! Between two programs: bytes pass as they are, and are recorded.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;
use std::rc::Rc;

use bowline::trace::{Recorder, Side, Tapped};
use bowline::transport::http::splice;
use bowline::transport::{Address, Socket};
use tokio::sync::Notify;
use tokio::task::spawn_local;

use super::log::Logs;
use super::read_tape;
use crate::failure::Failure;
use crate::{door, table};

/// How much of what passes is kept in memory, where no tape is: a session may be long.
const RING_BYTES: usize = 256 << 20;

/// Joins whoever comes to `listen` with `connect`, until all who came have left, or the program is interrupted.
pub(super) async fn run(
    listen: &Address,
    connect: &Address,
    save: Option<&Path>,
    logs: &mut Logs,
) -> Result<(), Failure> {
    let recorder = match save {
        Some(path) => {
            let file =
                File::create(path).map_err(|why| Failure::from(why).during(path.display()))?;
            Recorder::tape(BufWriter::new(file))?
        }
        None => Recorder::ring(RING_BYTES),
    };
    stand_between(listen, connect, &recorder).await?;
    match save {
        Some(path) => {
            let named = path.display().to_string();
            recorder.finish().map_err(|why| Failure::from(why).during(&named))?;
            read_tape(BufReader::new(File::open(path)?), &named, logs)
        }
        None => {
            let mut tape = Vec::new();
            recorder.save(&mut tape)?;
            read_tape(tape.as_slice(), "what was recorded", logs)
        }
    }
}

async fn stand_between(
    listen: &Address,
    connect: &Address,
    recorder: &Recorder,
) -> Result<(), Failure> {
    match (listen, connect) {
        (Address::Stdio, Address::Stdio) => {
            Err(Failure::usage("only one side of a trace can be at stdio"))
        }
        (to, from) if to == from => {
            Err(Failure::usage(format!("a trace from {listen} to {connect} finds only itself")))
        }
        (Address::Stdio, _) => join(Socket::connect(listen).await?, connect, recorder).await,
        _ => {
            let clients = Rc::new(Clients::default());
            let open = |at: &Address| {
                let told = format!("tracing {at} to {connect}");
                // The standard output may belong to the far side.
                let ours = *connect != Address::Stdio;
                if ours { table::say(&told) } else { table::say_aside(&told) }
            };
            let attend = |near| attend(near, connect.clone(), recorder.clone(), &clients);
            tokio::select! {
                kept = door::keep(listen, open, attend) => kept,
                () = clients.none_left.notified() => Ok(()),
            }
        }
    }
}

/// Those who are joined.
#[derive(Default)]
struct Clients {
    count: Cell<usize>,
    none_left: Notify,
}

fn attend(near: Socket, connect: Address, recorder: Recorder, clients: &Rc<Clients>) {
    let clients = Rc::clone(clients);
    clients.count.set(clients.count.get() + 1);
    spawn_local(async move {
        let peer = near.peer().to_string();
        if let Err(failure) = join(near, &connect, &recorder).await {
            failure.during(peer).tell();
        }
        clients.count.set(clients.count.get() - 1);
        if clients.count.get() == 0 {
            clients.none_left.notify_one();
        }
    });
}

/// Joins one client with a far side of its own, until both have ended.
async fn join(near: Socket, connect: &Address, recorder: &Recorder) -> Result<(), Failure> {
    let session = recorder.open(near.peer().to_string(), connect.to_string());
    let far = door::connect(connect).await?;
    splice(Tapped::new(near, session, Side::Left), far).await.or_else(|error| {
        use std::io::ErrorKind;
        match error.kind() {
            // Either side may hang up at any time.
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::NotConnected => Ok(()),
            _ => Err(Failure::failed(format!("passing bytes on failed: {error}"))),
        }
    })
}
