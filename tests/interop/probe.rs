//! The probe against every engine there is: what each of them breaks is known by name.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use bowline::probe::{Line, Method, Options, Probe, Verdict};
use bowline::runtime::Vat;
use bowline::transport::Tokio;
use capnp::traits::HasTypeId;
use tokio::net::{TcpListener, TcpStream};

use crate::bowline_peer::{framed, serve_peer, vat};
use crate::interop_capnp::peer;
use crate::{capnp_rpc_peer, on_one_thread, python};

/// Serves whoever comes with `serve`, on a thread of its own: what the probe does to an engine, it
/// does to that thread.
fn served(serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        on_one_thread(async {
            listener.set_nonblocking(true).expect("a socket");
            let listener = TcpListener::from_std(listener).expect("a socket");
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).expect("a socket");
                serve(stream);
            }
        });
    });
    address
}

fn options(patience: u64) -> Options {
    let interface = <peer::Client as HasTypeId>::TYPE_ID;
    let mut options = Options::default();
    options.patience = Duration::from_secs(patience);
    options.echo = Some(Method { interface, method: 9 });
    options.hang = Some(Method { interface, method: 13 });
    options
}

async fn walked(address: SocketAddr, options: Options) -> Vec<Line> {
    let reach = move || async move {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Tokio(stream))
    };
    let mut lines = Vec::new();
    let walked = Probe::new(reach, options).walk(|line| lines.push(line)).await;
    walked.expect("there is a server");
    lines
}

/// What is broken, and how.
fn broken(lines: &[Line]) -> Vec<(&'static str, &str)> {
    let broken = lines.iter().filter_map(|line| match &line.verdict {
        Verdict::Broken(how) => Some((line.clause, how.as_str())),
        _ => None,
    });
    broken.collect()
}

/// Exactly these are broken, each with these words in how.
#[track_caller]
fn assert_broken(lines: &[Line], expected: &[(&str, &str)]) {
    let broken = broken(lines);
    let ids =
        |list: &[(&str, &str)]| list.iter().map(|(id, _)| (*id).to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(&broken), ids(expected), "{broken:#?}");
    for ((id, how), (_, words)) in broken.iter().zip(expected) {
        assert!(how.contains(words), "{id}: no `{words}` in `{how}`");
    }
}

#[test]
fn bowline_breaks_nothing() {
    on_one_thread(async {
        let address = served(|stream| {
            thread_local! { static VAT: Vat = vat(); }
            VAT.with(|vat| drop(serve_peer(vat, framed(stream))));
        });
        // All it holds for the probe takes its time where it is not optimized.
        let lines = walked(address, options(60)).await;
        assert_broken(&lines, &[]);
        let holds = lines.iter().filter(|line| line.verdict == Verdict::Holds).count();
        assert!(holds >= 70, "{holds} hold: {lines:#?}");
        // What does not apply, applies to no server.
        for line in &lines {
            if let Verdict::NotApplicable(why) = &line.verdict {
                assert!(!why.contains("--") && !why.contains("within"), "{line}");
            }
        }
    });
}

/// The probe finds again what was found by hand, under the numbers it has there.
#[test]
fn what_capnp_rpc_breaks_is_found() {
    on_one_thread(async {
        let address = served(capnp_rpc_peer::serve);
        let mut options = options(3);
        options.only = bowline::probe::clauses().map(|(id, _)| id.to_owned()).collect();
        // Its answers without end (P21) take their time.
        options.only.retain(|id| id != "C-M2");
        let lines = walked(address, options).await;
        assert_broken(
            &lines,
            &[
                ("C-Q7", "Invalid pipeline transform"),
                ("C-Q8", "it aborted the connection"),
                // P1: a cancelled call has no Return.
                ("C-R1", "no answer within 3 s, waiting for the Return of question 2"),
                // P2: Return.releaseParamCaps is ignored.
                ("C-R3", "as if nothing was wrong"),
                ("C-R8", "no answer within 3 s"),
                ("C-R9", "it aborted the connection"),
                // P1 again.
                ("C-N3", "no answer within 3 s, waiting for the Return of question 1"),
                // P18: a panic in its thread.
                ("C-P6", "no answer within 3 s"),
                ("C-P8", "it aborted the connection"),
                // P3: what was sent to `yourself` has no Return.
                ("C-T1", "no answer within 3 s, waiting for the Return of question 1"),
                ("C-T2", "no answer within 3 s"),
                ("C-T6", "as if nothing was wrong"),
                ("C-H3", "a Return nobody waits for"),
                ("C-H4", "it aborted the connection"),
                ("C-H6", "noPromisePipelining was lost"),
                ("C-X2", "its details were lost"),
                ("C-U2", "it aborted the connection"),
                ("C-A1", "to an Abort it said"),
                ("C-D5", "it aborted the connection"),
                ("C-D6", "it aborted the connection"),
            ],
        );
    });
}

#[test]
fn what_cpp_breaks_is_found() {
    on_one_thread(async {
        let listening = python::serve().await;
        let address = SocketAddr::from(([127, 0, 0, 1], listening.port));
        let lines = walked(address, options(20)).await;
        assert_broken(
            &lines,
            &[
                ("C-Q7", "Invalid pipeline transform"),
                ("C-Q8", "it aborted the connection"),
                ("C-R8", "falsely claims call was canceled"),
                ("C-R9", "it aborted the connection"),
                ("C-P8", "it aborted the connection"),
                ("C-X2", "its details were lost"),
                ("C-U2", "it aborted the connection"),
                ("C-A1", "to an Abort it said `abort"),
                ("C-D6", "it aborted the connection"),
                ("C-M2", "70000 answers nobody finished"),
            ],
        );
    });
}
