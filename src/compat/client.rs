//! Clients of objects on this thread: hosted ones, broken ones, and ones that will be known later.

use std::future::Future;
use std::rc::Rc;

use capnp::capability::{Client, FromClientHook, FromServer};

use crate::rpc::{self, ambient, exception, serve_shared};

/// Hosts an object in the vat of this thread and gives its client.
pub fn new_client<C, S>(s: S) -> C
where
    C: FromServer<S>,
{
    new_client_from_rc(Rc::new(s))
}

/// Hosts an object that is shared with its owner.
pub fn new_client_from_rc<C, S>(s: Rc<S>) -> C
where
    C: FromServer<S>,
{
    serve_shared(&ambient(), s)
}

/// A capability on which every call fails with `error`, and what is pipelined on one as well.
pub fn new_broken_cap(error: capnp::Error) -> Client {
    Client::new(rpc::Client::broken(&ambient(), exception(error)).hook())
}

/// A client that stands for what `client_future` will bring. Calls wait for that, in order.
///
/// The future runs to its end as part of the vat of this thread, whether a call waits for it or not.
pub fn new_future_client<T>(
    client_future: impl Future<Output = Result<T, capnp::Error>> + 'static,
) -> T
where
    T: FromClientHook,
{
    let here = ambient();
    let (promise, resolver) = rpc::Client::promise(&here);
    here.spawn(Box::pin(async move {
        let settled = client_future.await;
        let settled = settled.map(|cap| rpc::Client::from_hook(cap.as_client_hook()));
        resolver.resolve(settled.map_err(exception));
    }));
    T::new(promise.hook())
}
