//! Signals, in one process and between vats.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bowline::rpc::Client;
use bowline::wire::Exception;
use bowline::worker::value::{External, Value, View};
use bowline::worker::{AbortController, AbortSignal};

use super::scene::{depot, get, put};
use crate::support::{World, scenarios};

scenarios! {
    a_signal_is_aborted_from_afar_with_its_reason,
    a_signal_in_a_result_is_aborted_from_afar,
    a_signal_whose_controller_is_gone_is_never_aborted,
    a_signal_that_lost_its_connection_is_aborted,
    a_signal_goes_on_to_a_third_vat,
    a_reason_that_cannot_travel_is_undefined,
    a_signal_stops_with_its_session,
}

fn send(world: &World, client: &Client, signal: AbortSignal) {
    let (sent, _) = put(client, &External::new(signal)).expect("a signal");
    world.run(sent).expect("it is taken");
    world.quiet();
}

fn a_signal_is_aborted_from_afar_with_its_reason(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let controller = AbortController::new();
    send(world, &client, controller.signal());
    let signal = depot.signal();
    assert!(!signal.is_aborted());
    controller.abort("too late");
    assert_eq!(world.run(signal.when_aborted()), Value::from("too late"));
    controller.abort("again");
    world.quiet();
    assert_eq!(signal.reason(), Some(Value::from("too late")));
}

fn a_signal_in_a_result_is_aborted_from_afar(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let controller = AbortController::new();
    depot.held.borrow_mut().push_back(External::new(controller.signal()));
    let got = get(world, world.left.here(), &client);
    let signal = got.get::<AbortSignal>().expect("a signal").clone();
    controller.abort(Value::UNDEFINED);
    let reason = world.run(signal.when_aborted());
    let View::DomException(reason) = reason.view() else { panic!("no DOMException: {reason:?}") };
    assert_eq!(reason.name, "AbortError");
}

fn a_signal_whose_controller_is_gone_is_never_aborted(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (pair, client) = world.reach(&boot);
    let controller = AbortController::new();
    send(world, &client, controller.signal());
    let signal = depot.signal();
    drop(controller);
    assert_eq!(world.run(signal.settles()), None);
    world.quiet();
    pair.near.abort(Exception::failed("enough"));
    world.quiet();
    assert!(!signal.is_aborted());
}

fn a_signal_that_lost_its_connection_is_aborted(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (pair, client) = world.reach(&boot);
    let controller = AbortController::new();
    send(world, &client, controller.signal());
    let signal = depot.signal();
    pair.near.abort(Exception::failed("enough"));
    let reason = world.run(signal.when_aborted());
    let View::DomException(reason) = reason.view() else { panic!("no DOMException: {reason:?}") };
    assert_eq!(reason.name, "AbortError");
    assert_eq!(
        reason.message,
        "An AbortSignal received over RPC was implicitly aborted because the connection back to its trigger was lost."
    );
    assert!(!controller.signal().is_aborted());
}

fn a_signal_goes_on_to_a_third_vat(world: &World) {
    let (boot, last) = depot(world.right.here());
    let far = world.join(&world.middle, &world.right, Some(&boot));
    let (boot, first) = depot(world.middle.here());
    let near = world.join(&world.left, &world.middle, Some(&boot));
    let controller = AbortController::new();
    send(world, &near.near.bootstrap(), controller.signal());
    let passed = External::new(first.signal());
    let (sent, _) = put(&far.near.bootstrap(), &passed).expect("a signal");
    world.run(sent).expect("it is taken");
    controller.abort(1);
    assert_eq!(world.run(last.signal().when_aborted()), Value::from(1));
}

fn a_reason_that_cannot_travel_is_undefined(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let controller = AbortController::new();
    send(world, &client, controller.signal());
    controller.abort(bowline::worker::stream::ReadableStream::from("not on its own"));
    let reason = world.run(depot.signal().when_aborted());
    let View::DomException(reason) = reason.view() else { panic!("no DOMException: {reason:?}") };
    assert_eq!(reason.message, "The operation was aborted");
}

fn a_signal_stops_with_its_session(world: &World) {
    let (boot, depot) = depot(world.right.here());
    let (_pair, client) = world.reach(&boot);
    let controller = AbortController::new();
    let signal = External::new(controller.signal());
    let (sent, feed) = put(&client, &signal).expect("a signal");
    world.run(sent).expect("it is taken");
    feed.expect("a signal that may be aborted has one").stop();
    let reason = world.run(depot.signal().when_aborted());
    assert!(matches!(reason.view(), View::DomException(_)), "{reason:?}");
}

#[test]
fn a_signal_that_is_settled_needs_nothing_beside_its_value() {
    let aborted = Value::from(AbortSignal::aborted("done"));
    let View::AbortSignal(view) = aborted.view() else { panic!("no signal") };
    assert!(view.is_aborted() && view.trigger().is_none());
    assert_eq!(AbortSignal::of(view).reason(), Some(Value::from("done")));
    let never = Value::from(AbortSignal::never());
    let View::AbortSignal(view) = never.view() else { panic!("no signal") };
    assert!(view.never_aborts() && view.trigger().is_none());
    assert!(!AbortSignal::of(view).is_aborted());
    let controller = AbortController::new();
    let pending = Value::from(controller.signal());
    let signal = AbortSignal::of_value(&pending).expect("a signal");
    controller.abort("now");
    assert_eq!(signal.reason(), Some(Value::from("now")));
    assert!(AbortSignal::of_value(&Value::from("no signal")).is_none());
}

#[test]
fn everybody_who_waits_for_a_signal_is_told() {
    let controller = AbortController::new();
    let signal = controller.signal();
    let mut cx = Context::from_waker(Waker::noop());
    let mut first = pin!(signal.when_aborted());
    {
        let mut gone = pin!(signal.when_aborted());
        assert!(gone.as_mut().poll(&mut cx).is_pending());
        assert!(first.as_mut().poll(&mut cx).is_pending());
    }
    assert!(first.as_mut().poll(&mut cx).is_pending());
    controller.abort(7);
    assert_eq!(first.as_mut().poll(&mut cx), Poll::Ready(Value::from(7)));
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let signal = controller.signal();
            std::thread::spawn(move || futures::executor::block_on(signal.when_aborted()))
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().expect("it ends"), Value::from(7));
    }
}
