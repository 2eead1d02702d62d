//! Resolving: a promise comes to be another node, and whoever waits or was told of it follows.

use smallvec::SmallVec;

use crate::wire::{Exception, Path};

use super::call::{Call, Place};
use super::graph::{Graph, Work};
use super::id::{CallId, Cap, LinkId};
use super::link::Link;
use super::node::{Kind, Node, Promise, Source, State, Watch};
use super::output::Output;
use super::payload::Payload;

/// How many capabilities in the results of one call are promised before it returns; more are
/// broken. They are looked up one after the other, and a peer can name ever new ones, thousands in
/// one message.
const PATHS_MAX: usize = 4096;

impl Graph {
    /// A capability in the results of a call. The caller gets one reference.
    pub fn pipeline(&mut self, call: CallId, path: &Path) -> Cap {
        let mut at = call;
        let mut crossed = SmallVec::<[_; 1]>::new();
        loop {
            match self.calls.get(at).map(|call| &call.place) {
                Some(Place::Redirected(next)) => at = *next,
                Some(Place::Across(next, membrane, side)) => {
                    crossed.push((*membrane, *side));
                    at = *next;
                }
                _ => break,
            }
        }
        let cap = self.pipeline_at(at, path);
        crossed
            .into_iter()
            .rev()
            .fold(cap, |cap, (membrane, side)| self.walled(membrane, side, cap))
    }

    /// A capability in the results of the very call `at`.
    fn pipeline_at(&mut self, at: CallId, path: &Path) -> Cap {
        let Some(call) = self.calls.get(at) else {
            return self.broken(Exception::failed("the call is over"));
        };
        let known = match &call.place {
            Place::Done(Ok(results)) | Place::Kept(results, _) => Some(cap_at(results, path)),
            Place::Done(Err(why)) => Some(Err(why.clone())),
            Place::Bare => Some(Ok(None)),
            // What has capabilities is kept until the peer finishes, unless it said it would not
            // pipeline.
            Place::Over => {
                Some(Err(Exception::failed("the call returned no capabilities or is over")))
            }
            _ => call.early().map(|early| cap_at(early, path)),
        };
        match known {
            Some(Ok(Some(cap))) => {
                self.retain(cap);
                cap
            }
            Some(Ok(None)) => self.null(),
            Some(Err(why)) => self.broken(why),
            None => self.promise_of(at, path),
        }
    }

    /// The promise for a capability in results that are not there yet.
    fn promise_of(&mut self, id: CallId, path: &Path) -> Cap {
        let Some(call) = self.calls.get_mut(id) else { return self.null() };
        if let Some((_, cap)) = call.pipelines.iter().find(|(known, _)| known == path) {
            let cap = *cap;
            self.retain(cap);
            return cap;
        }
        if call.pipelines.len() >= PATHS_MAX {
            let why = format!("more than {PATHS_MAX} capabilities promised by one call");
            return self.broken(Exception::overloaded(why));
        }
        let cap = self.nodes.insert(Node::promise(Source::Pipeline(id, path.clone())));
        call.pipelines.push((path.clone(), cap));
        call.pipeline_refs += 1;
        cap
    }

    /// Resolves the promises in `pipelines` to what stands in the results.
    pub(super) fn resolve_pipelines(
        &mut self,
        pipelines: &[(Path, Cap)],
        results: Result<&Payload, &Exception>,
    ) {
        for (path, promise) in pipelines {
            let cap = match results.map_err(Clone::clone).and_then(|all| cap_at(all, path)) {
                Ok(Some(cap)) => {
                    self.retain(cap);
                    cap
                }
                Ok(None) => self.null(),
                Err(why) => self.broken(why),
            };
            self.work.push_back(Work::Resolve(*promise, cap));
        }
    }

    /// The promise comes to be `to`, whose reference is taken. (C-P2, C-P3)
    pub(super) fn resolve_to(&mut self, promise: Cap, to: Cap) {
        if !self.is_unresolved(promise) {
            return self.unref(to);
        }
        let to = self.unless_circle(promise, to);
        self.leave_call(promise);
        self.become_resolved(promise, to);
    }

    pub(super) fn is_unresolved(&self, cap: Cap) -> bool {
        let state = self.nodes.get(cap).and_then(|node| node.kind.state());
        matches!(state, Some(State::Pending))
    }

    pub(super) fn become_resolved(&mut self, promise: Cap, to: Cap) {
        let Some(node) = self.nodes.get_mut(promise) else { return self.unref(to) };
        if let Kind::Promise(this) = &mut node.kind {
            this.state = State::Resolved(to);
        }
        if std::mem::replace(&mut node.watch, Watch::Nobody) == Watch::Told {
            self.outputs.push_back(Output::Settled { cap: promise });
        }
        if self.nodes.get(promise).is_some_and(|node| node.stream.is_some()) {
            self.hand_over(promise);
        }
        self.flush(promise);
        if !self.walls.is_empty() {
            self.resolve_walls(promise);
        }
        self.spend(promise);
        // Behind what waited here: a peer that is told overtakes what has not left by then.
        self.work.push_back(Work::Tell(promise));
    }

    /// A resolved promise waits for its call no more.
    fn leave_call(&mut self, promise: Cap) {
        if let Some((id, _)) = self.take_pipeline(promise) {
            self.end_pipeline(promise, id);
        }
    }

