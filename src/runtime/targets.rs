//! The objects of a vat, each in its place.

use std::rc::Rc;

use crate::conn::make_room;
use crate::vat::{Cap, Graph, TargetId};

use super::dispatch::Dispatch;

/// The objects of a vat.
#[derive(Default)]
pub(super) struct Targets {
    places: Vec<Option<Place>>,
    free: Vec<u32>,
}

struct Place {
    object: Rc<dyn Dispatch>,
    /// What stands for it in the graph. `None`: it lodges here, and nothing there refers to it.
    node: Option<Cap>,
}

impl Targets {
    /// Gives an object a place.
    #[inline]
    pub(super) fn insert(&mut self, object: Rc<dyn Dispatch>) -> TargetId {
        if let Some(index) = self.free.pop() {
            // In bounds: only places that are there are listed as free. The place is made where it stays.
            self.places[index as usize] = Some(Place { object, node: None });
            return TargetId(index);
        }
        let len = self.places.len();
        make_room(&mut self.places, len + 1);
        self.places.push(Some(Place { object, node: None }));
        TargetId(u32::try_from(self.places.len() - 1).expect("memory ends before 2^32 objects"))
    }

    #[inline]
    fn at(&self, target: TargetId) -> Option<&Place> {
        self.places.get(target.0 as usize)?.as_ref()
    }

    /// This stands for the object in the graph.
    pub(super) fn settle(&mut self, target: TargetId, node: Cap) {
        if let Some(Some(place)) = self.places.get_mut(target.0 as usize) {
            place.node = Some(node);
        }
    }

    /// An object.
    #[inline]
    pub(super) fn object(&self, target: TargetId) -> Option<&Rc<dyn Dispatch>> {
        self.at(target).map(|place| &place.object)
    }

    /// What stands in the graph for an object, if anything does.
    pub(super) fn node(&self, target: TargetId) -> Option<Cap> {
        self.at(target)?.node
    }

    /// Takes an object away, to be dropped by the caller.
    pub(super) fn remove(&mut self, target: TargetId) -> Option<Rc<dyn Dispatch>> {
        let place = self.places.get_mut(target.0 as usize)?.take()?;
        self.free.push(target.0);
        Some(place.object)
    }

    /// Who held an object since it came lets go of it. It is taken away, to be dropped by the caller, unless the graph
    /// has it, or has others to drop before it.
    #[inline]
    pub(super) fn vacate(
        &mut self,
        target: TargetId,
        graph: &mut Graph,
    ) -> Option<Rc<dyn Dispatch>> {
        match self.node(target) {
            Some(node) => graph.release(node),
            None if graph.has_outputs() => graph.dismiss(target),
            None => return self.remove(target),
        }
        None
    }

    /// Takes all away, to be dropped by the caller.
    pub(super) fn remove_all(&mut self) -> Vec<Rc<dyn Dispatch>> {
        self.free.clear();
        self.places.drain(..).flatten().map(|place| place.object).collect()
    }
}
