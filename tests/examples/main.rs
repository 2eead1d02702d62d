//! The examples: programs written against `capnp-rpc` come to the same on both engines, and Workers do what they say.

#[path = "../../examples/abacus/abacus_capnp.rs"]
#[allow(warnings, clippy::all, unreachable_pub, reason = "generated")]
#[rustfmt::skip]
mod abacus_capnp;
#[path = "../../examples/news/news_capnp.rs"]
#[allow(warnings, clippy::all, unreachable_pub, reason = "generated")]
#[rustfmt::skip]
mod news_capnp;

#[path = "../../examples/abacus/on_bowline.rs"]
mod abacus_on_bowline;
#[path = "../../examples/abacus/on_capnp_rpc.rs"]
mod abacus_on_capnp_rpc;
#[path = "../../examples/news/on_bowline.rs"]
mod news_on_bowline;
#[path = "../../examples/news/on_capnp_rpc.rs"]
mod news_on_capnp_rpc;
mod workers;

fn on_one_thread<R>(run: impl Future<Output = R>) -> R {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    tokio::task::LocalSet::new().block_on(&runtime.expect("a runtime"), run)
}

#[test]
fn the_abacus_comes_to_the_same_on_both_engines() {
    let told = on_one_thread(abacus_on_bowline::run());
    assert_eq!(
        told,
        [
            "(2 + 3) * 2 = 10",
            "2 ^ 10 = 1024",
            "5 / 0 is refused: true",
            "disconnected",
            "afterwards calls fail: true"
        ]
    );
    assert_eq!(told, on_one_thread(abacus_on_capnp_rpc::run()));
}

#[test]
fn the_news_are_read_by_the_same_readers_on_both_engines() {
    let told = on_one_thread(news_on_bowline::run()).expect("nobody fails");
    assert_eq!(told.len(), 7, "{told:#?}");
    assert_eq!(told[3], "3 have read it");
    assert_eq!(told[6], "2 have read it");
    assert_eq!(told, on_one_thread(news_on_capnp_rpc::run()).expect("nobody fails"));
}
