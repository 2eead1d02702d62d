//! Clients that are connected anew when what they stood for is gone.

use capnp::capability::FromClientHook;

use crate::rpc::{Reconnector, connecting_lazily, reconnecting};

/// Sets by hand what a reconnecting client stands for.
pub trait SetTarget<C> {
    /// One more of it, for the same client.
    fn add_ref(&self) -> Box<dyn SetTarget<C>>;

    /// Calls made from here on go to `target`.
    fn set_target(&self, target: C);
}

impl<C> Clone for Box<dyn SetTarget<C>> {
    fn clone(&self) -> Self {
        self.as_ref().add_ref()
    }
}

impl<C: 'static> SetTarget<C> for Reconnector<C> {
    fn add_ref(&self) -> Box<dyn SetTarget<C>> {
        Box::new(self.clone())
    }

    fn set_target(&self, target: C) {
        Self::set_target(self, target);
    }
}

/// A client of what `connect` gives, which is asked again whenever a call has failed with
/// `disconnected`: see [`reconnecting`].
///
/// # Errors
///
/// Those of `connect`, when it is first asked.
pub fn auto_reconnect<F, C>(connect: F) -> capnp::Result<(C, Box<dyn SetTarget<C>>)>
where
    F: FnMut() -> capnp::Result<C>,
    F: 'static,
    C: FromClientHook,
    C: 'static,
{
    let (client, reconnector) = reconnecting(connect)?;
    Ok((client, Box::new(reconnector)))
}

/// As [`auto_reconnect`], with `connect` asked for the first time when the client is first used.
pub fn lazy_auto_reconnect<F, C>(connect: F) -> (C, Box<dyn SetTarget<C>>)
where
    F: FnMut() -> capnp::Result<C>,
    F: 'static,
    C: FromClientHook,
    C: 'static,
{
    let (client, reconnector) = connecting_lazily(connect);
    (client, Box::new(reconnector))
}
