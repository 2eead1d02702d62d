//! A lodger is an object that takes calls of its own vat, and that the graph has not heard of.

use std::rc::Rc;

use crate::vat::{Cap, TargetId};

use super::directory::mailbox_of;
use super::dispatch::Dispatch;
use super::handle::leave;
use super::local::Local;
use super::mailbox::VatId;

/// The hold of an object of a vat. Many an object lives and dies by calls that never enter the graph: it has a node
/// there only once somebody asks for its capability. Usable from any thread; dropping it lets go of the object at the
/// vat's next turn.
#[derive(Debug)]
pub struct Lodger {
    vat: VatId,
    target: TargetId,
}

impl Local {
    /// Takes an object in. `None`: the vat has ended, and the object is dropped.
    #[inline]
    pub fn lodge(&self, object: Rc<dyn Dispatch>) -> Option<Lodger> {
        let target = self.place(object)?;
        Some(Lodger { vat: self.id(), target })
    }
}

impl Lodger {
    /// The vat it is in.
    #[must_use]
    #[inline]
    pub fn vat(&self) -> VatId {
        self.vat
    }

    /// Where it is found there, for as long as this or a capability of it lives.
    #[must_use]
    #[inline]
    pub fn target(&self) -> TargetId {
        self.target
    }

    /// Its capability, and the one reference the lodger had. `here` is its vat.
    #[must_use]
    pub fn settle(self, here: &Local) -> Cap {
        let cap = here.node_of(self.target);
        // The reference is the caller's from here on.
        std::mem::forget(self);
        cap
    }
}

impl Drop for Lodger {
    #[inline]
    fn drop(&mut self) {
        let target = self.target;
        match Local::find(self.vat) {
            Some(here) => here.vacate(target),
            None => leave(&mailbox_of(self.vat), move |here| here.vacate(target)),
        }
    }
}
