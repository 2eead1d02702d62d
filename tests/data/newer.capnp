@0xde610510f66f2baf;
# The same types as `older.capnp`, as they are today.

interface Task @0x89b84449e436e8d9 {
  run @0 (order :Order) -> (receipt :Receipt);
  stop @1 () -> ();
}

struct Order @0x9fa2031f30b103f5 {
  item @0 :Text;
  count @1 :UInt32;
  urgent @2 :Bool = true;
  watcher @3 :Watcher;
}

struct Receipt @0xa73654d96025e272 {
  total @0 :UInt32;
  note @1 :Text = "none";
  task @2 :Task;
}

interface Watcher {
  done @0 () -> ();
}

interface Odd @0xb1f6a9c42d7e5018 {
  text @0 (what :Watcher) -> (what :Text);
  cell @1 (what :Text) -> (what :Watcher);
}
