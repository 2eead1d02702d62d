//! The `fetch` of a gateway asks an auth service, which only bindings lead to, who somebody is, and what they may.

use bowline::runtime::Vat;
use bowline::worker::http::Body;
use bowline::worker::{Ctx, JsError, Worker, rpc_interface, rpc_target};
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verified {
    valid: bool,
    user_id: Option<String>,
}

struct AuthService;

#[rpc_target]
impl AuthService {
    async fn verify_token(&self, token: &str) -> Verified {
        let user_id = token.strip_prefix("Bearer of ").map(str::to_owned);
        Verified { valid: user_id.is_some(), user_id }
    }

    async fn get_user_roles(&self, user_id: &str) -> Vec<String> {
        match user_id {
            "ann" => vec!["reader".to_owned(), "writer".to_owned()],
            _ => vec!["reader".to_owned()],
        }
    }
}

#[rpc_interface]
trait Auth {
    async fn verify_token(&self, token: &str) -> Verified;
    async fn get_user_roles(&self, user_id: &str) -> Vec<String>;
}

struct Gateway(Ctx);

#[rpc_target]
impl Gateway {
    #[rpc(fetch)]
    async fn handle(&self, request: Request<Body>) -> Result<Response<Body>, JsError> {
        let auth = Auth::from(self.0.service("AUTH")?);
        let token = request.headers().get(AUTHORIZATION).and_then(|token| token.to_str().ok());
        let verified = auth.verify_token(token.unwrap_or_default()).await?;
        let Some(user) = verified.user_id.filter(|_| verified.valid) else {
            let mut response = Response::new(Body::from("Unauthorized"));
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            return Ok(response);
        };
        let roles = auth.get_user_roles(&user).await?;
        Ok(Response::new(Body::from(format!("{user}: {}", roles.join(", ")))))
    }
}

pub(crate) async fn run() -> Result<String, Box<dyn std::error::Error>> {
    let vat = Vat::local();
    let auth = Worker::new("auth-service").entrypoint("default", |_| AuthService);
    let gateway = Worker::new("api-gateway").entrypoint("default", Gateway);
    gateway.bind("AUTH", auth.service("default")?);
    let gateway = gateway.service("default")?;

    let mut told = Vec::new();
    for token in ["Bearer of ann", "guessed"] {
        let request = Request::get("http://gateway/").header(AUTHORIZATION, token);
        let response = gateway.fetch(vat.here(), request.body(Body::empty())?).await?;
        told.push(format!("{} {}", response.status(), response.into_body().text(1000).await?));
    }
    Ok(told.join("; "))
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{}", run().await?);
    Ok(())
}
