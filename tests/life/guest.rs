//! The near side: guests come, call, are cut off or leave, and come again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bowline::conn::Config;
use bowline::rpc::{Client, Link};
use bowline::runtime::Vat;
use bowline::transport::{FramedLimits, Socket};
use bowline::wire::Exception;
use bowline::worker::Service;
use futures::future::{Either, LocalBoxFuture, select};
use futures::stream::{FuturesUnordered, StreamExt};

use crate::calls::{self, Line};
use crate::dice::Dice;
use crate::hall::Places;
use crate::ledger::{Ledger, Outcome, Trouble};
use crate::object::{ID, method};
use crate::stranger::Stranger;
use crate::works::{self, Desk};

/// Whoever waits for longer waits for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many calls a guest has in flight.
const IN_FLIGHT: usize = 12;

pub(crate) struct Guest {
    pub(crate) name: String,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) places: Places,
    pub(crate) stranger: Stranger,
    pub(crate) dice: Dice,
    /// What was in flight when its vat was dropped.
    pub(crate) outlived: FuturesUnordered<Asked>,
}

/// What a session calls.
enum Face {
    Calls(Line),
    Works(Desk),
}

/// How a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// All is given back, and then the connection closed.
    Clean,
    HangUp,
    Abort,
    /// The far side hangs up.
    ByPeer,
    /// The whole vat is dropped.
    Vat,
}

impl End {
    fn name(self) -> &'static str {
        match self {
            Self::Clean => "ended clean",
            Self::HangUp => "ended by hanging up",
            Self::Abort => "ended by an abort",
            Self::ByPeer => "ended by the peer",
            Self::Vat => "ended with its vat",
        }
    }
}

/// Something asked for, and how it ended.
pub(crate) type Asked = LocalBoxFuture<'static, (&'static str, Option<Outcome>)>;

impl Guest {
    /// Session after session, until it is over.
    pub(crate) async fn live(mut self) {
        while !self.ledger.is_over() {
            let vat = Vat::local();
            let ledger = Arc::clone(&self.ledger);
            let visits = 1 + self.dice.below(20);
            let visiting = Box::pin(async {
                for _ in 0..visits {
                    if self.ledger.is_over() || self.visit(&vat).await == End::Vat {
                        break;
                    }
                }
            });
            match select(visiting, vat.tokio_driver()).await {
                Either::Left(_) => {}
                Either::Right(_) => ledger.fail("a driver ended by itself".into()),
            }
            drop(vat);
            self.outlived.clear();
        }
    }

    fn fails(&self, session: u64, what: &str) {
        self.ledger.fail(format!("{}, session {session}: {what}", self.name));
    }

    /// One connection, from its beginning to its end.
    async fn visit(&mut self, vat: &Vat) -> End {
        let dice = &mut self.dice;
        let (face, over) = (dice.percent(50), usize::from(dice.percent(50)));
        let address = if face { &self.places.calls[over] } else { &self.places.works[over] };
        let socket = match Socket::connect(address).await {
            Ok(socket) => socket.framed(FramedLimits::default()),
            Err(why) => {
                self.ledger.fail(format!("{}: {why}", self.name));
                return End::Vat;
            }
        };
        let number = self.ledger.connected();
        let link = Link::connect(vat.here(), socket, Config::default(), None);
        let end = match self.dice.below(20) {
            0..=1 => End::HangUp,
            2..=3 => End::Abort,
            4..=5 if face => End::ByPeer,
            6 => End::Vat,
            _ => End::Clean,
        };
        self.ledger.note(end.name(), |count| count.done += 1);
        let boot = link.bootstrap();
        let face = if face { self.calls(vat, &boot, number) } else { self.works(vat, &boot) };
        drop(boot);
        let going = self.load(&face, number, &link, end).await;
        if end == End::Vat {
            self.outlived = going;
            return end;
        }
        self.leave(vat, &link, face, going, number, end).await;
        end
    }

    fn calls(&self, vat: &Vat, boot: &Client, number: u64) -> Face {
        Face::Calls(Line {
            here: vat.here().clone(),
            boot: boot.clone(),
            number,
            ledger: Arc::clone(&self.ledger),
            stranger: self.stranger.clone(),
        })
    }

