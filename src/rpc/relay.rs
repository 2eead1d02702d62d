//! A relay is a vat in the middle: what the far side offers is offered on to the near side.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use crate::conn::Config;
use crate::runtime::Local;
use crate::transport::Transport;
use crate::wire::Exception;

use super::connect::Link;

/// Two connections of one vat, of which the near one offers what the peer of the far one offers.
///
/// Every capability that passes is forwarded, in either direction, and comes to be what it came to be
/// at its source: promises stay promises, calls go on before what they are pipelined on is
/// back (C-Q5), order is kept (C-E1), hints (C-H6), exceptions (C-X2) and content that is not
/// understood here (C-D8) are passed on, and what one side gives up is given back to the other.
///
/// Dropping it leaves the connections as they are; see [`over`](Self::over).
#[derive(Clone)]
pub struct Relay {
    near: Link,
    far: Link,
}

/// Which side of a relay ended first, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelayEnd {
    /// The side that called.
    Near(Exception),
    /// The side that was called.
    Far(Exception),
}

impl Relay {
    /// Puts the vat `here` between whoever is behind `near` and whoever is behind `far`.
    ///
    /// The far side is asked for its bootstrap capability at once.
    pub fn between(
        here: &Local,
        near: impl Transport + 'static,
        far: impl Transport + 'static,
        config: &Config,
    ) -> Self {
        let far = Link::connect(here, far, config.clone(), None);
        let near = Link::connect(here, near, config.clone(), Some(&far.bootstrap()));
        Self { near, far }
    }

    /// The connection to the side that is offered something.
    #[must_use]
    pub const fn near(&self) -> &Link {
        &self.near
    }

    /// The connection to the side that offers it.
    #[must_use]
    pub const fn far(&self) -> &Link {
        &self.far
    }

    /// Ready when one connection is over and the other was ended with it.
    ///
    /// A far side that ended is told to the near one, with the reason, in an Abort behind all that
    /// came from it before. A near side that ended has nothing to say: the far one is hung up on.
    ///
    /// To be awaited on the vat's thread. Cancel safe.
    pub async fn over(&self) -> RelayEnd {
        let (mut near, mut far) = (pin!(self.near.closed()), pin!(self.far.closed()));
        let end = poll_fn(|cx| {
            if let Poll::Ready(why) = near.as_mut().poll(cx) {
                return Poll::Ready(RelayEnd::Near(why));
            }
            far.as_mut().poll(cx).map(RelayEnd::Far)
        })
        .await;
        match &end {
            RelayEnd::Near(why) => self.far.hang_up(why.clone()),
            RelayEnd::Far(why) => self.near.abort(why.clone()),
        }
        end
    }
}
