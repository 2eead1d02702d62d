//! Resolving: a promise comes to be another node, and whoever waits or was told of it follows.

use smallvec::SmallVec;

use crate::wire::{Exception, Path};

use super::call::{Call, Place};
use super::graph::{Graph, Work};
use super::id::{CallId, Cap, LinkId};
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
            // What has capabilities is kept until the peer finishes, unless it said it would not
            // pipeline.
            Place::Over => {
                Some(Err(Exception::failed("the call returned no capabilities or is over")))
            }
            _ => call.early.as_ref().map(|early| cap_at(early, path)),
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
        let named = !self.is_broken(to) && self.nodes.get(promise).is_some_and(|it| it.pins > 0);
        self.leave_call(promise, named);
        self.become_resolved(promise, to);
    }

    pub(super) fn is_unresolved(&self, cap: Cap) -> bool {
        matches!(
            self.nodes.get(cap),
            Some(Node { kind: Kind::Promise(Promise { state: State::Pending, .. }), .. })
        )
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
        self.tell_resolved(promise);
    }

    /// A resolved promise waits for its call no more, but may still be named by its place in the
    /// results.
    pub(super) fn leave_call(&mut self, promise: Cap, named: bool) {
        let Some(Kind::Promise(this)) = self.nodes.get_mut(promise).map(|node| &mut node.kind)
        else {
            return;
        };
        let Source::Pipeline(id, path) = &this.source else { return };
        let (id, path) = (*id, path.clone());
        this.source = Source::Spent;
        if let Some(Call { place: Place::Remote(link, question), .. }) = self.calls.get(id)
            && named
        {
            let (link, question) = (*link, *question);
            self.pin_question(promise, link, question, path);
        }
        if let Some(call) = self.calls.get_mut(id) {
            call.pipelines.retain(|(_, cap)| *cap != promise);
        }
        self.unref_pipeline(id);
    }

    /// Keeps a question unfinished while a pinned promise names a place in its results.
    fn pin_question(
        &mut self,
        promise: Cap,
        link: LinkId,
        question: crate::conn::CallRef,
        path: Path,
    ) {
        if let Some(at) = self.links.get_mut(link) {
            *at.pinned.entry(question).or_insert(0) += 1;
        }
        if let Some(Kind::Promise(this)) = self.nodes.get_mut(promise).map(|node| &mut node.kind) {
            this.source = Source::Answer(link, question, path);
        }
    }

    /// Gives up the way calls went before a promise was resolved, unless it is pinned. A broken one
    /// is not kept for its name: where promises wait for each other over two vats, each name would
    /// keep the other.
    pub(super) fn spend(&mut self, promise: Cap) {
        let is_broken = self.is_broken(promise);
        let Some(node) = self.nodes.get_mut(promise) else { return };
        let Kind::Promise(this) = &mut node.kind else { return };
        if (node.pins > 0 && !is_broken) || matches!(this.state, State::Pending) {
            return;
        }
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
            Source::Answer(link, question, _) => self.unpin_question(link, question),
            Source::Pipeline(call, _) => {
                if let Some(call) = self.calls.get_mut(call) {
                    call.pipelines.retain(|(_, cap)| *cap != promise);
                }
                self.unref_pipeline(call);
            }
            Source::Wall(wall) | Source::Gate(wall) => self.tear_down(promise, wall),
            Source::Here | Source::Spent => {}
        }
    }

    fn unpin_question(&mut self, link: LinkId, question: crate::conn::CallRef) {
        let Some(at) = self.links.get_mut(link) else { return };
        let Some(count) = at.pinned.get_mut(&question) else { return };
        *count -= 1;
        if *count == 0 {
            at.pinned.remove(&question);
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

    /// The last reference of a node is gone.
    pub(super) fn die(&mut self, cap: Cap) {
        if self.nodes.get(cap).is_none_or(|node| node.refs > 0) {
            return;
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
            Kind::Promise(Promise { source, state, .. }) => {
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
                "the capability at {path} is number {index} of {}",
                results.caps.len()
            ))),
        },
        Ok(None) => Ok(None),
        Err(why) => Err(Exception::failed(why.to_string())),
    }
}

/// Pipelines of a call, as they are taken off it to be resolved.
pub(super) type Pipelines = SmallVec<[(Path, Cap); 1]>;
