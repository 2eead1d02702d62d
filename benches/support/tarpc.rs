//! `tarpc`, with its own serde transport over the bytes of the row; a chain is as many awaited calls.

use ::tarpc::client::{Config, RpcError};
use ::tarpc::server::{BaseChannel, Channel, Config as ServerConfig};
use ::tarpc::tokio_serde::formats::Bincode;
use ::tarpc::tokio_util::codec::{Framed, LengthDelimitedCodec};
use ::tarpc::{ClientMessage, Response, Transport, context, serde_transport};
use futures::stream::{FuturesUnordered, StreamExt};
use serde_bytes::ByteBuf;

use self::service::{Bench, BenchClient, BenchRequest, BenchResponse};
use crate::measure::{Contender, Session};
use crate::row::{Link, Row, Work};
use crate::sockets::{self, Stream, Thread};

/// More than any row has in flight: nothing waits for room.
const ROOM: usize = 4096;

/// Its column.
pub(crate) struct Tarpc;

#[allow(missing_docs, unreachable_pub, clippy::all, reason = "the macro says it so")]
mod service {
    use serde_bytes::ByteBuf;

    #[::tarpc::service]
    pub(crate) trait Bench {
        async fn null();
        async fn echo(data: ByteBuf) -> ByteBuf;
    }
}

/// The object that is called.
#[derive(Clone)]
struct Target;

impl Bench for Target {
    async fn null(self, _: context::Context) {}

    async fn echo(self, _: context::Context, data: ByteBuf) -> ByteBuf {
        data
    }
}

impl Contender for Tarpc {
    fn name(&self) -> &'static str {
        "tarpc"
    }

    fn open(&self, row: Row) -> Option<Box<dyn Session>> {
        let bytes = matches!(row.link, Link::Mem | Link::Unix1 | Link::Tcp1 | Link::Unix2);
        let streams = matches!(row.work, Work::Stream(_) | Work::LiveExport(_));
        if streams || !(bytes || row.link == Link::Vats) {
            return None;
        }
        let thread = Thread::new();
        if row.work == Work::Connect {
            return Some(Box::new(Connecting { link: row.link, thread }));
        }
        let client = thread.block_on(open(row.link));
        Some(Box::new(Open { client, work: row.work, thread }))
    }
}

/// The client goes before the thread whose tasks carry its calls.
struct Open {
    client: BenchClient,
    work: Work,
    thread: Thread,
}

impl Session for Open {
    fn run(&mut self, operations: u64) {
        let done = self.thread.block_on(run(&self.client, self.work, operations));
        done.unwrap_or_else(|error| panic!("tarpc failed: {error}"));
    }
}

/// A connection for each operation.
struct Connecting {
    link: Link,
    thread: Thread,
}

impl Session for Connecting {
    fn run(&mut self, operations: u64) {
        let Self { link, thread } = self;
        let done = thread.block_on(async {
            for _ in 0..operations {
                let (near, far) = sockets::pair(*link).await;
                let served = tokio::spawn(serve(framed(far)));
                null(&client(framed(near)), 1).await?;
                served.await.expect("it ends with its peer");
            }
            Ok::<(), RpcError>(())
        });
        done.unwrap_or_else(|error| panic!("tarpc failed: {error}"));
    }
}

async fn open(link: Link) -> BenchClient {
    match link {
        Link::Vats => {
            let (near, far) = ::tarpc::transport::channel::unbounded();
            tokio::spawn(serve(far));
            client(near)
        }
        Link::Unix2 => {
            let near = sockets::unix_to_thread(|far| serve(framed(Box::new(far))));
            client(framed(Box::new(near)))
        }
        link => {
            let (near, far) = sockets::pair(link).await;
            tokio::spawn(serve(framed(far)));
            client(framed(near))
        }
    }
}

fn framed<In, Out>(
    stream: Box<dyn Stream>,
) -> serde_transport::Transport<Box<dyn Stream>, In, Out, Bincode<In, Out>>
where
    In: for<'a> serde::Deserialize<'a>,
    Out: serde::Serialize,
{
    serde_transport::new(Framed::new(stream, LengthDelimitedCodec::new()), Bincode::default())
}

fn client<T>(near: T) -> BenchClient
where
    T: Transport<ClientMessage<BenchRequest>, Response<BenchResponse>> + Send + 'static,
    T::Error: Send + Sync + 'static,
{
    let mut config = Config::default();
    config.max_in_flight_requests = ROOM;
    config.pending_request_buffer = ROOM;
    BenchClient::new(config, near).spawn()
}

async fn serve<T>(far: T)
where
    T: Transport<Response<BenchResponse>, ClientMessage<BenchRequest>> + Send + 'static,
    T::Error: Send + Sync + 'static,
{
    let channel = BaseChannel::new(ServerConfig { pending_response_buffer: ROOM }, far);
    let answered = channel.execute(Target.serve()).for_each(|answer| async {
        tokio::spawn(answer);
    });
    answered.await;
}

async fn run(client: &BenchClient, work: Work, times: u64) -> Result<(), RpcError> {
    match work {
        Work::InFlight(width) => in_flight(client, width, times).await,
        Work::Chain(depth) | Work::ChainDropped(depth) => {
            null(client, times * (u64::from(depth) + 1)).await
        }
        Work::Echo1M => echo(client, times).await,
        _ => null(client, times).await,
    }
}

async fn null(client: &BenchClient, times: u64) -> Result<(), RpcError> {
    for _ in 0..times {
        client.null(context::current()).await?;
    }
    Ok(())
}

async fn in_flight(client: &BenchClient, width: usize, times: u64) -> Result<(), RpcError> {
    let mut calls = FuturesUnordered::new();
    for _ in 0..times {
        if calls.len() == width {
            calls.next().await.transpose()?;
        }
        calls.push(client.null(context::current()));
    }
    while calls.next().await.transpose()?.is_some() {}
    Ok(())
}

async fn echo(client: &BenchClient, times: u64) -> Result<(), RpcError> {
    let data = vec![7; 1 << 20];
    for _ in 0..times {
        let answer = client.echo(context::current(), ByteBuf::from(data.clone())).await?;
        assert_eq!(answer.len(), data.len());
    }
    Ok(())
}
