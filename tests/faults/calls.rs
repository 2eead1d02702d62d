//! Stories of clients and targets.

use std::rc::Rc;

use bowline::rpc::{Client, Crossing, Membrane, Policy, Promise, Reply, Verdict};
use bowline::wire::{Exception, ExceptionKind};
use futures::join;

use crate::cuts::stories;
use crate::stage::Stage;
use crate::support::{Ask, ID, at, cap, fill, method, number};

stories! {
    calls,
    with_a_cap,
    callback,
    chain,
    embargo,
    resolving,
    breaking,
    tail_calls,
    stream,
    handles,
    given_up,
    early,
    errors,
    both,
    membrane,
    middle,
    home,
    relay,
}

type Told = Option<()>;

/// Two at once.
async fn both_of(stage: &Stage, left: Promise, right: Promise) -> Option<(Reply, Reply)> {
    let (left, right) = join!(left, right);
    // Each of them is looked at, whatever came of the other.
    let (left, right) = (stage.heed(left), stage.heed(right));
    Some((left?, right?))
}

async fn calls(stage: Rc<Stage>) -> Told {
    let client = stage.join(0, 1);
    for n in 0..3 {
        assert_eq!(number(&stage.heed(client.note(n).await)?), n);
    }
    both_of(&stage, client.note(3), client.note(4)).await?;
    client.note(5).detach();
    stage.heed(client.note(6).await)?;
    if !stage.is_torn() {
        assert_eq!(stage.desk(1).notes(), [0, 1, 2, 3, 4, 5, 6]);
    }
    Some(())
}

async fn with_a_cap(stage: Rc<Stage>) -> Told {
    let client = stage.join(0, 1);
    let (mine, seen) = stage.object(0);
    stage.heed(client.ask(method::HOLD, 0, &[&mine]).await)?;
    drop(mine);
    both_of(&stage, client.ask(method::PASS, 1, &[]), client.ask(method::PASS, 2, &[])).await?;
    stage.heed(client.ask(method::LET_GO, 0, &[]).await)?;
    assert_eq!(seen.notes(), [1, 2]);
    Some(())
}

async fn callback(stage: Rc<Stage>) -> Told {
    let client = stage.join(0, 1);
    let (mine, seen) = stage.object(0);
    let first = client.ask(method::CALL_BACK, 1, &[&mine]);
    let second = client.ask(method::CALL_BACK, 2, &[&mine]);
    drop(mine);
    both_of(&stage, first, second).await?;
    assert_eq!(seen.notes(), [1, 2]);
    Some(())
}

async fn chain(stage: Rc<Stage>) -> Told {
    let client = stage.join(0, 1);
    stage.desk(1).keep(&stage.object(1).0);
    let got = client.ask(method::GET, 0, &[]);
    let kept = got.cap(&at(0));
    let echoed = kept.ask(method::ECHO, 0, &[&kept]);
    let last = echoed.cap(&at(0));
    let (note, got) = join!(last.note(9), got);
    drop(echoed);
    let (note, got) = (stage.heed(note), stage.heed(got));
    let kept = stage.heed(cap(&got?))?;
    assert_eq!(number(&note?), 9);
    both_of(&stage, kept.note(10), last.note(11)).await?;
    Some(())
}

async fn embargo(stage: Rc<Stage>) -> Told {
    let client = stage.join(0, 1);
    let (mine, seen) = stage.object(0);
    let echo = client.ask(method::ECHO, 0, &[&mine]);
    let back = echo.cap(&at(0));
    let first = back.note(1);
    let reply = stage.heed(echo.await);
    let second = back.note(2);
    let told = both_of(&stage, first, second).await;
    let back = stage.heed(cap(&reply?))?;
    told?;
    stage.heed(back.note(3).await)?;
    assert_eq!(seen.notes(), [1, 2, 3]);
    Some(())
}

async fn resolving(stage: Rc<Stage>) -> Told {
    let client = stage.join(0, 1);
    let (mine, seen) = stage.object(0);
    stage.heed(client.ask(method::HOLD, 0, &[&mine]).await)?;
    let theirs_of_mine = stage.desk(1).kept();
    let (theirs, resolver) = Client::promise(&stage.here(1));
    stage.desk(1).keep(&theirs);
    drop(theirs);
    let (ours, settle) = Client::promise(&stage.here(0));
    // A promise of theirs, called before it is anything, comes to be an object of ours.
    let far = client.ask(method::GET, 0, &[]);
    let way = far.cap(&at(0));
    let early = way.note(1);
    let held = stage.heed(client.ask(method::CALL_BACK, 0, &[&mine]).await);
    resolver.resolve(Ok(theirs_of_mine));
    // And one of ours is called by them before it is.
    let passed = client.ask(method::CALL_BACK, 2, &[&ours]);
    settle.resolve(Ok(mine.clone()));
    let told = both_of(&stage, early, passed).await;
    let far = stage.heed(far.await);
    let settled = stage.heed(way.settled().await);
    let _all = (held?, told?, far?, settled?);
    stage.heed(way.note(3).await)?;
    assert_eq!(seen.notes().len(), 4);
    Some(())
}