    /// A promise under an embargo waits for its call no more, and keeps its name: a place in the
    /// results of a question, which is kept unfinished for that.
    pub(super) fn stay_named(&mut self, promise: Cap) {
        let Some((id, path)) = self.take_pipeline(promise) else { return };
        if let Some(Call { place: Place::Remote(link, question), .. }) = self.calls.get(id) {
            let (link, question) = (*link, *question);
            if let Some(at) = self.links.get_mut(link) {
                *at.named.entry(question).or_insert(0) += 1;
            }
            if let Some(this) = self.nodes.get_mut(promise).and_then(|node| node.kind.promise_mut())
            {
                this.source = Source::Answer(link, question, path);
            }
        }
        self.end_pipeline(promise, id);
    }

    fn take_pipeline(&mut self, promise: Cap) -> Option<(CallId, Path)> {
        let this = self.nodes.get_mut(promise)?.kind.promise_mut()?;
        if !matches!(this.source, Source::Pipeline(..)) {
            return None;
        }
        match std::mem::replace(&mut this.source, Source::Spent) {
            Source::Pipeline(id, path) => Some((id, path)),
            _ => None,
        }
    }

    fn end_pipeline(&mut self, promise: Cap, id: CallId) {
        if let Some(call) = self.calls.get_mut(id) {
            call.pipelines.retain(|(_, cap)| *cap != promise);
        }
        self.unref_pipeline(id);
    }

    /// Gives up the way calls went before a promise was resolved. An import stays as long as it is
    /// pinned; a broken one does not: where promises wait for each other over two vats, each name
    /// would keep the other.
    ///
    /// A question stays for a disembargo on its way back alone. Two vats that each name a place in
    /// what the other returned would keep each other's questions for ever, as results hold more than
    /// what is named. Nor need it stay: the peer was told of the place in a message that left before
    /// the Finish, and all it sends by what it was told goes where the promise is resolved to. (C-E9)
    pub(super) fn spend(&mut self, promise: Cap) {
        let is_broken = self.is_broken(promise);
        let Some(node) = self.nodes.get(promise) else { return };
        let Some(Promise { source, state: State::Resolved(_), .. }) = node.kind.promise() else {
            return;
        };
        let is_named = match source {
            Source::Answer(link, ..) => {
                let mut returning = self.links.get(*link).into_iter().flat_map(Link::returning);
                returning.any(|told| told == promise)
            }
            _ => node.pins > 0,
        };
        if is_named && !is_broken {
            return;
        }
        let Some(this) = self.nodes.get_mut(promise).and_then(|node| node.kind.promise_mut())
        else {
            return;
        };
        let source = std::mem::replace(&mut this.source, Source::Spent);
        self.give_up(promise, source);
    }

    fn give_up(&mut self, promise: Cap, source: Source) {
        match source {
            Source::Import(link, import) => {
                if let Some(at) = self.links.get_mut(link) {
                    at.conn.release(import);
                    self.touch(link);
                }
            }
            Source::Answer(link, question, _) => self.unname_question(link, question),
            Source::Pipeline(call, _) => {
                self.end_pipeline(promise, call);
                self.forsake_call(call);
            }
            Source::Wall(wall) | Source::Gate(wall) => self.tear_down(promise, wall),
            Source::Here | Source::Spent => {}
        }
    }

    fn unname_question(&mut self, link: LinkId, question: crate::conn::CallRef) {
        let Some(at) = self.links.get_mut(link) else { return };
        let Some(count) = at.named.get_mut(&question) else { return };
        *count -= 1;
        if *count == 0 {
            at.named.remove(&question);
            at.conn.finish(question);
            self.touch(link);
        }
    }

    /// Takes a reference and a pin: the node keeps its name to its peer, even once it is resolved.
    pub(super) fn pin(&mut self, cap: Cap) {
        if let Some(node) = self.nodes.get_mut(cap) {
            node.refs += 1;
            node.pins += 1;
        }
    }

    pub(super) fn unpin(&mut self, cap: Cap) {
        if let Some(node) = self.nodes.get_mut(cap) {
            node.pins = node.pins.saturating_sub(1);
        }
        self.spend(cap);
        self.unref(cap);
    }

    /// The last reference of a node is gone, but for those of courtesies.
    pub(super) fn die(&mut self, cap: Cap) {
        match self.nodes.get(cap) {
            Some(node) if node.refs > 0 => return self.forsake(cap),
            _ => {}
        }
        let Some(node) = self.nodes.remove(cap) else { return };
        if node.watch == Watch::Told {
            // It never will be; whoever runs the vat need not remember who asked.
            self.outputs.push_back(Output::Settled { cap });
        }
        if let Some(stream) = node.stream {
            self.abandon_stream(stream);
        }
        match node.kind {
            Kind::Target(target) => self.outputs.push_back(Output::Dropped { target }),
            Kind::Streamed(streamed) => {
                self.outputs.push_back(Output::Dropped { target: streamed.target });
            }
            Kind::Broken(_) | Kind::Null => {}
            Kind::Wall(wall) => self.tear_down(cap, wall),
            Kind::Import(link, import) => self.give_up(cap, Source::Import(link, import)),
            Kind::Promise(promise) => {
                let Promise { source, state, .. } = *promise;
                self.give_up(cap, source);
                if let State::Embargoed(to) | State::Resolved(to) = state {
                    self.unref(to);
                }
            }
        }
    }
}

/// The capability at `path`; `None` is the null one. (C-D1)
pub(super) fn cap_at(results: &Payload, path: &Path) -> Result<Option<Cap>, Exception> {
    match results.content.cap_at(path) {
        Ok(Some(index)) => match results.caps.get(index as usize) {
            Some(cap) => Ok(*cap),
            None => Err(Exception::failed(format!(
                "the capability at root{path} is number {index} of {}",
                results.caps.len()
            ))),
        },
        Ok(None) => Ok(None),
        Err(why) => Err(Exception::failed(format!("{why} (root{path})"))),
    }
}
