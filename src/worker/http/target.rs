//! What answers requests.

use std::future::Future;
use std::rc::Rc;

use http::{Request, Response};

use super::body::Body;
use crate::runtime::LocalFuture;
use crate::worker::error::JsError;

/// The `fetch` handler of an entrypoint. It lives on the thread of its vat and need not be `Send`.
///
/// The URL of a request is whole: with its scheme and host. Closures are handlers.
pub trait Fetch: 'static {
    /// Answers a request. Dropping the future cancels it: whoever asked has gone.
    ///
    /// What it fails with is told to whoever asked as a `500 Internal Server Error` with no more words.
    ///
    /// For a WebSocket, answer with `101 Switching Protocols` and take the connection with
    /// [`upgrade`](super::upgrade()), which is ready once the response is written; for a `CONNECT`, with `200 OK`.
    fn fetch(
        self: Rc<Self>,
        request: Request<Body>,
    ) -> LocalFuture<Result<Response<Body>, JsError>>;
}

impl<F, A> Fetch for F
where
    F: Fn(Request<Body>) -> A + 'static,
    A: Future<Output = Result<Response<Body>, JsError>> + 'static,
{
    fn fetch(
        self: Rc<Self>,
        request: Request<Body>,
    ) -> LocalFuture<Result<Response<Body>, JsError>> {
        Box::pin((*self)(request))
    }
}

/// What comes of a request.
pub(in crate::worker) type Fetched = Result<Response<Body>, JsError>;

/// Why there is no response: the runtime's words.
pub(in crate::worker) fn no_handler() -> JsError {
    JsError::error("Handler does not export a fetch() function.")
}
