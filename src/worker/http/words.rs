//! Requests and responses as messages: methods and common headers are numbers there.

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};

use super::body::Body;
use crate::schema::http_over_capnp_capnp::{
    CommonHeaderName, CommonHeaderValue, HttpMethod, http_header, http_request, http_response,
};

/// How many headers are read: each costs two strings.
const HEADERS_MAX: u32 = 1024;

/// Methods by their number.
const METHODS: [&str; 28] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "PURGE",
    "OPTIONS",
    "TRACE",
    "COPY",
    "LOCK",
    "MKCOL",
    "MOVE",
    "PROPFIND",
    "PROPPATCH",
    "SEARCH",
    "UNLOCK",
    "ACL",
    "REPORT",
    "MKACTIVITY",
    "CHECKOUT",
    "MERGE",
    "M-SEARCH",
    "NOTIFY",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "QUERY",
    "BAN",
];

/// Headers by their number, which begins at 1.
const COMMON: [&str; 47] = [
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "accept",
    "access-control-allow-origin",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "link",
    "location",
    "max-forwards",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "referer",
    "refresh",
    "retry-after",
    "server",
    "set-cookie",
    "strict-transport-security",
    "transfer-encoding",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
];

fn wrong(what: &str) -> capnp::Error {
    capnp::Error::failed(format!("jsg.TypeError: {what}"))
}

/// How long a body is, as far as that is known beforehand.
pub(super) fn length_of(headers: &HeaderMap, body: &Body) -> Option<u64> {
    let said = headers.get(http::header::CONTENT_LENGTH);
    body.length().or_else(|| said?.to_str().ok()?.parse().ok())
}

/// A request without its body, and how long that is.
pub(super) fn read_request(
    from: http_request::Reader<'_>,
) -> capnp::Result<(Request<()>, Option<u64>)> {
    let method = from.get_method().map_err(|_| wrong("Invalid HTTP method."))?;
    let method = METHODS.get(method as usize).copied().unwrap_or_default();
    let method =
        Method::from_bytes(method.as_bytes()).map_err(|_| wrong("Invalid HTTP method."))?;
    let url = from.get_url()?.to_str()?;
    let request = Request::builder().method(method).uri(url).body(());
    let mut request = request.map_err(|_| wrong(&format!("Invalid URL: {url}")))?;
    *request.headers_mut() = read_headers(from.get_headers()?)?;
    let length = match from.get_body_size().which()? {
        http_request::body_size::Unknown(()) => None,
        http_request::body_size::Fixed(bytes) => Some(bytes),
    };
    Ok((request, length))
}

pub(super) fn write_request(
    request: &Request<()>,
    length: Option<u64>,
    mut to: http_request::Builder<'_>,
) -> capnp::Result<()> {
    let method = METHODS.iter().position(|known| *known == request.method().as_str());
    let method = method.and_then(|at| HttpMethod::try_from(u16::try_from(at).ok()?).ok());
    to.set_method(method.ok_or_else(|| wrong("Invalid HTTP method."))?);
    to.set_url(request.uri().to_string().as_str());
    write_headers(request.headers(), |count| to.reborrow().init_headers(count))?;
    if let Some(length) = length {
        to.init_body_size().set_fixed(length);
    }
    Ok(())
}

/// A response without its body, and how long that is.
pub(super) fn read_response(
    from: http_response::Reader<'_>,
) -> capnp::Result<(Response<()>, Option<u64>)> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(from.get_status_code())
        .map_err(|_| wrong("The status of a response is from 100 to 999."))?;
    *response.headers_mut() = read_headers(from.get_headers()?)?;
    let length = match from.get_body_size().which()? {
        http_response::body_size::Unknown(()) => None,
        http_response::body_size::Fixed(bytes) => Some(bytes),
    };
    Ok((response, length))
}

pub(super) fn write_response(
    response: &Response<()>,
    length: Option<u64>,
    mut to: http_response::Builder<'_>,
) -> capnp::Result<()> {
    to.set_status_code(response.status().as_u16());
    write_headers(response.headers(), |count| to.reborrow().init_headers(count))?;
    if let Some(length) = length {
        to.init_body_size().set_fixed(length);
    }
    Ok(())
}

fn read_headers(
    from: capnp::struct_list::Reader<'_, http_header::Owned>,
) -> capnp::Result<HeaderMap> {
    if from.len() > HEADERS_MAX {
        return Err(wrong(&format!("over the limit of {HEADERS_MAX} headers")));
    }
    let mut headers = HeaderMap::with_capacity(from.len() as usize);
    for header in from {
        let (name, value) = read_header(header)?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn read_header(from: http_header::Reader<'_>) -> capnp::Result<(HeaderName, HeaderValue)> {
    let bad = |_| wrong("Invalid header value.");
    match from.which()? {
        http_header::Common(common) => {
            let number = common.get_name().map_or(0, |name| name as usize);
            let name = number.checked_sub(1).and_then(|at| COMMON.get(at));
            let name = name.ok_or_else(|| wrong("Invalid header name."))?;
            let value = match common.which()? {
                http_header::common::CommonValue(Ok(CommonHeaderValue::GzipDeflate)) => {
                    HeaderValue::from_static("gzip, deflate")
                }
                http_header::common::CommonValue(_) => return Err(wrong("Invalid header value.")),
                http_header::common::Value(value) => {
                    HeaderValue::from_bytes(value?.as_bytes()).map_err(bad)?
                }
            };
            Ok((HeaderName::from_static(name), value))
        }
        http_header::Uncommon(pair) => {
            let pair = pair?;
            let name = HeaderName::from_bytes(pair.get_name()?.as_bytes());
            let name = name.map_err(|_| wrong("Invalid header name."))?;
            Ok((name, HeaderValue::from_bytes(pair.get_value()?.as_bytes()).map_err(bad)?))
        }
    }
}

fn write_headers<'a>(
    headers: &HeaderMap,
    init: impl FnOnce(u32) -> capnp::struct_list::Builder<'a, http_header::Owned>,
) -> capnp::Result<()> {
    let count = u32::try_from(headers.len()).map_err(|_| wrong("too many headers"))?;
    let mut list = init(count);
    for (at, (name, value)) in (0..count).zip(headers) {
        let text = str::from_utf8(value.as_bytes()).map_err(|_| wrong("Invalid header value."))?;
        let common = COMMON.iter().position(|known| *known == name.as_str());
        let common =
            common.and_then(|at| CommonHeaderName::try_from(u16::try_from(at + 1).ok()?).ok());
        let header = list.reborrow().get(at);
        if let Some(name) = common {
            let mut common = header.init_common();
            common.set_name(name);
            common.set_value(text);
        } else {
            let mut pair = header.init_uncommon();
            pair.set_name(name.as_str());
            pair.set_value(text);
        }
    }
    Ok(())
}
