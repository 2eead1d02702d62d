//! What the policy of a membrane is asked, what it may do, and how long it lives.

use std::cell::RefCell;
use std::rc::Rc;

use bowline::rpc::{Client, Crossing, Direction, Membrane, Passage, Policy, Verdict};
use bowline::runtime::Vat;
use bowline::wire::Exception;

use crate::borders::{Log, Patient};
use crate::first::run;
use crate::support::{Ask, ID, cap, fill, method, object};

/// Refuses, replaces or logs capabilities.
struct Customs {
    seen: Rc<RefCell<Vec<Direction>>>,
    replacement: Client,
}

impl Policy for Customs {
    fn call(&self, _: &Crossing) -> Verdict {
        Verdict::Allow
    }

    fn capability(&self, direction: Direction, _: &Client) -> Passage {
        let mut seen = self.seen.borrow_mut();
        seen.push(direction);
        match (direction, seen.len()) {
            (Direction::Inward, 2) => Passage::Refuse(Exception::failed("not this one")),
            (Direction::Inward, 3) => Passage::Replace(self.replacement.clone()),
            _ => Passage::Wrap,
        }
    }

    fn inspects_capabilities(&self) -> bool {
        true
    }
}

#[test]
fn capabilities_are_looked_at_when_they_cross_first() {
    let vat = Vat::local();
    let (inside, seen) = object(vat.here());
    let things: Vec<_> = (0..3).map(|_| object(vat.here())).collect();
    let crossed = Rc::new(RefCell::default());
    let policy = Customs { seen: Rc::clone(&crossed), replacement: things[2].0.clone() };
    let membrane = Membrane::new(vat.here(), policy);
    let client = membrane.wrap(&inside);
    let hold = |thing: usize| {
        run(&[&vat], client.ask(method::HOLD, 0, &[&things[thing].0])).expect("returns");
        run(&[&vat], client.ask(method::PASS, 1, &[])).map(drop)
    };
    assert_eq!(hold(0).map_err(|why| why.reason().to_owned()), Err("not this one".into()));
    hold(1).expect("another is called instead");
    hold(2).expect("it is let in");
    assert_eq!(things.iter().map(|(_, seen)| seen.notes().len()).collect::<Vec<_>>(), [0, 0, 2]);
    let out = || cap(&run(&[&vat], client.ask(method::GET, 0, &[])).expect("returns"));
    run(&[&vat], out().expect("a cap").note(9)).expect("it is itself");
    use Direction::{Inward, Outward};
    assert_eq!(*crossed.borrow(), [Outward, Inward, Inward, Inward]);
    seen.let_go();
}

#[test]
fn a_policy_that_panics_refuses() {
    let vat = Vat::local();
    let (inside, seen) = object(vat.here());
    let membrane = Membrane::new(vat.here(), |crossing: &Crossing| match crossing.method {
        method::NOTE => panic!("the policy was told to"),
        _ => Verdict::Allow,
    });
    let client = membrane.wrap(&inside);
    let why = run(&[&vat], client.note(1)).map(drop).expect_err("refused");
    assert_eq!(why.reason(), "the policy of a membrane panicked");
    run(&[&vat], client.ask(method::GET, 0, &[])).map(drop).expect("the vat lives");
    assert!(seen.notes().is_empty());
}

#[test]
fn a_policy_may_call_and_nothing_overtakes_what_it_decides_about() {
    let vat = Vat::local();
    let (inside, seen) = object(vat.here());
    let (recorder, recorded) = object(vat.here());
    let here = vat.here().clone();
    let membrane = Membrane::new(vat.here(), move |crossing: &Crossing| {
        let mut said = recorder.note(u64::from(crossing.method));
        // A poll drives the vat, but not past what is being decided.
        assert!(crate::sink::look(&mut said).is_pending());
        let _ = here.turn(None);
        said.detach();
        Verdict::Allow
    });
    let client = membrane.wrap(&inside);
    let notes: Vec<_> = (0..5).map(|number| client.note(number)).collect();
    let direct = inside.note(5);
    for note in notes {
        run(&[&vat], note).expect("returns");
    }
    run(&[&vat], direct).expect("returns");
    assert_eq!(seen.notes(), [0, 1, 2, 3, 4, 5]);
    run(&[&vat], async {});
    assert_eq!(recorded.notes().len(), 5);
}

#[test]
fn what_waits_for_a_promise_keeps_those_behind_it_waiting() {
    let vat = Vat::local();
    let (target, seen) = object(vat.here());
    let membrane = Membrane::new(vat.here(), Patient);
    let (promise, resolver) = Client::promise(vat.here());
    let client = membrane.wrap(&promise);
    let first = client.note(1);
    let never = client.ask(method::NEVER, 0, &[]);
    let second = client.note(2);
    while vat.turn(std::time::Instant::now()) == bowline::runtime::Turn::More {}
    // The promise turns out to be something outside: nothing is refused.
    resolver.resolve(Ok(membrane.wrap_outside(&target)));
    for note in [first, second] {
        run(&[&vat], note).expect("returns");
    }
    assert_eq!((seen.notes(), seen.running()), (vec![1, 2], 1));
    drop(never);
    let (other, _) = object(vat.here());
    let (promise, resolver) = Client::promise(vat.here());
    let never = membrane.wrap(&promise).ask(method::NEVER, 0, &[]);
    resolver.resolve(Ok(other));
    let why = run(&[&vat], never).map(drop).expect_err("it lies inside");
    assert_eq!(why.reason(), "never");
}