async fn breaking(stage: Rc<Stage>) -> Told {
    let client = stage.join(0, 1);
    let (theirs, resolver) = Client::promise(&stage.here(1));
    stage.desk(1).keep(&theirs);
    let got = stage.heed(client.ask(method::GET, 0, &[]).await)?;
    let promise = stage.heed(cap(&got))?;
    let waits = promise.note(1);
    resolver.resolve(Err(Exception::failed("it came to nothing")));
    fails(&stage, waits.await)?;
    fails(&stage, promise.note(2).await)?;
    Some(())
}

/// It fails as its target says, or as one whose connection is lost.
fn fails(stage: &Stage, outcome: Result<Reply, Exception>) -> Told {
    match outcome {
        Err(why) if why.kind() == ExceptionKind::Failed => Some(()),
        Err(why) => stage.heed(Err(why)),
        Ok(_) => panic!("it returns"),
    }
}

async fn tail_calls(stage: Rc<Stage>) -> Told {
    let client = stage.join(0, 1);
    let (mine, seen) = stage.object(0);
    seen.keep(&mine);
    stage.heed(client.ask(method::TAIL, 1, &[&mine]).await)?;
    let got = client.ask(method::TAIL_GET, 0, &[&mine]);
    let way = got.cap(&at(0));
    both_of(&stage, way.note(2), got).await?;
    let later = client.ask(method::TAIL_GET_LATER, 0, &[&mine]);
    let behind = later.cap(&at(0)).note(3);
    let other = stage.heed(client.note(0).await);
    seen.go();
    let told = match stage.is_torn() {
        // Nobody may have asked for it.
        true => None,
        false => both_of(&stage, later, behind).await,
    };
    seen.let_go();
    other?;
    told?;
    assert_eq!(seen.notes(), [1, 2, 3]);
    Some(())
}

async fn stream(stage: Rc<Stage>) -> Told {
    let client = stage.join(0, 1);
    let mut failed = false;
    for n in 0..6 {
        let written = client.request(ID, method::NOTE).with(fill(n, &[])).stream().await;
        failed |= stage.heed(written).is_none();
    }
    let acknowledged = stage.heed(client.acknowledged().await);
    let last = stage.heed(client.note(6).await);
    // What is connected anew begins a new stream.
    let well = !failed || acknowledged.is_none() || stage.is_again();
    assert!(well, "the stream failed, and says that all is well");
    acknowledged?;
    last?;
    if !stage.is_torn() {
        assert_eq!(stage.desk(1).notes(), [0, 1, 2, 3, 4, 5, 6]);
    }
    Some(())
}

async fn handles(stage: Rc<Stage>) -> Told {
    let client = stage.join(0, 1);
    let (kept, _) = stage.object(1);
    stage.desk(1).keep(&kept);
    drop(kept);
    for _ in 0..2 {
        let got = stage.heed(client.ask(method::GET, 0, &[]).await)?;
        let first = stage.heed(cap(&got))?;
        let second = first.clone();
        drop((got, first));
        let note = second.note(1);
        drop(second);
        stage.heed(note.await)?;
    }
    stage.heed(client.ask(method::LET_GO, 0, &[]).await)?;
    Some(())
}

async fn given_up(stage: Rc<Stage>) -> Told {
    let client = stage.join(0, 1);
    let (mine, _) = stage.object(0);
    let never = client.ask(method::NEVER, 0, &[&mine]);
    let piped = never.cap(&at(0)).note(1);
    let tail = client.ask(method::TAIL_NEVER, 0, &[&mine]);
    stage.heed(client.note(2).await)?;
    drop((never, piped));
    stage.heed(client.note(3).await)?;
    drop(tail);
    stage.heed(client.note(4).await)?;
    Some(())
}

async fn early(stage: Rc<Stage>) -> Told {
    let client = stage.join(0, 1);
    let (mine, seen) = stage.object(0);
    stage.heed(client.ask(method::HOLD, 0, &[&mine]).await)?;
    if stage.is_again() {
        // Hooks of another engine's kind tell nobody of a pipeline before there are results.
        stage.heed(client.ask(method::PASS, 1, &[]).await)?;
        return stage.heed(client.ask(method::LET_GO, 0, &[]).await.map(drop));
    }
    let waits = client.ask(method::EARLY, 0, &[]);
    let way = waits.cap(&at(0));
    both_of(&stage, way.note(1), way.note(2)).await?;
    drop((waits, way));
    stage.heed(client.ask(method::LET_GO, 0, &[]).await)?;
    assert_eq!(seen.notes(), [1, 2]);
    Some(())
}

