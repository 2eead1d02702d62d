//! Promises of ours, and the order of what passes through the server.

use crate::probe::say;
use crate::probe::scene::{Scene, releases, unknown_call};
use crate::probe::verdict::{Found, ensure, or_aborted};
use crate::wire::{Context, ExportId, Message, Resolution, Resolve};

/// C-P4
pub(super) async fn of_nothing(scene: &mut Scene<'_>) -> Found {
    scene.say(say::resolve(77, say::hosted(78)));
    let what = "the release of what an unknown promise came to be";
    scene.until(what, |heard| releases(heard, 78) > 0).await?;
    scene.fence().await?;
    let released = releases(&scene.heard, 78);
    ensure(released == 1, || format!("it was released {released} times"))
}

/// C-P5
pub(super) async fn no_promise(scene: &mut Scene<'_>) -> Found {
    scene.echoed(say::hosted(1)).await?;
    scene.say(say::resolve(1, say::hosted(2)));
    scene.aborts().await
}

/// C-P6: an Abort, an exception, or a call that comes to us all the same: but something.
pub(super) async fn to_itself(scene: &mut Scene<'_>) -> Found {
    scene.echoed(say::promised(7)).await?;
    scene.say(say::resolve(7, say::promised(7)));
    scene.say(unknown_call(2, say::to_result(1, &[0])));
    let fence = scene.fresh();
    scene.say(say::bootstrap(fence));
    // Whether the server lives on is looked at behind every clause.
    or_aborted(scene.returned(fence).await.map(drop))
}

/// C-P8
pub(super) async fn unknown_resolution(scene: &mut Scene<'_>) -> Found {
    scene.echoed(say::promised(7)).await?;
    let resolution = Resolution::Foreign(9);
    scene.say(Message::Resolve(Resolve { promise: ExportId(7), resolution }));
    scene.fence().await
}

/// The Disembargo with which it sends embargo `embargo` back, and where among all it said.
fn lifted(heard: &[Message], embargo: u32) -> Option<usize> {
    heard.iter().position(|message| {
        matches!(message, Message::Disembargo(lift)
            if matches!(lift.context, Context::ReceiverLoopback(id) if id.0 == embargo))
    })
}

/// The call comes, and the Disembargo behind it.
async fn behind_the_call(scene: &mut Scene<'_>) -> Found {
    scene.until("its receiverLoopback", |heard| lifted(heard, 5).is_some()).await?;
    let call = scene.heard.iter().position(|message| matches!(message, Message::Call(_)));
    ensure(call < lifted(&scene.heard, 5) && call.is_some(), || {
        "its receiverLoopback came before the call that was made before".to_owned()
    })
}

/// C-E3
pub(super) async fn loops_back(scene: &mut Scene<'_>) -> Found {
    scene.echoed(say::hosted(1)).await?;
    scene.say(unknown_call(2, say::to_result(1, &[0])));
    scene.say(say::disembargo(say::to_result(1, &[0]), 5));
    behind_the_call(scene).await
}

/// C-E4: in one write, before the answer is there, and finished too.
pub(super) async fn loops_back_later(scene: &mut Scene<'_>) -> Found {
    scene.echo()?;
    let import = scene.meet().await?;
    let echo = scene.echo_call(1, import, say::hosted(1))?;
    scene.say(say::called(echo)).say(unknown_call(2, say::to_result(1, &[0])));
    scene.say(say::disembargo(say::to_result(1, &[0]), 5)).say(say::finish(1));
    behind_the_call(scene).await
}

/// C-E8: to an answer that never was, to what is its own, and back without a reason.
pub(super) async fn loops_nowhere(scene: &mut Scene<'_>) -> Found {
    let (mut second, mut third) = (scene.beside().await?, scene.beside().await?);
    scene.say(say::disembargo(say::to_result(555, &[0]), 3));
    scene.aborts().await?;
    let import = second.meet().await?;
    second.say(say::disembargo(say::to(import), 3));
    second.aborts().await?;
    let import = third.meet().await?;
    third.say(say::disembargoed(say::to(import), 9));
    third.aborts().await
}
