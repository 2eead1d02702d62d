//! Looking: which object stands behind a capability.

use crate::vat::Cap;

use super::local::Local;

impl Local {
    /// The address of the object behind a capability, if it is hosted here and has one
    /// ([`Dispatch::address`](super::dispatch::Dispatch::address)); promises are followed as far as
    /// they are resolved. It means this object for as long as the capability is held.
    #[must_use]
    pub fn address_of(&self, cap: Cap) -> Option<usize> {
        let target = self.with(|graph| graph.target_of(cap))?;
        self.target(target)?.address()
    }
}
