//! The work, done through generated clients: the same for every engine that carries them.

use capnp::Result;
use futures::stream::{FuturesUnordered, StreamExt};

use crate::interop_capnp::{chain, peer};
use crate::row::Work;

/// Does `work` on `peer` that many times; returns when the last has come back.
pub(crate) async fn run(peer: &peer::Client, work: Work, times: u64) -> Result<()> {
    match work {
        Work::Null => null(peer, times).await,
        Work::InFlight(width) => in_flight(peer, width, times).await,
        Work::Chain(depth) => chain_kept(peer, depth, times).await,
        Work::ChainDropped(depth) => chain_dropped(peer, depth, times).await,
        Work::LiveExport(_) => one_more(peer, times).await,
        Work::Echo1M => echo(peer, times).await,
        Work::Stream(size) => stream(peer, size, times).await,
        Work::Number | Work::Connect | Work::IdleStub | Work::UnansweredCall => {
            unreachable!("it has a session of its own")
        }
    }
}

async fn null(peer: &peer::Client, times: u64) -> Result<()> {
    for _ in 0..times {
        peer.null_request().send().promise.await?;
    }
    Ok(())
}

async fn in_flight(peer: &peer::Client, width: usize, times: u64) -> Result<()> {
    let mut calls = FuturesUnordered::new();
    for _ in 0..times {
        if calls.len() == width {
            calls.next().await.transpose()?;
        }
        calls.push(peer.null_request().send().promise);
    }
    while calls.next().await.transpose()?.is_some() {}
    Ok(())
}

async fn chain_kept(peer: &peer::Client, depth: u32, times: u64) -> Result<()> {
    for _ in 0..times {
        let first = peer.chain_request().send();
        let mut link = first.pipeline.get_next();
        let mut kept = Vec::with_capacity(depth as usize - 1);
        for _ in 1..depth {
            let next = link.next_request().send();
            link = next.pipeline.get_next();
            kept.push(next);
        }
        depth_is(&link, depth).await?;
    }
    Ok(())
}

async fn chain_dropped(peer: &peer::Client, depth: u32, times: u64) -> Result<()> {
    for _ in 0..times {
        let mut link = peer.chain_request().send().pipeline.get_next();
        for _ in 1..depth {
            link = link.next_request().send().pipeline.get_next();
        }
        depth_is(&link, depth).await?;
    }
    Ok(())
}

async fn depth_is(link: &chain::Client, depth: u32) -> Result<()> {
    let answer = link.depth_request().send().promise.await?;
    assert_eq!(answer.get()?.get_depth(), depth);
    Ok(())
}

/// An object of the peer's own.
async fn made(peer: &peer::Client) -> Result<chain::Client> {
    peer.chain_request().send().promise.await?.get()?.get_next()
}

/// What has to be referred to while `work` is done.
pub(crate) async fn held(peer: &peer::Client, work: Work) -> Result<Vec<chain::Client>> {
    let mut held = Vec::new();
    if let Work::LiveExport(live) = work {
        for _ in 1..live {
            held.push(made(peer).await?);
        }
    }
    Ok(held)
}

async fn one_more(peer: &peer::Client, times: u64) -> Result<()> {
    for _ in 0..times {
        made(peer).await?;
    }
    Ok(())
}

async fn echo(peer: &peer::Client, times: u64) -> Result<()> {
    let data = vec![7; 1 << 20];
    for _ in 0..times {
        let mut request = peer.echo_data_request();
        request.get().set_value(&data);
        let answer = request.send().promise.await?;
        assert_eq!(answer.get()?.get_value()?.len(), data.len());
    }
    Ok(())
}

async fn stream(peer: &peer::Client, size: usize, times: u64) -> Result<()> {
    let data = vec![7; size];
    let sink = peer.open_sink_request().send().pipeline.get_sink();
    for _ in 0..times {
        let mut request = sink.write_request();
        request.get().set_data(&data);
        request.send().await?;
    }
    let done = sink.done_request().send().promise.await?;
    assert_eq!(done.get()?.get_bytes(), size as u64 * times);
    Ok(())
}
