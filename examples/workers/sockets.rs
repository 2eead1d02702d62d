//! A service in one process is called from another, over a Unix socket.
//!
//! In one terminal `cargo run --example sockets -- serve`, in another `cargo run --example sockets`.

use std::error::Error;

use bowline::conn::Config;
use bowline::rpc::listen;
use bowline::runtime::{Local, Vat};
use bowline::transport::Listener;
use bowline::worker::{
    Asking, Call, JsError, RpcStub, Service, Worker, args, rpc_interface, rpc_target,
};

const ADDRESS: &str = "unix:/tmp/bowline-example.sock";

struct Watcher;

#[rpc_target]
impl Watcher {
    /// Calls a function of the other process for every number.
    async fn count_down(&self, from: u32, each: RpcStub) -> Result<&'static str, JsError> {
        for number in (1..=from).rev() {
            each.invoke(args![number]).await?;
        }
        Ok("lift-off")
    }
}

#[rpc_interface]
trait Watch {
    async fn count_down(&self, from: u32, each: &RpcStub) -> String;
}

/// Offers the service to everybody who connects.
pub(crate) async fn serve(here: &Local, address: &str) -> Result<(), Box<dyn Error>> {
    let worker = Worker::new("watcher").entrypoint("default", |_| Watcher);
    let offered = worker.service("default")?.bootstrap(here);
    let mut listener = Listener::bind(&address.parse()?).await?;
    Err(listen(here, &mut listener, Config::default(), |_| Some(offered.clone())).await.into())
}

/// Connects when it first calls.
pub(crate) async fn call(
    here: &Local,
    address: &str,
    log: impl Fn(u32) + 'static,
) -> Result<String, Box<dyn Error>> {
    let watch = Watch::from(Service::at(address.parse()?, Asking::default()).stub(here));
    let each = RpcStub::function(here, move |call: Call| {
        let number = call.arg(0).map(&log);
        async move { number }
    });
    Ok(watch.count_down(3, &each).await?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let vat = Vat::local();
    let serving = std::env::args().nth(1).as_deref() == Some("serve");
    let work = async {
        match serving {
            true => serve(vat.here(), ADDRESS).await,
            false => {
                println!("{}", call(vat.here(), ADDRESS, |n| println!("{n}")).await?);
                Ok(())
            }
        }
    };
    tokio::select! {
        outcome = work => outcome,
        () = vat.tokio_driver() => Ok(()),
    }
}
