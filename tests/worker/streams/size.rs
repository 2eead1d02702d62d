//! No whole body in memory: a large stream passes, and the process stays small.

use std::future::Future;
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bowline::conn::Config;
use bowline::rpc::{Link, Relay};
use bowline::runtime::Vat;
use bowline::transport::{Framed, FramedLimits, Peer, Transport, memory_pipe};
use bowline::worker::stream::{ReadableStream, StreamError, WritableStream, identity};
use bowline::worker::{Ctx, JsError, RpcStub, Service, Worker, args, rpc_target};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, LocalSet, spawn_local};

use super::source::{End, chunks};

/// How many bytes pass: `BOWLINE_STREAM_MIB` MiB, or 80 MiB.
fn amount() -> u64 {
    let asked = std::env::var("BOWLINE_STREAM_MIB").ok();
    asked.map_or(80, |asked| asked.parse().expect("a number of MiB")) << 20
}

/// How much larger the process may get.
const GROWTH_MAX: u64 = 64 << 20;

/// How many bytes of memory the process has resident, if this system says so.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}

fn large_stream() -> ReadableStream {
    chunks(amount() >> 16, 1 << 16, End::Clean).0
}

/// Reads everything, but rests now and then: whoever writes must not go on meanwhile.
async fn read(mut stream: ReadableStream) -> Result<(), StreamError> {
    let (before, start) = (resident().unwrap_or(0), Instant::now());
    let (mut count, mut most, mut rest_at) = (0, before, 0);
    while let Some(bytes) = stream.next().await {
        count += bytes?.len() as u64;
        if count >= rest_at {
            tokio::time::sleep(Duration::from_millis(50)).await;
            rest_at += amount() / 4;
        }
        if count % (8 << 20) == 0 {
            most = most.max(resident().unwrap_or(0));
        }
    }
    assert_eq!(count, amount());
    let grown = most - before;
    println!("{} MiB in {:?}, {} KiB more resident", count >> 20, start.elapsed(), grown >> 10);
    assert!(grown < GROWTH_MAX, "the process grew by {grown} bytes");
    Ok(())
}

/// A service whose methods take and give large streams.
struct Store {
    /// Told when all was read that was written to [`Store::writable`].
    done: Rc<Notify>,
}

#[rpc_target]
impl Store {
    async fn read(&self, from: ReadableStream) -> Result<(), JsError> {
        Ok(read(from).await?)
    }

    fn readable(&self) -> ReadableStream {
        large_stream()
    }

    async fn write(&self, to: WritableStream) -> Result<(), JsError> {
        Ok(large_stream().pipe_to(to).await?)
    }

    fn writable(&self) -> WritableStream {
        let (to, from) = identity();
        let done = Rc::clone(&self.done);
        spawn_local(async move {
            read(from).await.expect("all of it");
            done.notify_one();
        });
        to
    }
}

/// Which way the bytes go.
#[derive(Clone, Copy)]
enum Way {
    ReadThere,
    ReadHere,
    WrittenThere,
    WrittenHere,
}

impl Way {
    async fn pass(self, store: &RpcStub, done: &Notify) {
        let (to, from) = identity();
        match self {
            Self::ReadThere => {
                store.call("read", args![large_stream()]).await.expect("all of it");
            }
            Self::ReadHere => {
                let got = store.call("readable", args![]).await.expect("a stream");
                read(got.to().expect("a stream")).await.expect("all of it");
            }
            Self::WrittenThere => {
                let (wrote, read) =
                    futures::join!(store.call("write", args![to]).into_future(), read(from));
                wrote.expect("all of it");
                read.expect("all of it");
            }
            Self::WrittenHere => {
                let got = store.call("writable", args![]).await.expect("a stream");
                let to: WritableStream = got.to().expect("a stream");
                large_stream().pipe_to(to).await.expect("all of it");
                done.notified().await;
            }
        }
    }
}

type Ends = fn() -> (Box<dyn Transport>, Box<dyn Transport>);

fn byte_pipes() -> (Box<dyn Transport>, Box<dyn Transport>) {
    let (left, right) = memory_pipe(1 << 16);
    let framed = |end| Box::new(Framed::new(end, Peer::Memory, FramedLimits::default()));
    (framed(left), framed(right))
}

