//! What waits or is on its way may come to stand for nothing: a call that is given up, a disembargo of a lost peer.

use super::call::{Call, Place};
use super::graph::Graph;
use super::id::Cap;
use super::node::Item;

impl Graph {
    /// Whether an item still stands for something: a call that was given up leaves it behind.
    pub(super) fn is_live(&self, item: &Item) -> bool {
        match item {
            Item::Call(id) | Item::Write(id) | Item::Fence(id) => {
                matches!(self.calls.get(*id), Some(Call { place: Place::Queued(..), .. }))
            }
            Item::Disembargo(link, _) => {
                self.links.get(*link).is_some_and(|link| !link.conn.is_closed())
            }
            Item::Lift | Item::Next => true,
        }
    }

    /// A queued call is given up. It may wait for what nobody else wants: nothing is kept for its
    /// sake.
    pub(super) fn abandon(&mut self, place: Place) {
        let Place::Queued(request, _, to) = place else { return };
        self.unref_payload(request.params);
        self.abandon_item(to);
        self.unref(to);
    }

    /// Whether an item has a reference of what it is on its way to, or waits at.
    pub(super) fn holds(&self, item: &Item) -> bool {
        matches!(item, Item::Disembargo(..)) || self.is_live(item)
    }

    /// An item on its way to `to`, or waiting there, stands for nothing any more. Those that wait
    /// are cleared away before they outnumber the others.
    pub(super) fn abandon_item(&mut self, to: Cap) {
        let Some((line, abandoned)) = self.nodes.get_mut(to).and_then(|node| node.kind.line())
        else {
            return;
        };
        *abandoned += 1;
        if *abandoned < 32 || *abandoned < line.len() / 2 {
            return;
        }
        *abandoned = 0;
        let mut items = std::mem::take(line);
        let mut dead = Vec::new();
        items.retain(|item| {
            let lives = self.is_live(item);
            dead.extend((!lives).then_some(*item));
            lives
        });
        if let Some((line, _)) = self.nodes.get_mut(to).and_then(|node| node.kind.line()) {
            *line = items;
        }
        dead.iter().for_each(|item| self.forget_item(item, to));
    }

    /// An item that stands for nothing was on its way to `to`, or waited there. Who gives a call up gives back its
    /// reference; of a disembargo nobody knows where it is.
    pub(super) fn forget_item(&mut self, item: &Item, to: Cap) {
        if let Item::Disembargo(..) = item {
            self.unref(to);
        }
    }
}
