//! Crossing: a call that comes to a wall is judged, and goes on behind it as a call of its own.

use crate::wire::Exception;

use super::call::{Call, Fate, Origin, Outcome, Place};
use super::graph::{Graph, Step, Work};
use super::id::{CallId, Cap, MembraneId};
use super::membrane::{Asks, Crossing, Haste, Membrane, Wall};
use super::node::{Item, Kind, Source};
use super::output::{Crosser, Output};
use super::payload::Request;

impl Graph {
    /// A call has come to the wall at the node `at`.
    pub(super) fn reach_wall(&mut self, id: CallId, wall: Wall, at: Cap) {
        let asks = match self.membranes.get(wall.membrane) {
            Some(Membrane { revoked: None, asks, .. }) => *asks,
            Some(Membrane { revoked: Some(why), .. }) => {
                let why = why.clone();
                return self.fail_queued(id, why);
            }
            None => return self.fail_queued(id, Exception::failed("the membrane is gone")),
        };
        let Some((request, fate)) = self.dequeue(id) else { return };
        if matches!(asks, Asks::Nothing | Asks::ItsEnd) {
            return self.go_through(id, request, fate, wall);
        }
        let (interface, method) = (request.interface, request.method);
        self.retain(at);
        self.place(id, Place::Judged(request, fate, at));
        self.retain(wall.to);
        let Wall { membrane, side, to } = wall;
        let crosser = Crosser { side, interface, method, target: to };
        self.outputs.push_back(Output::Cross { membrane, call: id, crosser });
    }

    /// Answers [`Output::Cross`], and takes the reference that came with it.
    pub fn cross(&mut self, id: CallId, target: Cap, crossing: Crossing) {
        self.unref(target);
        self.judge(id, crossing);
        self.settle();
    }

    fn judge(&mut self, id: CallId, crossing: Crossing) {
        let place = match self.calls.get_mut(id) {
            Some(call) if matches!(call.place, Place::Judged(..)) => {
                std::mem::replace(&mut call.place, Place::Over)
            }
            _ => return self.unref_crossing(crossing),
        };
        let Place::Judged(request, fate, at) = place else { return };
        let Some(wall) = self.wall_at(at) else {
            // It was revoked, or is resolved by now.
            self.unref_crossing(crossing);
            return self.go_on(id, request, fate, at);
        };
        if !matches!(crossing, Crossing::Through) && self.must_settle(wall, at) {
            self.unref_crossing(crossing);
            return self.wait_at(id, request, at);
        }
        match crossing {
            Crossing::Through => self.go_through(id, request, fate, wall),
            Crossing::Refused(why) => {
                self.unref_payload(request.params);
                self.work.push_back(Work::Complete(id, Err(why)));
            }
            Crossing::Redirected(cap) => self.go_on(id, request, fate, cap),
        }
        self.unref(at);
    }

    fn unref_crossing(&mut self, crossing: Crossing) {
        if let Crossing::Redirected(cap) = crossing {
            self.unref(cap);
        }
    }

    /// Whether what is not let through waits for the wall to be settled.
    fn must_settle(&self, wall: Wall, at: Cap) -> bool {
        let asks = self.membranes.get(wall.membrane).map(|membrane| membrane.asks);
        let patient = matches!(
            asks,
            Some(Asks::Calls(Haste::WhenSettled) | Asks::CallsAndCaps(Haste::WhenSettled))
        );
        patient && matches!(self.nodes.get(at).map(|node| &node.kind), Some(Kind::Promise(_)))
    }

    /// The call waits at the wall, whose reference goes along with it.
    fn wait_at(&mut self, id: CallId, request: Request, at: Cap) {
        self.place(id, Place::Queued(request, Fate::Wait, at));
        let item = self.item_of(id);
        if let Some((line, _)) = self.nodes.get_mut(at).and_then(|node| node.kind.line()) {
            line.push_back(item);
        }
        self.unwanted(id);
    }

    /// The call goes on to `to`, whose reference goes along with it.
    fn go_on(&mut self, id: CallId, request: Request, fate: Fate, to: Cap) {
        self.place(id, Place::Queued(request, fate, to));
        let item = self.item_of(id);
        self.work.push_front(Work::Route(Step { to, item }));
    }

    fn item_of(&self, id: CallId) -> Item {
        match self.calls.get(id) {
            Some(Call { origin: Origin::Write(_), .. }) => Item::Write(id),
            _ => Item::Call(id),
        }
    }

