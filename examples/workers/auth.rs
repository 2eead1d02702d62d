//! A gateway asks an auth service, which only bindings lead to, who somebody is, and what they may.

use bowline::runtime::Vat;
use bowline::worker::{Ctx, JsError, Worker, rpc_interface, rpc_target};
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

#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    status: u16,
    body: String,
}

struct Gateway(Ctx);

#[rpc_target]
impl Gateway {
    async fn handle(&self, authorization: Option<String>) -> Result<Answer, JsError> {
        let auth = Auth::from(self.0.service("AUTH")?);
        let verified = auth.verify_token(&authorization.unwrap_or_default()).await?;
        let Some(user) = verified.user_id.filter(|_| verified.valid) else {
            return Ok(Answer { status: 401, body: "Unauthorized".to_owned() });
        };
        let roles = auth.get_user_roles(&user).await?;
        Ok(Answer { status: 200, body: format!("{user}: {}", roles.join(", ")) })
    }
}

#[rpc_interface]
trait Api {
    async fn handle(&self, authorization: Option<&str>) -> Answer;
}

pub(crate) async fn run() -> Result<String, JsError> {
    let vat = Vat::local();
    let auth = Worker::new("auth-service").entrypoint("default", |_| AuthService);
    let gateway = Worker::new("api-gateway").entrypoint("default", Gateway);
    gateway.bind("AUTH", auth.service("default")?);

    let api = Api::from(gateway.service("default")?.stub(vat.here()));
    let (known, unknown) = (api.handle(Some("Bearer of ann")).await?, api.handle(None).await?);
    Ok(format!("{} {}; {} {}", known.status, known.body, unknown.status, unknown.body))
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), JsError> {
    println!("{}", run().await?);
    Ok(())
}
