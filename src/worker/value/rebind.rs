//! A value once more, with other stubs and streams in the place of those it holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::external::{External, ExternalKind, Resource};
use super::region::{Node, Nodes, Region, Signal, Slot};
use super::value::Value;

/// What was in a value beside what can be reached: nothing that can be sent.
struct Unreached;

impl Resource for Unreached {
    fn kind(&self) -> ExternalKind {
        ExternalKind::Refused
    }
}

/// What stands for what: by the address of the old one, the new ones in turn. One external that is
/// meant at two places gives two.
type Table = BTreeMap<usize, Vec<External>>;

/// Replaces each of `old`, which is what a walk over the values found, by its counterpart in `new`.
/// Objects that were one stay one. Values that refer to nothing are passed on as they are.
pub(in crate::worker) fn rebind(values: &mut [Value], old: &[External], new: Vec<External>) {
    if old.is_empty() {
        return;
    }
    let mut new = new;
    if let ([value], [_]) = (&mut *values, old)
        && value.as_external().is_some()
    {
        // Nothing but a stub.
        *value = new.pop().map_or(Value::UNDEFINED, Value::external);
        return;
    }
    let mut table = Table::new();
    for (old, new) in old.iter().zip(new).rev() {
        table.entry(old.address()).or_default().push(new);
    }
    let mut binding = Binding { table, regions: BTreeMap::new() };
    for value in values {
        if let Slot::Outside(region, id) = &value.0 {
            *value = Value(Slot::Outside(binding.region(region), *id));
        }
    }
}

struct Binding {
    table: Table,
    /// The regions met, by address, and what they became.
    regions: BTreeMap<usize, Arc<Region>>,
}

impl Binding {
    /// Regions are nested no deeper than a walk allows, which has been over the value before.
    fn region(&mut self, region: &Arc<Region>) -> Arc<Region> {
        let address = Arc::as_ptr(region).addr();
        if let Some(known) = self.regions.get(&address) {
            return Arc::clone(known);
        }
        let nodes: Nodes = region.nodes.iter().map(|node| self.node(node)).collect();
        let slots = region.slots.iter().map(|slot| match slot {
            Slot::Outside(other, id) => Slot::Outside(self.region(other), *id),
            slot => slot.clone(),
        });
        let slots = slots.collect();
        let source = region.source.clone();
        let new = Arc::new(Region { source, nodes, slots, alone: region.alone });
        self.regions.insert(address, Arc::clone(&new));
        new
    }

    fn node(&mut self, node: &Node) -> Node {
        match node {
            Node::External(external) => Node::External(self.external(external)),
            Node::Signal(signal) => Node::Signal(Box::new(Signal {
                trigger: signal.trigger.as_ref().map(|trigger| self.external(trigger)),
                ..**signal
            })),
            node => node.clone(),
        }
    }

    fn external(&mut self, old: &External) -> External {
        let new = self.table.get_mut(&old.address()).and_then(Vec::pop);
        new.unwrap_or_else(|| External::new(Unreached))
    }
}
