//! A gateway answers requests. It asks an auth service, which only bindings lead to, who somebody is, and what they
//! may.

use bowline::runtime::Vat;
use bowline::worker::http::Body;
use bowline::worker::{Ctx, JsError, Service, Worker, rpc_interface, rpc_target};
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Request, Response, StatusCode, Uri};
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
    async fn fetch(&self, request: Request<Body>) -> Result<Response<Body>, JsError> {
        let auth = Auth::from(self.0.service("AUTH")?);
        let token = request.headers().get(AUTHORIZATION).and_then(|token| token.to_str().ok());
        let verified = auth.verify_token(token.unwrap_or_default()).await?;
        let Some(user) = verified.user_id.filter(|_| verified.valid) else {
            return Ok(answer(StatusCode::UNAUTHORIZED, "Unauthorized".to_owned()));
        };
        let roles = auth.get_user_roles(&user).await?;
        Ok(answer(StatusCode::OK, format!("{user}: {}", roles.join(", "))))
    }
}

fn answer(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

/// What somebody with that token, or without one, is told.
async fn ask(vat: &Vat, gateway: &Service, token: Option<&str>) -> Result<String, JsError> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = Uri::from_static("https://api.test/me");
    if let Some(token) = token {
        let token = HeaderValue::from_str(token).map_err(|why| JsError::of(&why))?;
        request.headers_mut().insert(AUTHORIZATION, token);
    }
    let response = gateway.fetch(vat.here(), request).await?;
    let status = response.status().as_u16();
    Ok(format!("{status} {}", response.into_body().text(1000).await?))
}

pub(crate) async fn run() -> Result<String, JsError> {
    let vat = Vat::local();
    let auth = Worker::new("auth-service").entrypoint("default", |_| AuthService);
    let gateway = Worker::new("api-gateway").entrypoint("default", Gateway);
    gateway.bind("AUTH", auth.service("default")?);

    let api = gateway.service("default")?;
    let known = ask(&vat, &api, Some("Bearer of ann")).await?;
    Ok(format!("{known}; {}", ask(&vat, &api, None).await?))
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), JsError> {
    println!("{}", run().await?);
    Ok(())
}
