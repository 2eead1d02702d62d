@0xaaf059f3fb744a39;
# Who reads a topic is told what is published there, for as long as they hold their subscription.

interface Topic(Item) {
  subscribe @0 (reader :Reader(Item)) -> (subscription :Subscription);
  publish @1 (item :Item) -> (readers :UInt32);
  # Returns when every reader has taken the item, with how many they are.
}

interface Reader(Item) {
  take @0 (item :Item) -> ();
}

interface Subscription {}
# Releasing it ends it.

struct Headline {
  text @0 :Text;
  edition @1 :UInt32;
}
