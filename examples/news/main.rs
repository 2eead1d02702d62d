//! One program of publishers and readers, written against `capnp-rpc`, on two engines: what differs
//! between `on_bowline.rs` and `on_capnp_rpc.rs` is one import.

#[allow(warnings, clippy::all, reason = "generated from news.capnp")]
#[rustfmt::skip]
mod news_capnp;
mod on_bowline;
mod on_capnp_rpc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> capnp::Result<()> {
    let both = async { Ok((on_bowline::run().await?, on_capnp_rpc::run().await?)) };
    let both: capnp::Result<_> = tokio::task::LocalSet::new().run_until(both).await;
    let (bowline, capnp_rpc) = both?;
    println!("{:42} capnp-rpc", "bowline");
    for (left, right) in bowline.iter().zip(&capnp_rpc) {
        println!("{left:42} {right}");
    }
    assert_eq!(bowline, capnp_rpc, "two engines, one outcome");
    Ok(())
}
