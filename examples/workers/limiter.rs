//! An API asks a rate limiter, which keeps count for all who ask, before it answers.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use bowline::runtime::Vat;
use bowline::worker::http::Body;
use bowline::worker::{Ctx, JsError, Worker, rpc_interface, rpc_target};
use http::{Request, Response};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Checked {
    allowed: bool,
    remaining: u32,
}

/// An instance is made for every call; the counts outlive it.
struct RateLimiter(Rc<RefCell<HashMap<String, u32>>>);

#[rpc_target]
impl RateLimiter {
    async fn check_limit(&self, key: String, limit: u32) -> Checked {
        let mut counts = self.0.borrow_mut();
        let count = counts.entry(key).or_default();
        *count += 1;
        Checked { allowed: *count <= limit, remaining: limit.saturating_sub(*count) }
    }
}

#[rpc_interface]
trait Limiter {
    async fn check_limit(&self, key: &str, limit: u32) -> Checked;
}

struct Api(Ctx);

#[rpc_target]
impl Api {
    #[rpc(fetch)]
    async fn handle(&self, request: Request<Body>) -> Result<Response<Body>, JsError> {
        let from = request.headers().get("x-from").and_then(|from| from.to_str().ok());
        let limiter = Limiter::from(self.0.service("RATE_LIMITER")?);
        let Checked { allowed, remaining } =
            limiter.check_limit(from.unwrap_or("unknown"), 2).await?;
        let response = Response::builder()
            .status(if allowed { 200 } else { 429 })
            .header("x-ratelimit-remaining", remaining);
        let said = if allowed { "Success" } else { "Rate limit exceeded" };
        response.body(Body::from(said)).map_err(|why| JsError::of(&why))
    }
}

pub(crate) async fn run() -> Result<String, Box<dyn std::error::Error>> {
    let vat = Vat::local();
    let counts = Rc::default();
    let limiter =
        Worker::new("rate-limiter").entrypoint("default", move |_| RateLimiter(Rc::clone(&counts)));
    let api = Worker::new("api").entrypoint("default", Api);
    api.bind("RATE_LIMITER", limiter.service("default")?);
    let api = api.service("default")?;

    let mut told = Vec::new();
    for from in ["ann", "ann", "bob", "ann"] {
        let request = Request::get("http://api/").header("x-from", from).body(Body::empty())?;
        let response = api.fetch(vat.here(), request).await?;
        told.push(format!("{from} {}", response.status().as_u16()));
    }
    Ok(told.join(", "))
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{}", run().await?);
    Ok(())
}
