//! The program `bowline relay` between two peers of other engines, and what it costs in round trips.

use std::future::Future;
use std::process::Stdio;
use std::time::Duration;

use capnp_rpc::rpc_twoparty_capnp::Side;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::task::spawn_local;
use tokio::time::Instant;

use crate::engine::CapnpRpc;
use crate::interop_capnp::peer;
use crate::{CPP_SERVER_CANNOT, SCENARIOS, assert_all_ok, capnp_rpc_peer, on_one_thread};
use crate::{python, scenarios};

/// The program while it relays. It is killed with this.
struct Relaying {
    /// Where clients come.
    at: String,
    process: Child,
    _out: BufReader<ChildStdout>,
}

fn relay(listen: &str, connect: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bowline"));
    command.args(["relay", "--listen", listen, "--connect", connect]).kill_on_drop(true);
    command
}

impl Relaying {
    async fn start(listen: &str, connect: &str) -> Self {
        let mut command = relay(listen, connect);
        let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut process = spawned.expect("the program is built");
        let mut out = BufReader::new(process.stdout.take().expect("stdout is piped"));
        let mut line = String::new();
        out.read_line(&mut line).await.expect("text");
        let told = line.strip_prefix("relaying ").and_then(|line| line.split_once(" to "));
        let (at, to) = told.unwrap_or_else(|| panic!("it does not relay, it said {line:?}"));
        assert_eq!(to.trim(), connect);
        Self { at: at.to_owned(), process, _out: out }
    }

    async fn to_tcp(port: u16) -> Self {
        Self::start("tcp:127.0.0.1:0", &format!("tcp:127.0.0.1:{port}")).await
    }

    fn port(&self) -> u16 {
        self.at.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    async fn stream(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port())).await.expect("it listens")
    }

    /// Told to end, it had nothing to say.
    async fn ends_quietly(mut self) {
        let pid = self.process.id().expect("it runs").to_string();
        let told = Command::new("kill").args(["-s", "TERM", &pid]).status().await;
        assert!(told.expect("kill exists").success());
        let mut said = String::new();
        let mut stderr = self.process.stderr.take().expect("stderr is piped");
        stderr.read_to_string(&mut said).await.expect("text");
        let status = self.process.wait().await.expect("it was started");
        assert!(status.success() && said.is_empty(), "{status}: {said}");
    }
}

/// `capnp-rpc` serves everybody who comes to this port.
async fn capnp_rpc_serves() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).expect("a socket");
            capnp_rpc_peer::serve(stream);
        }
    });
    port
}

#[test]
fn capnp_rpc_calls_cpp_through_the_program() {
    on_one_thread(async {
        let listening = python::serve().await;
        let relaying = Relaying::to_tcp(listening.port).await;
        // Each client has a far connection of its own.
        for _ in 0..2 {
            let peer = capnp_rpc_peer::connect(relaying.stream().await, Side::Client, None);
            let told = scenarios::run(&peer, CapnpRpc, &CPP_SERVER_CANNOT).await;
            assert_all_ok(&told, SCENARIOS - CPP_SERVER_CANNOT.len());
        }
        relaying.ends_quietly().await;
    });
}

#[test]
fn cpp_calls_capnp_rpc_through_the_program() {
    on_one_thread(async {
        let relaying = Relaying::to_tcp(capnp_rpc_serves().await).await;
        let told = python::call(relaying.port()).await;
        let passed = told.lines().filter(|line| line.starts_with("ok ")).count();
        assert_eq!(passed, SCENARIOS, "{told}");
        relaying.ends_quietly().await;
    });
}

#[test]
fn capnp_rpc_calls_capnp_rpc_through_the_program_at_a_unix_socket() {
    on_one_thread(async {
        let far = capnp_rpc_serves().await;
        let path = std::env::temp_dir().join(format!("bowline-relay-{}.sock", std::process::id()));
        let at = format!("unix:{}", path.display());
        let relaying = Relaying::start(&at, &format!("tcp:127.0.0.1:{far}")).await;
        let stream = UnixStream::connect(&path).await.expect("it listens");
        let peer = capnp_rpc_peer::connect(stream, Side::Client, None);
        assert_all_ok(&scenarios::run(&peer, CapnpRpc, &[]).await, SCENARIOS);
        drop(peer);
        relaying.ends_quietly().await;
        assert!(!path.exists(), "the socket is taken away");
    });
}

