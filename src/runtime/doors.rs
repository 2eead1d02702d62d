//! Who passes the doors of a vat is told to `tracing`, where the feature of that name is on.
//!
//! Connections and calls, messages, embargoes and limits are seen here, where they pass: the floors below know no clock, and
//! whoever subscribes has one. Without the feature every function here is empty. With it, and with nobody who
//! subscribes, each costs one look at a number. All is told under the target `bowline`:
//!
//! | what | level | fields |
//! |---|---|---|
//! | `connection opened` | info | `vat`, `link`, `peer` |
//! | `connection closed` | info | `vat`, `link`, `why` |
//! | `connection aborted` | warn | `vat`, `link`, `by` (`us`, `peer`), `why` |
//! | `call made` | debug | `vat`, `call`, `interface`, `method` |
//! | span `call` | debug | `vat`, `call`, `interface`, `method`; entered while its object runs for it |
//! | `call returned` | debug | `vat`, `call`, `outcome` (`results`, `exception`, `redirected`), `why` |
//! | `call cancelled` | debug | `vat`, `call` |
//! | `embargo set`, `embargo lifted` | debug | `vat`, `link`, `embargo` |
//! | `limit hit` | warn | `vat`, `link` or `call`, `why` |
//! | `reading paused`, `writing held` | debug | `vat`, `link` |
//! | `message received`, `message sent` | trace | `vat`, `link`, `message`, as `bowline decode` shows it |

use crate::transport::Transport;
use crate::vat::{CallId, LinkId, Outcome};
use crate::wire::{Exception, Message};

use super::dispatch::{Conclusion, Delivery, LocalFuture};
use super::mailbox::VatId;

#[cfg(feature = "tracing")]
use told as doors;
#[cfg(not(feature = "tracing"))]
use untold as doors;

/// Whether somebody wants to hear of each call.
#[inline]
pub(super) fn are_watched() -> bool {
    doors::are_watched()
}

/// A connection begins.
#[inline]
pub(super) fn opened(vat: VatId, link: LinkId, transport: &dyn Transport) {
    doors::opened(vat, link, transport);
}

/// A connection is over.
#[inline]
pub(super) fn closed(vat: VatId, link: LinkId, why: &Exception) {
    doors::closed(vat, link, why);
}

/// A call was made here.
#[inline]
pub(super) fn made(vat: VatId, call: CallId, method: (u64, u16)) {
    doors::made(vat, call, method);
}

/// A call was answered by its object.
#[inline]
pub(super) fn returned(vat: VatId, call: CallId, conclusion: &Conclusion) {
    doors::returned(vat, call, conclusion);
}

/// Nobody wants a delivered call any more.
#[inline]
pub(super) fn cancelled(vat: VatId, call: CallId) {
    doors::cancelled(vat, call);
}

/// Whoever made a call here took what came of it.
#[inline]
pub(super) fn collected(vat: VatId, call: CallId, outcome: &Outcome) {
    doors::collected(vat, call, outcome);
}

/// A peer sent a message.
#[inline]
pub(super) fn received(vat: VatId, link: LinkId, message: &Message) {
    doors::received(vat, link, message);
}

/// A message is handed to a transport.
#[inline]
pub(super) fn sent(vat: VatId, link: LinkId, message: &Message) {
    doors::sent(vat, link, message);
}

/// Too much of what a peer sent is unanswered, or of what was sent to it unread: it is not read for now.
#[inline]
pub(super) fn paused(vat: VatId, link: LinkId) {
    doors::paused(vat, link);
}

/// A transport has enough to write: it gets no more for now.
#[inline]
pub(super) fn held(vat: VatId, link: LinkId) {
    doors::held(vat, link);
}

/// As long as it is there, what is done is done within a span.
pub(super) struct Inside<'a> {
    _entered: doors::Entered<'a>,
}

/// The span of a call that is with its object.
pub(super) struct Within(doors::Span);

impl Within {
    #[inline]
    pub(super) fn new(vat: VatId, delivery: &Delivery) -> Self {
        Self(doors::span(vat, delivery))
    }

