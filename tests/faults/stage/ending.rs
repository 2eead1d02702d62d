//! The end of a story: whoever can connect anew has done so, and nothing is left.

use bowline::rpc::Link;
use bowline::runtime::LocalFuture;
use bowline::wire::{Exception, ExceptionKind};
use bowline::worker::args;

use super::{Joined, Stage, Way};
use crate::support::{Ask, Seen, method};
use crate::wrong;

impl Stage {
    /// Those that were cut are over, at both ends; the others are idle.
    pub(super) fn look_at_lines(&self) {
        for (no, line) in self.lines.borrow().iter().enumerate() {
            for ((link, vat), dead) in line.links.iter().zip(line.vats).zip(line.dead) {
                match link.ending() {
                    _ if dead => {}
                    Some(why) if why.kind() != ExceptionKind::Disconnected => {
                        wrong!("wire {no} ended with {why}");
                    }
                    None if line.cut => {
                        wrong!("wire {no} was cut, and vat {vat} does not know");
                    }
                    None if !link.is_idle() => {
                        wrong!("wire {no} keeps in vat {vat}\n{}", link.dump());
                    }
                    _ => {}
                }
            }
        }
    }

    /// Whoever is connected anew is so with the next call at the latest.
    pub(super) fn recover(&self) {
        let joined = self.joined.take();
        for (near, joined) in joined {
            if self.local(near).is_none() {
                continue;
            }
            let mut tries = 0;
            loop {
                tries += 1;
                let outcome = self.try_again(near, &joined);
                match outcome {
                    Ok(()) => break,
                    Err(why) if tries == 1 && self.torn.get() => self.tell(format!("lost: {why}")),
                    Err(why) => wrong!("it is not there again: {why}"),
                }
            }
        }
    }

    fn try_again(&self, near: usize, joined: &Joined) -> Result<(), String> {
        let mut call: LocalFuture<Result<(), String>> = match joined {
            Joined::Client(client) => {
                let call = client.ask(method::NOTE, 7, &[]);
                Box::pin(async move { call.await.map(drop).map_err(|why| why.to_string()) })
            }
            Joined::Service(service) => {
                let call = service.stub(&self.here(near)).call("add", args![3, 4]);
                Box::pin(async move { call.await.map(drop).map_err(|why| format!("{why:?}")) })
            }
        };
        self.quiet(Some(&mut call)).unwrap_or_else(|| Err("no answer".to_owned()))
    }

    /// All wires are gone, and everything with them.
    pub(super) fn leave(&self) {
        self.let_go();
        self.desks.take();
        let _: Option<()> = self.quiet(None);
        let links: Vec<Link> =
            self.lines.borrow().iter().flat_map(|line| line.links.clone()).collect();
        links.iter().for_each(|link| link.abort(Exception::failed("the end")));
        drop(links);
        let _: Option<()> = self.quiet(None);
        self.pass_time();
        self.lines.take();
        if self.seen.borrow().iter().any(Seen::is_alive) {
            wrong!("an object outlives everybody who knew it");
        }
        self.ledger.close();
        for vat in 0..3 {
            let Some(here) = self.local(vat) else { continue };
            let (stats, dump) = here.with(|graph| (graph.stats(), graph.dump()));
            // A vat keeps the object that stands for nobody, once it was asked for; and the ends of its bridges to
            // the vat of the thread, over which it is connected anew.
            let kept = if self.plan.way == Way::Again { 6 } else { 1 };
            if stats.calls + stats.queued > 0 || stats.nodes > kept {
                wrong!("vat {vat} keeps without its connections\n{dump}");
            }
        }
    }
}
