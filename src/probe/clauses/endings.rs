//! Aborts, limits, and the end of a connection.

use std::time::Duration;

use crate::probe::peer::Heard;
use crate::probe::say;
use crate::probe::scene::Scene;
use crate::probe::verdict::{Found, broken, not_applicable};
use crate::wire::{Exception, Message, Outcome};

/// C-A1
pub(super) async fn silent(scene: &mut Scene<'_>) -> Found {
    let import = scene.meet().await?;
    // What was on its way crosses the Abort: nothing is.
    scene.call_fence(import).await?;
    scene.say(Message::Abort(Exception::failed("the probe aborts")));
    scene.waits_for("the end of a connection that was aborted");
    match scene.peer.hear().await {
        Heard::Message(message) => broken(format!("to an Abort it said `{message}`")),
        _ => Ok(()),
    }
}

/// C-A2
pub(super) async fn last_words(scene: &mut Scene<'_>) -> Found {
    scene.say(say::release(9999, 1));
    scene.aborts().await
}

/// C-A6
pub(super) async fn others(scene: &mut Scene<'_>) -> Found {
    let mut other = scene.beside().await?;
    let import = other.meet().await?;
    scene.say(say::release(9999, 1));
    // Whether it ends as it should is another clause's.
    let _ = scene.aborts().await;
    other.call_fence(import).await
}

/// How many questions are left open. Some 3 MiB of messages.
const FLOOD: u32 = 70_000;

/// C-M2: questions that are never finished.
pub(super) async fn open_questions(scene: &mut Scene<'_>) -> Found {
    scene.meet().await?;
    let mut answered = 0;
    let until = tokio::time::Instant::now() + scene.patience.mul_f32(0.8);
    for batch in 0..FLOOD / 1000 {
        for number in 0..1000 {
            scene.say(say::bootstrap(2000 + batch * 1000 + number));
        }
        for _ in 0..1000 {
            let Ok(heard) = tokio::time::timeout_at(until, scene.peer.hear()).await else {
                return slow(answered, scene.patience);
            };
            match heard {
                Heard::Message(Message::Return(ret)) => match ret.outcome {
                    Outcome::Exception(_) => return Ok(()),
                    _ => answered += 1,
                },
                Heard::Message(Message::Abort(_)) | Heard::End | Heard::Lost(_) => return Ok(()),
                Heard::Message(_) => {}
                _ => return broken("what it sends is no stream of messages"),
            }
        }
    }
    broken(format!("it keeps {answered} answers nobody finished"))
}

fn slow(answered: u32, patience: Duration) -> Found {
    not_applicable(format!(
        "it answered only {answered} questions within {} s",
        patience.as_secs_f32()
    ))
}
