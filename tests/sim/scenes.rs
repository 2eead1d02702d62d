//! Small scenes, each played in every schedule.

use crate::stage::Scene;
use crate::stage::Step::*;

/// Plays a scene; at least so many schedules are expected, lest it come to test nothing.
fn play(scene: &Scene<'_>, at_least: usize) {
    let schedules = scene.play_all();
    assert!(schedules >= at_least, "only {schedules} schedules");
}

#[test]
fn a_promise_comes_home_and_goes_out_again() {
    // The four-way race: the promise of vat 0 comes back to it as a result while vat 0 resolves it
    // to an object of vat 1.
    let zero = &[
        &[Promise("p"), Call("ask", "0>1", &["p"]), Pipeline("q", "ask", 0)][..],
        &[Call("m1", "q", &[]), Resolve("p", "0>1")],
        &[Call("m2", "q", &[])],
    ];
    let one =
        &[&[Call("n1", "ask?0", &[]), Answer("ask", &["ask?0"])][..], &[Call("n2", "ask?0", &[])]];
    play(&Scene { vats: 2, parts: &[(0, zero), (1, one)] }, 10);
}

#[test]
fn a_result_comes_home_twice() {
    // Vat 0 passes on what vat 1 has of it by the name of the answer it stands in.
    let zero = &[
        &[Host("x"), Call("ask", "0>1", &["x"]), Pipeline("q", "ask", 0), Call("m1", "q", &[])][..],
        &[Call("again", "0>1", &["q"]), Pipeline("r", "again", 0), Call("m2", "r", &[])],
        &[Take("again")],
        &[Call("m3", "again!0", &[])],
    ];
    let one = &[&[Answer("ask", &["ask?0"])][..]];
    let other = &[&[Call("n1", "again?0", &[]), Answer("again", &["again?0"])][..]];
    play(&Scene { vats: 2, parts: &[(0, zero), (1, one), (1, other)] }, 10);
}

#[test]
fn a_promise_comes_to_be_the_peers_promise_for_an_object_of_ours() {
    let zero = &[
        &[Promise("l"), Host("x"), Call("give", "0>1", &["l", "x"])][..],
        &[Call("get", "0>1", &[]), Pipeline("p", "get", 0), Resolve("l", "p")],
        &[Call("m1", "l", &[]), Call("m2", "p", &[])],
    ];
    let one = &[
        &[Call("n1", "give?0", &[]), Promise("r"), Answer("get", &["r"])][..],
        &[Resolve("r", "give?1"), Call("n2", "give?0", &[])],
    ];
    play(&Scene { vats: 2, parts: &[(0, zero), (1, one)] }, 10);
}

#[test]
fn a_promise_is_resolved_while_calls_are_pipelined_on_it() {
    let zero = &[
        &[Host("x"), Call("ask", "0>1", &["x"]), Pipeline("q", "ask", 0)][..],
        &[Call("m1", "q", &[])],
        &[Call("m2", "q", &[])],
    ];
    let one = &[&[Promise("r"), Answer("ask", &["r"])][..], &[Resolve("r", "ask?0")]];
    play(&Scene { vats: 2, parts: &[(0, zero), (1, one)] }, 10);
}

#[test]
fn a_tail_call_home_is_cancelled() {
    let zero = &[
        &[Host("x"), Call("ask", "0>1", &["x"]), Pipeline("q", "ask", 0)][..],
        &[Call("m1", "q", &[])],
        &[Dispose("q"), Drop("m1")],
        &[Drop("ask")],
    ];
    let one = &[&[Redirect("on", "ask", "ask?0")][..]];
    let target = &[&[Answer("on", &[])][..]];
    play(&Scene { vats: 2, parts: &[(0, zero), (1, one), (0, target)] }, 10);
}

#[test]
fn a_tail_call_home_keeps_the_order() {
    let zero = &[
        &[Host("x"), Host("y"), Call("ask", "0>1", &["x"]), Pipeline("q", "ask", 0)][..],
        &[Call("m1", "q", &[])],
        &[Call("m2", "q", &[])],
    ];
    let one = &[&[Redirect("on", "ask", "ask?0")][..]];
    let target = &[&[Answer("on", &["y"])][..]];
    play(&Scene { vats: 2, parts: &[(0, zero), (1, one), (0, target)] }, 10);
}

#[test]
fn results_are_said_early() {
    let zero = &[
        &[Host("x"), Call("ask", "0>1", &["x"]), Pipeline("q", "ask", 0)][..],
        &[Call("m1", "q", &[])],
        &[Take("ask")],
        &[Call("m2", "ask!0", &[]), Call("m3", "q", &[])],
    ];
    let one =
        &[&[Early("ask", &["ask?0"])][..], &[Call("n1", "ask?0", &[])], &[Answer("ask", &[])]];
    play(&Scene { vats: 2, parts: &[(0, zero), (1, one)] }, 10);
}

#[test]
fn everything_is_disposed_of_under_an_embargo() {
    let zero = &[
        &[Host("x"), Call("ask", "0>1", &["x"]), Pipeline("q", "ask", 0)][..],
        &[Dispose("x"), Call("m1", "q", &[])],
        &[Take("ask"), Call("m2", "q", &[])],
        &[Dispose("q"), Dispose("ask!0")],
        &[Drop("m2")],
    ];
    let one = &[&[Answer("ask", &["ask?0"])][..], &[Dispose("ask?0")]];
    play(&Scene { vats: 2, parts: &[(0, zero), (1, one)] }, 10);
}

#[test]
fn an_embargoed_promise_breaks() {
    let zero = &[
        &[Promise("p"), Call("ask", "0>1", &["p"]), Pipeline("q", "ask", 0)][..],
        &[Call("m1", "q", &[])],
        &[Break("p")],
        &[Call("m2", "q", &[])],
    ];
    let one = &[&[Answer("ask", &["ask?0"])][..], &[Call("n1", "ask?0", &[])]];
    play(&Scene { vats: 2, parts: &[(0, zero), (1, one)] }, 10);
}

#[test]
fn a_tail_call_fails() {
    let zero = &[
        &[Call("ask", "0>1", &[]), Pipeline("q", "ask", 0)][..],
        &[Call("m1", "q", &[])],
        &[Take("m1")],
    ];
    let one = &[&[Redirect("on", "ask", "1>0")][..]];
    let target = &[&[Fail("on")][..]];
    play(&Scene { vats: 2, parts: &[(0, zero), (1, one), (0, target)] }, 10);
}

#[test]
fn a_proxy_passes_on_what_it_was_given() {
    let zero = &[
        &[Host("x"), Call("ask", "0>1", &["x"]), Pipeline("q", "ask", 0)][..],
        &[Call("m1", "q", &[])],
        &[Call("m2", "q", &[])],
    ];
    let one = &[&[Forward("on", "ask", "1>2")][..], &[Take("on")]];
    let two = &[&[Call("n1", "on?0", &[]), Answer("on", &["on?0"])][..]];
    play(&Scene { vats: 3, parts: &[(0, zero), (1, one), (2, two)] }, 10);
}

#[test]
fn a_promise_goes_round_three_vats() {
    let zero = &[
        &[Promise("p"), Call("ask", "0>1", &["p"]), Pipeline("q", "ask", 0)][..],
        &[Call("m1", "q", &[]), Resolve("p", "0>2")],
    ];
    let one = &[&[Call("on", "1>2", &["ask?0"]), Answer("ask", &["ask?0"])][..]];
    let two = &[&[Call("n1", "on?0", &[])][..]];
    play(&Scene { vats: 3, parts: &[(0, zero), (1, one), (2, two)] }, 10);
}