#[cfg(unix)]
fn unix_sockets() -> (Box<dyn Transport>, Box<dyn Transport>) {
    let (left, right) = tokio::net::UnixStream::pair().expect("a pair of sockets");
    let end = |stream| -> Box<dyn Transport> {
        let socket = bowline::transport::Socket::try_from(stream).expect("a socket");
        Box::new(socket.framed(FramedLimits::default()))
    };
    (end(left), end(right))
}

/// A client in one vat, a service in another, in a session between them.
async fn directly(way: Way, ends: Ends) {
    let (left, right) = (Rc::new(Vat::local()), Rc::new(Vat::local()));
    let drivers = [&left, &right].map(|vat| spawn_local(vat.tokio_driver()));
    let (a, b) = ends();
    let near = Link::connect(left.here(), a, Config::default(), None);
    let done = Rc::new(Notify::new());
    let boot = serve(&done).bootstrap(right.here());
    let far = Link::connect(right.here(), b, Config::default(), Some(&boot));
    play(way, &near, &left, &done).await;
    drop(far);
    drivers.iter().for_each(JoinHandle::abort);
}

/// The same with a third vat in the middle, which passes on what it gets.
async fn through_a_middle(way: Way, ends: Ends) {
    let vats = [Vat::local(), Vat::local(), Vat::local()].map(Rc::new);
    let drivers = vats.each_ref().map(|vat| spawn_local(vat.tokio_driver()));
    let [left, middle, right] = vats;
    let ((a, b), (c, d)) = (ends(), ends());
    let config = Config::default();
    let near = Link::connect(left.here(), a, config.clone(), None);
    let done = Rc::new(Notify::new());
    let boot = serve(&done).bootstrap(right.here());
    let far = Link::connect(right.here(), d, config.clone(), Some(&boot));
    let relay = Relay::between(middle.here(), b, c, &config);
    play(way, &near, &left, &done).await;
    drop((relay, far));
    drivers.iter().for_each(JoinHandle::abort);
}

fn serve(done: &Rc<Notify>) -> Service {
    let done = Rc::clone(done);
    let make = move |_: Ctx| Store { done: Rc::clone(&done) };
    Worker::new("store").entrypoint("default", make).service("default").expect("it was just added")
}

async fn play(way: Way, near: &Link, left: &Vat, done: &Notify) {
    let boot = near.bootstrap();
    let store = Service::remote(move |_| boot.clone()).stub(left.here());
    way.pass(&store, done).await;
}

/// Plays it in a process of its own: what other tests have in memory is not counted.
fn alone(play: impl Future<Output = ()>) {
    const ALONE: &str = "BOWLINE_STREAM_ALONE";
    if std::env::var_os(ALONE).is_some() {
        let reactor = tokio::runtime::Builder::new_current_thread().enable_all().build();
        return LocalSet::new().block_on(&reactor.expect("an event queue"), play);
    }
    let test = std::thread::current().name().expect("a test's thread has its name").to_owned();
    let mut process = Command::new(std::env::current_exe().expect("this test"));
    let output = process.args(["--exact", &test, "--nocapture"]).env(ALONE, "1").output();
    let output = output.expect("it starts");
    let told = String::from_utf8_lossy(&output.stdout);
    println!("{told}");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("more resident"), "it was played");
}

macro_rules! ways {
    ($($name:ident: $play:ident($way:ident, $ends:ident);)*) => {$(
        #[test]
        fn $name() {
            alone($play(Way::$way, $ends));
        }
    )*};
}

ways! {
    over_byte_pipes_a_large_stream_is_read_there: through_a_middle(ReadThere, byte_pipes);
    over_byte_pipes_a_large_stream_is_written_there: through_a_middle(WrittenThere, byte_pipes);
}

#[cfg(unix)]
ways! {
    a_large_stream_is_read_there: directly(ReadThere, unix_sockets);
    a_large_stream_is_read_here: directly(ReadHere, unix_sockets);
    a_large_stream_is_written_there: directly(WrittenThere, unix_sockets);
    a_large_stream_is_written_here: directly(WrittenHere, unix_sockets);
    through_a_middle_a_large_stream_is_read_there: through_a_middle(ReadThere, unix_sockets);
    through_a_middle_a_large_stream_is_read_here: through_a_middle(ReadHere, unix_sockets);
    through_a_middle_a_large_stream_is_written_there: through_a_middle(WrittenThere, unix_sockets);
    through_a_middle_a_large_stream_is_written_here: through_a_middle(WrittenHere, unix_sockets);
}
