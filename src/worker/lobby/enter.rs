//! What waits in the lobby enters the graph, before anybody looks there.

use crate::rpc::lend;
use crate::runtime::{Lobby, Local};
use crate::vat::{Cap, Graph, Payload, Request};
use crate::wire::{Exception, Path};

use super::super::ask::Ask;
use super::super::exception::thrown;
use super::super::interface::JS_RPC_TARGET;
use super::super::parcel::Parcel;
use super::super::returned::PIPELINE;
use super::asked::{Asked, To};
use super::rows::{Left, Life};
use super::ticket::Ticket;
use super::waiting::Waiting;

impl Lobby for Waiting {
    fn enter(&self, here: &Local) {
        while let Some((ticket, to)) = self.rows(|rows| rows.first()) {
            let cap = match &to {
                To::Object(home) => here.refer(home.target, &home.object),
                To::Result(before) => self.promised(here, *before),
            };
            // Its row has the object still, unless the call was given up just now.
            if let To::Object(home) = to {
                home.leave(here);
            }
            let begun = self.rows(|rows| rows.begin(ticket, Life::Over));
            let Some((to, Asked { path, op, bytes })) = begun else {
                // It was given up just now.
                here.release(cap);
                continue;
            };
            let content = Parcel::ask(Ask::plain(path, op, bytes));
            let params = Payload { content, caps: Vec::new() };
            let request = Request { interface: JS_RPC_TARGET, method: 0, params };
            let call = here.quietly(|graph| graph.call_lent(cap, request));
            self.rows(|rows| rows.replace(ticket, Life::Entered(call)));
            match to {
                To::Object(home) => home.leave(here),
                To::Result(before) => self.leave_behind(here, before),
            }
        }
    }
}

impl Waiting {
    /// What a call will bring, to be gone on with: one reference.
    fn promised(&self, here: &Local, before: Ticket) -> Cap {
        let path = Path::root().field(PIPELINE);
        let call = self.rows(|rows| match rows.life(before) {
            Life::Entered(call) | Life::Promoted(call) | Life::Handed(call) => Some(*call),
            Life::Running => {
                let call = here.quietly(Graph::adopt);
                rows.replace(before, Life::Promoted(call));
                Some(call)
            }
            _ => None,
        });
        if let Some(call) = call {
            return here.quietly(|graph| graph.pipeline(call, &path));
        }
        let root = self.root(here, before).map(|root| root.map_err(|why| thrown(&why)));
        let lent = root.map(|root| root.and_then(|client| lend(here, &client)));
        match lent {
            Some(Ok(cap)) => cap,
            Some(Err(why)) => here.quietly(|graph| graph.broken(why)),
            None => here.quietly(|graph| graph.broken(Exception::failed("the call is over"))),
        }
    }

    /// One less is interested in a call. What is left of it is dropped where that may call foreign code.
    fn leave_behind(&self, here: &Local, before: Ticket) {
        match self.rows(|rows| rows.lose(before)) {
            Some(Left::Life(Life::Entered(call))) => here.quietly(|graph| {
                graph.drop_result(call);
                graph.drop_pipeline(call);
            }),
            Some(left) => here.drop_later(Box::new(left)),
            None => {}
        }
    }
}
