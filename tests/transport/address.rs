//! Addresses, and the one line a person reads when one of them does not work.

use std::io::ErrorKind;
use std::sync::Arc;

use bowline::transport::{Address, Fault, Listener, Peer, Socket, TransportError};

use crate::support::{on_tokio, scratch};

#[test]
fn an_address_is_written_as_it_is_read() {
    for text in [
        "tcp:localhost:4000",
        "tcp:127.0.0.1:0",
        "tcp:[::1]:65535",
        "tcp:[fe80::1%eth0]:1",
        "unix:/run/bowline.sock",
        "unix:relative:with:colons",
        "stdio",
    ] {
        let address: Address = text.parse().expect("a good address");
        assert_eq!(address.to_string(), text);
    }
}

#[test]
fn a_bad_address_says_what_is_expected() {
    for (text, why) in [
        ("", "expected `tcp:host:port`, `unix:path` or `stdio`"),
        ("localhost", "expected `tcp:host:port`, `unix:path` or `stdio`"),
        ("stdio:", "expected `tcp:host:port`, `unix:path` or `stdio`"),
        ("http://a", "expected `tcp:host:port`, `unix:path` or `stdio`"),
        ("unix:", "a path must follow `unix:`"),
        ("unix:a\0b", "the path contains a NUL"),
        ("tcp:localhost", "a port must follow the host"),
        ("tcp:localhost:", "the port is not a number from 0 to 65535"),
        ("tcp:localhost:65536", "the port is not a number from 0 to 65535"),
        ("tcp::80", "the host is missing or malformed"),
        ("tcp:a b:80", "the host is missing or malformed"),
        ("tcp:[]:80", "the host is missing or malformed"),
        ("tcp:::1:80", "an IPv6 address must stand in brackets"),
        ("tcp:[::1:80", "an IPv6 address must stand in brackets"),
    ] {
        let error = text.parse::<Address>().expect_err("a bad address");
        let text = text.escape_debug();
        assert_eq!(error.to_string(), format!("bad address `{text}`: {why}"));
        assert_eq!(error.fault(), Fault::Us);
    }
}

fn io_kind(error: &TransportError) -> ErrorKind {
    match error {
        TransportError::Io { source, .. } => source.kind(),
        other => panic!("expected an I/O error, not {other:?}"),
    }
}

#[test]
fn a_port_in_use_is_said_to_be_so_in_one_line() {
    on_tokio(async {
        let any = "tcp:127.0.0.1:0".parse().expect("a good address");
        let first = Listener::bind(&any).await.expect("a free port");
        let taken = first.address().clone();
        let Err(error) = Listener::bind(&taken).await else { panic!("the port is in use") };
        assert_eq!(io_kind(&error), ErrorKind::AddrInUse);
        let line = error.to_string();
        assert!(line.starts_with(&format!("listening on {taken} failed: ")), "{line}");
        assert!(!line.contains('\n'));
    });
}

#[test]
fn a_refused_connection_names_the_address() {
    on_tokio(async {
        let any = "tcp:127.0.0.1:0".parse().expect("a good address");
        let listener = Listener::bind(&any).await.expect("a free port");
        let address = listener.address().clone();
        drop(listener);
        let Err(error) = Socket::connect(&address).await else { panic!("nobody listens") };
        assert_eq!(io_kind(&error), ErrorKind::ConnectionRefused);
        assert_eq!(error.fault(), Fault::Way);
        assert!(error.to_string().starts_with(&format!("connecting to {address} failed: ")));
    });
}

#[test]
fn a_unix_socket_file_lives_as_long_as_its_listener() {
    on_tokio(async {
        let path = scratch("file");
        let address = Address::Unix(path.clone());
        let listener = Listener::bind(&address).await.expect("a free path");
        assert!(path.exists());
        let Err(error) = Listener::bind(&address).await else { panic!("the path is in use") };
        assert_eq!(io_kind(&error), ErrorKind::AddrInUse);
        assert!(path.exists(), "whoever failed to listen removes nothing");
        drop(listener);
        assert!(!path.exists());
        let Err(error) = Socket::connect(&address).await else { panic!("nobody listens") };
        assert_eq!(io_kind(&error), ErrorKind::NotFound);
    });
}

#[test]
fn a_file_that_took_the_place_of_the_socket_is_left_alone() {
    on_tokio(async {
        let path = scratch("replaced");
        let listener = Listener::bind(&Address::Unix(path.clone())).await.expect("a free path");
        std::fs::remove_file(&path).expect("it is ours");
        std::fs::write(&path, "someone else's").expect("it is ours");
        drop(listener);
        assert!(path.exists());
        std::fs::remove_file(&path).expect("it is ours");
    });
}

#[test]
fn nobody_listens_on_stdio() {
    on_tokio(async {
        let Err(error) = Listener::bind(&Address::Stdio).await else { panic!("it cannot be") };
        assert_eq!(io_kind(&error), ErrorKind::Unsupported);
    });
}

#[test]
fn a_system_without_room_is_not_a_listener_that_failed() {
    let failed = |code| TransportError::Io {
        doing: "accepting at",
        peer: Peer::Named("tcp:127.0.0.1:4000".to_owned()),
        source: Arc::new(std::io::Error::from_raw_os_error(code)),
    };
    // EMFILE and ENFILE; EBADF.
    assert!([24, 23].into_iter().all(|code| failed(code).is_shortage()));
    assert!(!failed(9).is_shortage());
    assert!(!TransportError::Closed.is_shortage());
}