    /// What is done until this is dropped is done for the call.
    #[inline]
    pub(super) fn enter(&self) -> Inside<'_> {
        Inside { _entered: doors::enter(&self.0) }
    }

    /// Has all the rest run within, too.
    #[inline]
    pub(super) fn around<T: 'static>(self, future: LocalFuture<T>) -> LocalFuture<T> {
        doors::around(self.0, future)
    }
}

#[cfg(feature = "tracing")]
mod told {
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tracing::level_filters::LevelFilter;
    use tracing::{debug, debug_span, info, trace, warn};

    use super::{
        CallId, Conclusion, Delivery, Exception, LinkId, LocalFuture, Message, Outcome, Transport,
        VatId,
    };
    use crate::wire::{self, Context as Embargo, ExceptionKind};

    const TARGET: &str = "bowline";

    /// Whether anybody listens to anything: asked first, where it takes a look to know what to tell.
    #[inline]
    fn is_quiet() -> bool {
        LevelFilter::current() == LevelFilter::OFF
    }

    #[inline]
    pub(super) fn are_watched() -> bool {
        LevelFilter::current() >= LevelFilter::DEBUG
    }

    pub(super) fn opened(vat: VatId, link: LinkId, transport: &dyn Transport) {
        info!(target: TARGET, ?vat, link = link.index(), peer = %transport.peer(), "connection opened");
    }

    pub(super) fn closed(vat: VatId, link: LinkId, why: &Exception) {
        info!(target: TARGET, ?vat, link = link.index(), %why, "connection closed");
    }

    #[inline]
    pub(super) fn made(vat: VatId, call: CallId, method: (u64, u16)) {
        if !is_quiet() {
            tell_made(vat, call, method);
        }
    }

    #[cold]
    fn tell_made(vat: VatId, call: CallId, (interface, method): (u64, u16)) {
        debug!(target: TARGET, ?vat, ?call, interface, method, "call made");
    }

    #[inline]
    pub(super) fn returned(vat: VatId, call: CallId, conclusion: &Conclusion) {
        if !is_quiet() {
            tell_returned(vat, call, conclusion);
        }
    }

    #[cold]
    fn tell_returned(vat: VatId, call: CallId, conclusion: &Conclusion) {
        match conclusion {
            Conclusion::Return(Ok(_)) => {
                debug!(target: TARGET, ?vat, ?call, outcome = "results", "call returned");
            }
            Conclusion::Return(Err(why)) => {
                debug!(target: TARGET, ?vat, ?call, outcome = "exception", %why, "call returned");
            }
            Conclusion::Redirect(..) => {
                debug!(target: TARGET, ?vat, ?call, outcome = "redirected", "call returned");
            }
        }
    }

    pub(super) fn cancelled(vat: VatId, call: CallId) {
        debug!(target: TARGET, ?vat, ?call, "call cancelled");
    }

    #[inline]
    pub(super) fn collected(vat: VatId, call: CallId, outcome: &Outcome) {
        if !is_quiet() {
            tell_collected(vat, call, outcome);
        }
    }

    #[cold]
    fn tell_collected(vat: VatId, call: CallId, outcome: &Outcome) {
        if let Err(why) = outcome
            && why.kind() == ExceptionKind::Overloaded
        {
            warn!(target: TARGET, ?vat, ?call, %why, "limit hit");
        }
    }

    #[inline]
    pub(super) fn received(vat: VatId, link: LinkId, message: &Message) {
        if !is_quiet() {
            tell_received(vat, link, message);
        }
    }

    #[cold]
    fn tell_received(vat: VatId, link: LinkId, message: &Message) {
        trace!(target: TARGET, ?vat, link = link.index(), %message, "message received");
        look(vat, link, message, "peer");
    }

    #[inline]
    pub(super) fn sent(vat: VatId, link: LinkId, message: &Message) {
        if !is_quiet() {
            tell_sent(vat, link, message);
        }
    }

    #[cold]
    fn tell_sent(vat: VatId, link: LinkId, message: &Message) {
        trace!(target: TARGET, ?vat, link = link.index(), %message, "message sent");
        look(vat, link, message, "us");
    }

