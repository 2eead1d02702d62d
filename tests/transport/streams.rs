//! Every byte stream keeps the same contract, below any framing.

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::task::Context;

use bowline::transport::{ByteStream, Trickle, memory_pipe, memory_pipe_sync};
#[cfg(feature = "tokio")]
use bowline::transport::{Tokio, os_pipe};

use crate::support::{Bell, block_on};
#[cfg(feature = "tokio")]
use crate::support::{on_tokio, tcp, unix};

/// The two ends of a byte stream.
struct Ends(Box<dyn ByteStream>, Box<dyn ByteStream>);

impl Ends {
    fn new(ends: (impl ByteStream + 'static, impl ByteStream + 'static)) -> Self {
        Self(Box::new(ends.0), Box::new(ends.1))
    }
}

async fn read(end: &mut dyn ByteStream, size: usize) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; size];
    let read = poll_fn(|cx| end.poll_read(cx, &mut buffer)).await?;
    buffer.truncate(read);
    Ok(buffer)
}

async fn read_all(end: &mut dyn ByteStream) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        match read(end, 1000).await? {
            piece if piece.is_empty() => return Ok(all),
            piece => all.extend(piece),
        }
    }
}

async fn write(end: &mut dyn ByteStream, pieces: &[&[u8]]) -> io::Result<usize> {
    let slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
    poll_fn(|cx| end.poll_write_vectored(cx, &slices)).await
}

async fn close(end: &mut dyn ByteStream) {
    poll_fn(|cx| end.poll_close(cx)).await.expect("the way is open");
}

async fn pieces_written_together_are_read_as_one(mut ends: Ends) {
    let pieces: [&[u8]; 4] = [b"one", b"", b" and ", b"two"];
    let whole = pieces.concat();
    let mut written = write(&mut ends.0, &pieces).await.expect("open");
    while written < whole.len() {
        written += write(&mut ends.0, &[whole.split_at(written).1]).await.expect("open");
    }
    close(&mut ends.0).await;
    assert_eq!(read_all(&mut ends.1).await.expect("open"), whole);
}

async fn a_vectored_write_takes_a_beginning(mut ends: Ends) {
    let taken = write(&mut ends.0, &[b"", b"abc", b"def"]).await.expect("open");
    assert!((1..=6).contains(&taken));
    close(&mut ends.0).await;
    let read = read_all(&mut ends.1).await.expect("open");
    assert_eq!(read, b"abcdef".split_at(taken).0);
}

async fn a_full_stream_holds_its_writer_until_it_is_read(mut ends: Ends) {
    let block = [7; 4096];
    let mut written = 0;
    let (bell, waker) = Bell::new();
    let mut cx = Context::from_waker(&waker);
    let slices = [IoSlice::new(&block)];
    while let std::task::Poll::Ready(taken) = ends.0.poll_write_vectored(&mut cx, &slices) {
        written += taken.expect("open");
        assert!(written < 64 << 20, "a stream nobody reads fills up");
    }
    let mut read_so_far = 0;
    while read_so_far < written {
        read_so_far += read(&mut ends.1, 65536).await.expect("open").len();
    }
    let taken = write(&mut ends.0, &[&block]).await.expect("there is room again");
    assert!(taken > 0);
    assert!(bell.rings() <= 1, "woken at most once for one wait");
}

async fn one_direction_may_end_while_the_other_goes_on(mut ends: Ends) {
    close(&mut ends.0).await;
    assert!(read_all(&mut ends.1).await.expect("open").is_empty());
    assert!(read_all(&mut ends.1).await.expect("open").is_empty(), "the end stays");
    write(&mut ends.1, &[b"x"]).await.expect("open");
    assert_eq!(read(&mut ends.0, 10).await.expect("open"), b"x");
    close(&mut ends.1).await;
    assert!(read_all(&mut ends.0).await.expect("open").is_empty());
}

async fn writing_to_nobody_breaks_the_pipe(mut ends: Ends) {
    drop(ends.1);
    let error = loop {
        if let Err(error) = write(&mut ends.0, &[b"x"]).await {
            break error;
        }
    };
    assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error}");
}

async fn a_dropped_end_is_read_to_its_last_byte(mut ends: Ends) {
    let taken = write(&mut ends.0, &[b"bye"]).await.expect("open");
    drop(ends.0);
    assert_eq!(read_all(&mut ends.1).await.expect("open").len(), taken);
}

macro_rules! over {
    ($stream:ident, $play:expr) => {
        over!($stream, $play;
            pieces_written_together_are_read_as_one,
            a_vectored_write_takes_a_beginning,
            a_full_stream_holds_its_writer_until_it_is_read,
            one_direction_may_end_while_the_other_goes_on,
            writing_to_nobody_breaks_the_pipe,
            a_dropped_end_is_read_to_its_last_byte,
        );
    };
    ($stream:ident, $play:expr; $($situation:ident,)+) => {
        mod $stream {
            use super::*;
            $(
                #[test]
                fn $situation() {
                    ($play)(super::$situation);
                }
            )+
        }
    };
}

over!(over_a_memory_pipe, |play: fn(Ends) -> _| block_on(play(Ends::new(memory_pipe(4096)))));
over!(over_a_small_memory_pipe, |play: fn(Ends) -> _| block_on(play(Ends::new(memory_pipe(11)))));
over!(over_a_memory_pipe_between_threads, |play: fn(Ends) -> _| block_on(play(Ends::new(
    memory_pipe_sync(4096)
))));
over!(over_a_trickle, |play: fn(Ends) -> _| {
    let (left, right) = memory_pipe(100);
    block_on(play(Ends::new((Trickle::new(left, 1), Trickle::new(right, 1)))));
});
#[cfg(feature = "tokio")]
over!(over_an_os_pipe, |play: fn(Ends) -> _| on_tokio(async {
    play(Ends::new(os_pipe().expect("a pipe"))).await;
}));
#[cfg(feature = "tokio")]
over!(over_a_tokio_duplex, |play: fn(Ends) -> _| on_tokio(async {
    let (left, right) = tokio::io::duplex(1000);
    play(Ends::new((Tokio(left), Tokio(right)))).await;
}));
#[cfg(feature = "tokio")]
over!(over_tcp, |play: fn(Ends) -> _| on_tokio(async { play(Ends::new(tcp().await)).await }));
#[cfg(feature = "tokio")]
over!(over_a_unix_socket, |play: fn(Ends) -> _| on_tokio(async {
    play(Ends::new(unix().await)).await;
}));
