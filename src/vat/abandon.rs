//! What waits or is on its way may come to stand for nothing: a call that is given up, a disembargo of a lost peer.

use crate::wire::Exception;

use super::call::{Call, Fate, Origin, Place};
use super::graph::{Graph, Work};
use super::id::{CallId, Cap, LinkId};
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

    /// The call goes only so far as others want it: while it waits at a promise, it fails once nothing is pipelined
    /// on it. From there on its maker wants it, and its outcome, as any other. The maker's own hold of the pipeline
    /// ends with this.
    ///
    /// What it waits for may be the result of a call that never returns; one that waited there for the maker's sake
    /// would keep that call, and that the maker, after everybody else was gone.
    pub fn offer(&mut self, id: CallId) {
        if let Some(call @ Call { origin: Origin::Waiting, .. }) = self.calls.get_mut(id) {
            call.set_offered();
        }
        self.drop_pipeline(id);
    }

    /// Whether a call has left this vat's lines for its target or a peer, or is over.
    #[must_use]
    pub fn is_under_way(&self, id: CallId) -> bool {
        let mut at = id;
        loop {
            match self.calls.get(at).map(|call| &call.place) {
                Some(Place::Across(next, ..)) => at = *next,
                Some(Place::Queued(..) | Place::Judged(..)) => return false,
                _ => return true,
            }
        }
    }

    /// A call was sent over `link`.
    pub(super) fn note_way(&mut self, id: CallId, link: LinkId) {
        let made = match self.calls.get(id) {
            Some(Call { origin: Origin::Crossed(_), .. }) => self.made_as(id),
            Some(call) if call.is_offered() => id,
            _ => return,
        };
        if let Some(call) = self.calls.get_mut(made) {
            call.set_sent_over(link);
        }
    }

    /// The connection that an offered call was sent over, if it was.
    #[must_use]
    pub fn sent_over(&self, id: CallId) -> Option<LinkId> {
        self.calls.get(id)?.sent_over()
    }

    /// A call that was offered, or crossed a membrane for one, fails if it still waits and nobody else wants it.
    pub(super) fn take_back(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(id) else { return };
        let own = u32::from(matches!(call.origin, Origin::Crossed(_)));
        if call.pipeline_refs > own
            || !matches!(call.place, Place::Queued(_, Fate::Deliver | Fate::Wait, _))
        {
            return;
        }
        let place = std::mem::replace(&mut call.place, Place::Over);
        self.abandon(place);
        let why = Exception::failed("nobody wants what was offered any more");
        self.work.push_back(Work::Complete(id, Err(why)));
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