async fn errors(stage: Rc<Stage>) -> Told {
    let client = stage.join(0, 1);
    let thrown = client.ask(method::THROW, 0, &[]);
    let behind = thrown.cap(&at(0)).note(1);
    let (thrown, behind) = join!(thrown, behind);
    let told = (fails(&stage, thrown), fails(&stage, behind));
    told.0.and(told.1)?;
    fails(&stage, client.ask(method::GET, 0, &[]).cap(&at(3)).note(2).await)?;
    stage.heed(client.note(3).await)?;
    Some(())
}

async fn both(stage: Rc<Stage>) -> Told {
    let (left, right) = (stage.join(1, 0), stage.join(0, 1));
    let (mine, seen) = stage.object(0);
    let (theirs, theirs_seen) = stage.object(1);
    let calls = join!(
        right.ask(method::CALL_BACK, 1, &[&mine]),
        left.ask(method::CALL_BACK, 2, &[&theirs]),
        right.ask(method::ECHO, 0, &[&right]),
    );
    let told = (stage.heed(calls.0), stage.heed(calls.1), stage.heed(calls.2));
    told.0?;
    told.1?;
    stage.heed(stage.heed(cap(&told.2?))?.note(3).await)?;
    assert_eq!((seen.notes(), theirs_seen.notes()), (vec![1], vec![2]));
    Some(())
}

struct AllowAll;

impl Policy for AllowAll {
    fn call(&self, _: &Crossing) -> Verdict {
        Verdict::Allow
    }
}

async fn membrane(stage: Rc<Stage>) -> Told {
    let client = stage.join(0, 1);
    let (mine, seen) = stage.object(0);
    let membrane = Membrane::new(&stage.here(0), AllowAll);
    let inside = membrane.wrap(&client);
    both_of(&stage, inside.note(0), inside.ask(method::CALL_BACK, 1, &[&mine])).await?;
    let echo = inside.ask(method::ECHO, 0, &[&mine]);
    both_of(&stage, echo.cap(&at(0)).note(2), echo).await?;
    assert_eq!(seen.notes(), [1, 2]);
    Some(())
}

async fn middle(stage: Rc<Stage>) -> Told {
    let far = stage.join(1, 2);
    let client = stage.join(0, 1);
    stage.desk(1).keep(&far);
    drop(far);
    let got = client.ask(method::GET, 0, &[]);
    let way = got.cap(&at(0));
    let early = way.note(1);
    let passed = client.ask(method::PASS, 2, &[]);
    let told = both_of(&stage, early, passed).await;
    let far = stage.heed(cap(&stage.heed(got.await)?))?;
    told?;
    both_of(&stage, far.note(3), way.note(4)).await?;
    stage.heed(client.ask(method::LET_GO, 0, &[]).await)?;
    stage.heed(far.note(5).await)?;
    Some(())
}

async fn home(stage: Rc<Stage>) -> Told {
    let far = stage.join(1, 2);
    let client = stage.join(0, 1);
    let (mine, seen) = stage.object(0);
    stage.desk(1).keep(&far);
    drop(far);
    let far = client.ask(method::GET, 0, &[]).cap(&at(0));
    // What the far vat holds is an object of the first, through the middle.
    let held = far.ask(method::HOLD, 0, &[&mine]);
    if stage.is_again() {
        // It may be held by nobody any more, where the next call goes.
        stage.heed(held.await)?;
        return stage.heed(far.ask(method::LET_GO, 0, &[]).await).map(drop);
    }
    let passed = far.ask(method::PASS, 1, &[]);
    let told = both_of(&stage, held, passed).await;
    let echo = far.ask(method::ECHO, 0, &[&mine]);
    let way = echo.cap(&at(0));
    let back = both_of(&stage, way.note(2), echo).await;
    told?;
    back?;
    both_of(&stage, way.note(3), far.ask(method::LET_GO, 0, &[])).await?;
    assert_eq!(seen.notes(), [1, 2, 3]);
    Some(())
}

async fn relay(stage: Rc<Stage>) -> Told {
    let client = stage.relayed();
    let (mine, seen) = stage.object(0);
    let echo = client.ask(method::ECHO, 0, &[&mine]);
    let way = echo.cap(&at(0));
    let told = both_of(&stage, way.note(1), echo).await;
    let back = client.ask(method::CALL_BACK, 2, &[&mine]);
    let other = both_of(&stage, back, client.note(3)).await;
    told?;
    other?;
    stage.heed(way.note(4).await)?;
    assert_eq!(seen.notes(), [1, 2, 4]);
    Some(())
}
