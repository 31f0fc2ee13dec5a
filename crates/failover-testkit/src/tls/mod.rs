//! Certificates of an authority of one's own, and a double of Redis Enterprise's REST API that uses them.
//!
//! ```
//! use failover_testkit::tls::{Authority, RestApi, RestDatabase};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let authority = Authority::new();
//! let identity = authority.server(["localhost", "127.0.0.1"]);
//! assert!(identity.certificate_pem().starts_with("-----BEGIN CERTIFICATE-----"));
//!
//! let api = RestApi::builder(&identity).auth_basic("admin", "secret").start().await?;
//! api.put(RestDatabase::new(1).dns_name("redis-12000.cluster.local").port(12000));
//! assert!(api.url().starts_with("https://127.0.0.1:"));
//! # Ok(())
//! # }
//! ```

mod authority;
mod rest;

pub use authority::{Authority, Identity};
pub use rest::{Answer, RestApi, RestApiBuilder, RestDatabase};
