//! Who keeps a call that was given up.

use super::graph::Graph;
use super::id::{CallId, Cap, TargetId};
use super::output::Output;
use super::payload::{Payload, Request};
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
    use super::membrane::{Asks, Side};
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

#[test]
fn an_offer_that_crossed_a_membrane_is_not_kept_by_a_courtesy() {
    use super::membrane::{Asks, Side};
    let mut scene = Scene::new();
    let membrane = scene.graph.membrane(Asks::Nothing);
    let walled = scene.graph.wall(membrane, Side::Outside, scene.result);
    let offer = scene.graph.call_lent(walled, request(Vec::new()));
    scene.graph.release_membrane(membrane);
    let named = scene.graph.pipeline(offer, &Path::root());
    scene.graph.offer(offer);
    let word = scene.graph.call(named, request(Vec::new()));
    scene.graph.detach(scene.waiting);
    scene.graph.drop_pipeline(scene.waiting);
    assert!(scene.happens().is_empty());
    scene.graph.detach_as_courtesy(word);
    scene.graph.drop_pipeline(word);
    assert!(scene.happens().is_empty(), "whoever was sent it wants it");
    scene.graph.release(named);
    scene.happens();
    assert!(scene.graph.collect(offer).is_some_and(|it| it.is_err()), "{}", scene.graph.dump());
}

#[test]
fn an_offer_is_not_kept_by_a_courtesy_that_was_there_before() {
    let mut scene = Scene::new();
    let offer = scene.graph.call(scene.result, request(Vec::new()));
    let named = scene.graph.pipeline(offer, &Path::root());
    let word = scene.graph.call_lent(named, request(Vec::new()));
    scene.graph.detach_as_courtesy(word);
    scene.graph.drop_pipeline(word);
    scene.happens();
    scene.graph.offer(offer);
    scene.happens();
    assert!(scene.graph.collect(offer).is_some_and(|it| it.is_err()), "{}", scene.graph.dump());
}

#[test]
fn a_courtesy_that_waits_for_another_keeps_no_more_than_that_does() {
    let mut scene = Scene::new();
    let session = scene.graph.pipeline(scene.waiting, &Path::root());
    let word = scene.graph.call_lent(session, request(Vec::new()));
    scene.is_polite();
    scene.graph.release(scene.result);
    scene.gives_up();
    assert!(scene.happens().is_empty(), "somebody waits for what the other will say");
    scene.graph.detach_as_courtesy(word);
    scene.graph.drop_pipeline(word);
    assert_eq!(scene.happens(), ["cancel"]);
    scene.ends();
}

/// What happens when so many courtesies, each of which waits for the results of the one before, are all that is left.
fn left_to_a_line_of(words: usize) -> Vec<String> {
    let mut scene = Scene::new();
    let mut line = vec![scene.waiting];
    for _ in 1..words {
        let before = *line.last().expect("there is one");
        let session = scene.graph.pipeline(before, &Path::root());
        line.push(scene.graph.call_lent(session, request(Vec::new())));
    }
    for word in line {
        scene.graph.detach_as_courtesy(word);
        scene.graph.drop_pipeline(word);
    }
    scene.graph.release(scene.result);
    scene.gives_up();
    scene.happens()
}

#[test]
fn of_17_courtesies_in_a_line_the_last_is_known_as_one() {
    assert_eq!(left_to_a_line_of(17), ["cancel"]);
    assert_eq!(left_to_a_line_of(18), [""; 0]);
}

/// What happens when a courtesy is all that is left, and the call that waits is the last of so many, each of which has the
/// outcome of the next.
fn left_to_the_last_of(calls: usize) -> Vec<String> {
    let mut scene = Scene::new();
    scene.is_polite();
    let passing = scene.graph.host(TargetId(7));
    let word = scene.graph.call(passing, request(Vec::new()));
    for left in (1..calls).rev() {
        let Some(Output::Deliver { call, .. }) = scene.graph.poll_output() else {
            panic!("it is passed on")
        };
        let to = if left == 1 { scene.result } else { passing };
        scene.graph.redirect(call, to, request(Vec::new()));
    }
    scene.graph.release(passing);
    scene.graph.detach_as_courtesy(word);
    scene.graph.drop_pipeline(word);
    scene.graph.release(scene.result);
    let mut happens = scene.happens();
    scene.gives_up();
    happens.extend(scene.happens());
    happens
}

#[test]
fn a_courtesy_is_known_as_one_through_64_calls() {
    assert!(left_to_the_last_of(64).contains(&"cancel".to_owned()));
    assert!(!left_to_the_last_of(65).contains(&"cancel".to_owned()));
}
