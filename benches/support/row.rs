//! The rows: what is asked of every contender, by the names of the design's table.

/// What lies between caller and object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// Nothing: the object is in the caller's vat, behind a client of untyped payloads.
    LocalDynamic,
    /// Nothing: the object is in the caller's vat, behind a generated client.
    LocalTyped,
    /// Two vats on one thread, messages passed by move.
    Vats,
    /// Two vats on one thread, bytes through memory.
    Mem,
    /// The same, behind a client of untyped payloads where the contender has one.
    MemDynamic,
    /// The same, to an object that makes others, and answers not all calls.
    MemHeld,
    /// Two vats on one thread, a Unix socket pair.
    Unix1,
    /// Two vats on one thread, TCP over loopback.
    Tcp1,
    /// Two vats on a thread each, a Unix socket pair.
    Unix2,
    /// Nothing but a thread's border: the object's vat has a thread of its own, the caller is on
    /// another, which hosts nothing.
    Foreign,
    /// The same through a generated client's `Handle`.
    ForeignTyped,
    /// A socket to another process, which serves the schema.
    Remote,
}

/// What is done over it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// One awaited call of nothing.
    Null,
    /// One awaited call with a number in and a number out.
    Number,
    /// Calls of nothing, this many unanswered at any time.
    InFlight(usize),
    /// So many objects deep without awaiting, then one number back: one call more, all promises kept.
    Chain(u32),
    /// The same, each promise dropped once its pipeline is taken.
    ChainDropped(u32),
    /// One MiB there and back; counted once.
    Echo1M,
    /// One write of this many bytes in a stream.
    Stream(usize),
    /// A connection made, a call of nothing to its bootstrap object, and the connection closed.
    Connect,
    /// An object asked for and let go of, while so many of the other end are referred to, it included.
    LiveExport(usize),
    /// An object of the other end, referred to and not called.
    IdleStub,
    /// A call the other end does not answer.
    UnansweredCall,
}

/// In what a row is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Nanoseconds for one operation; less is better.
    Nanoseconds,
    /// Operations a second.
    CallsPerSecond,
    /// Payload a second, for operations of this many bytes.
    Throughput(usize),
    /// Memory of both ends for one of what is held; less is better.
    Bytes,
}

impl Unit {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::CallsPerSecond => "calls/s",
            Self::Throughput(_) => "MiB/s",
            Self::Bytes => "bytes",
        }
    }

    pub(crate) fn less_is_better(self) -> bool {
        matches!(self, Self::Nanoseconds | Self::Bytes)
    }

    /// The figure for one operation taking `seconds`; of what is held, for one holding so many bytes.
    pub(crate) fn figure(self, seconds: f64) -> f64 {
        match self {
            Self::Bytes => seconds,
            Self::Nanoseconds => seconds * 1e9,
            Self::CallsPerSecond => 1.0 / seconds,
            Self::Throughput(bytes) => bytes as f64 / seconds / f64::from(1 << 20),
        }
    }
}

/// One question.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) link: Link,
    pub(crate) work: Work,
}

impl Row {
    pub(crate) fn unit(self) -> Unit {
        match self.work {
            Work::Null
            | Work::Number
            | Work::Chain(_)
            | Work::ChainDropped(_)
            | Work::Connect
            | Work::LiveExport(_) => Unit::Nanoseconds,
            Work::InFlight(_) => Unit::CallsPerSecond,
            Work::Echo1M => Unit::Throughput(1 << 20),
            Work::Stream(bytes) => Unit::Throughput(bytes),
            Work::IdleStub | Work::UnansweredCall => Unit::Bytes,
        }
    }
}

const fn row(name: &'static str, link: Link, work: Work) -> Row {
    Row { name, link, work }
}

