//! Borders: somebody of the vat's thread decides what crosses a membrane.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crate::vat::{Admission, Asks, CallId, Cap, Crosser, Crossing, MembraneId, Side};
use crate::wire::Exception;

use super::local::Local;
use super::quiet::drop_quietly;
use super::turn::{During, NESTED_DRAINS_MAX};

/// Decides what crosses a membrane. It may use the vat as it likes, but nothing is delivered before
/// it has decided.
pub trait Border {
    /// A call would cross. The reference of its target stays with the caller.
    fn cross(&self, crosser: &Crosser) -> Crossing;

    /// A capability of `side` would cross. Its reference stays with the caller.
    fn admit(&self, side: Side, cap: Cap) -> Admission;
}

/// The borders of a vat, by the numbers of their membranes. A membrane that is gone may have left
/// its number to another before its border is dismissed.
#[derive(Default)]
struct Borders(RefCell<BTreeMap<u32, Guarded>>);

type Guarded = (MembraneId, Rc<dyn Border>);

impl Local {
    /// A membrane whose border is guarded. The caller gets its one reference.
    pub fn border(&self, asks: Asks, border: Rc<dyn Border>) -> MembraneId {
        let membrane = self.with(|graph| graph.membrane(asks));
        let borders = self.slot::<Borders>();
        let before = borders.0.borrow_mut().insert(membrane.index(), (membrane, border));
        drop(before);
        membrane
    }

    fn border_of(&self, membrane: MembraneId) -> Option<Rc<dyn Border>> {
        let borders = self.slot::<Borders>();
        let known = borders.0.borrow().get(&membrane.index()).cloned();
        known.filter(|(of, _)| *of == membrane).map(|(_, border)| border)
    }

    pub(super) fn judge(&self, membrane: MembraneId, call: CallId, crosser: &Crosser) {
        let border = self.border_of(membrane);
        let crossing = match border {
            Some(border) => self.undisturbed(|| border.cross(crosser)),
            None => Ok(Crossing::Refused(unguarded())),
        };
        let crossing = crossing.unwrap_or_else(Crossing::Refused);
        self.with(|graph| graph.cross(call, crosser.target, crossing));
    }

    pub(super) fn admit(&self, membrane: MembraneId, side: Side, cap: Cap, promise: Cap) {
        let border = self.border_of(membrane);
        let admission = match border {
            Some(border) => self.undisturbed(|| border.admit(side, cap)),
            None => Ok(Admission::Refused(unguarded())),
        };
        let admission = admission.unwrap_or_else(Admission::Refused);
        self.with(|graph| graph.admit(promise, cap, admission));
    }

    /// Nothing else is delivered while a border decides: it would overtake what is decided about.
    fn undisturbed<T>(&self, decide: impl FnOnce() -> T) -> Result<T, Exception> {
        let _during = During::new(&self.inner().depth, NESTED_DRAINS_MAX);
        catch_unwind(AssertUnwindSafe(decide))
            .map_err(|_| Exception::failed("the policy of a membrane panicked"))
    }

    pub(super) fn dismiss(&self, membrane: MembraneId) {
        let borders = self.slot::<Borders>();
        let mut known = borders.0.borrow_mut();
        if known.get(&membrane.index()).is_some_and(|(of, _)| *of == membrane) {
            let border = known.remove(&membrane.index());
            drop(known);
            drop_quietly(border);
        }
    }
}

fn unguarded() -> Exception {
    Exception::failed("nobody decides what crosses the membrane")
}
