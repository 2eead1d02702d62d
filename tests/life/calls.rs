//! What is called on the Cap'n Proto face, and what has to come of it.

use std::sync::Arc;

use bowline::rpc::{Client, Promise};
use bowline::runtime::Local;
use bowline::wire::Exception;
use capnp::data;

use crate::dice::Dice;
use crate::fields::{at, cap, fill, number};
use crate::ledger::{Ledger, Outcome, Trouble, hold};
use crate::object::{ID, Node, Shelf, method};
use crate::stranger::Stranger;

/// A connection, seen by who calls over it.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) here: Local,
    pub(crate) boot: Client,
    pub(crate) number: u64,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) stranger: Stranger,
}

pub(crate) const ALL: [&str; 15] = [
    "null", "null", "bytes", "make", "chain", "callback", "tail", "embargo", "stream", "later",
    "never", "throw", "hold", "shelf", "abroad",
];

/// Short ways to call.
trait Ask {
    fn ask(&self, method: u16, number: u64, caps: &[&Client]) -> Promise;
}

impl Ask for Client {
    fn ask(&self, method: u16, number: u64, caps: &[&Client]) -> Promise {
        let caps: Vec<_> = caps.iter().map(|cap| Some(*cap)).collect();
        self.request(ID, method).with(fill(number, &caps)).send()
    }
}

fn same(found: u64, expected: u64) -> Outcome {
    hold(found == expected, || format!("{found} came, and {expected} was right"))
}

impl Line {
    pub(crate) async fn play(self, what: &'static str, dice: Dice) -> Outcome {
        match what {
            "null" => self.null(dice).await,
            "bytes" => self.bytes(dice).await,
            "make" => self.make(dice).await,
            "chain" => self.chain(dice).await,
            "callback" => self.back(method::CALL_BACK, dice).await,
            "tail" => self.back(method::TAIL, dice).await,
            "embargo" => self.embargo(dice).await,
            "stream" => self.stream(dice).await,
            "later" => self.later(dice).await,
            "never" => self.never(dice).await,
            "throw" => self.throw().await,
            "hold" => self.hold(dice).await,
            "shelf" => self.shelf(dice).await,
            _ => self.abroad(dice).await,
        }
    }

    /// An object of this side.
    fn object(&self) -> (Client, std::rc::Rc<Node>) {
        Node::new(&self.ledger, &Shelf::default()).host(&self.here)
    }

    async fn null(&self, mut dice: Dice) -> Outcome {
        let n = dice.number();
        same(number(&self.boot.ask(method::NOTE, n, &[]).await?), n)
    }

