//! A Worker that passes some requests on to another, which only its binding leads to. It serves HTTP on a port.

use bowline::runtime::Vat;
use bowline::transport::{Address, Listener};
use bowline::worker::http::{Body, Port, fetch};
use bowline::worker::{Ctx, JsError, Worker, rpc_target};
use http::{Request, Response, StatusCode};

/// The Worker with the heavy code.
struct Renderer;

#[rpc_target]
impl Renderer {
    #[rpc(fetch)]
    async fn handle(&self, request: Request<Body>) -> Result<Response<Body>, JsError> {
        Ok(Response::new(Body::from(format!("an image for {}", request.uri()))))
    }
}

/// The Worker in front.
struct Site(Ctx);

#[rpc_target]
impl Site {
    #[rpc(fetch)]
    async fn handle(&self, request: Request<Body>) -> Result<Response<Body>, JsError> {
        match request.uri().path() {
            "/" => Ok(Response::new(Body::from("Home"))),
            // The response comes back as it is, its body as it is read.
            "/api/og" => self.0.fetch("OG_WORKER", request).await,
            _ => {
                let mut response = Response::new(Body::from("Not found"));
                *response.status_mut() = StatusCode::NOT_FOUND;
                Ok(response)
            }
        }
    }
}

pub(crate) async fn run() -> Result<String, Box<dyn std::error::Error>> {
    let vat = Vat::local();
    let renderer = Worker::new("og-worker").entrypoint("default", |_| Renderer);
    let site = Worker::new("site").entrypoint("default", Site);
    site.bind("OG_WORKER", renderer.service("default")?);

    let mut listener = Listener::bind(&"tcp:127.0.0.1:0".parse::<Address>()?).await?;
    let at = listener.address().clone();
    let port = Port::new().fetch(site.service("default")?.handler(vat.here()));
    let visiting = async {
        let mut seen = Vec::new();
        for path in ["/", "/api/og?title=knots", "/admin"] {
            let request = Request::get(format!("http://site{path}")).body(Body::empty())?;
            let response = fetch(vat.here(), &at, request).await?;
            seen.push(response.into_body().text(1000).await?);
        }
        Ok(seen.join("; "))
    };
    tokio::select! {
        seen = visiting => seen,
        why = port.listen(vat.here(), &mut listener) => Err(why.into()),
        () = vat.tokio_driver() => Err("a driver has no end".into()),
    }
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{}", run().await?);
    Ok(())
}
