//! A vat that nobody drives: whoever waits for a promise does, and whoever waits for bytes.

use std::time::Duration;

use bowline::conn::Config;
use bowline::rpc::Link;
use bowline::runtime::Vat;
use bowline::transport::{Framed, FramedLimits, Peer, memory_pipe};
use bowline::worker::stream::ReadableStream;
use bowline::worker::{Call, Function, JsError, Service, Worker, args};

const BYTES: usize = 1 << 20;

#[test]
fn a_stream_is_read_where_nobody_drives_the_vat() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let told = runtime.expect("an event queue").block_on(async {
        let (near, far) = (Vat::local(), Vat::local());
        let (left, right) = memory_pipe(64 << 10);
        let framed = |end| Framed::new(end, Peer::Memory, FramedLimits::default());
        let worker = Worker::new("files").entrypoint("default", |_| {
            Function::new(|_: Call| async {
                Ok::<_, JsError>(ReadableStream::from_read(futures::io::AsyncReadExt::take(
                    futures::io::repeat(7),
                    BYTES as u64,
                )))
            })
        });
        let offered = worker.service("default").expect("it has one").bootstrap(far.here());
        Link::connect(far.here(), framed(right), Config::default(), Some(&offered));
        let link = Link::connect(near.here(), framed(left), Config::default(), None);
        let read = async {
            let files = Service::remote(move |_| link.bootstrap()).stub(near.here());
            let mut file: ReadableStream = files.invoke(args![]).await?.to()?;
            let mut bytes = 0;
            while let Some(chunk) = file.next().await {
                bytes += chunk?.len();
            }
            Ok::<_, JsError>(bytes)
        };
        tokio::select! {
            () = far.tokio_driver() => panic!("a driver has no end"),
            told = tokio::time::timeout(Duration::from_secs(20), read) => told,
        }
    });
    assert_eq!(told.expect("it does not wait for ever"), Ok(BYTES));
}
