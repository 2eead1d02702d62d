//! Requests, responses and headers as values: what a call passes, as against what `fetch` does.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri};

use super::body::Body;
use crate::worker::error::JsError;
use crate::worker::stream::ReadableStream;
use crate::worker::value::{Guard, Headers, Value, View, value};

fn wrong(what: impl std::fmt::Display) -> JsError {
    JsError::type_error(what.to_string())
}

fn expected(what: &str, found: View<'_>) -> JsError {
    wrong(format_args!("expected {what}, found {}", found.type_name()))
}

impl From<Request<Body>> for Value {
    /// A `Request`: its URL, method, headers, and the body as a stream.
    fn from(request: Request<Body>) -> Self {
        let (parts, body) = request.into_parts();
        let init = value!({
            method: (parts.method.as_str()),
            headers: (Self::headers(headers_of(&parts.headers, Guard::Request))),
            body: (stream_of(body)),
        });
        Self::request(parts.uri.to_string(), init)
    }
}

impl From<Response<Body>> for Value {
    /// A `Response`: its status, headers, and the body as a stream.
    fn from(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let init = value!({
            status: (parts.status.as_u16()),
            statusText: (parts.status.canonical_reason().unwrap_or_default()),
            headers: (Self::headers(headers_of(&parts.headers, Guard::Response))),
        });
        Self::response(stream_of(body), init)
    }
}

impl From<&HeaderMap> for Value {
    /// `Headers` that may be changed.
    fn from(headers: &HeaderMap) -> Self {
        Self::headers(headers_of(headers, Guard::None))
    }
}

fn headers_of(headers: &HeaderMap, guard: Guard) -> Headers {
    // Bytes that are no text have no form as a value.
    let pair = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Headers { guard, entries: headers.iter().map(pair).collect() }
}

fn stream_of(body: Body) -> Value {
    match body.length() {
        Some(0) => Value::NULL,
        _ => ReadableStream::from(body).into(),
    }
}

impl TryFrom<&Value> for Request<Body> {
    type Error = JsError;

    /// Takes the request out of a value; its body is read by whoever took it first.
    ///
    /// # Errors
    ///
    /// A `TypeError`: it is no Request, a part of it is not HTTP, or its body was taken before.
    fn try_from(value: &Value) -> Result<Self, JsError> {
        let View::Request(from) = value.view() else {
            return Err(expected("a Request", value.view()));
        };
        let (url, init) = (from.url().to_string_lossy().into_owned(), from.init());
        let mut request = Self::new(body_of(part(init, "body"))?);
        *request.uri_mut() =
            url.parse::<Uri>().map_err(|_| wrong(format_args!("Invalid URL: {url}")))?;
        if let Some(method) = part(init, "method") {
            let name = method.as_str().ok_or_else(|| expected("a method", method))?;
            let name = name.to_string_lossy();
            let bad = |_| wrong(format_args!("Invalid HTTP method string: {name}"));
            *request.method_mut() = Method::from_bytes(name.as_bytes()).map_err(bad)?;
        }
        *request.headers_mut() = header_map(part(init, "headers"))?;
        Ok(request)
    }
}

impl TryFrom<&Value> for Response<Body> {
    type Error = JsError;

    /// Takes the response out of a value; its body is read by whoever took it first.
    ///
    /// # Errors
    ///
    /// A `TypeError`: it is no Response, a part of it is not HTTP, or its body was taken before. A `RangeError`:
    /// there is no such status.
    fn try_from(value: &Value) -> Result<Self, JsError> {
        let View::Response(from) = value.view() else {
            return Err(expected("a Response", value.view()));
        };
        let init = from.init();
        let mut response = Self::new(body_of(given(from.body()))?);
        if let Some(status) = part(init, "status") {
            *response.status_mut() = status_of(status)?;
        }
        *response.headers_mut() = header_map(part(init, "headers"))?;
        Ok(response)
    }
}

impl TryFrom<&Value> for Body {
    type Error = JsError;

    /// Takes the bytes of a stream, a buffer, a `Blob` or a string; `null` has none.
    ///
    /// # Errors
    ///
    /// A `TypeError`: it is none of these, or the stream was taken before.
    fn try_from(value: &Value) -> Result<Self, JsError> {
        body_of(given(value.view()))
    }
}

/// A part of an init object, if it is there.
fn part<'a>(init: View<'a>, name: &str) -> Option<View<'a>> {
    given(init.get(name)?)
}

fn given(view: View<'_>) -> Option<View<'_>> {
    Some(view).filter(|view| !matches!(view, View::Undefined | View::Null))
}

fn status_of(status: View<'_>) -> Result<StatusCode, JsError> {
    let number = status.as_f64().ok_or_else(|| expected("a status", status))?;
    // Truncated as JavaScript does it; what is out of range saturates, and is refused.
    StatusCode::from_u16(number as u16).map_err(|_| {
        let why = format!("The status of a Response is from 100 to 999, not {number}.");
        JsError::new("RangeError", why)
    })
}

fn header_map(from: Option<View<'_>>) -> Result<HeaderMap, JsError> {
    match from {
        None => Ok(HeaderMap::new()),
        Some(View::Headers(headers)) => map_of(headers.data()),
        Some(other) => Err(expected("Headers", other)),
    }
}

impl TryFrom<&Value> for HeaderMap {
    type Error = JsError;

    /// # Errors
    ///
    /// A `TypeError`: it is no Headers, or there is one that is not HTTP.
    fn try_from(value: &Value) -> Result<Self, JsError> {
        header_map(Some(value.view()))
    }
}

fn map_of(headers: &Headers) -> Result<HeaderMap, JsError> {
    let mut map = HeaderMap::with_capacity(headers.entries.len().min(Headers::COUNT_MAX as usize));
    for (name, value) in &headers.entries {
        let bad = || wrong(format_args!("Invalid header: {name}"));
        let known = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| bad())?;
        // There is room for 32768; a value has less.
        if map.try_append(known, value).is_err() {
            return Err(bad());
        }
    }
    Ok(map)
}

fn body_of(from: Option<View<'_>>) -> Result<Body, JsError> {
    Ok(match from {
        None => Body::empty(),
        Some(View::String(text)) => Body::from(text.to_string_lossy().into_owned()),
        Some(View::Blob(blob)) => Body::from(blob.data().bytes.clone()),
        Some(stream @ View::External(_)) => ReadableStream::take(&stream.to_value())?.into(),
        Some(View::ArrayBuffer(buffer)) => Body::from(buffer.bytes().clone()),
        Some(View::BufferView(view)) => Body::from(view.bytes()),
        Some(other) => return Err(expected("a body", other)),
    })
}
