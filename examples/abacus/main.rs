//! One program of arithmetic between objects, written against `capnp-rpc`, on two engines: what
//! differs between `on_bowline.rs` and `on_capnp_rpc.rs` is one import.

#[allow(warnings, clippy::all, reason = "generated from abacus.capnp")]
#[rustfmt::skip]
mod abacus_capnp;
mod on_bowline;
mod on_capnp_rpc;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let both = async { (on_bowline::run().await, on_capnp_rpc::run().await) };
    let (bowline, capnp_rpc) = tokio::task::LocalSet::new().run_until(both).await;
    println!("{:42} capnp-rpc", "bowline");
    for (left, right) in bowline.iter().zip(&capnp_rpc) {
        println!("{left:42} {right}");
    }
    assert_eq!(bowline, capnp_rpc, "two engines, one outcome");
}
