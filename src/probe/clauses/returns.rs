//! Returns, of its answers and of ours.

use crate::probe::say;
use crate::probe::scene::{Scene, releases, unknown, unknown_call};
use crate::probe::through::Through;
use crate::probe::verdict::{Found, broken, ensure, not_applicable};
use crate::wire::{CapDescriptor, Message, Outcome, QuestionId, Return};

/// C-R1: one Return, also of a call that was cancelled.
pub(super) async fn one_return(scene: &mut Scene<'_>) -> Found {
    let import = scene.meet().await?;
    scene.say(unknown_call(1, say::to(import)));
    scene.returned(1).await?;
    if scene.hang().is_ok() {
        scene.hangs(2, import, say::capabilities(vec![say::hosted(5)])).await?;
        scene.say(say::cancel(2));
        scene.returned(2).await?;
    }
    scene.call_fence(import).await?;
    let again = scene.heard.iter().find(|message| matches!(message, Message::Return(_)));
    ensure(again.is_none(), || {
        format!("a second Return: {}", again.map_or_else(String::new, Message::summary))
    })
}

/// C-R2
pub(super) async fn of_nothing(scene: &mut Scene<'_>) -> Found {
    scene.say(say::returns(555, Outcome::Canceled));
    scene.aborts().await
}

/// C-R3: what it passed us is released by our Return, so that it cannot be released once more.
pub(super) async fn releases_params(scene: &mut Scene<'_>) -> Found {
    let import = scene.echoed(say::hosted(1)).await?;
    let passing = || say::capabilities(vec![say::yours(import)]);
    let Through { call, outer } = scene.called_with(passing).await?;
    let passed = call.params.caps.iter().find_map(|cap| match cap {
        CapDescriptor::SenderHosted(id) | CapDescriptor::SenderPromise(id) => Some(id.0),
        _ => None,
    });
    let Some(passed) = passed else {
        return broken(format!("it passed on {} and not its own capability", call.params));
    };
    let results = Outcome::Results(say::capabilities(Vec::new()));
    scene.say(Message::Return(Box::new(Return {
        answer: call.question.flip(),
        release_param_caps: true,
        no_finish_needed: false,
        outcome: results,
    })));
    scene.back(outer).await?;
    scene.fence().await?;
    if passed == import {
        // The reference its bootstrap gave us.
        scene.say(say::release(passed, 1));
        scene.fence().await?;
    }
    scene.say(say::release(passed, 1));
    scene.aborts().await
}

/// C-R4: each reference we passed comes back once, with the Return or without.
pub(super) async fn gives_params_back(scene: &mut Scene<'_>) -> Found {
    let import = scene.meet().await?;
    let mut call = unknown(1, say::to(import));
    call.params = say::capabilities(vec![say::hosted(5), say::promised(6), say::hosted(5)]);
    scene.say(say::called(call));
    let ret = scene.returned(1).await?;
    scene.say(say::finish(1));
    scene.gives_back(&ret, 5, 2).await?;
    scene.gives_back(&ret, 6, 1).await
}

/// C-R5
pub(super) async fn no_finish_needed(scene: &mut Scene<'_>) -> Found {
    let Through { call, outer } = scene.called_through().await?;
    scene.say(Message::Return(Box::new(Return {
        answer: call.question.flip(),
        release_param_caps: false,
        no_finish_needed: true,
        outcome: Outcome::Results(say::capabilities(Vec::new())),
    })));
    scene.back(outer).await?;
    scene.fence().await?;
    let finished = scene.heard.iter().any(|message| is_finish(message, call.question));
    ensure(!finished, || "a Finish came all the same".to_owned())
}

fn is_finish(message: &Message, question: QuestionId) -> bool {
    matches!(message, Message::Finish(finish) if finish.question == question)
}

/// C-R6: an answer it needs no Finish for is gone.
pub(super) async fn settled(scene: &mut Scene<'_>) -> Found {
    let import = scene.meet().await?;
    for _ in 0..3 {
        // Nobody will pipeline on it: that may be what lets it go.
        let mut call = unknown(5, say::to(import));
        call.no_promise_pipelining = true;
        scene.say(say::called(call));
        let ret = scene.returned(5).await?;
        if !ret.no_finish_needed {
            return not_applicable("it never says that it needs no Finish");
        }
    }
    scene.fence().await
}

