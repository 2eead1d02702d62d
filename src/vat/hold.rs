//! Objects that take streaming calls: one at a time, and what comes behind one waits until it is over.

use std::collections::VecDeque;

use crate::wire::Exception;

use super::call::{Call, Fate, Place};
use super::graph::{Graph, Step};
use super::id::{CallId, Cap};
use super::node::{Item, Kind, Streamed, Taking};
use super::output::Output;
use super::payload::Request;
use super::route::Way;

impl Graph {
    /// Says of a delivered call that it is one of a stream: what comes to its object behind it waits
    /// until it is over, and fails with it if it fails (C-S3). To be said before anything else is
    /// polled from the graph.
    pub fn hold_back(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(id) else { return };
        let (Place::Delivered(Some(cap)), None) = (&call.place, call.holds) else { return };
        let cap = *cap;
        let Some(node) = self.nodes.get_mut(cap) else { return };
        if let Kind::Target(target) = node.kind {
            let streamed =
                Streamed { target, taking: Taking::Free, line: VecDeque::new(), abandoned: 0 };
            node.kind = Kind::Streamed(Box::new(streamed));
        }
        if let Kind::Streamed(streamed) = &mut node.kind {
            streamed.taking = match std::mem::replace(&mut streamed.taking, Taking::Free) {
                Taking::Free => Taking::Held(1),
                Taking::Held(calls) => Taking::Held(calls + 1),
                failed @ Taking::Failed(_) => failed,
            };
            call.holds = Some(cap);
        }
        if !self.outputs.is_empty() {
            self.call_back(cap);
        }
    }

    /// Deliveries that are due go back in line, before what waits there already: calls that waited for
    /// the same promise are due all at once.
    fn call_back(&mut self, cap: Cap) {
        let mut line = VecDeque::new();
        for output in std::mem::take(&mut self.outputs) {
            match output {
                Output::Deliver { call, interface, method, params, .. }
                    if self.is_delivered_from(call, cap) =>
                {
                    let request = Request { interface, method, params };
                    self.place(call, Place::Queued(request, Fate::Wait, cap));
                    self.retain(cap);
                    line.push_back(Item::Call(call));
                }
                other => self.outputs.push_back(other),
            }
        }
        if let Some(Kind::Streamed(streamed)) = self.nodes.get_mut(cap).map(|node| &mut node.kind) {
            line.append(&mut streamed.line);
            streamed.line = line;
        }
    }

    fn is_delivered_from(&self, call: CallId, cap: Cap) -> bool {
        let place = self.calls.get(call).map(|call| &call.place);
        matches!(place, Some(Place::Delivered(Some(from))) if *from == cap)
    }

    /// Where a call goes that came to an object that takes streaming calls.
    pub(super) fn way_of_streamed(streamed: &Streamed, cap: Cap) -> Way {
        if !streamed.line.is_empty() {
            return Way::Wait;
        }
        match &streamed.taking {
            Taking::Free => Way::Target(streamed.target, cap),
            Taking::Held(_) => Way::Wait,
            Taking::Failed(why) => Way::Broken(why.clone()),
        }
    }

    /// A call that held others back is over.
    pub(super) fn end_hold(&mut self, cap: Cap, failure: Option<Exception>) {
        let Some(Kind::Streamed(streamed)) = self.nodes.get_mut(cap).map(|node| &mut node.kind)
        else {
            return;
        };
        match (&mut streamed.taking, failure) {
            (Taking::Failed(_) | Taking::Free, _) => return,
            (taking, Some(why)) => *taking = Taking::Failed(why),
            (Taking::Held(calls), None) if *calls > 1 => {
                *calls -= 1;
                return;
            }
            (taking, None) => *taking = Taking::Free,
        }
        if !streamed.line.is_empty() {
            self.call_next(cap);
        }
    }

    /// The first of those who wait goes before everything else that is queued, the others behind it
    /// one by one: each may hold the next back.
    fn call_next(&mut self, cap: Cap) {
        self.retain(cap);
        self.queue.push_front(Step { to: cap, item: Item::Next });
    }

    /// Whoever waits longest at an object is handed to it.
    pub(super) fn take_next(&mut self, cap: Cap) {
        loop {
            let Some(Kind::Streamed(streamed)) = self.nodes.get_mut(cap).map(|node| &mut node.kind)
            else {
                return;
            };
            let way = match &streamed.taking {
                Taking::Free => Way::Target(streamed.target, cap),
                Taking::Held(_) => return,
                Taking::Failed(why) => Way::Broken(why.clone()),
            };
            let Some(item) = streamed.line.pop_front() else { return };
            if !self.is_live(&item) {
                self.forget_abandoned(cap);
                self.forget_item(&item, cap);
                continue;
            }
            let failed = matches!(way, Way::Broken(_));
            self.pass(way, item, cap);
            self.unref(cap);
            if !failed {
                break;
            }
        }
        let waiting = self.nodes.get(cap).is_some_and(
            |node| matches!(&node.kind, Kind::Streamed(streamed) if !streamed.line.is_empty()),
        );
        if waiting {
            self.call_next(cap);
        }
    }

    fn forget_abandoned(&mut self, cap: Cap) {
        if let Some(Kind::Streamed(streamed)) = self.nodes.get_mut(cap).map(|node| &mut node.kind) {
            streamed.abandoned = streamed.abandoned.saturating_sub(1);
        }
    }

    /// Whether a call holds others back.
    #[must_use]
    pub fn holds_back(&self, call: CallId) -> bool {
        matches!(self.calls.get(call), Some(Call { holds: Some(_), .. }))
    }
}
