//! Certificates of an authority of one's own, and a double of Redis Enterprise's REST API that uses them.
//!
//! ```
//! use failover_testkit::tls::Authority;
//!
//! let authority = Authority::new();
//! let server = authority.server(["localhost", "127.0.0.1"]);
//! assert!(authority.pem().starts_with("-----BEGIN CERTIFICATE-----"));
//! assert!(server.certificate_pem().starts_with("-----BEGIN CERTIFICATE-----"));
//! ```

mod authority;

pub use authority::{Authority, Identity};
