//! HTTP as calls, served: a handler as a capability.

use std::rc::Rc;

use capnp::capability::FromClientHook;
use http::StatusCode;

use super::body::Body;
use super::target::Fetch;
use super::words::{length_of, read_request, write_response};
use crate::rpc::{Client, error, serve};
use crate::runtime::Local;
use crate::schema::byte_stream_capnp::byte_stream;
use crate::schema::http_over_capnp_capnp::http_service::{self, client_request_context};
use crate::worker::exception::thrown;
use crate::worker::stream::{self, ReadableStream, StreamError};

/// A handler as an `HttpService`: what an event gives that is an HTTP request.
pub(in crate::worker) fn http_service(here: &Local, target: Rc<dyn Fetch>) -> http_service::Client {
    serve(here, Served { here: here.clone(), target })
}

struct Served {
    here: Local,
    target: Rc<dyn Fetch>,
}

impl http_service::Server for Served {
    async fn request(
        self: Rc<Self>,
        params: http_service::RequestParams,
        mut results: http_service::RequestResults,
    ) -> capnp::Result<()> {
        let params = params.get()?;
        let context = params.get_context()?;
        let (request, length) = read_request(params.get_request()?)?;
        let body = if length == Some(0) {
            Body::empty()
        } else {
            let (write, body) = Body::pipe_of(length);
            let sink = stream::byte_stream(&self.here, &write).map_err(|why| unread(&why))?;
            results.get().set_request_body(byte_stream::Client::new(sink.hook()));
            body
        };
        // The body comes while the request is being answered.
        results.set_pipeline()?;
        let response = Rc::clone(&self.target).fetch(request.map(|()| body)).await;
        // The caller is told what it was, as of any call.
        let response = response.map_err(|why| error(&thrown(&why)))?;
        respond(&context, response).await
    }
}

async fn respond(
    context: &client_request_context::Client,
    response: http::Response<Body>,
) -> capnp::Result<()> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let why = "jsg.Error: WebSockets are not served over calls here";
        return Err(capnp::Error::failed(why.to_owned()));
    }
    let (parts, body) = response.into_parts();
    let length = length_of(&parts.headers, &body);
    let head = http::Response::from_parts(parts, ());
    let mut starting = context.start_response_request();
    write_response(&head, length, starting.get().init_response())?;
    let starting = starting.send();
    if length == Some(0) {
        return starting.promise.await.map(drop);
    }
    let to = starting.pipeline.get_body();
    let to = Client::from_hook(&*to.into_client_hook());
    // Who reads no more, or not to the end, knows.
    let _known_there = ReadableStream::from(body).pipe_to(stream::writing_to(to)).await;
    starting.promise.await.map(drop)
}

fn unread(why: &StreamError) -> capnp::Error {
    capnp::Error::failed(format!("jsg.Error: {why}"))
}
