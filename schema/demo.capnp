@0xf2e2870dae593718;
# The work `bowline demo` does. One method for each thing the protocol can do.

interface Demo {
  # What whoever is served by `bowline` gets as the bootstrap capability.

  null @0 ();
  # Nothing in, nothing out: a round trip.

  next @1 () -> (next :Demo, depth :UInt32);
  # Another of these, one deeper: `next` of that can be called before this has returned.

  callBack @2 (callback :Callback, n :UInt32) -> (n :UInt32);
  # Calls the caller's object with `n`, and returns what it says.

  counter @3 () -> (counter :Counter);
  # A new object of the callee.

  countTwice @4 (counter :Counter) -> (first :UInt32, second :UInt32);
  # Calls a counter, wherever it lives, twice. It may be one that `counter` gave.

  hang @5 ();
  # Never returns; it can only be cancelled.

  cancelled @6 () -> (cancelled :UInt32);
  # How many calls of `hang` over this connection were cancelled.

  fail @7 (kind :Kind, reason :Text);
  # Fails like that.

  enum Kind { failed @0; overloaded @1; disconnected @2; unimplemented @3; }

  receive @8 () -> (sink :Sink);
  # Somewhere to write a stream to.

  tables @9 () -> (objects :UInt32, questions :UInt32, answers :UInt32, exports :UInt32, imports :UInt32, embargoes :UInt32);
  # What the callee still holds for the caller, this call and the bootstrap capability included.

  workers @10 () -> (port :Capability);
  # A debug port, as in worker.capnp: it leads to the Workers of the demo, by their names.
}

interface Callback {
  call @0 (n :UInt32) -> (n :UInt32);
}

interface Counter {
  count @0 () -> (count :UInt32);
  # One more than the last time; the first time 1.
}

interface Sink {
  write @0 (bytes :Data);
  end @1 () -> (bytes :UInt64, hash :UInt64);
  # How much was written, and its XXH3 hash (64 bits, seed 0).
}
