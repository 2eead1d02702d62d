#![allow(unused, reason = "what is refused is never used")]

use bowline::worker::value::Value;
use bowline::worker::{Call, rpc_interface, rpc_target};

struct Service;

#[rpc_target]
impl Service {
    fn generic<T>(&self, value: T) {}
    fn any(&self, value: impl Into<Value>) {}
    fn changed(&self, text: &mut String) {}
    fn inside(&self, texts: Vec<&str>) {}
    fn before(&self, #[rpc(rest)] more: Vec<Value>, last: Value) {}
    fn single(&self, #[rpc(rest)] more: Value) {}
    #[rpc(getter)]
    fn property(&self, index: f64) {}
    #[rpc(dispose)]
    fn close(&self, why: String) {}
}

#[rpc_interface]
trait Client {
    fn generic<T>(&self, value: T);
    fn call(&self, call: &Call);
    #[rpc(getter)]
    fn property(&self, index: f64) -> f64;
    fn borrowed(&self) -> &str;
}

fn main() {}