    fn works(&self, vat: &Vat, boot: &Client) -> Face {
        let peer = boot.clone();
        let svc = Service::remote(move |_| peer.clone()).stub(vat.here());
        Face::Works(Desk { here: vat.here().clone(), svc, ledger: Arc::clone(&self.ledger) })
    }

    /// Asks for something; now and then it is given up at any moment.
    fn ask(&mut self, face: &Face) -> Asked {
        let dice = &mut self.dice;
        let (what, played): (_, LocalBoxFuture<'static, Outcome>) = match face {
            Face::Calls(line) => {
                let what = calls::ALL[dice.place(calls::ALL.len())];
                (what, Box::pin(line.clone().play(what, dice.fork())))
            }
            Face::Works(desk) => {
                let what = works::ALL[dice.place(works::ALL.len())];
                (what, Box::pin(desk.clone().play(what, dice.fork())))
            }
        };
        let patience = if dice.percent(25) { dice.moment(3000) } else { PATIENCE };
        Box::pin(async move {
            match tokio::time::timeout(patience, played).await {
                Ok(outcome) => (what, Some(outcome)),
                Err(_) if patience < PATIENCE => (what, None),
                Err(_) => (what, Some(Err(Trouble::Wrong("it takes for ever".into())))),
            }
        })
    }

    /// Calls for a while, and is cut off at the end, if it is to be.
    async fn load(
        &mut self,
        face: &Face,
        number: u64,
        link: &Link,
        end: End,
    ) -> FuturesUnordered<Asked> {
        let mut going = FuturesUnordered::new();
        let steps = 10 + self.dice.below(200);
        for _ in 0..steps {
            going.push(self.ask(face));
            while going.len() >= IN_FLIGHT {
                let Some(asked) = going.next().await else { break };
                self.note(number, asked, false);
            }
            if self.ledger.is_over() {
                break;
            }
        }
        if end != End::Clean {
            self.ledger.ends(number);
        }
        match (end, face) {
            (End::HangUp, _) => link.hang_up(Exception::disconnected("hung up")),
            (End::Abort, _) => link.abort(Exception::failed("aborted")),
            (End::ByPeer, Face::Calls(line)) => {
                line.boot.request(ID, method::HANG_UP).send().detach()
            }
            _ => {}
        }
        going
    }

    fn note(&self, session: u64, (what, outcome): (&'static str, Option<Outcome>), cut: bool) {
        match outcome {
            Some(Ok(())) => self.ledger.note(what, |count| count.done += 1),
            None => self.ledger.note(what, |count| count.cancelled += 1),
            Some(Err(Trouble::Gone(_))) if cut => self.ledger.note(what, |count| count.cut += 1),
            Some(Err(why)) => self.fails(session, &format!("{what}: {why}")),
        }
    }

    /// What is in flight ends; then nothing is left of the connection.
    async fn leave(
        &self,
        vat: &Vat,
        link: &Link,
        face: Face,
        mut going: FuturesUnordered<Asked>,
        number: u64,
        end: End,
    ) {
        let cut = end != End::Clean;
        while let Some(asked) = going.next().await {
            self.note(number, asked, cut);
        }
        self.ledger.ends(number);
        if let (End::Clean, Face::Calls(line)) = (end, &face) {
            // Whoever finds our objects on the shelf holds them until then.
            let clear = line.boot.request(ID, method::CLEAR);
            let clear = clear.with(crate::fields::fill(number, &[])).send();
            if let Err(why) = clear.await {
                self.fails(number, &format!("the shelf: {why}"));
            }
        }
        drop(face);
        if tokio::time::timeout(PATIENCE, link.idle()).await.is_err() {
            self.fails(number, &format!("{end:?}: not idle\n{}", link.dump()));
        }
        link.hang_up(Exception::disconnected("the visit is over"));
        let begin = Instant::now();
        loop {
            let (check, stats) = vat.here().with(|graph| (graph.check(), graph.stats()));
            if let Err(rule) = check {
                return self.fails(number, &rule.to_string());
            }
            // A vat that spoke the Workers face keeps the object that stands for nobody.
            if stats.nodes <= 1 && stats.calls + stats.links + stats.bootstraps + stats.queued == 0
            {
                return;
            }
            if begin.elapsed() > PATIENCE {
                let dump = vat.here().with(|graph| graph.dump());
                return self.fails(number, &format!("{end:?}: {stats:?} is left\n{dump}"));
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    }
}
