//! Exceptions, and what is not implemented.

use crate::probe::say;
use crate::probe::scene::{Scene, unknown_call};
use crate::probe::through::Through;
use crate::probe::verdict::{Found, ensure, or_aborted};
use crate::wire::{
    CapDescriptor, Content, Exception, ExceptionKind, Message, Outcome, Payload, ReadLimits,
};

/// C-X1
pub(super) async fn reason(scene: &mut Scene<'_>) -> Found {
    let import = scene.meet().await?;
    scene.say(unknown_call(1, say::to(import)));
    let why = scene.fails(1).await?;
    ensure(!why.reason().is_empty(), || "it gives no reason".to_owned())
}

/// C-X2
pub(super) async fn carried(scene: &mut Scene<'_>) -> Found {
    let Through { call, outer } = scene.called_through().await?;
    let why = Exception::overloaded("the probe is tired");
    let why = why.with_trace("in the probe").with_detail(0x7157, *b"more");
    scene.say(say::returns(call.question.0, Outcome::Exception(why.clone())));
    let told = scene.fails_back(outer).await?;
    ensure(told.reason().contains(why.reason()), || "its reason was lost".to_owned())?;
    ensure(told.kind() == why.kind(), || format!("its kind became {}", told.kind()))?;
    ensure(told.details() == why.details(), || "its details were lost".to_owned())?;
    let trace = told.trace().unwrap_or_default();
    ensure(trace.contains("in the probe"), || "its trace was lost".to_owned())
}

/// C-X3
pub(super) async fn unimplemented(scene: &mut Scene<'_>) -> Found {
    let import = scene.meet().await?;
    scene.say(unknown_call(1, say::to(import)));
    let why = scene.fails(1).await?;
    ensure(why.kind() == ExceptionKind::Unimplemented, || {
        format!("an unknown interface is `{why}`, which is not of the kind unimplemented")
    })
}

/// C-X4
pub(super) async fn on_null(scene: &mut Scene<'_>) -> Found {
    let mut echo = scene.echo_call(1, 0, CapDescriptor::None)?;
    let import = scene.meet().await?;
    // A null pointer, where a capability may be.
    echo.params = Payload { content: Content::from_words(&[1 << 48, 0]), caps: Vec::new() };
    echo.target = say::to(import);
    scene.say(say::called(echo)).say(unknown_call(2, say::to_result(1, &[0])));
    scene.fails(2).await.map(drop)
}

/// C-U1: a message of a later version, `join` and an obsolete one.
pub(super) async fn echoes(scene: &mut Scene<'_>) -> Found {
    for variant in [99, 12, 7] {
        scene.say(say::foreign(variant, 0x5eed));
        let what = format!("message #{variant} inside of unimplemented");
        let echo = |message: &Message| match message {
            Message::Unimplemented(inner) => match &**inner {
                Message::Foreign(foreign) => Some((foreign.variant, bytes(&foreign.body))),
                _ => None,
            },
            _ => None,
        };
        let came = scene.take(&what, echo).await?;
        let said = match say::foreign(variant, 0x5eed) {
            Message::Foreign(foreign) => bytes(&foreign.body),
            _ => None,
        };
        ensure(came == (variant, said), || format!("message #{variant} did not come back whole"))?;
    }
    scene.fence().await
}

/// All that is in content.
fn bytes(content: &Content) -> Option<Vec<u8>> {
    let copy = content.copy(&ReadLimits::default()).ok()?;
    Some(copy.segments().flatten().copied().collect())
}

/// C-U2
pub(super) async fn of_a_call(scene: &mut Scene<'_>) -> Found {
    let Through { call, outer } = scene.called_through().await?;
    scene.say(Message::Unimplemented(Box::new(Message::Call(call))));
    scene.fails_back(outer).await.map(drop)
}

/// C-U5
pub(super) async fn of_a_finish(scene: &mut Scene<'_>) -> Found {
    scene.say(Message::Unimplemented(Box::new(say::finish(3))));
    scene.aborts().await
}

/// C-U6
pub(super) async fn of_itself(scene: &mut Scene<'_>) -> Found {
    let echo = Message::Unimplemented(Box::new(say::foreign(99, 0)));
    scene.say(echo);
    // It may take it ill, but it may not send it back.
    let lived = scene.fence().await;
    let back = scene.heard.iter().any(|message| matches!(message, Message::Unimplemented(_)));
    ensure(!back, || "it answered unimplemented with unimplemented".to_owned())?;
    or_aborted(lived)
}
