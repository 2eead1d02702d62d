//! A vat in the middle of a conversation about a promise of the peer.

use bowline::rpc::{Client, Promise};
use bowline::wire::ExceptionKind;

use crate::scene::Scene;
use crate::support::{Ask, method};
use crate::words::{bare, promised, results, returns};

/// The vat holds promise 6 of the peer, which it has called, and waits for a second call.
pub(crate) struct Promising {
    pub(crate) scene: Scene,
    pub(crate) promise: Client,
    pub(crate) waiting: Promise,
}

impl Promising {
    pub(crate) fn new() -> Self {
        let mut scene = Scene::met();
        let promise = scene.link.bootstrap();
        let early = promise.note(1);
        scene.heard();
        scene.says(returns(0, bare(promised(6))));
        scene.says(returns(1, results(vec![])));
        scene.heard();
        scene.run(early).expect("it returned");
        let waiting = promise.ask(method::NEVER, 0, &[]);
        scene.heard();
        Self { scene, promise, waiting }
    }

    /// The question still open fails as disconnected, with `reason` in it.
    #[track_caller]
    pub(crate) fn loses_its_question(self, reason: &str) -> Scene {
        let Self { scene, promise, waiting } = self;
        let why = scene.run(waiting).expect_err("the connection is over");
        assert_eq!(why.kind(), ExceptionKind::Disconnected, "{why}");
        assert!(why.reason().contains(reason), "{why}");
        drop(promise);
        scene
    }
}
