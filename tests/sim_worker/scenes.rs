//! Small scenes, each played in every schedule.

use crate::stage::Given::*;
use crate::stage::Step::*;
use crate::stage::{Part, Scene};

/// Plays a scene; at least so many schedules are expected, lest it come to test nothing.
fn play(parts: &[Part<'_>], at_least: usize) {
    let schedules = Scene { parts }.play_all();
    println!("{schedules} schedules");
    assert!(schedules >= at_least, "only {schedules} schedules");
}

#[test]
fn a_result_is_disposed_while_calls_on_what_is_in_it_are_under_way() {
    let zero = &[Call("ask", "0>1", &[]), Pipeline("m1", "ask", Some(0)), DisposeResult("ask")];
    let more = &[Pipeline("m2", "ask", Some(0))];
    let one = &[Answer("ask", true, &[Object])];
    let target = &[Answer("m1", false, &[])];
    play(&[(0, zero), (0, more), (1, one), (1, target)], 100);
}

#[test]
fn an_object_that_was_passed_comes_home() {
    let zero = &[Call("ask", "0>1", &[Object]), Pipeline("m1", "ask", None)];
    let one = &[Answer("ask", false, &[Stub("ask?0")])];
    let other = &[Call("n1", "ask?0", &[])];
    play(&[(0, zero), (1, one), (1, other)], 50);
}

#[test]
fn of_two_stubs_of_one_result_one_is_disposed_alone() {
    let zero = &[Call("get", "0>1", &[]), Call("m1", "get!0", &[]), Dispose("get!0")];
    let more = &[Call("m2", "get!1", &[]), DisposeResult("get")];
    let one = &[Answer("get", true, &[Object, Function])];
    play(&[(0, zero), (0, more), (1, one)], 50);
}

#[test]
fn a_function_is_called_back_while_its_call_is_given_up() {
    let zero = &[Call("ask", "0>1", &[Function]), GiveUp("ask")];
    let one = &[Call("back", "ask?0", &[]), Answer("ask", false, &[])];
    let function = &[Answer("back", false, &[])];
    play(&[(0, zero), (1, one), (0, function)], 20);
}

#[test]
fn a_stream_is_read_while_it_is_written() {
    let zero = &[Call("take", "0>1", &[Reader]), Write];
    let one = &[Read, Answer("take", false, &[])];
    play(&[(0, zero), (1, one)], 20);
}

#[test]
fn a_call_with_a_stream_is_given_up() {
    let zero = &[Call("take", "0>1", &[Reader]), Write, GiveUp("take")];
    let one = &[Read, Answer("take", false, &[])];
    play(&[(0, zero), (1, one)], 20);
}

#[test]
fn a_call_fails_that_others_wait_for() {
    let zero = &[Call("ask", "0>1", &[Object]), Pipeline("m1", "ask", None), GiveUp("m1")];
    let one = &[Fail("ask")];
    play(&[(0, zero), (1, one)], 20);
}
