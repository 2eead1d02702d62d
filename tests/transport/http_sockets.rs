//! Heads of HTTP on real sockets, where somebody has a clock.

use std::io::ErrorKind;
use std::time::Duration;

use bowline::transport::http::{Arrival, HeadLimits, admit, dial};
use bowline::transport::{Address, FramedLimits, Listener, Peer, TransportError};

use crate::support::{on_tokio, ping, tcp};

async fn listener() -> Listener {
    let any: Address = "tcp:127.0.0.1:0".parse().expect("a good address");
    Listener::bind(&any).await.expect("a free port")
}

fn is_late(error: &TransportError) -> bool {
    matches!(error, TransportError::Io { source, .. } if source.kind() == ErrorKind::TimedOut)
}

// C-K1, C-K2
#[test]
fn a_vat_is_dialled_and_admitted() {
    on_tokio(async {
        let (mut listener, limits) = (listener().await, HeadLimits::default());
        let (address, host) = (listener.address().clone(), "vat.test".parse().expect("a host"));
        let admitting = async {
            let near = listener.accept().await.expect("they come");
            admit(near, &limits, |asked| asked == "vat.test").await
        };
        let (dialled, admitted) = tokio::join!(dial(&address, &host, &limits), admitting);
        let Ok(Arrival::Vat { stream, .. }) = admitted else { panic!("it is known") };
        let framed = FramedLimits::default();
        let mut far = dialled.expect("it is granted").framed(Peer::Memory, framed);
        let mut near = stream.framed(Peer::Memory, framed);
        ping(&mut far, &mut near, 1).await;
        ping(&mut near, &mut far, 2).await;
    });
}

// C-K4
#[test]
fn nobody_is_waited_for_longer_than_patience_has_it() {
    on_tokio(async {
        let limits = HeadLimits { patience: Duration::from_millis(40), ..HeadLimits::default() };
        let (silent, near) = tcp().await;
        let admitted = admit(near, &limits, |_| true).await;
        let Err(error) = admitted else { panic!("nothing came") };
        assert!(is_late(&error), "{error}");
        assert!(error.to_string().starts_with("waiting for the HTTP head of tcp:127.0.0.1:"));
        drop(silent);
        let listener = listener().await;
        let host = "vat.test".parse().expect("a host");
        let Err(error) = dial(listener.address(), &host, &limits).await else {
            panic!("nobody answers")
        };
        assert!(is_late(&error), "{error}");
    });
}
