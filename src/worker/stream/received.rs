//! A readable stream that came in a value.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_channel::oneshot;

use crate::rpc::Client;
use crate::runtime::{Local, gone};
use crate::wire::Exception;
use crate::worker::value::Value;

use super::canceler;
use super::error::StreamError;
use super::pipe::PipeReader;
use super::pusher::{Thing, claim};
use super::source::Source;

/// The end that is read, and how to tell who writes that it is read no further.
pub(super) struct Received {
    reading: Reading,
    canceler: Option<Client>,
}

enum Reading {
    Pipe(PipeReader),
    /// It is not known yet what the value refers to.
    Awaited(oneshot::Receiver<Result<PipeReader, Exception>>),
    Over,
}

impl Received {
    /// The stream that `source` names, which was pushed to the vat `here`.
    pub(super) fn new(
        here: &Local,
        source: Client,
        canceler: Option<Client>,
    ) -> Result<Self, Exception> {
        let reading = match claimed(here, &source)? {
            Some(pipe) => Reading::Pipe(pipe),
            None => Reading::Awaited(later(here, source)),
        };
        Ok(Self { reading, canceler })
    }
}

fn claimed(here: &Local, source: &Client) -> Result<Option<PipeReader>, Exception> {
    Ok(match claim(here, source)? {
        Some(Thing::Stream(pipe)) => {
            pipe.widen();
            Some(pipe)
        }
        Some(Thing::Signal(_)) => {
            return Err(Exception::failed("what was pushed is no byte stream"));
        }
        None => None,
    })
}

fn later(here: &Local, source: Client) -> oneshot::Receiver<Result<PipeReader, Exception>> {
    let (tell, hear) = oneshot::channel();
    let there = here.clone();
    here.spawn(Box::pin(async move {
        let settled = source.settled().await;
        let claimed = settled.and_then(|()| claimed(&there, &source));
        let none = || Exception::failed("what the value refers to was not pushed here");
        // Nobody may be left to read it.
        let _ = tell.send(claimed.and_then(|pipe| pipe.ok_or_else(none)));
    }));
    hear
}

impl Source for Received {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, StreamError>>> {
        loop {
            match &mut self.reading {
                Reading::Pipe(pipe) => return pipe.poll_next(cx),
                Reading::Over => return Poll::Ready(None),
                Reading::Awaited(hear) => {
                    let heard = ready!(Pin::new(hear).poll(cx)).unwrap_or_else(|_| Err(gone()));
                    match heard {
                        Ok(pipe) => self.reading = Reading::Pipe(pipe),
                        Err(why) => {
                            self.reading = Reading::Over;
                            return Poll::Ready(Some(Err(why.into())));
                        }
                    }
                }
            }
        }
    }

    fn length(&self) -> Option<u64> {
        if let Reading::Pipe(pipe) = &self.reading { pipe.length() } else { None }
    }

    fn cancel(mut self: Box<Self>, reason: Value) {
        // Said before the writes fail, which would say less.
        if let Some(canceler) = self.canceler.take() {
            canceler::cancel(&canceler, &reason);
        }
        if let Reading::Pipe(pipe) = std::mem::replace(&mut self.reading, Reading::Over) {
            Box::new(pipe).cancel(reason);
        }
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        let over = match &self.reading {
            Reading::Pipe(pipe) => pipe.is_over(),
            Reading::Awaited(_) => false,
            Reading::Over => true,
        };
        if let Some(canceler) = self.canceler.take()
            && !over
        {
            canceler::cancel(&canceler, &Value::UNDEFINED);
        }
    }
}
