//! HTTP as Workers have it: an entrypoint takes a request and gives a response, bodies stream.
//!
//! Feature `http`. Requests and responses are those of the `http` crate, with a [`Body`]. A [`Port`] serves one port:
//! vats to those who CONNECT to one of its hosts, HTTP/1.1 to all others, who reach a [`Fetch`]. [`fetch`] is the other
//! side: it makes a request of whoever serves HTTP at an address, such as a Worker behind a socket of `workerd`. (C-K6)
//! Elsewhere requests are calls ([`over_calls`], C-K7). A service has both: [`Service::fetch`](super::Service::fetch).
//!
//! ```
//! use std::rc::Rc;
//!
//! use bowline::runtime::Vat;
//! use bowline::transport::{Address, Listener};
//! use bowline::worker::JsError;
//! use bowline::worker::http::{Body, Port, fetch};
//! use http::{Request, Response};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let vat = Vat::local();
//! let port = Port::new().fetch(Rc::new(|request: Request<Body>| async move {
//!     let asked = request.uri().path().to_owned();
//!     Ok::<_, JsError>(Response::new(Body::from(format!("Ahoy, {asked}!"))))
//! }));
//! let mut listener = Listener::bind(&"tcp:127.0.0.1:0".parse::<Address>()?).await?;
//! let at = listener.address().clone();
//! let asking = async {
//!     let response = fetch(vat.here(), &at, Request::get("http://any/name").body(Body::empty())?).await?;
//!     Ok::<_, Box<dyn std::error::Error>>(response.into_body().text(1 << 20).await?)
//! };
//! tokio::select! {
//!     told = asking => assert_eq!(told?, "Ahoy, /name!"),
//!     why = port.listen(vat.here(), &mut listener) => return Err(why.into()),
//!     () = vat.tokio_driver() => {}
//! }
//! # Ok(())
//! # }
//! ```

mod ask;
mod body;
mod clock;
mod error;
mod io;
mod over_ask;
mod over_serve;
mod port;
mod serve;
mod target;
mod upgrade;
mod values;
mod words;

pub use ask::{fetch, fetch_over, to_address};
pub use body::Body;
pub use error::BodyError;
pub use over_ask::over_calls;
pub(super) use over_serve::http_service;
pub use port::Port;
pub use serve::serve_connection;
pub use target::Fetch;
pub(super) use target::{Fetched, no_handler};
pub use upgrade::{Upgraded, upgrade};
