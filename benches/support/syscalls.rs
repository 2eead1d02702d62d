//! The floor below the floor: the system calls that the bytes take, blocking, with no executor.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::thread;

use crate::measure::{Contender, Session};
use crate::row::{Link, Row, Work};

/// Bytes of one message: about a call of nothing.
const MESSAGE: usize = 64;
/// Bytes of one write or read of something large: less than a socket holds, as both ends are on one thread.
const BLOCK: usize = 64 << 10;

/// Its column.
pub(crate) struct Syscalls;

trait Blocking: Read + Write + Send {}
impl<T: Read + Write + Send> Blocking for T {}

type End = Box<dyn Blocking>;

impl Contender for Syscalls {
    fn name(&self) -> &'static str {
        "syscalls"
    }

    fn open(&self, row: Row) -> Option<Box<dyn Session>> {
        if matches!(row.work, Work::Connect | Work::LiveExport(_)) {
            return None;
        }
        let (near, far) = match row.link {
            Link::Unix1 => boxed(unix()),
            Link::Tcp1 => boxed(tcp()),
            Link::Unix2 if row.work == Work::Null => return Some(Box::new(Across::open())),
            _ => return None,
        };
        Some(Box::new(Here { near, far, work: row.work }))
    }
}

fn unix() -> (UnixStream, UnixStream) {
    UnixStream::pair().expect("a socket pair")
}

fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let near = TcpStream::connect(listener.local_addr().expect("it is bound")).expect("it listens");
    let (far, _) = listener.accept().expect("one connects");
    for end in [&near, &far] {
        end.set_nodelay(true).expect("a TCP option");
    }
    (near, far)
}

fn boxed<S: Blocking + 'static>((near, far): (S, S)) -> (End, End) {
    (Box::new(near), Box::new(far))
}

/// Both ends on this thread: it writes what it then reads.
struct Here {
    near: End,
    far: End,
    work: Work,
}

impl Here {
    /// `bytes` there, and back if they are wanted back.
    fn move_along(&mut self, bytes: usize, back: bool) {
        let mut block = vec![7; bytes.min(BLOCK)];
        let mut left = bytes;
        while left > 0 {
            let part = &mut block[..left.min(BLOCK)];
            one_way(&mut self.near, &mut self.far, part);
            if back {
                one_way(&mut self.far, &mut self.near, part);
            }
            left -= part.len();
        }
    }
}

fn one_way(from: &mut End, to: &mut End, part: &mut [u8]) {
    from.write_all(part).expect("the socket has room");
    to.read_exact(part).expect("it was written");
}

impl Session for Here {
    fn run(&mut self, operations: u64) {
        match self.work {
            Work::Echo1M => (0..operations).for_each(|_| self.move_along(1 << 20, true)),
            Work::Stream(size) => (0..operations).for_each(|_| self.move_along(size, false)),
            // All that are in flight go in one write and are read by one read.
            Work::InFlight(width) => {
                let turns = operations.div_ceil(width as u64);
                (0..turns).for_each(|_| self.move_along(width * MESSAGE, true));
            }
            _ => (0..operations).for_each(|_| self.move_along(MESSAGE, true)),
        }
    }
}

/// The far end on a thread of its own, which ends when the near one is closed.
struct Across {
    near: UnixStream,
}

impl Across {
    fn open() -> Self {
        let (near, mut far) = unix();
        thread::spawn(move || {
            let mut message = [0; MESSAGE];
            while far.read_exact(&mut message).is_ok() && far.write_all(&message).is_ok() {}
        });
        Self { near }
    }
}

impl Session for Across {
    fn run(&mut self, operations: u64) {
        let mut message = [7; MESSAGE];
        for _ in 0..operations {
            self.near.write_all(&message).expect("the other end reads");
            self.near.read_exact(&mut message).expect("the other end echoes");
        }
    }
}
