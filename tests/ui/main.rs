//! What the attributes refuse, and what the compiler says then: `refused/NAME.rs` and `NAME.stderr`.
//!
//! With `TRYBUILD=overwrite` the texts are written anew.

#[test]
fn what_is_refused_is_told_where_and_why() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/refused/*.rs");
}
