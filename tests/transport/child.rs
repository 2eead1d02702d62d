//! A child process as a peer, and this process as the child.

use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice, Write};
use std::process::Command;
use std::time::Duration;

use bowline::transport::{ByteStream, Child, FramedLimits, Peer, Transport, TransportError, stdio};

use crate::support::{self, assert_large, close, is_clean_end, large, message, number, on_tokio};

async fn write_all(stream: &mut dyn ByteStream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let written = poll_fn(|cx| stream.poll_write_vectored(cx, &[IoSlice::new(bytes)])).await;
        bytes = bytes.split_at(written.expect("the child reads")).1;
    }
}

async fn read_until(stream: &mut dyn ByteStream, mark: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    while !all.ends_with(mark) {
        let mut byte = [0];
        match poll_fn(|cx| stream.poll_read(cx, &mut byte)).await.expect("the child writes") {
            0 => break,
            _ => all.extend(byte),
        }
    }
    all
}

#[test]
fn a_child_is_talked_to_over_its_standard_streams() {
    on_tokio(async {
        let mut child = Child::spawn(Command::new("cat")).expect("cat is there");
        write_all(&mut child, b"to and fro\n").await;
        assert_eq!(read_until(&mut child, b"\n").await, b"to and fro\n");
        poll_fn(|cx| child.poll_close(cx)).await.expect("open");
        assert!(read_until(&mut child, b"\n").await.is_empty(), "it left as it was asked to");
        let status = poll_fn(|cx| child.poll_exit(cx)).await.expect("it is ours");
        assert!(status.success());
        assert_eq!(child.pid(), None);
    });
}

#[test]
fn a_program_that_is_not_there_is_named() {
    on_tokio(async {
        let spawned = Child::spawn(Command::new("/no/such/program"));
        let Err(error) = spawned else { panic!("there is no such program") };
        let line = error.to_string();
        assert!(line.starts_with("starting child /no/such/program"), "{line}");
        let TransportError::Io { source, .. } = error else { panic!("{error:?}") };
        assert_eq!(source.kind(), ErrorKind::NotFound);
    });
}

#[test]
fn a_dropped_child_is_killed_and_reaped() {
    on_tokio(async {
        let mut command = Command::new("sleep");
        command.arg("600");
        let child = Child::spawn(command).expect("sleep is there");
        let Peer::Child { pid, .. } = *child.peer() else { panic!("it is a child") };
        let process = std::path::PathBuf::from(format!("/proc/{pid}"));
        assert!(process.exists());
        drop(child);
        for _ in 0..500 {
            if !process.exists() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the child is still there, or was never reaped");
    });
}

#[test]
fn a_killed_child_says_how_it_ended() {
    on_tokio(async {
        let mut child = Child::spawn(Command::new("cat")).expect("cat is there");
        child.start_kill().expect("it is ours");
        assert!(read_until(&mut child, b"\n").await.is_empty());
        let status = poll_fn(|cx| child.poll_exit(cx)).await.expect("it is ours");
        assert!(!status.success());
    });
}

/// Set where this program is the child of a test.
const CHILD: &str = "BOWLINE_TEST_CHILD";

/// This program, to be a child in one of its tests.
fn as_child_in(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a path"));
    command.args(["--exact", test, "--nocapture"]).env(CHILD, "");
    command
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// A child that sends back what it reads.
async fn start_echo() -> Child {
    let command = as_child_in("child::a_process_reaches_its_parent_over_stdio");
    let mut child = Child::spawn(command).expect("this program is there");
    // The test harness has its say on that stream before.
    assert!(read_until(&mut child, b"<ready>").await.ends_with(b"<ready>"));
    child
}

#[test]
fn a_process_reaches_its_parent_over_stdio() {
    if is_child() {
        return echo_on_stdio();
    }
    on_tokio(async {
        let mut child = start_echo().await;
        let block = vec![b'x'; 1 << 20];
        let (mut sent, mut received, mut buffer) = (0, 0, vec![0; 1 << 16]);
        poll_fn(|cx| {
            while sent < block.len() {
                let rest = [IoSlice::new(block.split_at(sent).1)];
                let std::task::Poll::Ready(written) = child.poll_write_vectored(cx, &rest) else {
                    break;
                };
                sent += written.expect("the child reads");
            }
            while received < block.len() {
                match std::task::ready!(child.poll_read(cx, &mut buffer)).expect("it writes") {
                    0 => panic!("the child left early"),
                    read => received += read,
                }
            }
            std::task::Poll::Ready(())
        })
        .await;
        poll_fn(|cx| child.poll_close(cx)).await.expect("open");
        assert!(read_until(&mut child, b"\n").await.is_empty());
        let status = poll_fn(|cx| child.poll_exit(cx)).await.expect("it is ours");
        assert!(status.success());
    });
}

#[test]
fn messages_cross_to_a_child_and_back() {
    on_tokio(async {
        let child = start_echo().await;
        let mut end = child.framed(FramedLimits::default());
        for n in 0..100 {
            end.send(message(n)).expect("the way is open");
        }
        end.send(large(1 << 20)).expect("the way is open");
        let mut receive = async || {
            poll_fn(|cx| {
                let _ = end.poll_flush(cx);
                end.poll_receive(cx)
            })
            .await
        };
        for n in 0..100 {
            assert_eq!(number(receive().await), n);
        }
        assert_large(receive().await, 1 << 20);
        close(&mut end).await.expect("the way is open");
        assert!(is_clean_end(&support::receive(&mut end).await));
        let status = poll_fn(|cx| end.stream_mut().poll_exit(cx)).await.expect("it is ours");
        assert!(status.success());
    });
}

/// What the child does.
fn echo_on_stdio() {
    let mut output = std::io::stdout();
    output.write_all(b"<ready>").expect("a parent");
    output.flush().expect("a parent");
    on_tokio(async {
        let mut stream = stdio().expect("pipes");
        let mut buffer = vec![0; 1 << 16];
        loop {
            match poll_fn(|cx| stream.poll_read(cx, &mut buffer)).await.expect("a parent") {
                0 => std::process::exit(0),
                read => write_all(&mut stream, buffer.split_at(read).0).await,
            }
        }
    });
}

#[test]
fn a_standard_stream_that_cannot_be_polled_is_refused() {
    if is_child() {
        return open_stdio();
    }
    let output = as_child_in("child::a_standard_stream_that_cannot_be_polled_is_refused")
        .stdin(std::process::Stdio::null())
        .output()
        .expect("this program is there");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = "opening stdio failed: standard input is neither a pipe nor a socket";
    assert!(text.contains(line), "{text}");
}

fn open_stdio() {
    on_tokio(async {
        let Err(error) = stdio() else { panic!("it cannot be polled") };
        println!("{error}");
    });
}