    /// The call goes on behind the wall, before anything else does: as a call of its own, whose
    /// outcome comes back through the membrane.
    fn go_through(&mut self, id: CallId, request: Request, fate: Fate, wall: Wall) {
        let Wall { membrane, side, to } = wall;
        let params = self.wall_payload(membrane, side.other(), request.params);
        let request = Request { params, ..request };
        let Some(call) = self.calls.get_mut(id) else { return self.unref_payload(request.params) };
        let pipelines = std::mem::take(&mut call.pipelines);
        let is_write = matches!(call.origin, Origin::Write(_));
        let origin = if is_write { Origin::Write(Some(id)) } else { Origin::Crossed(id) };
        let mut next = Call::new(origin, Place::Queued(request, Fate::Deliver, to));
        if !is_write {
            next.pipeline_refs = 1;
            if let Some(membrane) = self.membranes.get_mut(membrane) {
                membrane.refs += 1;
            }
        }
        let next = self.calls.insert(next);
        self.place(id, Place::Across(next, membrane, side));
        for (path, promise) in pipelines {
            let cap = self.pipeline(id, &path);
            self.work.push_back(Work::Resolve(promise, cap));
        }
        self.retain(to);
        let item = if is_write { Item::Write(next) } else { Item::Call(next) };
        self.work.push_front(Work::Route(Step { to, item }));
        if fate == Fate::DeliverThenCancel || is_write {
            self.work.push_back(Work::Unwanted(id));
        }
    }

    /// A fence goes on behind the wall.
    pub(super) fn fence_through(&mut self, id: CallId, wall: Wall) {
        if let Some((request, fate)) = self.dequeue(id) {
            self.retain(wall.to);
            self.place(id, Place::Queued(request, fate, wall.to));
            let (to, item) = (wall.to, Item::Fence(id));
            // Behind the streaming calls before it, which may be about to be judged.
            self.queue.push_front(Step { to, item });
        }
    }

    /// The outcome of a call behind a wall, for the call before it.
    pub(super) fn come_back(&mut self, id: CallId, outcome: Outcome) {
        let Some(Call { place: Place::Across(next, membrane, side), .. }) = self.calls.get(id)
        else {
            return self.unref_outcome(outcome);
        };
        let (next, membrane, side) = (*next, *membrane, *side);
        let outcome = outcome.map(|results| self.wall_payload(membrane, side, results));
        self.place(id, Place::Over);
        self.origin(next, Origin::Gone);
        self.unref_pipeline(next);
        self.unref_membrane(membrane);
        self.work.push_back(Work::Complete(id, outcome));
    }

    /// A call waits for the one behind the wall no more.
    pub(super) fn let_go_across(&mut self, id: CallId, next: CallId, membrane: MembraneId) {
        let Some(call) = self.calls.get_mut(next) else { return };
        if call.origin == Origin::Crossed(id) {
            call.origin = Origin::Gone;
            call.pipeline_refs = call.pipeline_refs.saturating_sub(1);
            self.unref_membrane(membrane);
        } else if call.origin == Origin::Write(Some(id)) {
            call.origin = Origin::Write(None);
        }
        self.work.push_back(Work::Unwanted(next));
    }

    /// Nothing crosses the membrane any more: what is on one side and leads to the other is broken,
    /// and every call that crossed and has not returned fails with `why` and is cancelled behind.
    /// Says so once; later ones change nothing.
    pub fn revoke(&mut self, id: MembraneId, why: Exception) {
        match self.membranes.get_mut(id) {
            Some(membrane) if membrane.revoked.is_none() => membrane.revoked = Some(why.clone()),
            _ => return,
        }
        let crossed: Vec<_> = self
            .calls
            .iter()
            .filter_map(|(call, at)| match at.place {
                Place::Across(next, membrane, _) if membrane == id => Some((call, next)),
                _ => None,
            })
            .collect();
        for (call, next) in crossed {
            self.place(call, Place::Over);
            self.let_go_across(call, next, id);
            self.work.push_back(Work::Complete(call, Err(why.clone())));
        }
        let at = id.index();
        let walls: Vec<_> =
            self.walls.iter().filter(|((_, of, _), _)| *of == at).map(|(_, cap)| *cap).collect();
        walls.into_iter().for_each(|cap| self.break_wall(cap, &why));
        self.settle();
    }

    fn break_wall(&mut self, cap: Cap, why: &Exception) {
        match self.nodes.get_mut(cap).map(|node| &mut node.kind) {
            Some(kind @ Kind::Wall(_)) => {
                if let Kind::Wall(wall) = std::mem::replace(kind, Kind::Broken(why.clone())) {
                    self.tear_down(cap, wall);
                }
            }
            Some(Kind::Promise(promise))
                if matches!(promise.source, Source::Wall(_) | Source::Gate(_)) =>
            {
                let broken = self.broken(why.clone());
                self.work.push_back(Work::Resolve(cap, broken));
            }
            _ => {}
        }
    }
}
