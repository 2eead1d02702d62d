@0xf7ba9ac7d0026acd;
# The same types as `newer.capnp`, as they were before.

interface Task @0x89b84449e436e8d9 {
  run @0 (order :Order) -> (receipt :Receipt);
}

struct Order @0x9fa2031f30b103f5 {
  item @0 :Text;
  count @1 :UInt32;
}

struct Receipt @0xa73654d96025e272 {
  total @0 :UInt32;
}

interface Odd @0xb1f6a9c42d7e5018 {
  # Where `newer.capnp` has a capability there is something else, and the other way round.
  text @0 (what :Text) -> (what :Text);
  cell @1 (what :Text) -> (what :Text);
}