    /// Tells what a message means beyond itself.
    fn look(vat: VatId, link: LinkId, message: &Message, by: &str) {
        let link = link.index();
        match message {
            Message::Abort(why) => {
                warn!(target: TARGET, ?vat, link, by, %why, "connection aborted");
            }
            Message::Disembargo(lift) => match (lift.context, by) {
                (Embargo::SenderLoopback(id), "us") => {
                    debug!(target: TARGET, ?vat, link, embargo = %id, "embargo set");
                }
                (Embargo::ReceiverLoopback(id), "peer") => {
                    debug!(target: TARGET, ?vat, link, embargo = %id, "embargo lifted");
                }
                _ => {}
            },
            Message::Return(ret) => {
                if let wire::Outcome::Exception(why) = &ret.outcome
                    && why.kind() == ExceptionKind::Overloaded
                {
                    warn!(target: TARGET, ?vat, link, by, %why, "limit hit");
                }
            }
            _ => {}
        }
    }

    pub(super) fn paused(vat: VatId, link: LinkId) {
        debug!(target: TARGET, ?vat, link = link.index(), "reading paused");
    }

    pub(super) fn held(vat: VatId, link: LinkId) {
        debug!(target: TARGET, ?vat, link = link.index(), "writing held");
    }

    /// None where nobody wants to hear of it.
    pub(super) type Span = Option<tracing::Span>;

    #[inline]
    pub(super) fn span(vat: VatId, delivery: &Delivery) -> Span {
        if is_quiet() { None } else { begin(vat, delivery) }
    }

    #[cold]
    fn begin(vat: VatId, delivery: &Delivery) -> Span {
        let Delivery { call, interface, method, .. } = delivery;
        let span = debug_span!(target: TARGET, "call", ?vat, ?call, interface, method);
        (!span.is_disabled()).then_some(span)
    }

    /// Within a span until it is dropped.
    pub(super) type Entered<'a> = Option<tracing::span::Entered<'a>>;

    #[inline]
    pub(super) fn enter(span: &Span) -> Entered<'_> {
        span.as_ref().map(tracing::Span::enter)
    }

    #[inline]
    pub(super) fn around<T: 'static>(span: Span, future: LocalFuture<T>) -> LocalFuture<T> {
        match span {
            Some(span) => Box::pin(Spanned { span, future }),
            None => future,
        }
    }

    /// A future that runs within a span, and is dropped within it.
    struct Spanned<T> {
        span: tracing::Span,
        future: LocalFuture<T>,
    }

    impl<T> Future for Spanned<T> {
        type Output = T;

        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
            let Self { span, future } = self.get_mut();
            span.in_scope(|| future.as_mut().poll(cx))
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod untold {
    use std::marker::PhantomData;

    use super::{
        CallId, Conclusion, Delivery, Exception, LinkId, LocalFuture, Message, Outcome, Transport,
        VatId,
    };

    /// None.
    #[derive(Clone, Copy)]
    pub(super) struct Span;

    pub(super) const fn are_watched() -> bool {
        false
    }

    pub(super) const fn opened(_: VatId, _: LinkId, _: &dyn Transport) {}
    pub(super) const fn closed(_: VatId, _: LinkId, _: &Exception) {}
    pub(super) const fn made(_: VatId, _: CallId, _: (u64, u16)) {}
    pub(super) const fn returned(_: VatId, _: CallId, _: &Conclusion) {}
    pub(super) const fn cancelled(_: VatId, _: CallId) {}
    pub(super) const fn collected(_: VatId, _: CallId, _: &Outcome) {}
    pub(super) const fn received(_: VatId, _: LinkId, _: &Message) {}
    pub(super) const fn sent(_: VatId, _: LinkId, _: &Message) {}
    pub(super) const fn paused(_: VatId, _: LinkId) {}
    pub(super) const fn held(_: VatId, _: LinkId) {}
    pub(super) const fn span(_: VatId, _: &Delivery) -> Span {
        Span
    }

    /// Nothing is entered, and nothing left.
    pub(super) struct Entered<'a>(PhantomData<&'a Span>);

    #[inline]
    pub(super) const fn enter(_: &Span) -> Entered<'_> {
        Entered(PhantomData)
    }

    #[inline]
    pub(super) fn around<T: 'static>(_: Span, future: LocalFuture<T>) -> LocalFuture<T> {
        future
    }
}
