//! Membranes: what is inside, what is outside, and what the policy says to each crossing.
//!
//! A workshop inside makes things, calls things and gives back what it is given. A thing says where it
//! comes from. The policy lets everything through except INTERCEPT, which goes to a thing of its own:
//! so the answer tells which membranes a call crossed, and which way.

use bowline::rpc::{Call, Client, Crossing, Direction, Membrane, Policy, Promise, Reply, Verdict};
use bowline::runtime::{Local, Vat};
use bowline::wire::Exception;
use capnp::{any_pointer, capability_list};

use crate::first;
use crate::support::{Ask, ID, World, at, cap, fill, number, scenarios};

/// Methods of a thing: each says where the thing comes from.
const PASS: u16 = 0;
const INTERCEPT: u16 = 1;

/// Methods of the workshop.
const MAKE: u16 = 10;
const CALL_PASS: u16 = 11;
const CALL_INTERCEPT: u16 = 12;
const LOOPBACK: u16 = 13;
const FOREVER: u16 = 14;

/// Where a thing comes from.
const INSIDE: u64 = 1;
const OUTSIDE: u64 = 2;
const INBOUND: u64 = 3;
const OUTBOUND: u64 = 4;

scenarios! {
    call_a_remote_object_inside,
    call_a_remote_promise_inside,
    call_a_remote_promise_inside_that_has_resolved,
    call_an_object_outside_of_a_remote_membrane,
    call_what_went_into_a_remote_membrane_and_came_out_again,
    call_a_remote_promise_inside_that_turns_out_to_be_outside,
    a_remote_membrane_is_revoked,
}

fn thing(here: &Local, from: u64) -> Client {
    Client::new(here, move |mut call: Call| async move {
        match call.method() {
            PASS | INTERCEPT => call.build(fill(from, &[])),
            _ => return Err(call.unimplemented()),
        }
        Ok(call.reply())
    })
}

fn workshop(here: &Local) -> Client {
    let vat = here.clone();
    Client::new(here, move |mut call: Call| {
        let here = vat.clone();
        async move {
            match call.method() {
                MAKE => call.build(fill(0, &[Some(&thing(&here, INSIDE))])),
                LOOPBACK => {
                    let given = cap(call.params())?;
                    call.build(fill(0, &[Some(&given)]));
                }
                FOREVER => std::future::pending().await,
                method @ (CALL_PASS | CALL_INTERCEPT) => {
                    let method = if method == CALL_PASS { PASS } else { INTERCEPT };
                    let request = cap(call.params())?.request(ID, method);
                    // The number says whether it is to be a tail call.
                    if number(call.params()) == 1 {
                        return Ok(call.tail(request));
                    }
                    let reply = request.send().await?;
                    call.build(fill(number(&reply), &[]));
                }
                _ => return Err(call.unimplemented()),
            }
            Ok(call.reply())
        }
    })
}

struct Intercept(Local);

impl Policy for Intercept {
    fn call(&self, crossing: &Crossing) -> Verdict {
        match (crossing.interface, crossing.method, crossing.direction) {
            (ID, INTERCEPT, Direction::Inward) => Verdict::Redirect(thing(&self.0, INBOUND)),
            (ID, INTERCEPT, Direction::Outward) => Verdict::Redirect(thing(&self.0, OUTBOUND)),
            _ => Verdict::Allow,
        }
    }

    fn settles_first(&self) -> bool {
        true
    }
}

/// Whoever plays: what it has of the workshop, and how it waits for things.
struct Play<'a> {
    membraned: Client,
    outside: Client,
    wait: &'a dyn Fn(Promise) -> Result<Reply, Exception>,
}

