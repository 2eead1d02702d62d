//! Descriptors and content.

use crate::probe::say;
use crate::probe::scene::{Scene, unknown, unknown_call};
use crate::probe::verdict::{Found, broken, ensure};
use crate::wire::{CapDescriptor, Content, ExportId, Payload, ReadLimits};

/// A call with these params fails because its method is unknown, and nothing worse comes of it.
async fn does_no_harm(scene: &mut Scene<'_>, params: Payload) -> Found {
    let import = scene.meet().await?;
    let mut call = unknown(1, say::to(import));
    call.params = params;
    scene.say(say::called(call));
    scene.fails(1).await.map(drop)
}

/// The same, and as params of the echo, which looks at them.
async fn breaks_that_alone(scene: &mut Scene<'_>, params: impl Fn() -> Payload) -> Found {
    does_no_harm(scene, params()).await?;
    if scene.echo().is_ok() {
        let mut beside = scene.beside().await?;
        let import = beside.meet().await?;
        let mut echo = beside.echo_call(1, import, CapDescriptor::None)?;
        echo.params = params();
        beside.say(say::called(echo)).say(unknown_call(2, say::to_result(1, &[0])));
        beside.returned(1).await?;
        beside.fails(2).await?;
    }
    Ok(())
}

/// C-D1
pub(super) async fn beyond_the_table(scene: &mut Scene<'_>) -> Found {
    let beyond = || Payload { caps: Vec::new(), ..say::capabilities(vec![CapDescriptor::None]) };
    breaks_that_alone(scene, beyond).await
}

/// C-D2
pub(super) async fn none(scene: &mut Scene<'_>) -> Found {
    breaks_that_alone(scene, || say::capabilities(vec![CapDescriptor::None])).await
}

/// C-D3
pub(super) async fn unknown_export(scene: &mut Scene<'_>) -> Found {
    breaks_that_alone(scene, || say::capabilities(vec![say::yours(99_999)])).await
}

/// C-D4
pub(super) async fn unknown_answer(scene: &mut Scene<'_>) -> Found {
    let unknown = || CapDescriptor::ReceiverAnswer(say::result(555, &[0]));
    breaks_that_alone(scene, move || say::capabilities(vec![unknown()])).await
}

/// C-D5
pub(super) async fn vine(scene: &mut Scene<'_>) -> Found {
    let import = scene.meet().await?;
    let mut call = unknown(1, say::to(import));
    let vine = CapDescriptor::ThirdPartyHosted { vine: ExportId(6) };
    call.params = say::capabilities(vec![vine]);
    scene.say(say::called(call));
    let ret = scene.returned(1).await?;
    scene.say(say::finish(1));
    scene.gives_back(&ret, 6, 1).await
}

/// C-D6: beside one it knows.
pub(super) async fn unknown_kind(scene: &mut Scene<'_>) -> Found {
    let import = scene.meet().await?;
    let mut call = unknown(1, say::to(import));
    call.params = say::capabilities(vec![CapDescriptor::Foreign(97), say::hosted(5)]);
    scene.say(say::called(call));
    let ret = scene.returned(1).await?;
    scene.say(say::finish(1));
    scene.gives_back(&ret, 5, 1).await
}

/// C-D7: `attachedFd` 0, where no file descriptor was sent.
pub(super) async fn attached_fd(scene: &mut Scene<'_>) -> Found {
    const EXPORT: u32 = 0x000d_f00d;
    let import = scene.meet().await?;
    let mut call = unknown(1, say::to(import));
    call.params = say::capabilities(vec![say::hosted(EXPORT)]);
    let mut bytes = Vec::new();
    say::called(call).encode().append_to(&mut bytes);
    // `CapDescriptor`: the variant, the descriptor's number (255 in place of 0), the export.
    let plain = (u64::from(EXPORT) << 32 | 1).to_le_bytes();
    match bytes.chunks_exact_mut(8).find(|word| **word == plain) {
        Some(descriptor) => descriptor[2] = 0xff,
        None => return broken("the probe does not find its own descriptor"),
    }
    scene.peer.say_bytes(&bytes);
    let ret = scene.returned(1).await?;
    scene.say(say::finish(1));
    scene.gives_back(&ret, EXPORT, 1).await
}

/// C-D8
pub(super) async fn content(scene: &mut Scene<'_>) -> Found {
    // A struct of two words and three pointers, of which the last leads to a text.
    let words = [2 << 32 | 3 << 48, 0x1234, 0x5678, 0, 0, 1 | 2 << 32 | 5 << 35, 0x796f_6861];
    scene.echoed(say::hosted(1)).await?;
    let mut call = unknown(2, say::to_result(1, &[0]));
    call.params = Payload { content: Content::from_words(&words), caps: Vec::new() };
    scene.say(say::called(call));
    let call = scene.called("the call it was to pass on").await?;
    let all = |content: &Content| {
        let copy = content.copy(&ReadLimits::default()).ok()?;
        Some(copy.segments().flatten().copied().collect::<Vec<u8>>())
    };
    let same = all(&call.params.content) == all(&Content::from_words(&words));
    ensure(same, || {
        format!("it passed on something else:\n{}", call.params.content.outline(Default::default()))
    })
}
