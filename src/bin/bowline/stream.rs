//! A stream: many writes, each as soon as there is room for it, and one hash where they arrive.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bowline::rpc::Client;
use bowline::worker::stream::ReadableStream;
use bytes::Bytes;
use futures_core::Stream;
use xxhash_rust::xxh3::Xxh3;

use crate::failure::{Failure, ensure};
use crate::protocol;

/// How much is written in all, and in one write.
pub(crate) const BYTES: usize = 64 << 20;
const WRITE: usize = 64 << 10;

/// What is written, write by write.
pub(crate) struct Chunks {
    chunk: Vec<u8>,
    number: usize,
}

impl Chunks {
    pub(crate) fn new() -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let words = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        Self { chunk: words.take(WRITE / 8).flatten().collect(), number: 0 }
    }

    /// Every chunk differs from the others, so that a lost, doubled or misplaced one is seen.
    fn next(&mut self) -> Option<&[u8]> {
        if self.number == BYTES / WRITE {
            return None;
        }
        if let Some(stamp) = self.chunk.first_chunk_mut::<8>() {
            *stamp = (self.number as u64).to_le_bytes();
        }
        self.number += 1;
        Some(&self.chunk)
    }
}

/// The file a Worker serves.
impl Stream for Chunks {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.next().map(|chunk| Ok(Bytes::copy_from_slice(chunk))))
    }
}

/// What is written, and what must come of it.
pub(crate) struct Cargo {
    chunks: Chunks,
    hash: u64,
}

impl Cargo {
    pub(crate) fn new() -> Self {
        let (mut chunks, mut hash) = (Chunks::new(), Xxh3::new());
        while let Some(chunk) = chunks.next() {
            hash.update(chunk);
        }
        Self { chunks, hash: hash.digest() }
    }

    /// Writes everything to a new sink of `demo`, and checks what arrived.
    pub(crate) async fn ship(&mut self, demo: &Client) -> Result<(), Failure> {
        let sink = protocol::receive(demo).cap(&protocol::first_pointer());
        self.chunks.number = 0;
        while let Some(chunk) = self.chunks.next() {
            protocol::write(&sink, chunk).await?;
        }
        let (bytes, hash) = protocol::end(&sink).await?;
        self.arrived(bytes, hash)
    }

    /// Reads a file to its end, and checks that it is this.
    pub(crate) async fn arrive(&self, mut file: ReadableStream) -> Result<(), Failure> {
        let (mut bytes, mut hash) = (0, Xxh3::new());
        while let Some(chunk) = file.next().await {
            let chunk = chunk?;
            bytes += chunk.len() as u64;
            hash.update(&chunk);
        }
        self.arrived(bytes, hash.digest())
    }

    fn arrived(&self, bytes: u64, hash: u64) -> Result<(), Failure> {
        ensure(bytes == BYTES as u64, || format!("{bytes} bytes of {BYTES} arrived"))?;
        ensure(hash == self.hash, || {
            format!("the hash of what arrived is {hash:016x}, not {:016x}", self.hash)
        })
    }
}
