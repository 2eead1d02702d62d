//! A thread that hosts nothing, and calls what it is given.

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use bowline::rpc::Client;
use bowline::wire::Exception;
use futures::executor::block_on;
use tokio::sync::oneshot;

use crate::fields::{fill, number};
use crate::object::{ID, method};

/// A client, what it is to note, and who is told what came of it.
type Errand = (Client, Vec<u64>, oneshot::Sender<Result<(), Exception>>);

/// Where errands are left for it.
#[derive(Clone)]
pub(crate) struct Stranger(Sender<Errand>);

impl Stranger {
    /// It ends when the last of those who know it is gone.
    pub(crate) fn arrive() -> (Self, JoinHandle<()>) {
        let (sender, errands) = channel::<Errand>();
        let thread = std::thread::spawn(move || {
            for (client, numbers, tell) in errands {
                let outcome = run(&client, &numbers);
                drop(client);
                // Whoever asked may have been cancelled.
                let _ = tell.send(outcome);
            }
        });
        (Self(sender), thread)
    }

    /// Has it call, and waits for what comes of it.
    pub(crate) async fn calls(&self, client: Client, numbers: Vec<u64>) -> Result<(), Exception> {
        let (tell, hear) = oneshot::channel();
        let sent = self.0.send((client, numbers, tell));
        sent.map_err(|_| Exception::failed("the stranger is gone"))?;
        hear.await.map_err(|_| Exception::failed("the stranger is gone"))?
    }
}

fn run(client: &Client, numbers: &[u64]) -> Result<(), Exception> {
    let ask = |n: &u64| client.request(ID, method::NOTE).with(fill(*n, &[])).send();
    let promises: Vec<_> = numbers.iter().map(ask).collect();
    // One too many, and given up at once.
    drop(ask(&0));
    for (n, promise) in numbers.iter().zip(promises) {
        let found = number(&block_on(promise)?);
        if found != *n {
            return Err(Exception::failed(format!("{found} came, and {n} was right")));
        }
    }
    Ok(())
}
