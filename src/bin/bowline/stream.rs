//! A stream: many writes, each as soon as there is room for it, and one hash at the far end.

use bowline::rpc::Client;
use xxhash_rust::xxh3::Xxh3;

use crate::failure::{Failure, ensure};
use crate::protocol;

/// How much is written in all, and in one write.
pub(crate) const BYTES: usize = 64 << 20;
const WRITE: usize = 64 << 10;

/// What is written, and what must come of it.
pub(crate) struct Cargo {
    chunk: Vec<u8>,
    hash: u64,
}

impl Cargo {
    /// Every chunk differs from the others, so that a lost, doubled or misplaced one is seen.
    pub(crate) fn new() -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let words = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        let mut cargo = Self { chunk: words.take(WRITE / 8).flatten().collect(), hash: 0 };
        let mut hash = Xxh3::new();
        for number in 0..BYTES / WRITE {
            hash.update(cargo.stamped(number));
        }
        cargo.hash = hash.digest();
        cargo
    }

    fn stamped(&mut self, number: usize) -> &[u8] {
        if let Some(stamp) = self.chunk.first_chunk_mut::<8>() {
            *stamp = (number as u64).to_le_bytes();
        }
        &self.chunk
    }

    /// Writes everything to a new sink of `demo`, and checks what arrived.
    pub(crate) async fn ship(&mut self, demo: &Client) -> Result<(), Failure> {
        let sink = protocol::receive(demo).cap(&protocol::first_pointer());
        for number in 0..BYTES / WRITE {
            protocol::write(&sink, self.stamped(number)).await?;
        }
        let (bytes, hash) = protocol::end(&sink).await?;
        ensure(bytes == BYTES as u64, || format!("{bytes} bytes of {BYTES} arrived"))?;
        ensure(hash == self.hash, || {
            format!("the hash at the far end is {hash:016x}, not {:016x}", self.hash)
        })
    }
}