    async fn bytes(&self, mut dice: Dice) -> Outcome {
        let length = dice.size(20);
        let bytes = dice.bytes(length);
        let request = self.boot.request(ID, method::BYTES).with(|root| {
            let length = u32::try_from(length).expect("a mebibyte at most");
            root.initn_as::<data::Builder<'_>>(length).copy_from_slice(&bytes);
        });
        let reply = request.send().await?;
        let back = reply.read(|root| Ok(root.get_as::<data::Reader<'_>>()? == &bytes[..]))?;
        hold(back, || format!("other bytes than the {length} that were sent"))
    }

    async fn make(&self, mut dice: Dice) -> Outcome {
        let from = dice.below(1000);
        let made = self.boot.ask(method::MAKE, from, &[]).await?;
        let object = cap(&made)?;
        let copy = object.clone();
        drop(made);
        let sums = [object.ask(method::ADD, 1, &[]), copy.ask(method::ADD, 2, &[])];
        for (promise, sum) in sums.into_iter().zip([from + 1, from + 3]) {
            same(number(&promise.await?), sum)?;
        }
        Ok(())
    }

    /// Objects made by objects that are not there yet.
    async fn chain(&self, mut dice: Dice) -> Outcome {
        let (depth, mut kept) = (1 + dice.below(8), Vec::new());
        let mut object = self.boot.clone();
        for step in 0..depth {
            let made = object.ask(method::MAKE, step, &[]);
            object = made.cap(&at(0));
            // Some promises are kept; of the others only what is pipelined on them is wanted.
            if dice.percent(50) {
                kept.push((step, made));
            }
        }
        same(number(&object.ask(method::ADD, 5, &[]).await?), depth - 1 + 5)?;
        for (step, made) in kept {
            same(number(&made.await?), step)?;
        }
        Ok(())
    }

    async fn back(&self, method: u16, mut dice: Dice) -> Outcome {
        let ((client, node), n) = (self.object(), dice.number());
        let asked: Vec<_> =
            (0..1 + dice.below(3)).map(|_| self.boot.ask(method, n, &[&client])).collect();
        let count = asked.len();
        for promise in asked {
            same(number(&promise.await?), n)?;
        }
        hold(*node.notes.borrow() == vec![n; count], || "it was called otherwise".into())
    }

    /// A promise of ours goes there and back: what is called on it meanwhile stays in order.
    async fn embargo(&self, mut dice: Dice) -> Outcome {
        let (promise, resolver) = Client::promise(&self.here);
        let echo = self.boot.ask(method::ECHO, 0, &[&promise]);
        let there = echo.cap(&at(0));
        let early = 1 + dice.below(6);
        let mut notes: Vec<_> = (0..early).map(|n| there.ask(method::NOTE, n, &[])).collect();
        if dice.percent(50) {
            tokio::time::sleep(dice.moment(500)).await;
        }
        if dice.percent(10) {
            resolver.resolve(Err(Exception::failed("it is broken")));
            for note in notes {
                let why = note.await.err().map(|why| why.reason().to_owned());
                // The peer may have hung up before it heard.
                hold(why.is_some(), || "a broken promise was called".into())?;
            }
            return Ok(());
        }
        let (client, node) = self.object();
        resolver.resolve(Ok(client));
        let back = cap(&echo.await?)?;
        let late = early + 1 + dice.below(6);
        for n in early..late {
            let on = if dice.percent(50) { &back } else { &there };
            notes.push(on.ask(method::NOTE, n, &[]));
        }
        for (n, note) in (0..).zip(notes) {
            same(number(&note.await?), n)?;
        }
        let found = node.notes.borrow().clone();
        hold(found == (0..late).collect::<Vec<_>>(), || format!("out of order: {found:?}"))
    }

    async fn stream(&self, mut dice: Dice) -> Outcome {
        let sink = self.boot.ask(method::MAKE, 0, &[]).cap(&at(0));
        let writes = dice.below(200);
        for n in 0..writes {
            sink.request(ID, method::WRITE).with(fill(n, &[])).stream().await?;
        }
        let sum = number(&sink.ask(method::ADD, 0, &[]).await?);
        same(sum, (0..writes).sum())
    }

    async fn later(&self, mut dice: Dice) -> Outcome {
        let micros = dice.below(3000);
        same(number(&self.boot.ask(method::LATER, micros, &[]).await?), micros)
    }

    async fn never(&self, mut dice: Dice) -> Outcome {
        let _never = self.boot.ask(method::NEVER, 0, &[]);
        if dice.percent(50) {
            tokio::time::sleep(dice.moment(2000)).await;
        }
        Ok(())
    }

    async fn throw(&self) -> Outcome {
        match self.boot.ask(method::THROW, 0, &[]).await {
            Err(why) if why.reason() == "it was asked to" => Ok(()),
            Err(why) => Err(why.into()),
            Ok(_) => Err(Trouble::Wrong("it should have failed".into())),
        }
    }

    async fn hold(&self, mut dice: Dice) -> Outcome {
        let ((client, node), n) = (self.object(), dice.number());
        let keeper = self.boot.ask(method::MAKE, 0, &[]).cap(&at(0));
        keeper.ask(method::HOLD, 0, &[&client]).detach();
        drop(client);
        same(number(&keeper.ask(method::PASS, n, &[]).await?), n)?;
        hold(*node.notes.borrow() == [n], || "it was called otherwise".into())
    }

    /// Objects of other connections, called through the far side.
    async fn shelf(&self, mut dice: Dice) -> Outcome {
        if dice.percent(30) {
            let (client, _) = self.object();
            self.boot.ask(method::SHELVE, self.number, &[&client]).await?;
            return Ok(());
        }
        let found = self.boot.ask(method::FETCH, dice.below(8), &[]).await?;
        let by = number(&found);
        if by == 0 {
            return Ok(());
        }
        let n = dice.number();
        match cap(&found)?.ask(method::NOTE, n, &[]).await {
            Ok(reply) => same(number(&reply), n),
            Err(why) => match Trouble::from(why) {
                Trouble::Gone(_) if !self.ledger.is_live(by) => Ok(()),
                trouble => Err(trouble),
            },
        }
    }

    /// The same client in the hands of another thread.
    async fn abroad(&self, mut dice: Dice) -> Outcome {
        let numbers = (0..1 + dice.below(5)).map(|_| dice.number()).collect();
        Ok(self.stranger.calls(self.boot.clone(), numbers).await?)
    }
}