#[test]
fn so_many_membranes_stand_one_behind_the_other_and_no_more() {
    let vat = Vat::local();
    let (inside, _) = object(vat.here());
    let mut walled = inside;
    for _ in 0..64 {
        walled = Membrane::open(vat.here()).wrap(&walled);
    }
    run(&[&vat], walled.note(1)).expect("it crosses all of them");
    let beyond = Membrane::open(vat.here()).wrap(&walled);
    let why = run(&[&vat], beyond.note(2)).map(drop).expect_err("one too many");
    assert_eq!(why.reason(), "too many membranes, one behind the other");
}

#[test]
fn a_promise_resolved_to_its_own_wall_breaks() {
    let vat = Vat::local();
    let (one, two) = (Membrane::open(vat.here()), Membrane::open(vat.here()));
    let (promise, resolver) = Client::promise(vat.here());
    let walled = one.wrap(&promise);
    resolver.resolve(Ok(walled.clone()));
    assert!(run(&[&vat], walled.note(1)).is_err());
    let (promise, resolver) = Client::promise(vat.here());
    let walled = two.wrap(&one.wrap(&promise));
    resolver.resolve(Ok(walled.clone()));
    let why = run(&[&vat], walled.note(1)).map(drop).expect_err("it never ends");
    assert_eq!(why.reason(), "too many membranes, one behind the other");
}

#[test]
fn a_capability_lies_behind_as_many_membranes_as_there_may_be() {
    let vat = Vat::local();
    let (target, seen) = object(vat.here());
    let membranes: Vec<_> = (0..65).map(|_| Membrane::open(vat.here())).collect();
    let mut client = target;
    for membrane in &membranes[..64] {
        client = membrane.wrap(&client);
    }
    run(&[&vat], client.note(1)).expect("sixty-four are crossed");
    assert!(membranes[64].wrap(&client).why_broken().is_some());
    assert_eq!(seen.notes(), [1]);
}

#[test]
fn what_is_walled_twice_is_walled_once() {
    let vat = Vat::local();
    let log = Log::default();
    let (target, _) = object(vat.here());
    let membrane = Membrane::new(vat.here(), log.clone());
    let client = membrane.wrap(&membrane.wrap(&target));
    run(&[&vat], client.note(1)).expect("returns");
    assert_eq!(log.lines(), ["Inward 0"]);
    let home = membrane.wrap_outside(&client);
    run(&[&vat], home.note(2)).expect("returns");
    assert!(log.lines().is_empty(), "it is at home");
    assert!(
        membrane.wrap(&Client::broken(vat.here(), Exception::failed("it"))).why_broken().is_some()
    );
}

#[test]
fn a_membrane_outlives_its_owner_and_its_policy_goes_with_the_last_wall() {
    struct Life(Rc<RefCell<bool>>);
    impl Drop for Life {
        fn drop(&mut self) {
            *self.0.borrow_mut() = false;
        }
    }
    impl Policy for Life {
        fn call(&self, _: &Crossing) -> Verdict {
            Verdict::Refuse(Exception::failed("no"))
        }
    }
    let vat = Vat::local();
    let alive = Rc::new(RefCell::new(true));
    let (target, _) = object(vat.here());
    let membrane = Membrane::new(vat.here(), Life(Rc::clone(&alive)));
    let client = membrane.wrap(&target);
    drop(membrane);
    let why = run(&[&vat], client.note(1)).map(drop).expect_err("refused");
    assert_eq!(why.reason(), "no");
    assert!(*alive.borrow());
    drop(client);
    while vat.turn(std::time::Instant::now()) == bowline::runtime::Turn::More {}
    assert!(!*alive.borrow());
}

#[test]
fn a_membrane_is_used_from_another_thread() {
    let vat = Vat::local();
    let (target, seen) = object(vat.here());
    let membrane = Membrane::open(vat.here());
    let sent = (membrane.clone(), target);
    let client = std::thread::spawn(move || {
        let (membrane, target) = sent;
        let client = membrane.wrap(&target);
        client.request(ID, method::NOTE).with(fill(1, &[])).send().detach();
        client
    });
    let client = client.join().expect("no panic");
    run(&[&vat], client.note(2)).expect("returns");
    assert_eq!(seen.notes(), [1, 2]);
    std::thread::spawn(move || membrane.revoke(Exception::failed("from afar"))).join().expect("ok");
    let why = run(&[&vat], client.note(3)).map(drop).expect_err("it was revoked");
    assert_eq!(why.reason(), "from afar");
}
