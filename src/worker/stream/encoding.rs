//! How the bytes of a stream are compressed on their way.

use crate::schema::worker_capnp::StreamEncoding;

/// What the bytes of a stream are. Nothing is compressed or expanded here: who reads gets them as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Themselves.
    #[default]
    Identity,
    /// Compressed with gzip.
    Gzip,
    /// Compressed with Brotli.
    Brotli,
}

impl Encoding {
    /// Its number in a message.
    pub(in crate::worker) fn number(self) -> u64 {
        StreamEncoding::from(self) as u64
    }
}

impl From<Encoding> for StreamEncoding {
    fn from(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Identity => Self::Identity,
            Encoding::Gzip => Self::Gzip,
            Encoding::Brotli => Self::Brotli,
        }
    }
}

impl From<StreamEncoding> for Encoding {
    fn from(encoding: StreamEncoding) -> Self {
        match encoding {
            StreamEncoding::Identity => Self::Identity,
            StreamEncoding::Gzip => Self::Gzip,
            StreamEncoding::Brotli => Self::Brotli,
        }
    }
}
