//! Streaming calls within one vat: what holds back what, and what a dropped promise cancels.

use std::task::Poll;
use std::time::Instant;

use bowline::runtime::{Turn, Vat};

use crate::first::run;
use crate::sink::{BAD, Pour, look, sink};
use crate::support::number;

fn quiet(vat: &Vat) {
    while vat.turn(Instant::now()) == Turn::More {}
    vat.here().with(|graph| graph.check()).expect("the tables agree");
}

#[test]
fn streaming_calls_hold_back_what_comes_behind_them() {
    let vat = Vat::local();
    let (client, seen) = sink(vat.here());
    seen.close();
    let mut writes = [1, 2, 3].map(|number| client.write(number));
    let mut done = client.done();
    for taken in 1..=3 {
        quiet(&vat);
        assert_eq!(seen.taken().len(), taken);
        assert!(look(&mut writes[taken - 1]).is_pending() && look(&mut done).is_pending());
        assert!(seen.finish_one());
        quiet(&vat);
        assert!(matches!(look(&mut writes[taken - 1]), Poll::Ready(Ok(()))));
    }
    let Poll::Ready(Ok(reply)) = look(&mut done) else { panic!("it was its turn") };
    assert_eq!(number(&reply), 3);
}

#[test]
fn a_dropped_write_is_cancelled_and_the_next_has_its_turn() {
    let vat = Vat::local();
    let (client, seen) = sink(vat.here());
    seen.close();
    let first = client.write(1);
    let second = client.write(2);
    let third = client.write(3);
    let never = client.write(4);
    drop(never);
    let done = client.done();
    quiet(&vat);
    drop(second);
    quiet(&vat);
    assert_eq!(seen.taken(), [1]);
    assert!(seen.finish_one());
    quiet(&vat);
    assert_eq!(seen.taken(), [1, 3], "the second was cancelled while it waited");
    drop(third);
    assert_eq!(number(&run(&[&vat], done).expect("nothing holds it back")), 2);
    assert_eq!(seen.cancelled(), 1, "the third was cancelled while it ran");
    drop(first);
}

#[test]
fn a_detached_write_runs_though_nobody_waits() {
    let vat = Vat::local();
    let (client, seen) = sink(vat.here());
    seen.close();
    client.write(1).detach();
    client.write(2).detach();
    quiet(&vat);
    seen.open();
    assert_eq!(number(&run(&[&vat], client.done()).expect("returns")), 2);
    assert_eq!((seen.taken(), seen.cancelled()), (vec![1, 2], 0));
}

#[test]
fn a_failed_write_fails_all_that_come_behind_it() {
    let vat = Vat::local();
    let (client, seen) = sink(vat.here());
    seen.close();
    let first = client.write(1);
    let second = client.write(BAD);
    let third = client.write(2);
    let done = client.done();
    quiet(&vat);
    seen.open();
    quiet(&vat);
    run(&[&vat], first).expect("it was taken");
    let late = client.note_down(3);
    let fence = client.acknowledged();
    for (name, why) in [
        ("second", run(&[&vat], second).expect_err("it failed")),
        ("third", run(&[&vat], third).expect_err("it comes behind")),
        ("done", run(&[&vat], done).map(drop).expect_err("it comes behind")),
        ("late", run(&[&vat], late).map(drop).expect_err("it comes behind")),
        ("fence", run(&[&vat], fence).expect_err("it comes behind")),
    ] {
        assert_eq!(why.reason(), "the sink refuses it", "{name}");
    }
    assert_eq!(seen.taken(), [1, BAD]);
}

#[test]
fn whoever_waits_for_the_writes_may_give_up() {
    let vat = Vat::local();
    let (client, seen) = sink(vat.here());
    seen.close();
    let write = client.write(1);
    let mut fence = client.acknowledged();
    quiet(&vat);
    assert!(look(&mut fence).is_pending());
    drop(fence);
    quiet(&vat);
    seen.open();
    run(&[&vat], write).expect("it was taken");
    drop(client);
    quiet(&vat);
    assert!(vat.here().with(|graph| graph.is_idle()));
}

#[test]
fn a_thousand_writes_held_back_are_taken_in_order() {
    let vat = Vat::local();
    let (client, seen) = sink(vat.here());
    seen.close();
    let writes: Vec<_> = (100..1100).map(|number| client.write(number)).collect();
    quiet(&vat);
    assert_eq!(seen.taken(), [100]);
    while seen.finish_one() {
        quiet(&vat);
    }
    assert_eq!(seen.taken(), (100..1100).collect::<Vec<_>>());
    drop(writes);
    drop(client);
    quiet(&vat);
    assert!(vat.here().with(|graph| graph.is_idle()));
}
