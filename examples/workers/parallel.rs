//! A page is put together from three services, which are asked at the same time.

use bowline::runtime::Vat;
use bowline::worker::{Ctx, JsError, Worker, rpc_interface, rpc_target};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Product {
    name: String,
    price: f64,
}

struct UserService;

#[rpc_target]
impl UserService {
    async fn get_user(&self, id: u32) -> String {
        format!("user {id}")
    }
}

struct ProductService;

#[rpc_target]
impl ProductService {
    async fn get_products(&self) -> Vec<Product> {
        [("rope", 12.5), ("shackle", 3.25)]
            .map(|(name, price)| Product { name: name.to_owned(), price })
            .into()
    }
}

struct RecommendationService;

#[rpc_target]
impl RecommendationService {
    async fn get_recommendations(&self, user_id: u32) -> Vec<String> {
        vec![format!("a knot for user {user_id}")]
    }
}

#[rpc_interface]
trait Users {
    async fn get_user(&self, id: u32) -> String;
}

#[rpc_interface]
trait Products {
    async fn get_products(&self) -> Vec<Product>;
}

#[rpc_interface]
trait Recommendations {
    async fn get_recommendations(&self, user_id: u32) -> Vec<String>;
}

struct Shop(Ctx);

#[rpc_target]
impl Shop {
    async fn page(&self, user_id: u32) -> Result<String, JsError> {
        let users = Users::from(self.0.service("USER_SERVICE")?);
        let products = Products::from(self.0.service("PRODUCT_SERVICE")?);
        let recommendations = Recommendations::from(self.0.service("RECOMMENDATION_SERVICE")?);
        let (user, products, recommended) = futures::try_join!(
            users.get_user(user_id),
            products.get_products(),
            recommendations.get_recommendations(user_id),
        )?;
        let total: f64 = products.iter().map(|product| product.price).sum();
        let names: Vec<_> = products.into_iter().map(|product| product.name).collect();
        Ok(format!("{user}: {} for {total}, and {}", names.join(", "), recommended.join(", ")))
    }
}

#[rpc_interface]
trait Front {
    async fn page(&self, user_id: u32) -> String;
}

pub(crate) async fn run() -> Result<String, JsError> {
    let vat = Vat::local();
    let users = Worker::new("users").entrypoint("default", |_| UserService);
    let products = Worker::new("products").entrypoint("default", |_| ProductService);
    let recommendations =
        Worker::new("recommendations").entrypoint("default", |_| RecommendationService);
    let shop = Worker::new("shop").entrypoint("default", Shop);
    shop.bind("USER_SERVICE", users.service("default")?);
    shop.bind("PRODUCT_SERVICE", products.service("default")?);
    shop.bind("RECOMMENDATION_SERVICE", recommendations.service("default")?);

    Front::from(shop.service("default")?.stub(vat.here())).page(7).await
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), JsError> {
    println!("{}", run().await?);
    Ok(())
}
