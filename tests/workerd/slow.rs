//! A slow link: everything takes a while longer, each way.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// A port behind which everything takes `delay` longer to and from `port`. It lasts as long as the process.
pub(crate) fn slowed(port: u16, delay: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = listener.local_addr().expect("bound").port();
    thread::spawn(move || {
        while let Ok((near, _)) = listener.accept() {
            let Ok(far) = TcpStream::connect(("127.0.0.1", port)) else { continue };
            for end in [&near, &far] {
                end.set_nodelay(true).expect("a socket");
            }
            let again = |end: &TcpStream| end.try_clone().expect("a descriptor");
            slow(again(&near), again(&far), delay);
            slow(far, near, delay);
        }
    });
    at
}

fn slow(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (sender, due) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        for (at, bytes) in due {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                return;
            }
        }
        // It may be closed already.
        let _ = to.shutdown(Shutdown::Write);
    });
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if sender.send((Instant::now() + delay, buffer[..count].to_vec())).is_err() {
                return;
            }
        }
    });
}
