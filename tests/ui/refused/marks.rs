#![allow(unused, reason = "what is refused is never used")]

use bowline::worker::{rpc_interface, rpc_target};

struct Service;

#[rpc_target]
impl Service {
    #[rpc(hidden)]
    fn hidden(&self) {}
    #[rpc(getter, skip)]
    fn both(&self) {}
    #[rpc(name)]
    fn name(&self) {}
    fn argument(&self, #[rpc(name = "x")] value: f64) {}
    #[rpc(dispose)]
    async fn close_later(&self) {}
    #[rpc(dispose)]
    fn close(&self) {}
    #[rpc(dispose)]
    fn close_again(&self) {}
}

#[rpc_interface]
trait Client {
    #[rpc(skip)]
    async fn hidden(&self);
}

struct Answering;

#[rpc_target]
impl Answering {
    #[rpc(fetch)]
    fn at_once(&self, request: f64) -> f64 {
        request
    }
    #[rpc(fetch)]
    async fn answer(&self, request: f64) -> f64 {
        request
    }
    #[rpc(fetch)]
    async fn again(&self, request: f64) -> f64 {
        request
    }
}

fn main() {}
