//! Making requests.

use std::rc::Rc;

use http::header::HOST;
use http::uri::{PathAndQuery, Uri};
use http::{HeaderValue, Request, Response};
use hyper::client::conn::http1::Builder;

use super::body::Body;
use super::io::Io;
use super::target::Fetch;
use crate::runtime::{Local, LocalFuture};
use crate::transport::{Address, ByteStream, Socket};
use crate::wire::Exception;
use crate::worker::error::JsError;
use crate::worker::exception::caught;

/// Makes a request of whoever serves HTTP/1.1 at `address`, on a connection of its own: `env.SVC.fetch()`, where the
/// service is a Worker behind a socket. The host in the URL becomes the `Host` header; nobody looks it up.
///
/// The connection lasts as long as the body of the response. Dropping either cancels the request. A response of
/// `101 Switching Protocols` gives its connection to [`upgrade`](super::upgrade()).
///
/// # Errors
///
/// A `TypeError`: the URL has no host. Otherwise the connection is lost, or what answers is no HTTP
/// ([`is_retryable`](JsError::is_retryable)).
pub async fn fetch(
    here: &Local,
    address: &Address,
    request: Request<Body>,
) -> Result<Response<Body>, JsError> {
    let request = with_host(request)?;
    let socket = Socket::connect(address).await.map_err(lost)?;
    send(here, socket, request).await
}

/// Makes a request as [`fetch`] does, on a connection that there is.
///
/// # Errors
///
/// As [`fetch`].
pub async fn fetch_over<S: ByteStream + Send + 'static>(
    here: &Local,
    stream: S,
    request: Request<Body>,
) -> Result<Response<Body>, JsError> {
    send(here, stream, with_host(request)?).await
}

async fn send<S: ByteStream + Send + 'static>(
    here: &Local,
    stream: S,
    request: Request<Body>,
) -> Result<Response<Body>, JsError> {
    let (mut sender, connection) = Builder::new().handshake(Io::new(stream)).await.map_err(lost)?;
    here.spawn(Box::pin(async move {
        // Who waits for the response, or for its body, learns of it there.
        let _told_there = connection.with_upgrades().await;
    }));
    let response = sender.send_request(request).await.map_err(lost)?;
    Ok(response.map(Body::stream))
}

fn lost(why: impl std::error::Error) -> JsError {
    caught(&Exception::disconnected(why.to_string()))
}

/// The request with the host of its URL in a header, and the path alone in its place.
fn with_host(mut request: Request<Body>) -> Result<Request<Body>, JsError> {
    let no_host = || JsError::type_error(format!("Invalid URL: {}", request.uri()));
    let host = request.uri().authority().ok_or_else(no_host)?.as_str();
    // What stands before an @ is for whoever logs in, and no part of the host.
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = HeaderValue::from_str(host).map_err(|_| no_host())?;
    let path = request.uri().path_and_query().cloned();
    let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
    request.headers_mut().insert(HOST, host);
    *request.uri_mut() = Uri::from(path);
    Ok(request)
}

/// Whoever serves HTTP/1.1 at `address`, as a handler: what a service binding to a Worker behind a socket needs
/// besides its calls. See [`fetch`].
#[must_use]
pub fn to_address(here: &Local, address: Address) -> Rc<dyn Fetch> {
    Rc::new(ToAddress { here: here.clone(), address })
}

struct ToAddress {
    here: Local,
    address: Address,
}

impl Fetch for ToAddress {
    fn fetch(
        self: Rc<Self>,
        request: Request<Body>,
    ) -> LocalFuture<Result<Response<Body>, JsError>> {
        Box::pin(async move { fetch(&self.here, &self.address, request).await })
    }
}
