@0x8f5d14e1c273738d;
# Bytes from one vat to another: whoever holds a ByteStream writes, its target takes.
#
# `write` and `startTls` are made as streaming calls. On the wire those are calls like any other, and said to be
# so here: `-> stream` would need a file that not every `capnp` tool comes with.

interface ByteStream {
  write @0 (bytes :Data) -> ();
  # The next bytes. A window bounds how many are on their way.

  end @1 ();
  # That was all. A stream that is dropped before it was ended has been cut off, and what arrived is not
  # the whole.

  getSubstream @2 (callback :SubstreamCallback, limit :UInt64 = 0xffffffffffffffff) -> (substream :ByteStream);
  # A stream to the same place for `limit` bytes at most, so that somebody else can write there without
  # this side in between. It is over when it is ended or full, which `callback` is told; until then
  # nothing is to be written to this stream.

  startTls @3 (expectedServerHostname :Text) -> ();
  # From here on the bytes are to be encrypted. The stream goes on.

  interface SubstreamCallback {
    ended @0 (byteCount :UInt64);
    # The substream was ended after so many bytes; the stream it was taken from is still open.

    reachedLimit @1 () -> (next :ByteStream);
    # The substream is full. It becomes `next`, which is given what was written beyond the limit first.
  }
}
