//! HTTP as calls, asked: an entrypoint that is reached as a capability, as a handler.

use std::cell::Cell;
use std::rc::Rc;

use capnp::capability::FromClientHook;
use futures_channel::oneshot;
use http::{Request, Response};

use super::body::Body;
use super::target::Fetch;
use super::words::{length_of, read_response, write_request};
use crate::rpc::{Client, exception, serve};
use crate::runtime::{Local, LocalFuture};
use crate::schema::byte_stream_capnp::byte_stream;
use crate::schema::http_over_capnp_capnp::http_service::{self, client_request_context};
use crate::schema::worker_capnp::workerd_bootstrap;
use crate::wire::Exception;
use crate::worker::error::JsError;
use crate::worker::exception::caught;
use crate::worker::stream;

/// The `fetch` of an entrypoint that is reached as a capability (`WorkerdBootstrap`), such as a debug port gives:
/// each request is an event of its own. Behind a CONNECT of `workerd` it is not to be had; there HTTP is spoken beside.
pub fn over_calls(here: &Local, bootstrap: &Client) -> Rc<dyn Fetch> {
    Rc::new(OverCalls {
        here: here.clone(),
        bootstrap: FromClientHook::new(bootstrap.clone().hook()),
    })
}

struct OverCalls {
    here: Local,
    bootstrap: workerd_bootstrap::Client,
}

impl Fetch for OverCalls {
    fn fetch(
        self: Rc<Self>,
        request: Request<Body>,
    ) -> LocalFuture<Result<Response<Body>, JsError>> {
        let dispatcher = self.bootstrap.start_event_request().send().pipeline.get_dispatcher();
        let http = dispatcher.get_http_service_request().send().pipeline.get_http();
        let here = self.here.clone();
        Box::pin(async move { send(&here, http, request).await.map_err(|why| caught(&why)) })
    }
}

async fn send(
    here: &Local,
    http: http_service::Client,
    request: Request<Body>,
) -> Result<Response<Body>, Exception> {
    let (parts, body) = request.into_parts();
    let length = length_of(&parts.headers, &body);
    let (tell, hear) = oneshot::channel();
    let context = Context { here: here.clone(), tell: Cell::new(Some(tell)) };
    let mut call = http.request_request();
    let mut params = call.get();
    let head = Request::from_parts(parts, ());
    write_request(&head, length, params.reborrow().init_request()).map_err(exception)?;
    params.set_context(serve(here, context));
    let call = call.send();
    let (fail, mut failed) = oneshot::channel();
    if length != Some(0) {
        let to = Client::from_hook(&*call.pipeline.get_request_body().into_client_hook());
        let body = body.watched(fail);
        here.spawn(Box::pin(async move {
            // Whoever answers may do so without reading it all.
            let _unread = body.pipe_to(stream::writing_to(to)).await;
        }));
    }
    let mut promise = call.promise;
    let (response, over) = tokio::select! {
        biased;
        Ok(heard) = hear => heard,
        // It is over without a response: this says why.
        over = &mut promise => return Err(match over {
            Err(why) => exception(why),
            Ok(_) => Exception::failed("jsg.Error: no response was given"),
        }),
        // Half a request is none: it is cancelled.
        Ok(why) = &mut failed => return Err(Exception::failed(format!("jsg.Error: {why}"))),
    };
    here.spawn(Box::pin(async move {
        // The request is over with its body; whoever reads no more of that cancels it.
        tokio::select! {
            _ = promise => {}
            _ = over => {}
            Ok(_) = failed => {}
        }
        drop(http);
    }));
    Ok(response)
}

/// Takes the response, once, and what hears when its body is read no more.
type Tell = oneshot::Sender<(Response<Body>, oneshot::Receiver<()>)>;

/// What the answering side calls.
struct Context {
    here: Local,
    tell: Cell<Option<Tell>>,
}

impl client_request_context::Server for Context {
    async fn start_response(
        self: Rc<Self>,
        params: client_request_context::StartResponseParams,
        mut results: client_request_context::StartResponseResults,
    ) -> capnp::Result<()> {
        let again = || capnp::Error::failed("jsg.Error: the response was given before".to_owned());
        let tell = self.tell.take().ok_or_else(again)?;
        let (head, length) = read_response(params.get()?.get_response()?)?;
        let (reading, over) = oneshot::channel();
        let body = if length == Some(0) {
            Body::empty()
        } else {
            let (write, body) = Body::pipe_of(length);
            let sink = stream::byte_stream(&self.here, &write)
                .map_err(|why| capnp::Error::failed(format!("jsg.Error: {why}")))?;
            results.get().set_body(byte_stream::Client::new(sink.hook()));
            body
        };
        // Nobody may be left to be told.
        let _ = tell.send((head.map(|()| body.read_while(reading)), over));
        Ok(())
    }
}
