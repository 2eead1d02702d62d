//! A file larger than any value may be is streamed: no more of it is in memory than a window.

use bowline::runtime::Vat;
use bowline::worker::stream::ReadableStream;
use bowline::worker::{JsError, Worker, rpc_interface, rpc_target};
use futures::io::{AsyncReadExt, repeat};

/// Values end at 32 MiB.
const BYTES: u64 = 64 << 20;

struct DataService;

#[rpc_target]
impl DataService {
    async fn stream_large_file(&self) -> ReadableStream {
        ReadableStream::from_read(repeat(b'x').take(BYTES))
    }
}

#[rpc_interface]
trait Data {
    async fn stream_large_file(&self) -> ReadableStream;
}

pub(crate) async fn run() -> Result<String, JsError> {
    let vat = Vat::local();
    let worker = Worker::new("data-service").entrypoint("default", |_| DataService);
    let data = Data::from(worker.service("default")?.stub(vat.here()));

    let mut stream = data.stream_large_file().await?;
    let mut bytes = 0;
    while let Some(chunk) = stream.next().await {
        bytes += chunk?.len();
    }
    Ok(format!("{bytes} bytes arrived"))
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), JsError> {
    println!("{}", run().await?);
    Ok(())
}
