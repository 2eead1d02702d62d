//! Calls, their ids and their targets.

use crate::probe::say;
use crate::probe::scene::{Scene, UNKNOWN, unknown_call};
use crate::probe::verdict::{Found, ensure};
use crate::wire::{Message, MessageTarget};

/// C-Q1
pub(super) async fn id_is_used_again(scene: &mut Scene<'_>) -> Found {
    let import = scene.meet().await?;
    for _ in 0..3 {
        scene.say(unknown_call(5, say::to(import)));
        scene.returned(5).await?;
        scene.say(say::finish(5));
    }
    scene.fence().await
}

/// C-Q2
pub(super) async fn id_in_use(scene: &mut Scene<'_>) -> Found {
    scene.ask(5).await?;
    scene.say(say::bootstrap(5));
    scene.aborts().await
}

/// C-Q3
pub(super) async fn each_once(scene: &mut Scene<'_>) -> Found {
    let import = scene.meet().await?;
    for question in 1..=50 {
        scene.say(unknown_call(question, say::to(import)));
    }
    for question in 1..=50 {
        scene.returned(question).await?;
    }
    scene.call_fence(import).await?;
    let more = scene.heard.iter().filter(|message| matches!(message, Message::Return(_))).count();
    ensure(more == 0, || format!("50 calls had {more} Returns more than one each"))
}

/// C-Q4
pub(super) async fn unknown_export(scene: &mut Scene<'_>) -> Found {
    scene.say(unknown_call(1, say::to(77_777)));
    scene.aborts().await
}

/// C-Q5: a call on a capability the echo has not returned yet goes on to where that lives.
pub(super) async fn goes_on_at_once(scene: &mut Scene<'_>) -> Found {
    scene.echo()?;
    let import = scene.meet().await?;
    let echo = scene.echo_call(1, import, say::hosted(1))?;
    scene.say(say::called(echo)).say(unknown_call(2, say::to_result(1, &[0])));
    let call = scene.called("the call it was to pass on").await?;
    ensure(call.interface == UNKNOWN.interface && call.method == UNKNOWN.method, || {
        format!("it passed on another call: {:#x}.{}", call.interface, call.method)
    })
}

/// C-Q6: an answer that never was, one that is finished, one that has no such place.
pub(super) async fn no_such_answer(scene: &mut Scene<'_>) -> Found {
    scene.say(unknown_call(1, say::to_result(555, &[])));
    scene.fails(1).await?;
    let import = scene.meet().await?;
    scene.say(unknown_call(2, say::to_result(0, &[])));
    scene.fails(2).await?;
    scene.ask(3).await?;
    scene.say(unknown_call(4, say::to_result(3, &[0, 2])));
    scene.fails(4).await?;
    scene.say(unknown_call(5, say::to(import)));
    scene.fails(5).await?;
    scene.say(unknown_call(7, say::to(import))).say(unknown_call(6, say::to_result(7, &[0])));
    scene.fails(6).await.map(drop)
}

/// A call of question `question` to a place in the results of question `answer`, step by step as given.
fn call_by_steps(question: u64, answer: u64, steps: &[u64]) -> Vec<u64> {
    let to_struct =
        |offset: u64, data: u64, pointers: u64| offset << 2 | data << 32 | pointers << 48;
    let count = steps.len() as u64;
    let mut words = vec![to_struct(0, 1, 1), 2, to_struct(0, 3, 3)];
    words.extend([question | u64::from(UNKNOWN.method) << 32, UNKNOWN.interface, 0]);
    words.extend([to_struct(2, 1, 1), 0, 0]);
    // The target is a promised answer, its path a list of structs of one word.
    words.extend([1 << 32, to_struct(0, 1, 1), answer, 1 | 7 << 32 | count << 35]);
    words.push(count << 2 | 1 << 32);
    words.extend(steps);
    words
}

/// C-Q7: `noop` steps, and one nobody knows.
pub(super) async fn steps(scene: &mut Scene<'_>) -> Found {
    scene.ask(0).await?;
    let (noop, unknown) = (0, 9);
    scene.peer.say_frame(&[&call_by_steps(1, 0, &[noop, noop])]);
    let why = scene.fails(1).await?;
    // What it offers was reached, if it offers anything: the method is what is unknown.
    scene.say(unknown_call(2, say::to_result(0, &[])));
    let plain = scene.fails(2).await?;
    ensure(why.kind() == plain.kind(), || {
        format!("`noop` means something to it: the call failed with `{}`", why.reason())
    })?;
    scene.peer.say_frame(&[&call_by_steps(3, 0, &[unknown])]);
    scene.fails(3).await.map(drop)
}

/// C-Q8
pub(super) async fn unknown_target(scene: &mut Scene<'_>) -> Found {
    scene.say(unknown_call(1, MessageTarget::Foreign(9)));
    scene.fails(1).await.map(drop)
}
