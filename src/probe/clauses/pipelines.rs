//! The hints about pipelines.

use crate::probe::say;
use crate::probe::scene::{Scene, unknown, unknown_call};
use crate::probe::verdict::{Found, ensure};
use crate::wire::{Message, Outcome};

const HIGH: u32 = 1 << 31;

/// C-H3
pub(super) async fn no_return(scene: &mut Scene<'_>) -> Found {
    let import = scene.meet().await?;
    let mut call = unknown(HIGH, say::to(import));
    call.only_promise_pipeline = true;
    scene.say(say::called(call));
    scene.call_fence(import).await?;
    scene.say(say::finish(HIGH));
    scene.call_fence(import).await?;
    let ret = scene.heard.iter().find(|message| matches!(message, Message::Return(_)));
    ensure(ret.is_none(), || {
        format!("a Return nobody waits for: {}", ret.map_or_else(String::new, Message::summary))
    })
}

/// C-H4
pub(super) async fn high_return(scene: &mut Scene<'_>) -> Found {
    scene.say(say::returns(HIGH | 5, Outcome::Canceled));
    scene.fence().await
}

/// C-H6
pub(super) async fn passed_on(scene: &mut Scene<'_>) -> Found {
    scene.echoed(say::hosted(1)).await?;
    let mut call = unknown(2, say::to_result(1, &[0]));
    call.no_promise_pipelining = true;
    scene.say(say::called(call));
    let call = scene.called("the call it was to pass on").await?;
    ensure(call.no_promise_pipelining, || {
        format!("noPromisePipelining was lost: {}", Message::Call(call))
    })?;
    let mut call = unknown(HIGH, say::to_result(1, &[0]));
    call.only_promise_pipeline = true;
    scene.say(say::called(call));
    let call = scene.called("the call it was to pass on").await?;
    ensure(call.only_promise_pipeline, || "onlyPromisePipeline was lost".to_owned())
}

/// C-H7
pub(super) async fn against_the_hint(scene: &mut Scene<'_>) -> Found {
    let import = scene.meet().await?;
    let mut call = unknown(1, say::to(import));
    call.no_promise_pipelining = true;
    scene.say(say::called(call)).say(unknown_call(2, say::to_result(1, &[0])));
    scene.returned(1).await?;
    scene.fails(2).await.map(drop)
}
