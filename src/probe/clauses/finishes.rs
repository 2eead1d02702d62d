//! Finish and cancellation.

use crate::probe::say;
use crate::probe::scene::{Scene, UNKNOWN, unknown_call};
use crate::probe::verdict::{Found, ensure, or_aborted};
use crate::wire::{ExceptionKind, Message, Outcome};

/// C-N1
pub(super) async fn frees(scene: &mut Scene<'_>) -> Found {
    for _ in 0..3 {
        scene.ask(7).await?;
        scene.say(say::finish(7));
    }
    scene.fence().await
}

/// C-N2: results that are released with their Finish, and results that are kept.
pub(super) async fn releases_results(scene: &mut Scene<'_>) -> Found {
    let import = scene.meet().await?;
    scene.ask(1).await?;
    scene.say(say::finish(1));
    // The first reference was kept, the second released.
    scene.call_fence(import).await?;
    scene.say(say::release(import, 1));
    scene.say(unknown_call(3, say::to(import)));
    scene.aborts().await
}

/// C-N3: a call that never returns by itself is cancelled.
pub(super) async fn cancels(scene: &mut Scene<'_>) -> Found {
    scene.hang()?;
    let import = scene.meet().await?;
    scene.hangs(1, import, say::capabilities(vec![say::hosted(5)])).await?;
    scene.say(say::finish(1));
    let ret = scene.returned(1).await?;
    scene.gives_back(&ret, 5, 1).await?;
    scene.say(unknown_call(1, say::to(import)));
    scene.returned(1).await.map(drop)
}

/// C-N4
pub(super) async fn delivered_first(scene: &mut Scene<'_>) -> Found {
    scene.echoed(say::hosted(1)).await?;
    scene.say(unknown_call(2, say::to_result(1, &[0]))).say(say::finish(2));
    let call = scene.called("the call that was to be delivered before it was cancelled").await?;
    ensure(call.method == UNKNOWN.method, || format!("it passed on another call: {}", call.method))
}

/// C-N5
pub(super) async fn in_one_read(scene: &mut Scene<'_>) -> Found {
    let import = scene.meet().await?;
    for ends in [say::finish, say::cancel] {
        for question in 1..=20 {
            scene.say(unknown_call(question, say::to(import))).say(ends(question));
        }
        for question in 1..=20 {
            scene.returned(question).await?;
        }
        scene.call_fence(import).await?;
    }
    let more = scene.heard.iter().filter(|message| matches!(message, Message::Return(_))).count();
    ensure(more == 0, || format!("{more} Returns more than one each"))
}

/// C-N6
pub(super) async fn of_nothing(scene: &mut Scene<'_>) -> Found {
    scene.say(say::finish(4321));
    scene.fence().await
}

/// C-N7: an Abort, or the answer was gone by then.
pub(super) async fn twice(scene: &mut Scene<'_>) -> Found {
    let hang = scene.hang()?;
    let import = scene.meet().await?;
    scene.say(say::called(say::call(1, say::to(import), hang.interface, hang.method)));
    scene.say(say::finish(1)).say(say::finish(1));
    let fence = scene.fresh();
    scene.say(unknown_call(fence, say::to(import)));
    let lived = scene.returned(fence).await;
    match lived {
        Ok(_) => scene.returned(1).await.map(drop),
        Err(found) => or_aborted(Err(found)),
    }
}

/// C-N8
pub(super) async fn behind_pipelined_calls(scene: &mut Scene<'_>) -> Found {
    scene.meet().await?;
    scene.say(say::bootstrap(1)).say(unknown_call(2, say::to_result(1, &[]))).say(say::finish(1));
    let ret = scene.returned(2).await?;
    let Outcome::Exception(why) = &ret.outcome else { return Ok(()) };
    ensure(why.kind() == ExceptionKind::Unimplemented, || {
        format!("the call did not reach its target: {}", why.reason())
    })
}
