//! Who owns a stub, and when an object is let go.

use std::rc::Rc;

use bowline::runtime::Local;
use bowline::worker::value::Value;
use bowline::worker::{Answer, Call, RpcStub, RpcTarget, args};

use crate::cast::{Counter, Log, Stage, everywhere, failed, got, number, settle};

everywhere! {
    rules_39_and_40_an_object_lives_as_long_as_a_handle_of_it,
    rule_41_a_stub_in_the_arguments_is_good_until_the_call_returns,
    rules_42_and_43_disposing_a_result_kills_the_stubs_taken_out_of_it,
    rule_44_the_disposer_runs_once_all_duplicates_are_gone,
    rule_45_an_object_shared_twice_has_two_stubs_and_is_disposed_twice,
    rule_46_a_result_moves_and_the_callees_handle_is_gone,
    rule_47_an_object_made_for_a_call_is_let_go_behind_it,
    rule_48_disposing_twice_is_disposing_once_and_a_use_behind_it_fails,
    rule_49_what_goes_wrong_in_a_disposer_is_nobodys_error,
    rule_50_the_disposer_of_a_result_runs_when_the_caller_disposes_it,
    rule_50_a_result_that_is_no_object_has_a_disposer_all_the_same,
    rule_51_a_result_lives_for_what_is_pipelined_on_it,
    rule_52_a_stub_that_is_kept_keeps_the_callers_object,
    rule_61_a_stub_sent_back_and_forth_is_a_working_stub,
    aliases_of_one_stub_stay_one_and_different_stubs_different,
}

const DISPOSED: &str = "Error: RPC stub used after being disposed.";

fn rules_39_and_40_an_object_lives_as_long_as_a_handle_of_it(stage: &Stage) {
    let svc = stage.svc();
    {
        let counter = got(svc.call("makeCounter", args![1])).stub().expect("a stub");
        let alias = counter.clone();
        drop(counter);
        settle();
        assert_eq!(number(alias.call("increment", args![])), 2.0);
        assert!(stage.log.all().is_empty());
    }
    settle();
    assert_eq!(stage.log.all(), ["Counter disposed"]);
}

fn rule_41_a_stub_in_the_arguments_is_good_until_the_call_returns(stage: &Stage) {
    let log = Log::default();
    let (svc, kept) = (stage.svc(), &stage.kept);
    let counter = Counter::stub(stage.here(), 0.0, &log);
    got(svc.call("keep", args![&counter]));
    let stale = kept.take().expect("it was kept");
    assert_eq!(failed(stale.call("increment", args![])).to_string(), DISPOSED);
    got(svc.call("keepDup", args![&counter]));
    let dup = kept.take().expect("it was kept");
    assert_eq!(number(dup.call("increment", args![])), 1.0);
    // Parameters duplicate: the caller's own is as it was. (Rule 46)
    assert_eq!(number(counter.call("increment", args![])), 2.0);
    drop((counter, dup));
    settle();
    assert_eq!(log.count("Counter disposed"), 1);
}

fn rules_42_and_43_disposing_a_result_kills_the_stubs_taken_out_of_it(stage: &Stage) {
    let (svc, log) = (stage.svc(), &stage.log);
    let nested = got(svc.call("makeNested", args![]));
    let stub = nested.get("a").and_then(|a| a.get("b")?.get("c")).map(|c| c.to_value());
    let counter = RpcStub::from_value(&stub.expect("there is one")).expect("a stub");
    assert_eq!(number(counter.call("increment", args![])), 8.0);
    nested.dispose();
    assert_eq!(failed(counter.call("increment", args![])).to_string(), DISPOSED);
    settle();
    assert_eq!(log.all(), ["Counter disposed"]);
}

fn rule_44_the_disposer_runs_once_all_duplicates_are_gone(stage: &Stage) {
    let (svc, log) = (stage.svc(), &stage.log);
    let counter = got(svc.call("makeCounter", args![1])).stub().expect("a stub");
    let dup = counter.dup().expect("it is live");
    counter.dispose();
    assert_eq!(number(dup.call("increment", args![])), 2.0);
    settle();
    assert!(log.all().is_empty());
    dup.dispose();
    // Not within the call that disposes. (Rule 49)
    assert!(log.all().is_empty());
    settle();
    assert_eq!(log.all(), ["Counter disposed"]);
}

fn rule_45_an_object_shared_twice_has_two_stubs_and_is_disposed_twice(stage: &Stage) {
    let log = Log::default();
    let counter = Rc::new(Counter::new(0.0, &log));
    let stubs = [(); 2].map(|()| RpcStub::share(stage.here(), counter.clone()));
    assert_eq!(number(stubs[0].call("increment", args![])), 1.0);
    assert_eq!(number(stubs[1].call("increment", args![])), 2.0);
    drop(stubs);
    settle();
    assert_eq!(log.count("Counter disposed"), 2);
}

fn rule_46_a_result_moves_and_the_callees_handle_is_gone(stage: &Stage) {
    let log = Log::default();
    let own = Counter::stub(stage.here(), 0.0, &log);
    let give = own.clone();
    let giver = RpcStub::function(stage.here(), move |_| {
        let give = give.clone();
        async move { Ok(give) }
    });
    let counter = got(giver.invoke(args![])).stub().expect("a stub");
    assert!(own.is_disposed());
    assert_eq!(number(counter.call("increment", args![])), 1.0);
}

fn rule_47_an_object_made_for_a_call_is_let_go_behind_it(stage: &Stage) {
    let (svc, log) = (stage.svc(), &stage.log);
    let counter = Counter::stub(stage.here(), 5.0, log);
    assert_eq!(number(svc.call("incr", args![counter, 2])), 7.0);
    settle();
    assert_eq!(log.all(), ["Counter disposed"]);
}

