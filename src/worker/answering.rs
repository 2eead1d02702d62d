//! A request that an entrypoint is answering.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use http::Request;

use crate::runtime::{LocalFuture, Polled};

use super::ctx::Ctx;
use super::error::JsError;
use super::http::{Body, Fetched};
use super::target::RpcTarget;

/// An invocation that is a request: it fails when its context is aborted, and a panic is its failure alone.
pub(super) struct Answering {
    /// Until it is done.
    answer: Option<LocalFuture<Fetched>>,
    ctx: Ctx,
}

impl Answering {
    pub(super) fn new(target: Rc<dyn RpcTarget>, ctx: Ctx, request: Request<Body>) -> Self {
        let answer: LocalFuture<Fetched> = Box::pin(async move { target.fetch(request).await });
        Self { answer: Some(answer), ctx }
    }
}

impl Future for Answering {
    type Output = Fetched;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Fetched> {
        let Some(answer) = self.answer.take() else { return Poll::Pending };
        let answered = match Polled::of(answer, cx) {
            Polled::Ready(answered) => Poll::Ready(answered),
            Polled::Panicked => Poll::Ready(Err(JsError::error("the object panicked"))),
            Polled::Pending(answer) => {
                self.answer = Some(answer);
                Poll::Pending
            }
        };
        match self.ctx.poll_aborted(cx) {
            Some(why) => {
                self.answer = None;
                Poll::Ready(Err(why))
            }
            None => answered,
        }
    }
}
