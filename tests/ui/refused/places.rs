#![allow(unused, reason = "what is refused is never used")]

use bowline::worker::{RpcTarget, rpc_interface, rpc_target};

#[rpc_target]
struct NotABlock;

struct Pair<T>(T);

#[rpc_target]
impl<T: 'static> Pair<T> {
    fn first(&self) {}
}

struct Counter;

#[rpc_target]
impl Default for Counter {
    fn default() -> Self {
        Counter
    }
}

#[rpc_target(name = "counter")]
impl Counter {
    fn increment(&self) {}
}

#[rpc_interface]
struct NotATrait;

#[rpc_interface]
trait Generic<T> {
    async fn first(&self) -> f64;
}

#[rpc_interface]
trait Above: RpcTarget {}

#[rpc_interface]
trait More {
    const SIZE: f64;
    async fn size(&self) -> f64 {
        8.0
    }
}

fn main() {}