impl Play<'_> {
    fn ask(&self, to: &Client, method: u16, tail: u64, caps: &[&Client]) -> u64 {
        number(&(self.wait)(to.ask(method, tail, caps)).expect("returns"))
    }

    /// What a thing answers: to us who are outside, and to the workshop inside.
    fn check(&self, make: impl Fn(&Self) -> (Client, Vec<Promise>), expected: [u64; 4]) {
        let [near_pass, near_intercept, far_pass, far_intercept] = expected;
        let (thing, _kept) = make(self);
        assert_eq!(self.ask(&thing, PASS, 0, &[]), near_pass, "we pass");
        let (thing, _kept) = make(self);
        assert_eq!(self.ask(&thing, INTERCEPT, 0, &[]), near_intercept, "we intercept");
        for tail in [0, 1] {
            let (thing, _kept) = make(self);
            let passed = self.ask(&self.membraned, CALL_PASS, tail, &[&thing]);
            assert_eq!(passed, far_pass, "it passes, tail: {tail}");
            let (thing, _kept) = make(self);
            let intercepted = self.ask(&self.membraned, CALL_INTERCEPT, tail, &[&thing]);
            assert_eq!(intercepted, far_intercept, "it intercepts, tail: {tail}");
        }
    }

    fn object_inside(&self) {
        let make = |play: &Self| {
            let made = (play.wait)(play.membraned.ask(MAKE, 0, &[])).expect("returns");
            (cap(&made).expect("a thing"), Vec::new())
        };
        self.check(make, [INSIDE, INBOUND, INSIDE, INSIDE]);
    }

    fn promise_inside(&self) {
        let make = |play: &Self| {
            let making = play.membraned.ask(MAKE, 0, &[]);
            (making.cap(&at(0)), vec![making])
        };
        self.check(make, [INSIDE, INBOUND, INSIDE, INSIDE]);
    }

    fn resolved_promise_inside(&self) {
        let make = |play: &Self| {
            let making = play.membraned.ask(MAKE, 0, &[]);
            let thing = making.cap(&at(0));
            (play.wait)(making).expect("returns");
            (thing, Vec::new())
        };
        self.check(make, [INSIDE, INBOUND, INSIDE, INSIDE]);
    }

    fn object_outside(&self) {
        let make = |play: &Self| (play.outside.clone(), Vec::new());
        self.check(make, [OUTSIDE, OUTSIDE, OUTSIDE, OUTBOUND]);
    }

    fn in_and_out_again(&self) {
        let make = |play: &Self| {
            let looped = play.membraned.ask(LOOPBACK, 0, &[&play.outside]);
            (cap(&(play.wait)(looped).expect("returns")).expect("a thing"), Vec::new())
        };
        self.check(make, [OUTSIDE, OUTSIDE, OUTSIDE, OUTBOUND]);
    }

    fn promise_that_turns_out_to_be_outside(&self) {
        let make = |play: &Self| {
            let looping = play.membraned.ask(LOOPBACK, 0, &[&play.outside]);
            (looping.cap(&at(0)), vec![looping])
        };
        self.check(make, [OUTSIDE, OUTSIDE, OUTSIDE, OUTBOUND]);
    }
}

