//! An object comes to take calls: at first of its own vat only, then as a capability.

use std::any::Any;
use std::rc::Rc;

use crate::vat::{Cap, TargetId};

use super::dispatch::Dispatch;
use super::local::Local;
use super::mailbox::gone;

impl Local {
    /// Hosts an object. The caller gets the one reference. Where the vat has ended the object is
    /// dropped, for it may hold the vat it would be held by, and calls on it fail.
    pub fn host(&self, object: Rc<dyn Dispatch>) -> Cap {
        match self.place(object) {
            Some(target) => self.node_of(target),
            None => self.quietly(|graph| graph.broken(gone())),
        }
    }

    /// Gives an object a place. Where the vat has ended it is dropped.
    #[inline]
    pub(super) fn place(&self, object: Rc<dyn Dispatch>) -> Option<TargetId> {
        if self.mailbox().is_closed() {
            drop(object);
            return None;
        }
        Some(self.inner().targets.borrow_mut().insert(object))
    }

    /// What stands in the graph for an object; it is made if there is nothing, with the one reference.
    pub(super) fn node_of(&self, target: TargetId) -> Cap {
        let known = self.inner().targets.borrow().node(target);
        known.unwrap_or_else(|| {
            let node = self.quietly(|graph| graph.host(target));
            self.inner().targets.borrow_mut().settle(target, node);
            node
        })
    }

    #[inline]
    pub(super) fn target(&self, target: TargetId) -> Option<Rc<dyn Dispatch>> {
        self.inner().targets.borrow().object(target).cloned()
    }

    /// Takes an object nobody refers to, to be dropped by the caller.
    pub(super) fn evict(&self, target: TargetId) -> Option<Rc<dyn Dispatch>> {
        self.inner().targets.borrow_mut().remove(target)
    }

    /// The object at `target`, for a caller who knows its kind, if it takes calls now: no stream holds it.
    #[inline]
    pub fn ready_object<D: Dispatch>(&self, target: TargetId) -> Option<Rc<D>> {
        let (object, node): (Rc<dyn Any>, _) = {
            let targets = self.inner().targets.borrow();
            (targets.object(target)?.clone(), targets.node(target))
        };
        if let Some(node) = node {
            self.quietly(|graph| graph.ready_target(node))?;
        }
        object.downcast().ok()
    }

    /// A reference of what stands in the graph for an object, which was found at `target` and may have left
    /// its place since: then it is given one again.
    pub fn refer<D: Dispatch>(&self, target: TargetId, object: &Rc<D>) -> Cap {
        let is_there = self
            .target(target)
            .is_some_and(|found| std::ptr::addr_eq(Rc::as_ptr(&found), Rc::as_ptr(object)));
        if !is_there {
            return self.host(object.clone());
        }
        let node = self.node_of(target);
        self.quietly(|graph| graph.retain(node));
        node
    }
}
