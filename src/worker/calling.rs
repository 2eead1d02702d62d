//! Calling: by name, on stubs, on properties, and on promises of either.

use std::future::{Future, IntoFuture};

use crate::rpc::Client;
use crate::runtime::{Local, gone};

use super::args::Args;
use super::ask::{Ask, Op};
use super::error::JsError;
use super::host::nobody;
use super::interface::JS_RPC_TARGET;
use super::lobby::Room;
use super::name::Name;
use super::parcel::Parcel;
use super::path::MethodPath;
use super::promise::RpcPromise;
use super::property::RpcProperty;
use super::stub::RpcStub;
use super::value::Checked;

impl RpcStub {
    /// Calls a method. The call is made at once, behind all made before it on this stub. (Rule 8)
    pub fn call(&self, name: impl Into<Name>, args: Args) -> RpcPromise {
        send(self, MethodPath::One(name.into()), Op::Call(args))
    }

    /// Calls the function it is a stub of.
    pub fn invoke(&self, args: Args) -> RpcPromise {
        send(self, MethodPath::Itself, Op::Call(args))
    }

    /// A property, to be awaited, called or gone on from.
    #[must_use]
    pub fn get(&self, name: impl Into<Name>) -> RpcProperty {
        RpcProperty::of(Ok(self.clone()), name)
    }
}

impl RpcProperty {
    /// Calls a method of what the property is.
    pub fn call(&self, name: impl Into<Name>, args: Args) -> RpcPromise {
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
    pub fn call(&self, name: impl Into<Name>, args: Args) -> Self {
        self.send(MethodPath::One(name.into()), Op::Call(args))
    }

    /// Calls the function that will come, without waiting for it.
    pub fn invoke(&self, args: Args) -> Self {
        self.send(MethodPath::Itself, Op::Call(args))
    }

    fn send(&self, path: MethodPath, op: Op) -> Self {
        let checked = match op.weigh() {
            Ok(checked) => checked,
            Err(why) => return Self::failed(why),
        };
        if checked.externals.is_empty()
            && let Some((here, before)) = self.waiting()
            && let Some(room) = Room::behind(&here, before)
        {
            return Self::kept(room.keep(path, op, checked.bytes));
        }
        let sent = self.root().and_then(|root| send_by_graph(&root, path, op, checked));
        sent.unwrap_or_else(Self::failed)
    }

    /// A property of what will come.
    #[must_use]
    pub fn get(&self, name: impl Into<Name>) -> RpcProperty {
        RpcProperty::of(self.root(), name)
    }
}

fn send(stub: &RpcStub, path: MethodPath, op: Op) -> RpcPromise {
    if let Some(here) = stub.0.home()
        && here.may_wait_in_lobby()
    {
        return match op.weigh() {
            Ok(checked) => send_home(&here, stub, path, op, checked),
            Err(why) => RpcPromise::failed(why),
        };
    }
    let sent = stub.client().and_then(|client| {
        let checked = op.weigh()?;
        send_to(stub, &client, path, op, checked)
    });
    sent.unwrap_or_else(RpcPromise::failed)
}

/// Calls what may be an object of this vat.
#[inline]
fn send_home(
    here: &Local,
    stub: &RpcStub,
    path: MethodPath,
    op: Op,
    checked: Checked,
) -> RpcPromise {
    if checked.externals.is_empty()
        && let Some(room) = Room::of_stub(here, &stub.0)
    {
        return RpcPromise::kept(room.keep(path, op, checked.bytes));
    }
    send_by_graph(stub, path, op, checked).unwrap_or_else(RpcPromise::failed)
}

/// Makes a call that does not wait in the lobby.
fn send_by_graph(
    stub: &RpcStub,
    path: MethodPath,
    op: Op,
    checked: Checked,
) -> Result<RpcPromise, JsError> {
    send_to(stub, &stub.client()?, path, op, checked)
}

fn send_to(
    stub: &RpcStub,
    client: &Client,
    path: MethodPath,
    op: Op,
    checked: Checked,
) -> Result<RpcPromise, JsError> {
    let pusher = if stub.0.stays(client) { None } else { Some(pusher(client)) };
    let (ask, caps) = Ask::checked(path, op, checked, client, pusher)?;
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