/// C-R7: we return what nobody waits for any more. A Finish may have released it beforehand.
pub(super) async fn late(scene: &mut Scene<'_>) -> Found {
    let Through { call, outer } = scene.called_through().await?;
    let question = call.question;
    scene.say(say::finish(outer.question()));
    let what = "the Finish of the call that was cancelled";
    let finish = |message: &Message| match message {
        Message::Finish(finish) if finish.question == question => Some(finish.release_result_caps),
        _ => None,
    };
    let released = scene.take(what, finish).await?;
    let results = Outcome::Results(say::capabilities(vec![say::hosted(9)]));
    scene.say(say::returns(question.0, results));
    let wanted = u64::from(!released);
    let what = "the release of what nobody waits for";
    scene.until(what, |heard| releases(heard, 9) >= wanted).await?;
    scene.fence().await?;
    let came = releases(&scene.heard, 9);
    ensure(came == wanted, || {
        let with = if released { "with its Finish, and " } else { "" };
        format!("it was released {with}{came} times")
    })
}

/// C-R8
pub(super) async fn canceled(scene: &mut Scene<'_>) -> Found {
    let Through { call, outer } = scene.called_through().await?;
    scene.say(say::returns(call.question.0, Outcome::Canceled));
    scene.fails_back(outer).await.map(drop)
}

/// C-R9
pub(super) async fn unknown_outcome(scene: &mut Scene<'_>) -> Found {
    let Through { call, outer } = scene.called_through().await?;
    scene.say(say::returns(call.question.0, Outcome::Foreign(9)));
    scene.fails_back(outer).await.map(drop)
}

/// The echo, its results kept where they are.
async fn kept_echo(scene: &mut Scene<'_>, question: u32, import: u32) -> Found {
    let mut echo = scene.echo_call(question, import, say::hosted(3))?;
    echo.results_to = crate::wire::SendResultsTo::Yourself;
    scene.say(say::called(echo));
    Ok(())
}

/// C-T1
pub(super) async fn to_yourself(scene: &mut Scene<'_>) -> Found {
    let import = scene.meet().await?;
    if scene.echo().is_ok() {
        kept_echo(scene, 1, import).await?;
    } else {
        let mut call = unknown(1, say::to(import));
        call.results_to = crate::wire::SendResultsTo::Yourself;
        scene.say(say::called(call));
    }
    // Its Return says that it is done, or that its results are not needed any more.
    scene.call_fence(import).await?;
    scene.say(say::finish(1));
    let ret = scene.returned(1).await?;
    let stayed = !matches!(ret.outcome, Outcome::Results(_));
    ensure(stayed, || "its results were returned".to_owned())?;
    scene.fence().await
}

/// C-T2
pub(super) async fn taken(scene: &mut Scene<'_>) -> Found {
    let import = scene.echoed(say::hosted(1)).await?;
    let nothing = || say::capabilities(Vec::new());
    let Through { call, outer } = scene.called_with(nothing).await?;
    kept_echo(scene, 9, import).await?;
    let take = Outcome::TakeFromOtherQuestion(QuestionId(9));
    scene.say(say::returns(call.question.0, take));
    // What is called on the results of the one goes to what the other returned.
    let question = scene.fresh();
    scene.say(unknown_call(question, say::to_result(outer.question(), &[0])));
    let through = scene.called("a call on what another call returned").await?;
    // What its question has returned is a name of it, too.
    let names = [say::to(3), say::to_result(call.question.0, &[0])];
    ensure(names.contains(&through.target), || {
        format!("it took other results, with {}", through.target)
    })?;
    scene.say(say::finish(9));
    scene.returned(9).await?;
    scene.fence().await
}

/// C-T6
pub(super) async fn taken_from_nothing(scene: &mut Scene<'_>) -> Found {
    let mut beside = scene.beside().await?;
    let Through { call, .. } = scene.called_through().await?;
    let take = Outcome::TakeFromOtherQuestion(QuestionId(8888));
    scene.say(say::returns(call.question.0, take));
    scene.aborts().await?;
    let Through { call, .. } = beside.called_through().await?;
    beside.say(say::returns(call.question.0, Outcome::ResultsSentElsewhere));
    beside.aborts().await
}
