//! Walls: a capability that crosses a membrane is walled, and unwalled when it comes home.

use crate::wire::Exception;

use super::graph::{Graph, Work};
use super::id::{Cap, MembraneId};
use super::membrane::{Admission, Asks, Membrane, Side, Wall};
use super::node::{Kind, Node, Source, State};
use super::output::Output;
use super::payload::Payload;

/// How many membranes a capability may lie behind. A promise that is resolved to a wall of itself has
/// no end of them.
const WALLS_MAX: usize = 64;

impl Graph {
    /// A membrane with nothing behind it. The caller gets the one reference.
    pub fn membrane(&mut self, asks: Asks) -> MembraneId {
        self.membranes.insert(Membrane { refs: 1, asks, revoked: None })
    }

    /// Gives back the owner's reference of a membrane. What crossed it stays walled, and can be
    /// revoked no more.
    pub fn release_membrane(&mut self, membrane: MembraneId) {
        self.unref_membrane(membrane);
        self.settle();
    }

    /// The capability `cap`, which lies on `side`, as the other side of the membrane has it. Takes a
    /// reference and gives one.
    ///
    /// What came from that other side is given back as it was. The null capability, and one that is
    /// broken, are the same on both sides.
    pub fn wall(&mut self, membrane: MembraneId, side: Side, cap: Cap) -> Cap {
        let walled = self.walled(membrane, side, cap);
        self.settle();
        walled
    }

    pub(super) fn walled(&mut self, membrane: MembraneId, side: Side, cap: Cap) -> Cap {
        let end = self.follow(cap);
        if self.is_broken(end) {
            return cap;
        }
        if let Some(wall) = self.wall_at(end)
            && wall.membrane == membrane
        {
            // It came from the side it goes to, or is there already.
            let home = if wall.side == side { end } else { wall.to };
            self.retain(home);
            self.unref(cap);
            return home;
        }
        let wall = Wall { membrane, side, to: end };
        if self.is_too_deep(end) {
            self.unref(cap);
            return self.broken(Exception::failed("too many membranes, one behind the other"));
        }
        let asks = match self.membranes.get(membrane) {
            Some(Membrane { revoked: None, asks, .. }) => *asks,
            Some(Membrane { revoked: Some(why), .. }) => {
                let why = why.clone();
                self.unref(cap);
                return self.broken(why);
            }
            None => {
                self.unref(cap);
                return self.broken(Exception::failed("the membrane is gone"));
            }
        };
        if let Some(known) = self.walls.get(&wall.key()) {
            let known = *known;
            self.retain(known);
            self.unref(cap);
            return known;
        }
        self.retain(end);
        self.unref(cap);
        match asks {
            Asks::CallsAndCaps(_) => self.ask_to_admit(wall),
            Asks::Nothing | Asks::ItsEnd | Asks::Calls(_) => self.build_wall(wall),
        }
    }

    /// Whether so many walls stand one behind the other that there may be no end of them.
    fn is_too_deep(&mut self, cap: Cap) -> bool {
        let mut at = cap;
        for _ in 0..WALLS_MAX {
            match self.wall_at(at) {
                Some(wall) => at = self.follow(wall.to),
                None => return false,
            }
        }
        true
    }

    /// A wall, with one reference. The reference of what is behind it is taken.
    fn build_wall(&mut self, wall: Wall) -> Cap {
        let behind = self.nodes.get(wall.to).map(|node| &node.kind);
        let node = match behind {
            Some(Kind::Promise(_)) => Node::promise(Source::Wall(wall)),
            _ => Node::new(Kind::Wall(wall)),
        };
        self.enter_wall(wall, node)
    }

    fn enter_wall(&mut self, wall: Wall, node: Node) -> Cap {
        let cap = self.nodes.insert(node);
        self.walls.insert(wall.key(), cap);
        if let Some(membrane) = self.membranes.get_mut(wall.membrane) {
            membrane.refs += 1;
        }
        cap
    }

    /// The promise for what somebody outside will make of a capability that crosses.
    fn ask_to_admit(&mut self, wall: Wall) -> Cap {
        let promise = self.enter_wall(wall, Node::promise(Source::Gate(wall)));
        self.retain(promise);
        self.retain(wall.to);
        let Wall { membrane, side, to } = wall;
        self.outputs.push_back(Output::Admit { membrane, side, cap: to, promise });
        promise
    }

    /// Answers [`Output::Admit`], and takes the references that came with it.
    pub fn admit(&mut self, promise: Cap, cap: Cap, admission: Admission) {
        let to = match (admission, self.wall_at(promise)) {
            (Admission::Walled, Some(wall)) => {
                self.retain(wall.to);
                self.build_wall(wall)
            }
            // It came to be something else meanwhile.
            (Admission::Walled, None) => self.null(),
            (Admission::Refused(why), _) => self.broken(why),
            (Admission::Replaced(cap), _) => cap,
        };
        self.work.push_back(Work::Resolve(promise, to));
        self.unref(promise);
        self.unref(cap);
        self.settle();
    }

    /// The wall a node is, if it is one and not resolved.
    pub(super) fn wall_at(&self, cap: Cap) -> Option<Wall> {
        match &self.nodes.get(cap)?.kind {
            Kind::Wall(wall) => Some(*wall),
            Kind::Promise(promise) => match (&promise.state, &promise.source) {
                (State::Pending, Source::Wall(wall) | Source::Gate(wall)) => Some(*wall),
                _ => None,
            },
            _ => None,
        }
    }

    /// Walls of a promise that was resolved come to be walls of what it was resolved to, or what
    /// that is without a wall.
    pub(super) fn resolve_walls(&mut self, promise: Cap) {
        let at = promise.index();
        let all = (at, 0, Side::Inside)..=(at, u32::MAX, Side::Outside);
        let walls: Vec<_> = self.walls.range(all).map(|(key, cap)| (*key, *cap)).collect();
        for ((_, membrane, side), wall) in walls {
            let Some(membrane) = self.membranes.key_at(membrane) else { continue };
            self.retain(promise);
            let to = self.walled(membrane, side, promise);
            self.work.push_back(Work::Resolve(wall, to));
        }
    }

    /// A wall is none any more.
    pub(super) fn tear_down(&mut self, cap: Cap, wall: Wall) {
        if self.walls.get(&wall.key()) == Some(&cap) {
            self.walls.remove(&wall.key());
        }
        self.unref(wall.to);
        self.unref_membrane(wall.membrane);
    }

    pub(super) fn unref_membrane(&mut self, id: MembraneId) {
        let Some(membrane) = self.membranes.get_mut(id) else { return };
        membrane.refs = membrane.refs.saturating_sub(1);
        if membrane.refs == 0 {
            let asks = membrane.asks;
            self.membranes.remove(id);
            if asks != Asks::Nothing {
                self.outputs.push_back(Output::MembraneGone { membrane: id });
            }
        }
    }

    /// A payload of `side` as the other side has it.
    pub(super) fn wall_payload(
        &mut self,
        membrane: MembraneId,
        side: Side,
        payload: Payload,
    ) -> Payload {
        let Payload { content, caps } = payload;
        let caps = caps.into_iter().map(|cap| cap.map(|cap| self.walled(membrane, side, cap)));
        Payload { caps: caps.collect(), content }
    }
}
