//! Courtesies: what is said to whoever is there, and keeps nobody there.
//!
//! One rule: *a call that was given up is not kept by courtesies* (C-A8). Whoever gives up a stream, or comes to the end of a
//! signal, says so to the peer; what that named may be the result of a call of its own that never returns. Did the words
//! that wait for that result keep the call, it and they would be there after everybody else was gone.

use crate::wire::Exception;

use super::call::{Call, Fate, Origin, Pipelines, Place};
use super::graph::{Graph, Work};
use super::id::{CallId, Cap, LinkId};
use super::node::{Item, Node, Source, State};

/// How many calls may have the same outcome, one after the other, for the last to be known as a courtesy.
const STEPS_MAX: usize = 64;

impl Graph {
    /// As [`detach`](Self::detach), but the call is a courtesy: while it waits for the results of a call, and nothing is
    /// pipelined on it, it does not keep that. It fails where nobody else wants those results either.
    pub fn detach_as_courtesy(&mut self, id: CallId) {
        self.detach(id);
        if let Some(call @ Call { origin: Origin::Detached, .. }) = self.calls.get_mut(id) {
            call.origin = Origin::Courtesy;
            self.unwanted(id);
            self.settle();
        }
    }

    /// What was sent of a stream so far is a courtesy from here on: whoever sent it has cut it off. What others sent to the
    /// same capability goes with it; whoever still wants that to arrive holds more than what was sent.
    pub fn cut_stream(&mut self, cap: Cap) {
        let mut at = cap;
        loop {
            let stream = self.nodes.get(at).and_then(|node| node.stream);
            if let Some(stream) = stream.and_then(|stream| self.streams.get_mut(stream)) {
                stream.cut();
            }
            // What was sent by way of a promise may be counted there, though it came home since.
            match self.resolved(at) {
                Some(to) => at = to,
                None => break,
            }
        }
        self.count_courtesies(at);
        self.look_if_light(at);
        self.settle();
    }

    /// Whether a connection is there, and not over.
    #[must_use]
    pub fn is_connected(&self, link: LinkId) -> bool {
        self.links.get(link).is_some_and(|link| !link.conn.is_closed())
    }

    /// The call that `id` was made as: the one before every membrane it crossed.
    pub(super) fn made_as(&self, id: CallId) -> CallId {
        let mut at = id;
        while let Some(Call { origin: Origin::Crossed(before), .. }) = self.calls.get(at) {
            at = *before;
        }
        at
    }

    /// Looks after a call on which nothing is pipelined any more from its own side of a membrane.
    pub(super) fn unwanted_across(&mut self, id: CallId) {
        match self.calls.get(self.made_as(id)) {
            Some(Call { origin: Origin::Courtesy, .. }) => self.wait_lightly(id),
            Some(call @ Call { origin: Origin::Waiting, .. }) if call.is_offered() => {
                self.take_back(id);
            }
            _ => {}
        }
    }

    /// A courtesy, or what came of it, may wait at a promise: it does not keep what that is for.
    pub(super) fn wait_lightly(&mut self, id: CallId) {
        let next = |at: &CallId| match self.calls.get(*at)?.place {
            Place::Redirected(next) | Place::Across(next, ..) => Some(next),
            _ => None,
        };
        let end = std::iter::successors(Some(id), next).take(STEPS_MAX).last().unwrap_or(id);
        let Some(Call { place: Place::Queued(_, Fate::Wait, at), .. }) = self.calls.get(end) else {
            return;
        };
        let at = *at;
        if self.is_courtesy(end)
            && let Some(node) = self.nodes.get_mut(at)
            && node.kind.promise().is_some()
        {
            node.courtesies += 1;
            self.look_if_light(at);
        }
    }

    fn count_courtesies(&mut self, at: Cap) {
        let light = self.courtesies_at(at);
        if let Some(node) = self.nodes.get_mut(at) {
            node.courtesies = light;
        }
    }

    fn look_if_light(&mut self, at: Cap) {
        if self.nodes.get(at).is_some_and(Node::is_light) {
            self.work.push_back(Work::Die(at));
        }
    }

    /// Whether nobody but who is polite wants the outcome of a call.
    fn is_courtesy(&self, id: CallId) -> bool {
        let mut at = id;
        for _ in 0..STEPS_MAX {
            let Some(call) = self.calls.get(at) else { return false };
            // Whoever made a call that crossed a membrane holds a pipeline of it.
            let own = u32::from(matches!(call.origin, Origin::Crossed(_)));
            if call.pipeline_refs > own {
                return false;
            }
            at = match call.origin {
                Origin::Courtesy => return true,
                Origin::Sent(stream, _) => {
                    return self.streams.get(stream).is_some_and(|stream| stream.is_cut());
                }
                Origin::Crossed(before) | Origin::Tail(before) => before,
                Origin::Gone => match call.taker() {
                    Some(taker) => taker,
                    None => return false,
                },
                _ => return false,
            };
        }
        false
    }

