//! One head of HTTP before a stream: taken in any pieces, refused at its first wrong byte.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bowline::transport::http::{
    Ahead, Arrival, ConnectHost, HeadError, HeadLimits, HeadReader, RequestLine, StatusLine,
    arrive, refuse, request_connect, splice,
};
use bowline::transport::{
    ByteStream, Fault, FramedLimits, MemoryPipe, Peer, TransportError, Trickle, memory_pipe,
};

use crate::support::{framed, message, number, receive};

const HEAD: &[u8] = b"CONNECT vat.test HTTP/1.1\r\nHost: vat.test\r\nX-Odd:\t\xff~\r\n\r\n";

/// Takes `pieces` one after the other, to the end of the head.
fn read<'a>(
    limits: HeadLimits,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Option<usize>, HeadError> {
    let mut reader = HeadReader::new(limits);
    for piece in pieces {
        if let Some(bytes) = reader.take(piece)? {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

fn read_all(bytes: &[u8]) -> Result<Option<usize>, HeadError> {
    read(HeadLimits::default(), [bytes])
}

#[test]
fn a_head_ends_at_its_empty_line_wherever_it_was_cut() {
    for cut in 0..=HEAD.len() {
        let (first, rest) = HEAD.split_at(cut);
        let whole = read(HeadLimits::default(), [first, rest]);
        assert_eq!(whole, Ok(Some(HEAD.len())), "cut at {cut}");
        let part = read_all(first);
        assert_eq!(part, Ok((cut == HEAD.len()).then_some(cut)), "the first {cut} bytes");
    }
    assert_eq!(read(HeadLimits::default(), HEAD.chunks(1)), Ok(Some(HEAD.len())));
}

#[test]
fn what_comes_behind_a_head_is_kept_and_not_looked_at() {
    let bytes = [HEAD, &[0, 0, 0, 0, b'\n', 255]].concat();
    let mut reader = HeadReader::new(HeadLimits::default());
    assert_eq!(reader.take(&bytes), Ok(Some(HEAD.len())));
    assert_eq!(reader.first_line(), b"CONNECT vat.test HTTP/1.1");
    assert_eq!(reader.into_bytes(), bytes);
}

// C-K4
#[test]
fn a_head_is_refused_at_its_first_wrong_byte() {
    let cases: [(&[u8], HeadError); 8] = [
        (b"\0", HeadError::ControlByte(0)),
        (b"\x01", HeadError::ControlByte(1)),
        (b"GET / HTTP/1.1\r\nHost: a\0", HeadError::ControlByte(0)),
        (b"GET /\x7f", HeadError::ControlByte(127)),
        (b"GET / HTTP/1.1\n", HeadError::BareLineFeed),
        (b"\n", HeadError::BareLineFeed),
        (b"GET / HTTP/1.1\rH", HeadError::BareCarriageReturn),
        (b"GET / HTTP/1.1\r\r", HeadError::BareCarriageReturn),
    ];
    for (bytes, error) in cases {
        assert_eq!(read_all(bytes), Err(error), "{bytes:?}");
        assert_eq!(read(HeadLimits::default(), bytes.chunks(1)), Err(error), "{bytes:?}");
        let (_last, before) = bytes.split_last().expect("not empty");
        assert_eq!(read_all(before), Ok(None), "{before:?}: it may still become one");
    }
}

#[test]
fn a_refused_head_stays_refused() {
    let mut reader = HeadReader::new(HeadLimits::default());
    for _ in 0..3 {
        assert_eq!(reader.take(b"\x02"), Err(HeadError::ControlByte(2)));
    }
}

#[test]
fn a_head_has_so_many_bytes_and_no_more() {
    let limits = HeadLimits { bytes_max: HEAD.len(), ..HeadLimits::default() };
    assert_eq!(read(limits, [HEAD]), Ok(Some(HEAD.len())));
    let limit = HEAD.len() - 1;
    let limits = HeadLimits { bytes_max: limit, ..limits };
    assert_eq!(read(limits, [HEAD]), Err(HeadError::TooLong { limit }));
}

#[test]
fn a_head_has_so_many_lines_and_no_more() {
    let limits = HeadLimits { lines_max: 4, ..HeadLimits::default() };
    assert_eq!(read(limits, [HEAD]), Ok(Some(HEAD.len())));
    let limits = HeadLimits { lines_max: 3, ..limits };
    assert_eq!(read(limits, [HEAD]), Err(HeadError::TooManyLines { limit: 3 }));
}

// C-K4
#[test]
fn a_head_without_end_is_given_up_early() {
    let limit = HeadLimits::default().bytes_max;
    let header = [b"GET / HTTP/1.1\r\nX: ".as_slice(), &vec![b'x'; 1 << 20]].concat();
    let mut reader = HeadReader::new(HeadLimits::default());
    let refused = header.chunks(1000).find_map(|piece| reader.take(piece).err());
    assert_eq!(refused, Some(HeadError::TooLong { limit }));
    assert!(reader.into_bytes().len() <= limit + 1000, "and no more of it is kept");
    let lines = b"a: b\r\n".repeat(1 << 10);
    let limit = HeadLimits::default().lines_max;
    assert_eq!(read_all(&lines), Err(HeadError::TooManyLines { limit }));
}

#[test]
fn a_request_line_has_a_method_a_target_and_a_version_of_ours() {
    let line = RequestLine::parse(b"CONNECT Vat.Test HTTP/1.0").expect("a request line");
    assert_eq!((line.method.as_str(), line.target.as_str()), ("CONNECT", "Vat.Test"));
    assert!(RequestLine::parse(b"m-search * HTTP/1.1").is_ok());
    let wrong: [&[u8]; 9] = [
        b"",
        b"GET",
        b"GET / ",
        b"GET  / HTTP/1.1",
        b"GET / HTTP/1.1 ",
        b" GET / HTTP/1.1",
        b"GE(T / HTTP/1.1",
        b"GET /\xe9 HTTP/1.1",
        b"GET / nothing",
    ];
    for line in wrong {
        assert_eq!(RequestLine::parse(line), Err(HeadError::NotARequest), "{line:?}");
    }
    for line in [b"GET / HTTP/2.0", b"GET / HTTP/1.2"] {
        assert_eq!(RequestLine::parse(line), Err(HeadError::WrongVersion));
    }
}

#[test]
fn a_status_line_has_a_version_of_ours_and_a_status_of_three_digits() {
    for (line, status, reason) in [
        (b"HTTP/1.1 200 OK".as_slice(), 200, "OK"),
        (b"HTTP/1.0 404 Not  Found ", 404, "Not  Found"),
        (b"HTTP/1.1 299", 299, ""),
    ] {
        let line = StatusLine::parse(line).expect("a status line");
        assert_eq!((line.status, line.reason.as_str()), (status, reason));
        assert_eq!(line.is_success(), status < 300);
    }
    let wrong: [&[u8]; 7] = [
        b"",
        b"HTTP/1.1",
        b"HTTP/1.1 ",
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1 +20 OK",
        b"HTTP/1.1 099 OK",
    ];
    for line in wrong {
        assert_eq!(StatusLine::parse(line), Err(HeadError::NotAResponse), "{line:?}");
    }
    assert_eq!(StatusLine::parse(b"HTTP/2 200 OK"), Err(HeadError::WrongVersion));
}

#[test]
fn a_connect_host_is_one_word() {
    for good in ["rpc.internal", "RPC.internal:80", "[::1]:1"] {
        assert_eq!(good.parse::<ConnectHost>().expect("a host").to_string(), good);
    }
    assert!("a".repeat(1024).parse::<ConnectHost>().is_ok());
    for bad in ["", "a b", "a\r\n", "a\0", "ä", &"a".repeat(1025)] {
        assert!(bad.parse::<ConnectHost>().is_err(), "{bad:?}");
    }
}

/// Runs `future`, for which everything it needs is there.
fn now<F: Future>(future: F) -> F::Output {
    let mut cx = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut cx) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits for more"),
    }
}

fn write(stream: &mut impl ByteStream, bytes: &[u8]) {
    let mut written = 0;
    let mut cx = Context::from_waker(Waker::noop());
    while written < bytes.len() {
        let slices = [IoSlice::new(&bytes[written..])];
        match stream.poll_write_vectored(&mut cx, &slices) {
            Poll::Ready(Ok(count)) => written += count,
            other => panic!("there is room, not {other:?}"),
        }
    }
}

/// What can be read by now.
fn read_now(stream: &mut impl ByteStream) -> Vec<u8> {
    let mut cx = Context::from_waker(Waker::noop());
    let (mut got, mut buffer) = (Vec::new(), [0; 512]);
    while let Poll::Ready(Ok(count @ 1..)) = stream.poll_read(&mut cx, &mut buffer) {
        got.extend_from_slice(&buffer[..count]);
    }
    got
}

fn host() -> ConnectHost {
    "vat.test".parse().expect("a host")
}

/// Somebody comes to a port of `vat.test` and sends `bytes`. What came of it, and what they read.
fn come(bytes: &[u8]) -> (Result<Arrival<MemoryPipe>, TransportError>, String) {
    let (mut far, near) = memory_pipe(64 << 10);
    write(&mut far, bytes);
    let known = |asked: &str| asked == "vat.test";
    let arrived = now(arrive(near, &Peer::Memory, &HeadLimits::default(), known));
    (arrived, String::from_utf8(read_now(&mut far)).expect("text"))
}

// C-K2
#[test]
fn a_connect_to_a_known_host_is_granted() {
    for head in [
        "CONNECT vat.test HTTP/1.1\r\n\r\n",
        "CONNECT vat.test HTTP/1.0\r\n\r\n",
        "CONNECT vat.test HTTP/1.1\r\nHost: elsewhere\r\nX: y\r\n\r\n",
    ] {
        let (arrived, answer) = come(head.as_bytes());
        assert!(matches!(arrived, Ok(Arrival::Vat { host, .. }) if host == "vat.test"), "{head}");
        assert_eq!(answer, "HTTP/1.1 200 OK\r\n\r\n");
    }
}

// C-K3
#[test]
fn any_other_request_is_plain_http_and_is_handed_on_byte_for_byte() {
    for head in [
        "CONNECT VAT.test HTTP/1.1\r\n\r\n",
        "CONNECT vat.test:80 HTTP/1.1\r\n\r\n",
        "CONNECT elsewhere HTTP/1.1\r\n\r\n",
        "connect vat.test HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: vat.test\r\n\r\n",
        "POST /x HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody",
    ] {
        let (arrived, answer) = come(head.as_bytes());
        let Ok(Arrival::Http { mut stream, line }) = arrived else { panic!("{head}") };
        assert!(head.starts_with(&format!("{} {} ", line.method, line.target)));
        assert_eq!(read_now(&mut stream), head.as_bytes());
        assert_eq!(answer, "", "nothing is answered for who shall answer it");
    }
}

#[test]
fn a_head_that_breaks_the_rules_is_answered_with_its_status() {
    let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(1 << 14));
    for (bytes, status) in [
        (b"\0\0\0\0\x06\0\0\0".as_slice(), "400 Bad Request"),
        (b"GET / HTTP/1.1\n\n", "400 Bad Request"),
        (b"nonsense\r\n\r\n", "400 Bad Request"),
        (b"GET / HTTP/2.0\r\n\r\n", "505 HTTP Version Not Supported"),
        (long.as_bytes(), "431 Request Header Fields Too Large"),
    ] {
        let (arrived, answer) = come(bytes);
        let error = arrived.err().expect("it is refused");
        assert!(matches!(error, TransportError::Head { .. }), "{error}");
        assert_eq!(error.fault(), Fault::Peer);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        let (_head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(answer.contains(&format!("Content-Length: {}\r\n", body.len())), "{answer}");
        assert!(error.to_string().contains(body.trim_end()), "{error}, {body}");
    }
}

#[test]
fn who_leaves_before_the_first_byte_wanted_nothing() {
    let (far, near) = memory_pipe(64 << 10);
    drop(far);
    let arrived = now(arrive(near, &Peer::Memory, &HeadLimits::default(), |_| true));
    assert!(matches!(arrived, Ok(Arrival::Nobody)));
    let (mut far, near) = memory_pipe(64 << 10);
    write(&mut far, b"CONNECT");
    drop(far);
    let arrived = now(arrive(near, &Peer::Memory, &HeadLimits::default(), |_| true));
    let broke = matches!(arrived, Err(TransportError::Head { error: HeadError::Truncated, .. }));
    assert!(broke, "who leaves within the head broke it");
}

/// Asks somebody who answers with `bytes`.
fn ask(bytes: &[u8]) -> (Result<Ahead<MemoryPipe>, TransportError>, Vec<u8>) {
    let (near, mut far) = memory_pipe(64 << 10);
    write(&mut far, bytes);
    let asked = now(request_connect(near, &Peer::Memory, &host(), &HeadLimits::default()));
    (asked, read_now(&mut far))
}

// C-K1
#[test]
fn a_vat_is_asked_for_with_one_line() {
    let (asked, said) = ask(b"HTTP/1.1 200 OK\r\n\r\n");
    assert!(asked.is_ok());
    assert_eq!(said, b"CONNECT vat.test HTTP/1.1\r\n\r\n");
}

/// A stream that takes what is written, and has nothing to read.
struct Ended;

impl ByteStream for Ended {
    fn poll_read(&mut self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(0))
    }

    fn poll_write_vectored(
        &mut self,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

// C-K1
#[test]
fn an_answer_that_does_not_grant_is_one_line_of_error() {
    let (asked, _) = ask(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let error = asked.err().expect("it is refused");
    assert_eq!(
        error.to_string(),
        "the other end of a memory pipe refused CONNECT vat.test: 404 Not Found"
    );
    assert_eq!(error.fault(), Fault::Us);
    for (answer, rule) in [
        (b"SSH-2.0-x\r\n\r\n".as_slice(), "the HTTP head does not begin with a status line"),
        (b"\0\0\0\0", "expected an HTTP head, which contains no byte 0x00"),
    ] {
        let (asked, _) = ask(answer);
        let error = asked.err().expect("it is no answer").to_string();
        assert!(error.ends_with(rule), "{error}");
    }
    let ended = Ahead::new(b"HTTP/1.1 200 OK\r\n".to_vec(), Ended);
    let gone = now(request_connect(ended, &Peer::Memory, &host(), &HeadLimits::default()));
    assert!(matches!(gone, Err(TransportError::Head { error: HeadError::Truncated, .. })));
}

/// The bytes of `count` messages.
fn messages(count: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 0..count {
        assert!(message(number).encode_into(&mut bytes).is_none(), "they are small");
    }
    bytes
}

// C-K2
#[test]
fn messages_follow_a_head_of_any_length_however_it_is_cut() {
    for pad in 0..9 {
        for step in [1, 3, 7, 64, 4096] {
            let head = format!("CONNECT vat.test HTTP/1.1\r\nX:{}\r\n\r\n", "y".repeat(pad));
            let (mut far, near) = memory_pipe(64 << 10);
            write(&mut far, &[head.as_bytes(), &messages(20)].concat());
            let near = Trickle::new(near, step);
            let arrived = now(arrive(near, &Peer::Memory, &HeadLimits::default(), |_| true));
            let Ok(Arrival::Vat { stream, .. }) = arrived else { panic!("it is granted") };
            let mut near = stream.framed(Peer::Memory, FramedLimits::default());
            for count in 0..20 {
                assert_eq!(number(now(receive(&mut near))), count, "pad {pad}, step {step}");
            }
        }
    }
}

#[test]
fn what_came_with_the_answer_is_read_and_what_comes_later_too() {
    let (asked, _) = ask(&[b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n".as_slice(), &messages(3)].concat());
    let mut near = asked.expect("it is granted").framed(Peer::Memory, FramedLimits::default());
    for count in 0..3 {
        assert_eq!(number(now(receive(&mut near))), count);
    }
    let (near, mut far) = memory_pipe(64 << 10);
    write(&mut far, &messages(2));
    let mut near = framed(Ahead::new(messages(1), near));
    let numbers = [0, 0, 1].map(|_| number(now(receive(&mut near))));
    assert_eq!(numbers, [0, 0, 1]);
}

#[test]
fn a_splice_passes_bytes_and_ends_both_ways() {
    let (mut left, near) = memory_pipe(64 << 10);
    let (far, mut right) = memory_pipe(64 << 10);
    let near = Ahead::new(b"GET / ".to_vec(), near);
    let mut joined = pin!(splice(Trickle::new(near, 5), far));
    let mut cx = Context::from_waker(Waker::noop());
    write(&mut left, b"HTTP/1.1\r\n\r\n");
    write(&mut right, &[7; 40_000]);
    assert!(joined.as_mut().poll(&mut cx).is_pending());
    assert_eq!(read_now(&mut right), b"GET / HTTP/1.1\r\n\r\n");
    assert!(left.poll_close(&mut cx).is_ready());
    assert!(joined.as_mut().poll(&mut cx).is_pending(), "the other direction is open");
    let mut buffer = [0];
    assert!(matches!(right.poll_read(&mut cx, &mut buffer), Poll::Ready(Ok(0))));
    let mut back = Vec::new();
    while back.len() < 40_000 {
        back.extend(read_now(&mut left));
        assert!(joined.as_mut().poll(&mut cx).is_pending());
    }
    assert_eq!(back, [7; 40_000]);
    drop(right);
    assert!(matches!(joined.as_mut().poll(&mut cx), Poll::Ready(Ok(()))));
}

#[test]
fn a_request_nobody_can_serve_is_answered_in_one_line() {
    let (mut far, near) = memory_pipe(64 << 10);
    let told = now(refuse(near, &Peer::Memory, "502 Bad Gateway", "nobody is there"));
    assert!(told.is_ok());
    let answer = String::from_utf8(read_now(&mut far)).expect("text");
    assert!(answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nnobody is there\n"), "{answer}");
}

/// xorshift64.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn random_heads_are_read_or_refused_and_never_more_is_kept_than_allowed() {
    const PIECES: [&[u8]; 12] = [
        b"GET / HTTP/1.1\r\n",
        b"CONNECT vat.test HTTP/1.1\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b"Host: a\r\n",
        b": ",
        b"\0",
        b"\xff",
        b"xxxxxxxxxxxxxxxx",
        b" ",
    ];
    let limits = HeadLimits { bytes_max: 60, lines_max: 4, ..HeadLimits::default() };
    let (mut state, mut outcomes) = (0x5eed_0001, [0; 3]);
    for _ in 0..20_000 {
        let mut reader = HeadReader::new(limits);
        let mut outcome = Ok(None);
        while outcome == Ok(None) {
            let piece = PIECES[(random(&mut state) % 12) as usize];
            outcome = reader.take(piece);
        }
        outcomes[usize::from(outcome.is_ok())] += 1;
        let line = reader.first_line().to_vec();
        outcomes[2] +=
            usize::from(RequestLine::parse(&line).is_ok() | StatusLine::parse(&line).is_ok());
        assert!(reader.into_bytes().len() <= limits.bytes_max + 27, "one piece more at most");
    }
    assert!(outcomes.iter().all(|count| *count > 100), "{outcomes:?}: all of them happen");
}