fn rule_48_disposing_twice_is_disposing_once_and_a_use_behind_it_fails(stage: &Stage) {
    let log = Log::default();
    let counter = Counter::stub(stage.here(), 0.0, &log);
    let called = counter.call("increment", args![]);
    counter.dispose();
    counter.dispose();
    assert_eq!(number(called), 1.0, "it was made before");
    let error = failed(counter.call("increment", args![]));
    assert!(error.to_string() == DISPOSED && !error.is_remote());
    settle();
    assert_eq!(log.count("Counter disposed"), 1);
    let svc = stage.svc();
    let promise = svc.call("hang", args![]);
    promise.dispose();
    let error = failed(promise.call("x", args![]));
    assert_eq!(error.to_string(), "Error: RPC promise used after being disposed.");
}

/// Its disposer panics.
struct Sore;

impl RpcTarget for Sore {
    fn method(self: Rc<Self>, _: &str, _: Call) -> Answer {
        Answer::now(Ok(1))
    }

    fn getter(self: Rc<Self>, _: &str, _: &Local) -> Answer {
        Answer::Missing
    }

    fn dispose(&self) {
        panic!("it was asked to");
    }
}

fn rule_49_what_goes_wrong_in_a_disposer_is_nobodys_error(stage: &Stage) {
    let svc = stage.svc();
    let sore = got(svc.call("echo", args![RpcStub::new(stage.here(), Sore)])).stub();
    let sore = sore.expect("a stub");
    assert_eq!(number(sore.call("any", args![])), 1.0);
    sore.dispose();
    settle();
    assert_eq!(number(svc.call("add", args![1, 2])), 3.0);
}

fn rule_50_the_disposer_of_a_result_runs_when_the_caller_disposes_it(stage: &Stage) {
    let (svc, log) = (stage.svc(), &stage.log);
    let result = got(svc.call("makeDisposable", args![]));
    settle();
    assert!(log.all().is_empty());
    result.dispose();
    result.dispose();
    settle();
    assert_eq!(log.all(), ["result disposed"]);
}

fn rule_50_a_result_that_is_no_object_has_a_disposer_all_the_same(stage: &Stage) {
    let (svc, log) = (stage.svc(), &stage.log);
    let word = got(svc.call("makeSpoken", args![]));
    settle();
    assert!(log.all().is_empty());
    word.dispose();
    settle();
    assert_eq!(log.all(), ["word disposed"]);
    // What is pipelined on it finds what it would find without.
    assert_eq!(failed(svc.call("makeSpoken", args![]).invoke(args![])).name(), "TypeError");
    let promise = svc.call("makeDisposableCounter", args![]);
    assert_eq!(number(promise.call("increment", args![2])), 2.0);
    drop(promise);
    settle();
    assert_eq!(log.count("word disposed"), 2);
    assert_eq!((log.count("result disposed"), log.count("Counter disposed")), (1, 1));
}

fn rule_51_a_result_lives_for_what_is_pipelined_on_it(stage: &Stage) {
    let (svc, log) = (stage.svc(), &stage.log);
    let promise = svc.call("makeNested", args![]);
    let counter = promise.get("a").get("b").get("c");
    drop(promise);
    assert_eq!(number(counter.call("increment", args![])), 8.0);
    assert_eq!(number(counter.call("increment", args![])), 9.0);
    drop(counter);
    settle();
    assert_eq!(log.all(), ["Counter disposed"]);
}

fn rule_52_a_stub_that_is_kept_keeps_the_callers_object(stage: &Stage) {
    let (svc, log) = (stage.svc(), &stage.log);
    got(svc.call("keepDup", args![Counter::stub(stage.here(), 0.0, log)]));
    settle();
    assert!(log.all().is_empty());
    let kept = stage.kept.take().expect("it was kept");
    assert_eq!(number(kept.call("increment", args![])), 1.0);
    drop(kept);
    settle();
    assert_eq!(log.all(), ["Counter disposed"]);
}

fn rule_61_a_stub_sent_back_and_forth_is_a_working_stub(stage: &Stage) {
    let (svc, log) = (stage.svc(), &stage.log);
    let counter = got(svc.call("makeCounter", args![3])).stub().expect("a stub");
    let echoed = got(svc.call("echo", args![&counter])).stub().expect("a stub");
    assert_eq!(number(echoed.call("increment", args![4])), 7.0);
    assert_eq!(number(counter.call("increment", args![])), 8.0);
    drop((counter, echoed));
    settle();
    assert_eq!(log.all(), ["Counter disposed"]);
}

fn aliases_of_one_stub_stay_one_and_different_stubs_different(stage: &Stage) {
    let (svc, log) = (stage.svc(), &stage.log);
    let (one, other) =
        (Counter::stub(stage.here(), 0.0, log), Counter::stub(stage.here(), 10.0, log));
    let alias = Value::from(&one);
    let list = Value::array([alias.clone(), alias, Value::from(&other)]);
    let echoed = got(svc.call("echo", args![list]));
    let part = |index: usize| echoed.at(index).expect("there are three").to_value();
    let at = |index| RpcStub::from_value(&part(index)).expect("a stub");
    assert!(part(0).same(&part(1)) && !part(0).same(&part(2)));
    assert_eq!(number(at(0).call("increment", args![])), 1.0);
    assert_eq!(number(at(1).call("increment", args![])), 2.0);
    assert_eq!(number(at(2).call("increment", args![])), 11.0);
}