    /// How many of those who wait at a promise are courtesies.
    pub(super) fn courtesies_at(&self, cap: Cap) -> u32 {
        let queue = self.nodes.get(cap).and_then(|node| node.kind.promise()).map(|it| &it.queue);
        let is_light = |item: &&Item| match item {
            Item::Call(id) => self.is_live(item) && self.is_courtesy(*id),
            _ => false,
        };
        // Fits: every one of them has a reference.
        queue.map_or(0, |queue| queue.iter().filter(is_light).count() as u32)
    }

    /// All that is left of the references of a promise may be courtesies: what it is for may be kept by nothing else.
    pub(super) fn forsake(&mut self, cap: Cap) {
        let promise = self.nodes.get(cap).and_then(|node| node.kind.promise());
        if let Some(promise) = promise
            && matches!(promise.state, State::Pending)
            && let Source::Pipeline(call, _) = promise.source
        {
            self.forsake_call(call);
        }
    }

    /// Whether a call was given up, and all that keeps it is courtesies that wait for its results.
    pub(super) fn is_kept_out_of_courtesy(&self, id: CallId) -> bool {
        self.may_be_forsaken(id).is_some_and(|pipelines| {
            let is_light = |cap: Cap| {
                self.nodes.get(cap).is_some_and(|node| node.refs == self.courtesies_at(cap))
            };
            pipelines.iter().all(|(_, cap)| is_light(*cap))
        })
    }

    /// What is pipelined on a call that was given up, if each of that may be held by courtesies alone: the count of a node
    /// is never too low, and costs nothing to look at.
    fn may_be_forsaken(&self, id: CallId) -> Option<&Pipelines> {
        let call = self.calls.get(id)?;
        let is_given_up = match (call.origin, &call.place) {
            (Origin::Gone, _) => call.taker().is_none(),
            (Origin::Waiting, Place::Queued(..)) => call.is_offered(),
            _ => false,
        };
        let may_be = is_given_up
            && !call.pipelines.is_empty()
            && call.pipeline_refs as usize == call.pipelines.len()
            && call
                .pipelines
                .iter()
                .all(|(_, cap)| self.nodes.get(*cap).is_some_and(Node::is_light));
        may_be.then_some(&call.pipelines)
    }

    /// Breaks what is pipelined on a call that is kept out of courtesy; with that, nobody wants the call any more.
    pub(super) fn forsake_call(&mut self, id: CallId) {
        let Some(pipelines) = self.may_be_forsaken(id).cloned() else { return };
        // A count that is too high is set right when it is found out, and costs no more the next time.
        pipelines.iter().for_each(|(_, cap)| self.count_courtesies(*cap));
        if self.may_be_forsaken(id).is_none() {
            return;
        }
        for (_, promise) in pipelines {
            let why = Exception::disconnected("nobody wants the results of the call any more");
            let broken = self.broken(why);
            self.work.push_back(Work::Resolve(promise, broken));
        }
    }
}

impl Node {
    /// At most courtesies hold it, if anything does.
    #[inline]
    pub(super) fn is_light(&self) -> bool {
        self.refs <= self.courtesies
    }
}

#[cfg(test)]
mod tests {
    use super::super::id::TargetId;
    use super::super::output::Output;
    use super::super::payload::{Payload, Request};
    use super::*;
    use crate::wire::{Content, Path};

    /// A call that runs, and a call on its result that waits.
    struct Scene {
        graph: Graph,
        running: CallId,
        result: Cap,
        waiting: CallId,
    }

    fn request(caps: Vec<Option<Cap>>) -> Request {
        Request { interface: 1, method: 1, params: Payload { content: Content::null(), caps } }
    }

    impl Scene {
        fn new() -> Self {
            let mut graph = Graph::new();
            let target = graph.host(TargetId(0));
            let running = graph.call_lent(target, request(Vec::new()));
            let result = graph.pipeline(running, &Path::root());
            let waiting = graph.call(result, request(Vec::new()));
            let mut scene = Self { graph, running, result, waiting };
            assert_eq!(scene.happens(), ["deliver 0"]);
            scene
        }

        /// The call on the result is said to whoever that is.
        fn is_polite(&mut self) {
            self.graph.detach_as_courtesy(self.waiting);
            self.graph.drop_pipeline(self.waiting);
        }

        fn gives_up(&mut self) {
            self.graph.drop_result(self.running);
            self.graph.drop_pipeline(self.running);
        }

