//! `tonic`, over the bytes of the row: a service as its generator writes it, but by hand, so that nothing
//! needs `protoc`. A chain is as many awaited calls, a stream is one call with a streamed request.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tonic::body::Body;
use ::tonic::client::Grpc;
use ::tonic::codegen::http::uri::PathAndQuery;
use ::tonic::codegen::{Service, http};
use ::tonic::transport::server::Connected;
use ::tonic::transport::{Channel, Endpoint, Server, Uri};
use ::tonic::{Request, Response, Status, Streaming, server};
use bytes::Bytes;
use futures::stream::{self, FuturesUnordered, StreamExt};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use tonic_prost::ProstCodec;

use crate::measure::{Contender, Session};
use crate::row::{Link, Row, Work};
use crate::sockets::{self, Stream, Thread};

/// More than any row has in flight.
const STREAMS: u32 = 4096;
/// Bytes of the windows: what the largest message takes, so that nothing waits for one.
const WINDOW: u32 = 4 << 20;

/// Its column.
pub(crate) struct Tonic;

#[derive(Clone, PartialEq, prost::Message)]
struct Blob {
    #[prost(bytes = "bytes", tag = "1")]
    data: Bytes,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Nothing {}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Count {
    #[prost(uint64, tag = "1")]
    bytes: u64,
}

impl Contender for Tonic {
    fn name(&self) -> &'static str {
        "tonic"
    }

    fn open(&self, row: Row) -> Option<Box<dyn Session>> {
        let bytes = matches!(row.link, Link::Mem | Link::Unix1 | Link::Tcp1 | Link::Unix2);
        if !bytes || matches!(row.work, Work::LiveExport(_)) {
            return None;
        }
        let thread = Thread::new();
        if row.work == Work::Connect {
            return Some(Box::new(Connecting { link: row.link, thread }));
        }
        let channel = thread.block_on(open(row.link));
        Some(Box::new(Open { channel, work: row.work, thread }))
    }
}

/// The channel goes before the thread whose tasks carry its calls.
struct Open {
    channel: Channel,
    work: Work,
    thread: Thread,
}

impl Session for Open {
    fn run(&mut self, operations: u64) {
        let done = self.thread.block_on(run(&self.channel, self.work, operations));
        done.unwrap_or_else(|error| panic!("tonic failed: {error}"));
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
        thread.block_on(async {
            for _ in 0..operations {
                let (near, far) = sockets::pair(*link).await;
                let served = tokio::spawn(serve(far));
                null(&channel(near).await).await.expect("it returns");
                served.await.expect("it ends with its peer");
            }
        });
    }
}

async fn open(link: Link) -> Channel {
    let near: Box<dyn Stream> = match link {
        Link::Unix2 => Box::new(sockets::unix_to_thread(|far| serve(Box::new(far)))),
        link => {
            let (near, far) = sockets::pair(link).await;
            tokio::spawn(serve(far));
            near
        }
    };
    channel(near).await
}

async fn channel(near: Box<dyn Stream>) -> Channel {
    let endpoint = Endpoint::from_static("http://bench")
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .buffer_size(STREAMS as usize);
    endpoint.connect_with_connector(Once(Some(near))).await.expect("the other end serves")
}

/// Serves one connection until it is closed.
async fn serve(far: Box<dyn Stream>) {
    let server = Server::builder()
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_concurrent_streams(STREAMS);
    let (held, closed) = oneshot::channel();
    let incoming = stream::iter([Ok::<_, io::Error>(End(far, held))]);
    server.serve_with_incoming(Target, incoming).await.expect("one connection comes");
    // Nothing is ever sent.
    let _ = closed.await;
}

/// Connects to what there is, once.
struct Once(Option<Box<dyn Stream>>);

impl Service<Uri> for Once {
    type Response = TokioIo<Box<dyn Stream>>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().map(TokioIo::new).ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }
}

