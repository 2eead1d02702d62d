//! The graph, looked at from outside: how much is in it, as text, and what must always hold.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::conn::Broken;

use super::call::{Origin, Place, Told};
use super::graph::{Graph, Step};
use super::id::{Cap, LinkId};
use super::link::Link;
use super::node::{Item, Kind, Promise, Source, State, Taking};
use super::payload::Payload;

/// How much is in a graph at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Capabilities: objects, imports, promises, broken ones.
    pub nodes: usize,
    /// Calls somebody has an interest in.
    pub calls: usize,
    /// Connections.
    pub links: usize,
    /// Capabilities offered to peers as bootstrap.
    pub bootstraps: usize,
    /// Calls and outputs that wait for `poll_output`.
    pub queued: usize,
}

/// What the graph itself holds of a node.
#[derive(Clone, Copy, Default)]
struct Held {
    refs: u32,
    pins: u32,
}

type Census = BTreeMap<u32, Held>;

impl Graph {
    /// How much is in the graph.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            nodes: self.nodes.len(),
            calls: self.calls.len(),
            links: self.links.len(),
            bootstraps: self.links.iter().filter(|(_, link)| link.bootstrap.is_some()).count(),
            queued: self.queue.len() + self.outputs.len(),
        }
    }

    /// Nothing is going on: no call, and no capability but those offered as bootstrap, with what is
    /// behind their walls. Looks at every node.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let mut offered = Vec::new();
        for (_, link) in self.links.iter() {
            let behind = |cap: &Cap| self.wall_at(*cap).map(|wall| wall.to);
            offered.extend(std::iter::successors(link.bootstrap, behind));
        }
        let stats = self.stats();
        let nothing_moves = stats.calls == 0 && stats.queued == 0 && self.streams.len() == 0;
        nothing_moves && self.nodes.iter().all(|(cap, _)| offered.contains(&cap))
    }

    /// Whether references, pins and lists agree with each other, here and in every connection.
    /// Looks at every entry.
    ///
    /// # Errors
    ///
    /// Names the invariant that does not hold: a defect of this library.
    pub fn check(&self) -> Result<(), Broken> {
        for (id, link) in self.links.iter() {
            link.conn.check()?;
            self.check_link(id, link)?;
        }
        let census = self.census();
        for (cap, node) in self.nodes.iter() {
            let held = census.get(&cap.index()).copied().unwrap_or_default();
            if node.refs < held.refs || node.refs == 0 {
                let (refs, held) = (node.refs, held.refs);
                return broken(format!("node {cap} counts {refs} references, {held} are held"));
            }
            if node.pins != held.pins {
                let (pins, held) = (node.pins, held.pins);
                return broken(format!("node {cap} counts {pins} pins, {held} are held"));
            }
            if node.kind.promise().is_some() && node.courtesies < self.courtesies_at(cap) {
                return broken(format!("node {cap} counts {} courtesies only", node.courtesies));
            }
            self.check_node(cap, &node.kind)?;
            self.check_line(cap, &node.kind)?;
        }
        self.check_streams()?;
        self.check_membranes()?;
        self.check_calls()
    }

    fn check_link(&self, id: LinkId, link: &Link) -> Result<(), Broken> {
        for (slot, export) in link.exports.iter() {
            let listed = self.nodes.get(export.cap);
            if !listed.is_some_and(|node| node.exported.slots().contains(&(id, slot))) {
                return broken(format!("slot {} of link {id} is not listed at its node", slot.0));
            }
        }
        if link.conn.is_closed()
            && link.embargoes.len() + link.named.len() + link.returning.len() > 0
        {
            return broken(format!("link {id} is closed and keeps embargoes or questions"));
        }
        Ok(())
    }

    fn check_node(&self, cap: Cap, kind: &Kind) -> Result<(), Broken> {
        let Some(Promise { source, state, queue, .. }) = kind.promise() else { return Ok(()) };
        if let State::Resolved(to) | State::Embargoed(to) = state
            && self.nodes.get(*to).is_none()
        {
            return broken(format!("promise {cap} is resolved to a node that is gone"));
        }
        if matches!(state, State::Resolved(_)) && !queue.is_empty() {
            return broken(format!("promise {cap} is resolved, and calls wait at it"));
        }
        if let Source::Pipeline(call, _) = source {
            let call = self.calls.get(*call);
            if !call.is_some_and(|call| call.pipelines.iter().any(|(_, known)| *known == cap)) {
                return broken(format!("promise {cap} is not listed at its call"));
            }
        }
        Ok(())
    }

    fn check_line(&self, cap: Cap, kind: &Kind) -> Result<(), Broken> {
        let Kind::Streamed(streamed) = kind else { return Ok(()) };
        let is_next = |step: &Step| step.to == cap && matches!(step.item, Item::Next);
        let held = matches!(streamed.taking, Taking::Held(_));
        if !held && !streamed.line.is_empty() && !self.queue.iter().any(is_next) {
            return broken(format!("calls wait at node {cap}, and nothing holds them back"));
        }
        Ok(())
    }

    fn check_streams(&self) -> Result<(), Broken> {
        let mut sent = BTreeMap::<u32, u32>::new();
        for (_, call) in self.calls.iter() {
            if let Origin::Sent(stream, _) = call.origin {
                *sent.entry(stream.index()).or_default() += 1;
            }
        }
        for (id, stream) in self.streams.iter() {
            let sent = sent.get(&id.index()).copied().unwrap_or_default();
            if stream.calls() != sent || stream.is_over() {
                return broken(format!("stream {id} counts {}, {sent} are sent", stream.calls()));
            }
        }
        Ok(())
    }

    fn check_membranes(&self) -> Result<(), Broken> {
        let mut held = BTreeMap::<u32, u32>::new();
        for ((_, membrane, _), cap) in &self.walls {
            *held.entry(*membrane).or_default() += 1;
            if self.nodes.get(*cap).is_none() {
                return broken(format!("wall {cap} is listed and gone"));
            }
        }
        for (id, call) in self.calls.iter() {
            if let Place::Across(next, membrane, _) = call.place
                && self.calls.get(next).is_some_and(|next| next.origin == Origin::Crossed(id))
            {
                *held.entry(membrane.index()).or_default() += 1;
            }
        }
        for (id, membrane) in self.membranes.iter() {
            let held = held.get(&id.index()).copied().unwrap_or_default();
            // Its owner holds one more, or has given it up.
            if membrane.refs < held || membrane.refs > held + 1 {
                let refs = membrane.refs;
                return broken(format!("membrane {id} counts {refs} references, {held} are held"));
            }
        }
        Ok(())
    }

    fn check_calls(&self) -> Result<(), Broken> {
        for (id, call) in self.calls.iter() {
            if (call.pipeline_refs as usize) < call.pipelines.len() {
                return broken(format!("call {id} counts fewer pipelines than it has"));
            }
            if let Some((_, gone)) =
                call.pipelines.iter().find(|(_, cap)| self.nodes.get(*cap).is_none())
            {
                return broken(format!("call {id} lists promise {gone}, which is gone"));
            }
            if self.is_kept_out_of_courtesy(id) {
                return broken(format!("call {id} is kept by courtesies alone"));
            }
            if let Place::Redirected(next) = call.place
                && self.calls.get(next).is_none()
            {
                return broken(format!("call {id} is redirected to a call that is gone"));
            }
        }
        Ok(())
    }

    /// What the graph itself holds of each node; the rest is held by whoever runs it.
    fn census(&self) -> Census {
        let mut census = Census::new();
        for step in self.queue.iter().filter(|step| self.holds(&step.item)) {
            hold(&mut census, step.to, 0);
        }
        for (cap, node) in self.nodes.iter() {
            if let Kind::Streamed(streamed) = &node.kind {
                let live = streamed.line.iter().filter(|item| self.holds(item));
                live.for_each(|_| hold(&mut census, cap, 0));
            }
            if let Kind::Wall(wall) = &node.kind {
                hold(&mut census, wall.to, 0);
            }
            let Some(Promise { source, state, queue, .. }) = node.kind.promise() else { continue };
            if let Source::Wall(wall) | Source::Gate(wall) = source {
                hold(&mut census, wall.to, 0);
            }
            let live = queue.iter().filter(|item| self.holds(item));
            live.for_each(|_| hold(&mut census, cap, 0));
            if let State::Resolved(to) | State::Embargoed(to) = state {
                hold(&mut census, *to, 0);
            }
        }
        for (_, link) in self.links.iter() {
            link.bootstrap.into_iter().for_each(|cap| hold(&mut census, cap, 0));
            link.embargoes.values().for_each(|cap| hold(&mut census, *cap, 0));
            link.returning.values().for_each(|cap| hold(&mut census, *cap, 1));
            for (_, export) in link.exports.iter() {
                hold(&mut census, export.cap, 0);
                export.told.into_iter().for_each(|cap| hold(&mut census, cap, 1));
            }
        }
        for (_, call) in self.calls.iter() {
            match &call.place {
                Place::Queued(request, ..) => hold_all(&mut census, &request.params),
                Place::Judged(request, _, at) => {
                    hold_all(&mut census, &request.params);
                    hold(&mut census, *at, 0);
                }
                Place::Done(Ok(results)) => hold_all(&mut census, results),
                Place::Kept(results, told) => {
                    for (cap, told) in results.caps.iter().zip(told) {
                        let pins = u32::from(*told == Told::Theirs);
                        cap.iter().for_each(|cap| hold(&mut census, *cap, pins));
                    }
                }
                _ => {}
            }
            call.early().into_iter().for_each(|early| hold_all(&mut census, early));
            call.used().iter().for_each(|(_, cap)| hold(&mut census, *cap, 0));
        }
        census
    }

    /// Every node, call and connection table, one entry a line.
    #[must_use]
    pub fn dump(&self) -> String {
        let mut text = String::new();
        let census = self.census();
        for (cap, node) in self.nodes.iter() {
            let held = census.get(&cap.index()).copied().unwrap_or_default();
            let outside = node.refs.saturating_sub(held.refs);
            line(
                &mut text,
                format_args!(
                    "node {cap} {:?}: {} refs, {outside} outside, {} pins, exported {:?}",
                    node.kind,
                    node.refs,
                    node.pins,
                    node.exported.slots()
                ),
            );
        }
        for (id, call) in self.calls.iter() {
            line(&mut text, format_args!("call {id} {call:?}"));
        }
        for (id, link) in self.links.iter() {
            if link.conn.is_idle() && link.exports.iter().next().is_none() {
                line(&mut text, format_args!("link {id}: idle"));
                continue;
            }
            line(&mut text, format_args!("link {id}: {}", link.conn.stats()));
            for entry in link.conn.dump().lines() {
                line(&mut text, format_args!("  {entry}"));
            }
            for (slot, export) in link.exports.iter() {
                line(&mut text, format_args!("  slot {} {export:?}", slot.0));
            }
            for (embargo, cap) in &link.embargoes {
                line(&mut text, format_args!("  {embargo} before node {cap}"));
            }
            for (question, names) in &link.named {
                line(&mut text, format_args!("  call {} kept by {names} embargoes", question.0));
            }
        }
        text
    }
}

fn hold(census: &mut Census, cap: Cap, pins: u32) {
    let held = census.entry(cap.index()).or_default();
    held.refs += 1;
    held.pins += pins;
}

fn hold_all(census: &mut Census, payload: &Payload) {
    payload.caps.iter().flatten().for_each(|cap| hold(census, *cap, 0));
}

fn broken(rule: String) -> Result<(), Broken> {
    Err(Broken(rule))
}

fn line(text: &mut String, entry: std::fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _ = writeln!(text, "{entry}");
}
