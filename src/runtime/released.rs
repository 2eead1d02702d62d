//! What destructors gave up, until the next turn.

use std::any::Any;
use std::rc::Rc;

use crate::vat::{CallId, Cap, Graph, MembraneId, Payload, TargetId};

use super::dispatch::Dispatch;
use super::targets::Targets;

/// What a destructor gave up.
pub(super) enum Release {
    Cap(Cap),
    Result(CallId),
    Pipeline(CallId),
    /// In a box: it is rare, and all are moved about.
    Payload(Box<Payload>),
    Membrane(MembraneId),
    /// The hold of whoever [placed](super::targets::Targets::insert) an object.
    Hold(TargetId),
    /// What is dropped where foreign code may run.
    Litter(#[expect(dead_code, reason = "it is there to be dropped")] Box<dyn Any>),
    /// The same, for an object.
    Object(#[expect(dead_code, reason = "it is there to be dropped")] Rc<dyn Dispatch>),
}

impl Release {
    /// Gives back what is the graph's. What is left is there to be dropped.
    pub(super) fn give_back(&mut self, graph: &mut Graph, targets: &mut Targets) {
        match self {
            Self::Cap(cap) => graph.release(*cap),
            Self::Result(call) => graph.drop_result(*call),
            Self::Pipeline(call) => graph.drop_pipeline(*call),
            Self::Payload(payload) => graph.release_caps(std::mem::take(&mut payload.caps)),
            Self::Membrane(membrane) => graph.release_membrane(*membrane),
            Self::Hold(target) => {
                if let Some(object) = targets.vacate(*target, graph) {
                    *self = Self::Object(object);
                }
            }
            Self::Litter(_) | Self::Object(_) => {}
        }
    }
}
