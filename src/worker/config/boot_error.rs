//! What is wrong with a binding, found before anything is called.

use std::fmt;

use super::near::guess;

/// A binding leads nowhere. It names the binding, the service and, if there is one, the name that may have been
/// meant. (C-Y3, rule 74)
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BootError {
    /// There is no service of that name, here or in the address book.
    UnknownService {
        /// The name in `env`.
        binding: String,
        /// The name that nobody has.
        service: String,
        /// A name somebody has.
        near: Option<String>,
    },
    /// The service has no such entrypoint.
    UnknownEntrypoint {
        /// The name in `env`.
        binding: String,
        /// The service.
        service: String,
        /// The name that none of its entrypoints has; the default one if it is `None`.
        entrypoint: Option<String>,
        /// A name one of them has.
        near: Option<String>,
    },
    /// The service is at an address that offers one entrypoint only, and nobody knows that it is this one.
    EntrypointFixed {
        /// The name in `env`.
        binding: String,
        /// The service.
        service: String,
        /// The entrypoint that cannot be asked for.
        entrypoint: String,
        /// Where the service is.
        address: String,
    },
    /// Two Workers of one process have the same name.
    TwoWorkers {
        /// The name.
        name: String,
    },
    /// The props cannot be sent.
    BadProps {
        /// The name in `env`.
        binding: String,
        /// Why.
        why: String,
    },
    /// The service is at an address where nothing carries props.
    PropsFixed {
        /// The name in `env`.
        binding: String,
        /// The service.
        service: String,
        /// Where it is.
        address: String,
    },
}

impl fmt::Display for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownService { binding, service, near } => write!(
                f,
                "binding {binding:?} refers to a service {service:?}, but no such service is known{}",
                guess(near.as_deref())
            ),
            Self::UnknownEntrypoint { binding, service, entrypoint: None, near } => write!(
                f,
                "binding {binding:?} refers to service {service:?}, but {service:?} has no default entrypoint{}",
                guess(near.as_deref())
            ),
            Self::UnknownEntrypoint { binding, service, entrypoint: Some(entrypoint), near } => {
                write!(
                    f,
                    "binding {binding:?} refers to service {service:?} with a named entrypoint {entrypoint:?}, but \
                 {service:?} has no such named entrypoint{}",
                    guess(near.as_deref())
                )
            }
            Self::EntrypointFixed { binding, service, entrypoint, address } => write!(
                f,
                "binding {binding:?} refers to service {service:?} with a named entrypoint {entrypoint:?}, but \
                 {address} offers one entrypoint only: give the address of {}, or a debug port",
                format!("{service}#{entrypoint}").escape_debug()
            ),
            Self::TwoWorkers { name } => write!(f, "two workers have the name {name:?}"),
            Self::BadProps { binding, why } => {
                write!(f, "binding {binding:?} has props that cannot be sent: {why}")
            }
            Self::PropsFixed { binding, service, address } => write!(
                f,
                "binding {binding:?} has props for service {service:?}, but {address} takes none: they are fixed \
                 there; only a debug port takes them"
            ),
        }
    }
}

impl std::error::Error for BootError {}
