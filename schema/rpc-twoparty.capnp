@0xa184c7885cdaf2a1;
# What rpc.capnp leaves to the network, for the network of two vats and one connection between them.
# There is no third vat here, so most of it stays unused.

enum Side {
  server @0;
  # The side that listens.

  client @1;
  # The side that connects.
}

struct VatId {
  # One of the two.

  side @0 :Side;
}

struct ThirdPartyCompletion {
  joinId @0 :UInt32;
}

struct ThirdPartyToAwait {}
struct ThirdPartyToContact {}

struct JoinKeyPart {
  # One part of a join that was split among several capabilities.

  joinId @0 :UInt32;
  # Chosen by whoever joins.

  partCount @1 :UInt16;
  partNum @2 :UInt16;
}

struct JoinResult {
  joinId @0 :UInt32;

  succeeded @1 :Bool;
  # The parts met in one object.

  cap @2 :Capability;
  # That object, in the answer to one part only.
}
