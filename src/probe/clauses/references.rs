//! References: what counts one, and what gives it back.

use crate::probe::say;
use crate::probe::scene::{Scene, unknown, unknown_call};
use crate::probe::verdict::{Found, not_applicable};
use crate::wire::{AnswerId, Message, Outcome, Resolution, Resolve, Return};

/// Asks twice for what it offers and keeps both references: which imports they are.
async fn twice(scene: &mut Scene<'_>) -> Found<(u32, u32)> {
    let first = scene.meet().await?;
    let second = scene.ask(1).await?.unwrap_or(first);
    scene.say(say::keep(1));
    Ok((first, second))
}

/// C-L1
pub(super) async fn each_counts(scene: &mut Scene<'_>) -> Found {
    let (first, second) = twice(scene).await?;
    for import in [first, second] {
        scene.call_fence(import).await?;
        scene.say(say::release(import, 1));
    }
    scene.fence().await?;
    // A promise among them may have come to be the other, which is one more.
    let resolved = scene.heard.iter().filter(|message| is_resolved_to(message, second)).count();
    for _ in 0..resolved {
        scene.say(say::release(second, 1));
    }
    scene.fence().await?;
    scene.say(say::release(second, 1));
    scene.aborts().await
}

fn is_resolved_to(message: &Message, import: u32) -> bool {
    let Message::Resolve(Resolve { resolution: Resolution::Cap(cap), .. }) = message else {
        return false;
    };
    *cap == say::hosted(import) || *cap == say::promised(import)
}

/// C-L2
pub(super) async fn the_last(scene: &mut Scene<'_>) -> Found {
    let import = scene.meet().await?;
    scene.say(say::release(import, 1));
    scene.fence().await?;
    scene.say(unknown_call(1, say::to(import)));
    scene.aborts().await
}

/// C-L3: of what was never sent, and more than were sent.
pub(super) async fn too_many(scene: &mut Scene<'_>) -> Found {
    let mut beside = scene.beside().await?;
    scene.say(say::release(9999, 1));
    scene.aborts().await?;
    let import = beside.meet().await?;
    beside.say(say::release(import, 2));
    beside.aborts().await
}

/// C-L4: what it is sent again while it lets go of it.
pub(super) async fn all_come_back(scene: &mut Scene<'_>) -> Found {
    let import = scene.meet().await?;
    for question in 1..=10 {
        let mut call = unknown(question, say::to(import));
        call.params = say::capabilities(vec![say::hosted(5)]);
        scene.say(say::called(call));
    }
    let mut one_by_one = 0;
    for question in 1..=10 {
        one_by_one += u64::from(!scene.returned(question).await?.release_param_caps);
        scene.say(say::finish(question));
    }
    let ret = Return {
        answer: AnswerId(0),
        release_param_caps: false,
        no_finish_needed: false,
        outcome: Outcome::Canceled,
    };
    scene.gives_back(&ret, 5, one_by_one).await
}

/// C-L5
pub(super) async fn one_id(scene: &mut Scene<'_>) -> Found {
    let (first, second) = twice(scene).await?;
    if first == second {
        return Ok(());
    }
    not_applicable("it offers another object each time it is asked")
}

/// C-I2: when all is given back, nothing of ours is held.
pub(super) async fn nothing_is_left(scene: &mut Scene<'_>) -> Found {
    let import = scene.meet().await?;
    let mut call = unknown(1, say::to_result(0, &[]));
    call.params = say::capabilities(vec![say::hosted(5), say::promised(6), say::yours(import)]);
    scene.say(say::called(call));
    let ret = scene.returned(1).await?;
    scene.say(say::finish(1)).say(say::release(import, 1));
    scene.gives_back(&ret, 5, 1).await?;
    scene.gives_back(&ret, 6, 1).await
}