#[test]
fn capnp_rpc_calls_capnp_rpc_through_the_program_at_its_standard_streams() {
    on_one_thread(async {
        let far = capnp_rpc_serves().await;
        let mut command = relay("stdio", &format!("tcp:127.0.0.1:{far}"));
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = spawned.expect("the program is built");
        let stdin = process.stdin.take().expect("stdin is piped");
        let stdout = process.stdout.take().expect("stdout is piped");
        let peer = capnp_rpc_peer::connect(tokio::io::join(stdout, stdin), Side::Client, None);
        assert_all_ok(&scenarios::run(&peer, CapnpRpc, &[]).await, SCENARIOS);
        process.start_kill().expect("it runs while its client stays");
    });
}

/// What each of the two links of a relay is slowed down by, each way.
const DELAY: Duration = Duration::from_millis(150);

/// A port behind which everything takes [`DELAY`] longer to and from `port`.
async fn slowed(port: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let at = listener.local_addr().expect("it is bound").port();
    spawn_local(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpStream::connect(("127.0.0.1", port)).await.expect("it listens");
            [&near, &far].into_iter().for_each(|end| end.set_nodelay(true).expect("a socket"));
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            spawn_local(slow(near_in, far_out));
            spawn_local(slow(far_in, near_out));
        }
    });
    at
}

async fn slow(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let (sender, mut due) = mpsc::unbounded_channel();
    spawn_local(async move {
        while let Some((at, bytes)) = due.recv().await {
            tokio::time::sleep_until(at).await;
            let bytes: Vec<u8> = bytes;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if sender.send((Instant::now() + DELAY, buffer[..count].to_vec())).is_err() {
            return;
        }
    }
}

/// Eight calls, each on the result of the one before, and one that says how deep that is.
async fn chain(peer: &peer::Client) {
    let mut link = peer.chain_request().send().pipeline.get_next();
    for _ in 0..7 {
        link = link.next_request().send().pipeline.get_next();
    }
    let answer = link.depth_request().send().promise.await.expect("the chain returns");
    assert_eq!(answer.get().expect("a depth").get_depth(), 8);
}

/// It took one round trip over both links, at least once: who waits for one answer needs half of
/// that again.
async fn takes_one_round_trip<F: Future<Output = ()>>(attempt: impl Fn() -> F) {
    let round_trip = 4 * DELAY;
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        attempt().await;
        best = best.min(began.elapsed());
        assert!(best >= round_trip, "{best:?}: the links are not slow");
        if best < round_trip + DELAY {
            return;
        }
    }
    panic!("a chain of 8 took {best:?}, a round trip {round_trip:?}");
}

/// A client behind a slow link, the program, a slow link, a server at `port`.
async fn a_chain_takes_one_round_trip(port: u16) {
    let relaying = Relaying::to_tcp(slowed(port).await).await;
    let near = slowed(relaying.port()).await;
    let connect = || async {
        let stream = TcpStream::connect(("127.0.0.1", near)).await.expect("it listens");
        stream.set_nodelay(true).expect("a socket");
        capnp_rpc_peer::connect(stream, Side::Client, None)
    };
    let peer = connect().await;
    peer.null_request().send().promise.await.expect("null returns");
    takes_one_round_trip(|| chain(&peer)).await;
    // From nothing: what is asked first does not wait for the bootstrap either.
    takes_one_round_trip(|| async { chain(&connect().await).await }).await;
}

#[test]
fn a_pipelined_chain_through_the_program_takes_one_round_trip() {
    on_one_thread(async {
        a_chain_takes_one_round_trip(capnp_rpc_serves().await).await;
    });
}

#[test]
fn a_pipelined_chain_through_the_program_to_cpp_takes_one_round_trip() {
    on_one_thread(async {
        let listening = python::serve().await;
        a_chain_takes_one_round_trip(listening.port).await;
    });
}
