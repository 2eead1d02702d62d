//! Frames, and the bootstrap.

use crate::probe::peer::Heard;
use crate::probe::say;
use crate::probe::scene::{Scene, unknown, unknown_call};
use crate::probe::verdict::{Found, ensure};
use crate::wire::{Content, Outcome};

/// C-F1: a message in two segments.
pub(super) async fn segments(scene: &mut Scene<'_>) -> Found {
    let to_struct = 1 << 32 | 1 << 48;
    let far = 1 << 32 | 2;
    // Bootstrap of question 3.
    scene.peer.say_frame(&[&[far], &[to_struct, 8, to_struct, 3, 0]]);
    scene.returned(3).await.map(drop)
}

/// C-F2: frames that announce what nobody can take.
pub(super) async fn oversized(scene: &mut Scene<'_>) -> Found {
    let mut beside = scene.beside().await?;
    scene.peer.say_bytes(&[0xff, 0xff, 0xff, 0x7f, 1, 0, 0, 0]);
    scene.aborts().await?;
    beside.peer.say_bytes(&[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    beside.aborts().await
}

/// C-F3: bytes one by one, and a stream that ends within a frame.
pub(super) async fn pieces(scene: &mut Scene<'_>) -> Found {
    let mut beside = scene.beside().await?;
    let mut frame = Vec::new();
    say::bootstrap(0).encode().append_to(&mut frame);
    for byte in &frame {
        scene.peer.say_bytes(&[*byte]);
        // Whoever does not read shows it below.
        let _ = scene.peer.flush().await;
        tokio::task::yield_now().await;
    }
    scene.returned(0).await?;
    beside.peer.say_bytes(frame.get(..20).unwrap_or_default());
    let _ = beside.peer.hang_up().await;
    scene.waits_for("the end of a connection that was cut within a message");
    loop {
        match beside.peer.hear().await {
            // It may have something to ask of us.
            Heard::Message(_) => {}
            _ => return Ok(()),
        }
    }
}

/// C-F4: params that lead out of the message, back to themselves, too deep, or to far more than there is.
pub(super) async fn bad_pointers(scene: &mut Scene<'_>) -> Found {
    let to_struct = |offset: u64| offset << 2 | 1 << 32 | 1 << 48;
    let abyss = std::iter::once(to_struct(0)).chain((0..200).flat_map(|_| [7, to_struct(0)]));
    let list = |offset: u64, count: u64| offset << 2 | 1 | 6 << 32 | count << 35;
    let bomb = std::iter::once(list(0, 64))
        .chain((0..3).flat_map(|_| (0..64).map(|at| list(63 - at, 64))))
        .chain([0; 64]);
    let contents: [Vec<u64>; 4] = [
        vec![to_struct(1 << 20)],
        // Its pointer leads to itself.
        vec![to_struct(0), 7, 0xffff_fff8 | 1 << 32 | 1 << 48],
        abyss.collect(),
        bomb.collect(),
    ];
    for content in contents {
        let mut scene = scene.beside().await?;
        let import = scene.meet().await?;
        let mut call = unknown(1, say::to(import));
        call.params.content = Content::from_words(&content);
        scene.say(say::called(call));
        scene.returned(1).await?;
        scene.fence().await?;
    }
    Ok(())
}

/// C-F5: a frame whose root is no struct, and one without a word.
pub(super) async fn no_message(scene: &mut Scene<'_>) -> Found {
    let mut beside = scene.beside().await?;
    scene.peer.say_frame(&[&[3]]);
    scene.aborts().await?;
    beside.peer.say_frame(&[&[]]);
    beside.aborts().await
}

/// C-B1
pub(super) async fn bootstrap(scene: &mut Scene<'_>) -> Found {
    scene.say(say::bootstrap(0)).say(unknown_call(1, say::to_result(0, &[])));
    let ret = scene.returned(0).await?;
    if let Outcome::Results(results) = &ret.outcome {
        let bare = results.content.cap_at(&crate::wire::Path::root());
        ensure(matches!(bare, Ok(Some(_))), || "its result is no capability".to_owned())?;
    }
    let answer = scene.returned(1).await?;
    ensure(matches!(answer.outcome, Outcome::Exception(_)), || {
        format!("a call of an unknown method, pipelined on it, returned {}", answer.outcome)
    })
}

/// C-B2
pub(super) async fn bootstrap_twice(scene: &mut Scene<'_>) -> Found {
    scene.ask(0).await?;
    scene.ask(1).await?;
    scene.fence().await
}