/// Every row, in the order of the table.
pub(crate) const ROWS: [Row; 56] = [
    row("same-thread-dynamic-null", Link::LocalDynamic, Work::Null),
    row("same-thread-dynamic-number", Link::LocalDynamic, Work::Number),
    row("same-thread-typed-null", Link::LocalTyped, Work::Null),
    row("same-thread-vats-null", Link::Vats, Work::Null),
    row("mem-null", Link::Mem, Work::Null),
    row("mem-dynamic-null", Link::MemDynamic, Work::Null),
    row("mem-64", Link::Mem, Work::InFlight(64)),
    row("mem-1024", Link::Mem, Work::InFlight(1024)),
    row("mem-chain1", Link::Mem, Work::Chain(1)),
    row("mem-chain2", Link::Mem, Work::Chain(2)),
    row("mem-chain4", Link::Mem, Work::Chain(4)),
    row("mem-chain8", Link::Mem, Work::Chain(8)),
    row("mem-chain8-dropped", Link::Mem, Work::ChainDropped(8)),
    row("mem-chain16", Link::Mem, Work::Chain(16)),
    row("mem-chain32", Link::Mem, Work::Chain(32)),
    row("mem-chain64", Link::Mem, Work::Chain(64)),
    row("mem-connect", Link::Mem, Work::Connect),
    row("mem-export1", Link::Mem, Work::LiveExport(1)),
    row("mem-export10", Link::Mem, Work::LiveExport(10)),
    row("mem-export100", Link::Mem, Work::LiveExport(100)),
    row("mem-export1000", Link::Mem, Work::LiveExport(1_000)),
    row("mem-export10000", Link::Mem, Work::LiveExport(10_000)),
    row("mem-export100000", Link::Mem, Work::LiveExport(100_000)),
    row("unix-1t-null", Link::Unix1, Work::Null),
    row("unix-1t-4", Link::Unix1, Work::InFlight(4)),
    row("unix-1t-16", Link::Unix1, Work::InFlight(16)),
    row("unix-1t-64", Link::Unix1, Work::InFlight(64)),
    row("unix-1t-256", Link::Unix1, Work::InFlight(256)),
    row("unix-1t-1024", Link::Unix1, Work::InFlight(1024)),
    row("unix-1t-chain1", Link::Unix1, Work::Chain(1)),
    row("unix-1t-chain2", Link::Unix1, Work::Chain(2)),
    row("unix-1t-chain4", Link::Unix1, Work::Chain(4)),
    row("unix-1t-chain8", Link::Unix1, Work::Chain(8)),
    row("unix-1t-chain8-dropped", Link::Unix1, Work::ChainDropped(8)),
    row("unix-1t-chain16", Link::Unix1, Work::Chain(16)),
    row("unix-1t-chain32", Link::Unix1, Work::Chain(32)),
    row("unix-1t-chain64", Link::Unix1, Work::Chain(64)),
    row("unix-1t-connect", Link::Unix1, Work::Connect),
    row("unix-1t-echo1m", Link::Unix1, Work::Echo1M),
    row("unix-1t-stream4k", Link::Unix1, Work::Stream(4 << 10)),
    row("unix-1t-stream64k", Link::Unix1, Work::Stream(64 << 10)),
    row("tcp-1t-null", Link::Tcp1, Work::Null),
    row("tcp-1t-64", Link::Tcp1, Work::InFlight(64)),
    row("tcp-1t-1024", Link::Tcp1, Work::InFlight(1024)),
    row("tcp-1t-chain8", Link::Tcp1, Work::Chain(8)),
    row("tcp-1t-connect", Link::Tcp1, Work::Connect),
    row("tcp-1t-stream64k", Link::Tcp1, Work::Stream(64 << 10)),
    row("unix-2t-null", Link::Unix2, Work::Null),
    row("unix-2t-64", Link::Unix2, Work::InFlight(64)),
    row("unix-2t-1024", Link::Unix2, Work::InFlight(1024)),
    row("foreign-thread-null", Link::Foreign, Work::Null),
    row("foreign-thread-typed-null", Link::ForeignTyped, Work::Null),
    row("foreign-thread-64", Link::Foreign, Work::InFlight(64)),
    row("foreign-thread-1024", Link::Foreign, Work::InFlight(1024)),
    row("idle-stub-bytes", Link::MemHeld, Work::IdleStub),
    row("inflight-call-bytes", Link::MemHeld, Work::UnansweredCall),
];

/// What is asked of a peer in another process.
pub(crate) const REMOTE_ROWS: [Row; 16] = [
    row("remote-null", Link::Remote, Work::Null),
    row("remote-4", Link::Remote, Work::InFlight(4)),
    row("remote-16", Link::Remote, Work::InFlight(16)),
    row("remote-64", Link::Remote, Work::InFlight(64)),
    row("remote-256", Link::Remote, Work::InFlight(256)),
    row("remote-1024", Link::Remote, Work::InFlight(1024)),
    row("remote-chain1", Link::Remote, Work::Chain(1)),
    row("remote-chain8", Link::Remote, Work::Chain(8)),
    row("remote-chain8-dropped", Link::Remote, Work::ChainDropped(8)),
    row("remote-chain64", Link::Remote, Work::Chain(64)),
    row("remote-connect", Link::Remote, Work::Connect),
    row("remote-export1", Link::Remote, Work::LiveExport(1)),
    row("remote-export10000", Link::Remote, Work::LiveExport(10_000)),
    row("remote-echo1m", Link::Remote, Work::Echo1M),
    row("remote-stream4k", Link::Remote, Work::Stream(4 << 10)),
    row("remote-stream64k", Link::Remote, Work::Stream(64 << 10)),
];