/// Everything in one vat.
fn alone(play: impl FnOnce(&Play<'_>, &Membrane)) {
    let vat = Vat::local();
    let membrane = Membrane::new(vat.here(), Intercept(vat.here().clone()));
    let membraned = membrane.wrap(&workshop(vat.here()));
    let wait = |promise: Promise| first::run(&[&vat], promise);
    play(&Play { membraned, outside: thing(vat.here(), OUTSIDE), wait: &wait }, &membrane);
    drop(membrane);
    first::run(&[&vat], async {});
    while vat.turn(std::time::Instant::now()) == bowline::runtime::Turn::More {}
    vat.here().with(|graph| graph.check()).expect("the tables agree");
    assert!(vat.here().with(|graph| graph.is_idle()), "something is left");
}

/// The membrane in the right vat, and the player in the left one.
fn apart(world: &World, play: impl FnOnce(&Play<'_>, &Membrane)) {
    let here = world.right.here();
    let membrane = Membrane::new(here, Intercept(here.clone()));
    let (_pair, membraned) = world.reach(&membrane.wrap(&workshop(here)));
    let wait = |promise: Promise| world.run(promise);
    play(&Play { membraned, outside: thing(world.left.here(), OUTSIDE), wait: &wait }, &membrane);
    world.quiet();
}

#[test]
fn call_a_local_object_inside() {
    alone(|play, _| play.object_inside());
}

#[test]
fn call_a_local_promise_inside() {
    alone(|play, _| play.promise_inside());
}

#[test]
fn call_a_local_promise_inside_that_has_resolved() {
    alone(|play, _| play.resolved_promise_inside());
}

#[test]
fn call_a_local_object_outside() {
    alone(|play, _| play.object_outside());
}

#[test]
fn call_what_went_in_and_came_out_again() {
    alone(|play, _| play.in_and_out_again());
}

#[test]
fn call_a_local_promise_inside_that_turns_out_to_be_outside() {
    alone(|play, _| play.promise_that_turns_out_to_be_outside());
}

fn call_a_remote_object_inside(world: &World) {
    apart(world, |play, _| play.object_inside());
}

fn call_a_remote_promise_inside(world: &World) {
    apart(world, |play, _| play.promise_inside());
}

fn call_a_remote_promise_inside_that_has_resolved(world: &World) {
    apart(world, |play, _| play.resolved_promise_inside());
}

fn call_an_object_outside_of_a_remote_membrane(world: &World) {
    apart(world, |play, _| play.object_outside());
}

fn call_what_went_into_a_remote_membrane_and_came_out_again(world: &World) {
    apart(world, |play, _| play.in_and_out_again());
}

fn call_a_remote_promise_inside_that_turns_out_to_be_outside(world: &World) {
    apart(world, |play, _| play.promise_that_turns_out_to_be_outside());
}

/// A struct, a list or what an `AnyPointer` holds, copied out by hand: its things are walled.
fn copied_out(
    fill_in: impl Fn(any_pointer::Builder<'_>, Client) + Copy,
    find: fn(&Reply) -> Client,
) {
    alone(|play, membrane| {
        let here = play.outside.mailbox().id();
        let here = Local::find(here).expect("it lives here");
        let copy = || {
            let mut request = play.outside.request(ID, PASS);
            let inside = thing(&here, INSIDE);
            request
                .build(|mut root| {
                    fill_in(root.reborrow(), inside);
                    membrane.copy_out::<any_pointer::Owned>(root.into_reader())
                })
                .expect("it is well formed")
        };
        play.check(|_| (find(&copy()), Vec::new()), [INSIDE, INBOUND, INSIDE, INSIDE]);
    });
}

#[test]
fn a_struct_copied_out_is_walled() {
    copied_out(|root, thing| fill(0, &[Some(&thing)])(root), |copy| cap(copy).expect("a thing"));
}

#[test]
fn a_list_copied_out_is_walled() {
    copied_out(
        |root, thing| {
            let mut list = root.initn_as::<capability_list::Builder<'_, Bare>>(1);
            list.set(0, thing.hook());
        },
        |copy| {
            let read = copy.read(|root| {
                let list = root.get_as::<capability_list::Reader<'_, Bare>>()?;
                Ok(Client::from_hook(list.get(0)?.0.as_ref()))
            });
            read.expect("a list")
        },
    );
}

#[test]
fn what_an_any_pointer_holds_is_walled_when_copied_out() {
    copied_out(
        |mut root, thing| root.set_as_capability(thing.hook()),
        |copy| copy.cap(&bowline::wire::Path::root()).expect("a thing"),
    );
}

/// A client of no interface in particular.
struct Bare(Box<dyn capnp::private::capability::ClientHook>);

impl capnp::capability::FromClientHook for Bare {
    fn new(hook: Box<dyn capnp::private::capability::ClientHook>) -> Self {
        Self(hook)
    }

    fn into_client_hook(self) -> Box<dyn capnp::private::capability::ClientHook> {
        self.0
    }

    fn as_client_hook(&self) -> &dyn capnp::private::capability::ClientHook {
        self.0.as_ref()
    }
}

#[test]
fn a_promise_walled_twice_is_one_wall_and_comes_to_be_one() {
    let vat = Vat::local();
    let membrane = Membrane::open(vat.here());
    let nodes = || {
        while vat.turn(std::time::Instant::now()) == bowline::runtime::Turn::More {}
        vat.here().with(|graph| graph.stats().nodes)
    };
    let (promise, resolver) = Client::promise(vat.here());
    let first = membrane.wrap(&promise);
    let before = nodes();
    let second = membrane.wrap(&promise);
    assert_eq!(nodes(), before, "it is the same wall");
    resolver.resolve(Ok(thing(vat.here(), INSIDE)));
    let before = nodes();
    let third = membrane.wrap(&promise);
    assert_eq!(nodes(), before, "and the same again of what it came to be");
    for walled in [first, second, third] {
        let said = first::run(&[&vat], walled.request(ID, PASS).send()).expect("returns");
        assert_eq!(number(&said), INSIDE);
    }
}

fn a_remote_membrane_is_revoked(world: &World) {
    apart(world, |play, membrane| {
        let made = (play.wait)(play.membraned.ask(MAKE, 0, &[])).expect("returns");
        let thing = cap(&made).expect("a thing");
        let mut forever = play.membraned.ask(FOREVER, 0, &[]);
        assert!(crate::sink::waits(world, &mut forever));
        membrane.revoke(Exception::disconnected("foobar"));
        for promise in [forever, play.membraned.ask(MAKE, 0, &[]), thing.request(ID, PASS).send()] {
            let why = (play.wait)(promise).map(drop).expect_err("it was revoked");
            assert_eq!(why, Exception::disconnected("foobar"));
        }
    });
}

#[test]
fn an_object_lies_behind_64_membranes_and_no_more() {
    let vat = Vat::local();
    let (object, _) = crate::support::object(vat.here());
    let membranes: Vec<_> = (0..65).map(|_| Membrane::open(vat.here())).collect();
    for (count, lies) in [(64, true), (65, false)] {
        let walled =
            membranes.iter().take(count).fold(object.clone(), |inner, wall| wall.wrap(&inner));
        let asked = walled.note(1);
        assert_eq!(first::run(&[&vat], asked).is_ok(), lies, "behind {count} membranes");
    }
}
