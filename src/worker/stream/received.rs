//! A readable stream that came in a value.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_channel::oneshot;

use crate::rpc::{Client, on};
use crate::runtime::{Local, Mailbox, gone};
use crate::wire::Exception;
use crate::worker::heard::while_heard;
use crate::worker::value::Value;

use super::canceler;
use super::error::StreamError;
use super::pusher::{Thing, claim};
use super::source::Source;

/// The end that is read, and how to tell who writes that it is read no further.
pub(super) struct Received {
    reading: Reading,
    canceler: Option<Client>,
    /// The vat its bytes come to.
    mailbox: Arc<Mailbox>,
}

enum Reading {
    Source(Box<dyn Source>),
    /// It is not known yet what the value refers to.
    Awaited(oneshot::Receiver<Result<Box<dyn Source>, Exception>>),
    Over,
}

impl Received {
    /// The stream that `source` names, which was pushed to its vat.
    pub(super) fn new(source: Client, canceler: Option<Client>) -> Result<Self, Exception> {
        let mailbox = Arc::clone(source.mailbox());
        let claimed = match source.here() {
            Some(here) => claimed(&here, &source)?,
            None => None,
        };
        let reading = match claimed {
            Some(source) => Reading::Source(source),
            None => Reading::Awaited(later(source)),
        };
        Ok(Self { reading, canceler, mailbox })
    }
}

fn claimed(here: &Local, source: &Client) -> Result<Option<Box<dyn Source>>, Exception> {
    match claim(here, source)? {
        Some(Thing::Stream(mut source)) => {
            source.claimed();
            Ok(Some(source))
        }
        Some(Thing::Signal(_)) => Err(Exception::failed("what was pushed is no byte stream")),
        None => Ok(None),
    }
}

/// The same once it is known what the value refers to, if anybody still reads it then. What it refers to may be the
/// result of a call that never returns, which is not to be kept by those who wait for it.
fn later(named: Client) -> oneshot::Receiver<Result<Box<dyn Source>, Exception>> {
    let (mut tell, hear) = oneshot::channel();
    let mailbox = Arc::clone(named.mailbox());
    on(&mailbox, move |here| {
        let there = here.clone();
        here.spawn(Box::pin(async move {
            let settled = while_heard(&mut tell, named.settled()).await;
            let Some(settled) = settled else { return };
            let claimed = settled.and_then(|()| claimed(&there, &named));
            let none = || Exception::failed("what the value refers to was not pushed here");
            // Nobody may be left to read it.
            let _ = tell.send(claimed.and_then(|source| source.ok_or_else(none)));
        }));
    });
    hear
}

impl Received {
    fn poll_reading(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, StreamError>>> {
        loop {
            match &mut self.reading {
                Reading::Source(source) => {
                    let next = ready!(source.poll_next(cx));
                    if !matches!(next, Some(Ok(_))) {
                        self.reading = Reading::Over;
                    }
                    return Poll::Ready(next);
                }
                Reading::Over => return Poll::Ready(None),
                Reading::Awaited(hear) => {
                    let heard = ready!(Pin::new(hear).poll(cx)).unwrap_or_else(|_| Err(gone()));
                    match heard {
                        Ok(source) => self.reading = Reading::Source(source),
                        Err(why) => {
                            self.reading = Reading::Over;
                            return Poll::Ready(Some(Err(why.into())));
                        }
                    }
                }
            }
        }
    }
}

impl Source for Received {
    /// Who waits for bytes drives their vat, as one who awaits a promise does.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, StreamError>>> {
        if let Poll::Ready(next) = self.poll_reading(cx) {
            return Poll::Ready(next);
        }
        let Some(here) = Local::find(self.mailbox.id()) else { return Poll::Pending };
        here.pump(cx.waker());
        self.poll_reading(cx)
    }

    fn length(&self) -> Option<u64> {
        if let Reading::Source(source) = &self.reading { source.length() } else { None }
    }

    fn cancel(mut self: Box<Self>, reason: Value) {
        // Said before the writes fail, which would say less.
        if let Some(canceler) = self.canceler.take() {
            canceler::cancel(&canceler, &reason);
        }
        if let Reading::Source(source) = std::mem::replace(&mut self.reading, Reading::Over) {
            source.cancel(reason);
        }
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if let Some(canceler) = self.canceler.take()
            && !matches!(self.reading, Reading::Over)
        {
            canceler::cancel(&canceler, &Value::UNDEFINED);
        }
    }
}