        fn returns(&mut self) {
            let cap = self.graph.host(TargetId(1));
            let results = Payload { content: Content::capability(0), caps: vec![Some(cap)] };
            self.graph.respond(self.running, Ok(results));
        }

        fn happens(&mut self) -> Vec<String> {
            let mut all = Vec::new();
            while let Some(output) = self.graph.poll_output() {
                match output {
                    Output::Deliver { target, call, .. } => {
                        all.push(format!("deliver {}", target.0));
                        if target == TargetId(1) {
                            self.graph.respond(call, Ok(Payload::null()));
                        }
                    }
                    Output::Cancel { .. } => all.push("cancel".to_owned()),
                    _ => {}
                }
                assert_eq!(self.graph.check(), Ok(()));
            }
            all
        }

        fn ends(mut self) {
            assert!(self.happens().is_empty());
            assert!(self.graph.is_idle(), "{}", self.graph.dump());
        }
    }

    #[test]
    fn a_courtesy_arrives_where_the_result_it_waits_for_is_wanted() {
        let mut scene = Scene::new();
        scene.is_polite();
        scene.graph.release(scene.result);
        assert!(scene.happens().is_empty(), "it waits");
        scene.returns();
        assert_eq!(scene.happens(), ["deliver 1"]);
        scene.gives_up();
        scene.ends();
    }

    #[test]
    fn a_call_that_is_given_up_is_not_kept_by_a_courtesy() {
        let mut scene = Scene::new();
        scene.graph.release(scene.result);
        scene.gives_up();
        assert!(scene.happens().is_empty(), "somebody waits for what will be there");
        scene.is_polite();
        assert_eq!(scene.happens(), ["cancel"]);
        scene.ends();
    }

    #[test]
    fn whoever_holds_the_result_keeps_the_call_for_a_courtesy_too() {
        let mut scene = Scene::new();
        scene.is_polite();
        scene.gives_up();
        assert!(scene.happens().is_empty());
        let other = scene.graph.call(scene.result, request(Vec::new()));
        scene.graph.release(scene.result);
        assert!(scene.happens().is_empty(), "nor is it one who calls");
        scene.graph.detach(other);
        scene.graph.drop_pipeline(other);
        assert!(scene.happens().is_empty(), "nor one who wants that to arrive");
        scene.returns();
        assert_eq!(scene.happens(), ["deliver 1", "deliver 1"]);
        scene.ends();
    }

    #[test]
    fn the_last_to_let_go_of_the_result_leaves_the_courtesies() {
        let mut scene = Scene::new();
        scene.is_polite();
        scene.gives_up();
        let other = scene.graph.call(scene.result, request(Vec::new()));
        scene.graph.release(scene.result);
        assert!(scene.happens().is_empty());
        scene.graph.drop_pipeline(other);
        scene.graph.drop_result(other);
        assert_eq!(scene.happens(), ["cancel"]);
        scene.ends();
    }

    #[test]
    fn what_is_pipelined_on_a_courtesy_keeps_what_it_waits_for() {
        let mut scene = Scene::new();
        let behind = scene.graph.pipeline(scene.waiting, &Path::root());
        scene.is_polite();
        scene.graph.release(scene.result);
        scene.gives_up();
        assert!(scene.happens().is_empty());
        scene.graph.release(behind);
        assert_eq!(scene.happens(), ["cancel"]);
        scene.ends();
    }

    #[test]
    fn a_courtesy_that_crossed_a_membrane_is_one_behind_it() {
        use super::super::membrane::{Asks, Side};
        let mut scene = Scene::new();
        let membrane = scene.graph.membrane(Asks::Nothing);
        let walled = scene.graph.wall(membrane, Side::Outside, scene.result);
        let other = scene.graph.call_lent(walled, request(Vec::new()));
        scene.graph.release_membrane(membrane);
        scene.is_polite();
        scene.gives_up();
        assert!(scene.happens().is_empty(), "another waits behind the membrane");
        scene.graph.detach_as_courtesy(other);
        scene.graph.drop_pipeline(other);
        assert_eq!(scene.happens(), ["cancel"]);
        scene.ends();
    }

    #[test]
    fn courtesies_move_on_with_what_they_wait_for() {
        let mut scene = Scene::new();
        scene.is_polite();
        scene.graph.release(scene.result);
        let other = scene.graph.host(TargetId(2));
        let running = scene.running;
        scene.graph.redirect(running, other, request(Vec::new()));
        scene.graph.release(other);
        assert_eq!(scene.happens(), ["deliver 2"]);
        scene.gives_up();
        assert_eq!(scene.happens(), ["cancel"]);
        scene.ends();
    }
}
