//! A debug port reaches every entrypoint of a process by name, with props the caller chooses.
//!
//! [`DebugPort`] asks one (`workerd --debug-port=HOST:PORT`, for one); [`serve`] answers as one. Behind it there is no
//! CONNECT: what the port offers to whoever connects is the debug port itself. It gives away all that the process
//! serves, so it is for testing, and for ports that only oneself reaches.

mod ask;
mod error;
mod props;
mod serve;

pub use ask::DebugPort;
pub use error::PropsError;
pub use props::Props;
pub use serve::{Asked, NotFound, serve};