/// A stream as the server takes it, and what is dropped with it.
struct End(Box<dyn Stream>, #[expect(dead_code, reason = "dropped with it")] oneshot::Sender<()>);

impl Connected for End {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for End {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for End {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// The object that is called.
#[derive(Clone)]
struct Target;

type Answering<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

const NULL: &str = "/bench.Bench/Null";
const ECHO: &str = "/bench.Bench/Echo";
const SINK: &str = "/bench.Bench/Sink";

impl Service<http::Request<Body>> for Target {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answering<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            Ok(match request.uri().path() {
                NULL => server::Grpc::new(ProstCodec::default()).unary(Null, request).await,
                ECHO => server::Grpc::new(ProstCodec::default()).unary(Echo, request).await,
                SINK => {
                    server::Grpc::new(ProstCodec::default()).client_streaming(Sink, request).await
                }
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

struct Null;

impl server::UnaryService<Nothing> for Null {
    type Response = Nothing;
    type Future = Ready<Result<Response<Nothing>, Status>>;

    fn call(&mut self, _: Request<Nothing>) -> Self::Future {
        ready(Ok(Response::new(Nothing {})))
    }
}

struct Echo;

impl server::UnaryService<Blob> for Echo {
    type Response = Blob;
    type Future = Ready<Result<Response<Blob>, Status>>;

    fn call(&mut self, request: Request<Blob>) -> Self::Future {
        ready(Ok(Response::new(request.into_inner())))
    }
}

struct Sink;

impl server::ClientStreamingService<Blob> for Sink {
    type Response = Count;
    type Future = Answering<Response<Count>, Status>;

    fn call(&mut self, request: Request<Streaming<Blob>>) -> Self::Future {
        Box::pin(async move {
            let (mut written, mut bytes) = (request.into_inner(), 0);
            while let Some(blob) = written.message().await? {
                bytes += blob.data.len() as u64;
            }
            Ok(Response::new(Count { bytes }))
        })
    }
}

async fn run(channel: &Channel, work: Work, times: u64) -> Result<(), Status> {
    let each = match work {
        Work::InFlight(width) => return in_flight(channel, width, times).await,
        Work::Echo1M => return echo(channel, times).await,
        Work::Stream(size) => return write(channel, size, times).await,
        Work::Chain(depth) | Work::ChainDropped(depth) => u64::from(depth) + 1,
        _ => 1,
    };
    for _ in 0..times * each {
        null(channel).await?;
    }
    Ok(())
}

async fn ready_to(channel: &Channel) -> Result<Grpc<Channel>, Status> {
    let mut grpc = Grpc::new(channel.clone()).max_decoding_message_size(WINDOW as usize);
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    Ok(grpc)
}

async fn null(channel: &Channel) -> Result<(), Status> {
    let (path, codec) =
        (PathAndQuery::from_static(NULL), ProstCodec::<Nothing, Nothing>::default());
    ready_to(channel).await?.unary(Request::new(Nothing {}), path, codec).await?;
    Ok(())
}

async fn in_flight(channel: &Channel, width: usize, times: u64) -> Result<(), Status> {
    let mut calls = FuturesUnordered::new();
    for _ in 0..times {
        if calls.len() == width {
            calls.next().await.transpose()?;
        }
        calls.push(null(channel));
    }
    while calls.next().await.transpose()?.is_some() {}
    Ok(())
}

async fn echo(channel: &Channel, times: u64) -> Result<(), Status> {
    let data = Bytes::from(vec![7; 1 << 20]);
    for _ in 0..times {
        let (path, codec) = (PathAndQuery::from_static(ECHO), ProstCodec::<Blob, Blob>::default());
        let request = Request::new(Blob { data: data.clone() });
        let answer = ready_to(channel).await?.unary(request, path, codec).await?;
        assert_eq!(answer.into_inner().data.len(), data.len());
    }
    Ok(())
}

async fn write(channel: &Channel, size: usize, times: u64) -> Result<(), Status> {
    let data = Bytes::from(vec![7; size]);
    let written = (0..times).map(move |_| Blob { data: data.clone() });
    let (path, codec) = (PathAndQuery::from_static(SINK), ProstCodec::<Blob, Count>::default());
    let request = Request::new(stream::iter(written));
    let answer = ready_to(channel).await?.client_streaming(request, path, codec).await?;
    assert_eq!(answer.into_inner().bytes, size as u64 * times);
    Ok(())
}
