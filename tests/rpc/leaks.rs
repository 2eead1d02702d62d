//! That leaks are seen.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::leaves_nothing;

#[test]
fn what_a_scenario_keeps_of_each_round_is_a_leak_and_what_it_keeps_once_is_none() {
    let mut kept = Vec::new();
    let leaks = catch_unwind(AssertUnwindSafe(|| leaves_nothing(|| kept.push(Box::new(7)))));
    let said = leaks.expect_err("each round keeps a block");
    let said = said.downcast_ref::<String>().map(String::as_str);
    assert!(said.is_some_and(|said| said.starts_with("it leaks: ")), "{said:?}");
    let mut once = None;
    leaves_nothing(|| drop(once.get_or_insert_with(|| Box::new(7)).clone()));
}
