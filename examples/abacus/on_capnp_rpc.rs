//! The program on `capnp-rpc`.

use capnp_rpc as engine;

include!("program.rs");
