//! Serving HTTP/1.1 on a connection.

use std::rc::Rc;

use http::header::HOST;
use http::uri::{Authority, Scheme, Uri};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;

use super::body::Body;
use super::clock::Clock;
use super::error::BodyError;
use super::io::Io;
use super::target::Fetch;
use crate::transport::ByteStream;
use crate::transport::http::HeadLimits;

/// Answers the requests on a connection, one after the other, until either side ends it. A handler that panics ends
/// the connection. Needs a tokio runtime with a clock.
///
/// # Errors
///
/// The peer's bytes are no HTTP, or the connection is lost within a request or response.
pub async fn serve_connection<S: ByteStream + Send + 'static>(
    stream: S,
    target: Rc<dyn Fetch>,
    limits: &HeadLimits,
) -> Result<(), BodyError> {
    let service = service_fn(move |request: Request<Incoming>| {
        let target = Rc::clone(&target);
        async move { Ok::<_, std::convert::Infallible>(answer(target, request).await) }
    });
    let mut http = Builder::new();
    http.timer(Clock)
        .header_read_timeout(limits.idle_max)
        .max_headers(limits.lines_max)
        .max_header_size(limits.bytes_max);
    let serving = http.serve_connection(Io::new(stream), service);
    serving.with_upgrades().await.map_err(BodyError::of)
}

async fn answer(target: Rc<dyn Fetch>, request: Request<Incoming>) -> Response<Body> {
    let Some(request) = with_whole_url(request) else {
        return told(StatusCode::BAD_REQUEST, "The request has no host.\n");
    };
    match target.fetch(request.map(Body::stream)).await {
        Ok(response) => response,
        // What went wrong is nobody's business out there.
        Err(_) => told(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error\n"),
    }
}

fn told(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

/// The request with its scheme and host in the URL, as whoever made it had it.
fn with_whole_url<B>(mut request: Request<B>) -> Option<Request<B>> {
    if request.uri().authority().is_some() || request.method() == Method::CONNECT {
        return Some(request);
    }
    let host = request.headers().get(HOST)?;
    let host = Authority::try_from(host.as_bytes()).ok()?;
    let mut parts = request.uri().clone().into_parts();
    (parts.scheme, parts.authority) = (Some(Scheme::HTTP), Some(host));
    *request.uri_mut() = Uri::from_parts(parts).ok()?;
    Some(request)
}
