@0xad15c9ae37377821;
# The world that tests and benches call each other in: one bootstrap object (`Peer`) whose methods
# each show one thing a connection has to get right. Every peer, in whatever language, serves it and
# is driven through it by the same list of named scenarios.
#
# The Rust code beside this file is generated from it (needs `capnp` and `capnpc-rust`):
#
#     capnp compile -I <include dir with /capnp/stream.capnp> -orust:tests/data --src-prefix=tests/data tests/data/interop.capnp

interface Peer {
  null @0 () -> ();
  # Nothing in, nothing out.

  echoNumber @1 (value :UInt64) -> (value :UInt64);
  echoText @2 (value :Text) -> (value :Text);
  echoData @3 (value :Data) -> (value :Data);

  counter @4 (name :Text) -> (counter :Counter);
  # A new object. It counts in `liveCount` until it is dropped.

  liveCount @5 () -> (count :UInt32);
  # How many objects made by `counter` and `box` live in this vat.

  chain @6 () -> (next :Chain);
  # The first link, of depth 1.

  box @7 (name :Text) -> (box :Box);
  # A new counter inside a struct; an empty name leaves `inner` null.

  callBack @8 (target :Callback, times :UInt32) -> (sum :UInt64);
  # Calls `target.call(i)` for each i below `times`, all before the first answer; sums the answers.

  echo @9 (cap :Counter) -> (cap :Counter);
  # Hands back what it was given, promise or not.

  hold @10 (cap :Counter) -> ();
  # Keeps `cap` after the call, in place of what was kept before.

  callHeld @11 (expected :UInt32) -> SequenceResults;
  # Calls what `hold` kept.

  releaseHeld @12 () -> ();
  # Drops what `hold` kept.

  never @13 (cap :Counter) -> ();
  # Never returns; keeps `cap` until it is cancelled.

  cancelled @14 () -> (count :UInt32);
  # How many calls to `never` were cancelled.

  throw @15 (kind :Kind, reason :Text) -> ();
  # Fails with an exception of that kind.

  later @16 () -> (cap :Counter, resolver :Resolver);
  # A promise, and what settles it.

  forward @17 (target :Counter, expected :UInt32) -> SequenceResults;
  # `target.getCallSequence(expected)`, as a tail call where the peer has them.

  openSink @18 () -> (sink :Sink);
}

interface Newer extends(Peer) {
  # What a peer that knows only `Peer` has never heard of.
  added @0 () -> ();
}

interface Counter {
  getCallSequence @0 (expected :UInt32) -> SequenceResults;
  # How many calls came before this one: the oracle of E-order. The caller states what it expects so
  # that a dump of the traffic can be read; the counter does not look at it.

  name @1 () -> (name :Text);
}

struct SequenceResults {
  n @0 :UInt32;
}

interface Chain {
  next @0 () -> (next :Chain);
  # The link one deeper.

  depth @1 () -> (depth :UInt32);
}

struct Box {
  label @0 :Text;
  inner @1 :Counter;
}

interface Callback {
  call @0 (n :UInt64) -> (n :UInt64);
}

enum Kind {
  failed @0;
  overloaded @1;
  disconnected @2;
  unimplemented @3;
}

interface Resolver {
  # Settles one promise, once.

  toServer @0 (name :Text) -> ();
  # A counter in the resolver's own vat.

  toCap @1 (cap :Counter) -> ();
  # The capability given, usually one of the caller's: what needs an embargo.

  toError @2 (reason :Text) -> ();
}

interface Slot {
  # Answers when it is filled: how a peer without promise capabilities of its own makes one, by
  # calling this and passing on the pipelined result.

  get @0 () -> (cap :Counter);
}

interface Sink {
  write @0 (data :Data) -> stream;

  done @1 () -> (bytes :UInt64, crc :UInt32);
  # What all writes held together, and its CRC-32 (the one of zlib).
}
