//! The floor: what the same bytes cost with no protocol, or a call with no capability.

use std::hint::black_box;
use std::pin::Pin;

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::sync::{mpsc, oneshot};

use crate::measure::{Contender, Session};
use crate::row::{Link, Row, Work};
use crate::sockets::{self, Stream, Thread};

/// Bytes of one message: about a call of nothing.
const MESSAGE: usize = 64;
/// Bytes of one read.
const READ: usize = 64 << 10;

/// The floor's column.
pub(crate) struct Floor;

impl Contender for Floor {
    fn name(&self) -> &'static str {
        "floor"
    }

    fn open(&self, row: Row) -> Option<Box<dyn Session>> {
        if matches!(row.link, Link::LocalDynamic | Link::LocalTyped) {
            return Some(Box::new(Boxed { thread: Thread::new(), object: Box::new(Counting) }));
        }
        if matches!(row.link, Link::Foreign | Link::ForeignTyped) && row.work == Work::Null {
            return Some(Box::new(Across::open()));
        }
        let none = matches!(row.work, Work::InFlight(_) | Work::LiveExport(_));
        if none || matches!(row.link, Link::Vats | Link::MemHeld | Link::Remote) {
            return None;
        }
        Some(match row.work {
            Work::Connect => Box::new(Connecting { link: row.link, thread: Thread::new() }),
            _ => Box::new(Bytes::open(row)),
        })
    }
}

type Answer<'a> = Pin<Box<dyn Future<Output = u64> + 'a>>;

trait Object {
    fn call(&self, n: u64) -> Answer<'_>;
}

struct Counting;

impl Object for Counting {
    fn call(&self, n: u64) -> Answer<'_> {
        Box::pin(async move { n + 1 })
    }
}

/// An async call through a vtable.
struct Boxed {
    thread: Thread,
    object: Box<dyn Object>,
}

impl Session for Boxed {
    fn run(&mut self, operations: u64) {
        let object = black_box(&*self.object);
        self.thread.block_on(async {
            for n in 0..operations {
                black_box(object.call(n).await);
            }
        });
    }
}

/// A question to another thread and its answer.
struct Across {
    ask: mpsc::UnboundedSender<oneshot::Sender<()>>,
    thread: Thread,
}

impl Across {
    fn open() -> Self {
        let (ask, mut asked) = mpsc::unbounded_channel::<oneshot::Sender<()>>();
        std::thread::spawn(move || {
            Thread::new().block_on(async {
                while let Some(answer) = asked.recv().await {
                    answer.send(()).expect("the asker waits");
                }
            });
        });
        Self { ask, thread: Thread::new() }
    }
}

impl Session for Across {
    fn run(&mut self, operations: u64) {
        self.thread.block_on(async {
            for _ in 0..operations {
                let (answer, answered) = oneshot::channel();
                self.ask.send(answer).expect("the other thread runs");
                answered.await.expect("it answers");
            }
        });
    }
}

/// Bytes one way and the other end's answer.
struct Bytes {
    read: ReadHalf<Box<dyn Stream>>,
    write: WriteHalf<Box<dyn Stream>>,
    work: Work,
    thread: Thread,
}

impl Bytes {
    fn open(row: Row) -> Self {
        let thread = Thread::new();
        let near = thread.block_on(async {
            let (near, far) = match row.link {
                Link::Unix2 => {
                    let near = sockets::unix_to_thread(move |far| serve(row.work, Box::new(far)));
                    return Box::new(near) as Box<dyn Stream>;
                }
                link => sockets::pair(link).await,
            };
            tokio::task::spawn_local(serve(row.work, far));
            near
        });
        let (read, write) = split(near);
        Self { read, write, work: row.work, thread }
    }
}

impl Session for Bytes {
    fn run(&mut self, operations: u64) {
        let Self { read, write, work, thread } = self;
        thread.block_on(async {
            match work {
                Work::Echo1M => echo(read, write, 1 << 20, operations).await,
                Work::Stream(size) => stream(read, write, *size, operations).await,
                // A pipelined chain can do no better than one round trip.
                _ => {
                    echo(read, write, MESSAGE, operations).await;
                }
            }
        });
    }
}

/// Two ends made, bytes one way and the other end's answer, and the ends closed.
struct Connecting {
    link: Link,
    thread: Thread,
}

impl Session for Connecting {
    fn run(&mut self, operations: u64) {
        let Self { link, thread } = self;
        thread.block_on(async {
            for _ in 0..operations {
                let (near, far) = sockets::pair(*link).await;
                let far = tokio::task::spawn_local(serve(Work::Connect, far));
                let (mut read, mut write) = split(near);
                echo(&mut read, &mut write, MESSAGE, 1).await;
                drop((read, write));
                far.await.expect("it ends with its peer");
            }
        });
    }
}

type Read = ReadHalf<Box<dyn Stream>>;
type Write = WriteHalf<Box<dyn Stream>>;

async fn echo(read: &mut Read, write: &mut Write, size: usize, times: u64) {
    let (out, mut back) = (vec![7; size], vec![0; size]);
    for _ in 0..times {
        let (wrote, read) = tokio::join!(write.write_all(&out), read.read_exact(&mut back));
        wrote.and(read.map(drop)).expect("the other end echoes");
    }
}

async fn stream(read: &mut Read, write: &mut Write, size: usize, times: u64) {
    let block = vec![7; size];
    write.write_u64(size as u64 * times).await.expect("the other end reads");
    for _ in 0..times {
        write.write_all(&block).await.expect("the other end reads");
    }
    read.read_u8().await.expect("the other end acknowledges");
}

async fn serve(work: Work, far: Box<dyn Stream>) {
    let (read, write) = split(far);
    // Ends with the near end, by an error or at the end of its bytes.
    let _ = match work {
        Work::Stream(_) => swallow(read, write).await,
        _ => reflect(read, write).await,
    };
}

async fn reflect(mut read: Read, mut write: Write) -> std::io::Result<()> {
    let mut buffer = vec![0; READ];
    loop {
        match read.read(&mut buffer).await? {
            0 => return Ok(()),
            got => write.write_all(&buffer[..got]).await?,
        }
    }
}

async fn swallow(mut read: Read, mut write: Write) -> std::io::Result<()> {
    let mut buffer = vec![0; READ];
    loop {
        let mut left = read.read_u64().await?;
        while left > 0 {
            let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let got = read.read(&mut buffer[..most]).await?;
            if got == 0 {
                return Ok(());
            }
            left -= got as u64;
        }
        write.write_u8(1).await?;
    }
}
