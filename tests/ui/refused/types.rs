#![allow(unused, reason = "what is refused is never used")]

use bowline::worker::{rpc_interface, rpc_target};

/// Neither data nor an object.
struct Handle;

struct Trouble;

struct Service;

#[rpc_target]
impl Service {
    fn take(&self, handle: Handle) {}
    fn give(&self) -> Handle {
        Handle
    }
    fn fail(&self) -> Result<f64, Trouble> {
        Err(Trouble)
    }
}

#[rpc_interface]
trait Client {
    async fn take(&self, handle: Handle);
}

fn main() {}
