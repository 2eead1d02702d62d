//! Calling: by name, on stubs, on properties, and on promises of either.

use std::future::{Future, IntoFuture};

use crate::rpc::Client;
use crate::runtime::gone;

use super::args::Args;
use super::ask::{Ask, Op};
use super::error::JsError;
use super::host::nobody;
use super::interface::JS_RPC_TARGET;
use super::parcel::Parcel;
use super::path::MethodPath;
use super::promise::RpcPromise;
use super::property::RpcProperty;
use super::stub::RpcStub;
use super::value::Text;

impl RpcStub {
    /// Calls a method. The call is made at once, behind all made before it on this stub. (Rule 8)
    pub fn call(&self, name: impl Into<Text>, args: Args) -> RpcPromise {
        send(self, MethodPath::one(name.into()), Op::Call(args))
    }

    /// Calls the function it is a stub of.
    pub fn invoke(&self, args: Args) -> RpcPromise {
        send(self, MethodPath::default(), Op::Call(args))
    }

    /// A property, to be awaited, called or gone on from.
    #[must_use]
    pub fn get(&self, name: impl Into<Text>) -> RpcProperty {
        RpcProperty::of(Ok(self.clone()), name)
    }
}

impl RpcProperty {
    /// Calls a method of what the property is.
    pub fn call(&self, name: impl Into<Text>, args: Args) -> RpcPromise {
        self.get(name).invoke(args)
    }

    /// Calls what the property is.
    pub fn invoke(&self, args: Args) -> RpcPromise {
        self.send(Op::Call(args))
    }

    /// Reads it.
    pub fn read(&self) -> RpcPromise {
        self.send(Op::Get)
    }

    fn send(&self, op: Op) -> RpcPromise {
        match self.root() {
            Ok(root) => send(root, self.path(), op),
            Err(why) => RpcPromise::failed(why),
        }
    }
}

impl IntoFuture for RpcProperty {
    type Output = <RpcPromise as Future>::Output;
    type IntoFuture = RpcPromise;

    fn into_future(self) -> RpcPromise {
        self.read()
    }
}

impl IntoFuture for &RpcProperty {
    type Output = <RpcPromise as Future>::Output;
    type IntoFuture = RpcPromise;

    fn into_future(self) -> RpcPromise {
        self.read()
    }
}

impl RpcPromise {
    /// Calls a method of what will come, without waiting for it. (Rule 12)
    pub fn call(&self, name: impl Into<Text>, args: Args) -> Self {
        match self.root() {
            Ok(root) => root.call(name, args),
            Err(why) => Self::failed(why),
        }
    }

    /// Calls the function that will come, without waiting for it.
    pub fn invoke(&self, args: Args) -> Self {
        match self.root() {
            Ok(root) => root.invoke(args),
            Err(why) => Self::failed(why),
        }
    }

    /// A property of what will come.
    #[must_use]
    pub fn get(&self, name: impl Into<Text>) -> RpcProperty {
        RpcProperty::of(self.root(), name)
    }
}

fn send(stub: &RpcStub, path: MethodPath, op: Op) -> RpcPromise {
    try_send(stub, path, op).unwrap_or_else(RpcPromise::failed)
}

fn try_send(stub: &RpcStub, path: MethodPath, op: Op) -> Result<RpcPromise, JsError> {
    let client = stub.client()?;
    let pusher = if stub.0.stays(&client) { None } else { Some(pusher(&client)) };
    let (ask, caps) = Ask::make(path, op, &client, pusher)?;
    Ok(RpcPromise::pending(client.send_content(JS_RPC_TARGET, 0, Parcel::ask(ask), caps)))
}

/// Where the object called is to push streams it returns. One of this vat finds the vat's own.
fn pusher(client: &Client) -> Client {
    match client.here() {
        Some(here) => nobody(&here),
        None => Client::promised(client.mailbox(), |here| {
            nobody(here).lend(here).unwrap_or_else(|| here.with(|graph| graph.broken(gone())))
        }),
    }
}
