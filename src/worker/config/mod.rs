//! A binding is a name in a Worker's `env` for an entrypoint of another: which, says a `wrangler.jsonc` or code.
//!
//! A [`ServiceBinding`] is what stands in the `services` of a Worker; a `WorkerConfig` (with the feature `wrangler`)
//! reads them from a file. A [`Directory`] knows the Workers of this process and, in its [`AddressBook`], where
//! others are found; it resolves each binding to a [`Destination`], or says what is wrong with it before anything
//! is called.
//!
//! ```
//! use bowline::worker::config::{AddressBook, Destination, Directory, Entrypoints, ServiceBinding};
//!
//! let mut directory = Directory::new(AddressBook::new().with("store", "debug://127.0.0.1:9000")?);
//! directory.add("auth", Entrypoints::known(["Admin"]))?;
//!
//! let binding = ServiceBinding::new("AUTH", "auth").entrypoint("Admin");
//! assert!(matches!(directory.resolve(&binding)?, Destination::Here { service: "auth", .. }));
//! let binding = ServiceBinding::new("STORE", "store").entrypoint("Reader");
//! assert!(matches!(directory.resolve(&binding)?, Destination::There(_)));
//!
//! let wrong = directory.resolve(&ServiceBinding::new("AUTH", "auht")).unwrap_err();
//! assert_eq!(
//!     wrong.to_string(),
//!     r#"binding "AUTH" refers to a service "auht", but no such service is known; did you mean "auth"?"#
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod boot_error;
mod directory;
mod entrypoints;
mod near;
mod service;

#[cfg(feature = "wrangler")]
mod error;
#[cfg(feature = "wrangler")]
mod exports;
#[cfg(feature = "wrangler")]
mod jsonc;
#[cfg(feature = "wrangler")]
mod read;
#[cfg(feature = "wrangler")]
mod toml;
#[cfg(feature = "wrangler")]
mod tree;
#[cfg(feature = "wrangler")]
mod worker;

pub use address::{AddressBook, BadAddress, ServiceAddress};
pub use boot_error::BootError;
pub use directory::{Destination, Directory};
pub use entrypoints::Entrypoints;
pub use service::ServiceBinding;

#[cfg(feature = "wrangler")]
pub use error::ConfigError;
#[cfg(feature = "wrangler")]
pub use worker::{Format, WorkerConfig};
