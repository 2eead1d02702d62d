//! The door of a connection: what the peer was offered takes no more calls, and what runs comes to its end.

use crate::wire::Exception;

use super::graph::Graph;
use super::id::{Cap, LinkId};

impl Graph {
    /// From here on the peer of `link` gets no bootstrap capability, and calls it makes on the one it has fail with
    /// `why`. Calls it made before go on, and so do calls on all else it was given.
    pub fn shut(&mut self, link: LinkId, why: &Exception) {
        if let Some(at) = self.links.get_mut(link) {
            at.shut = Some(why.clone());
        }
    }

    /// All connections, those that are over and not forgotten among them.
    pub fn links(&self) -> impl Iterator<Item = LinkId> {
        self.links.iter().map(|(link, _)| link)
    }

    /// How many calls are under way on all connections, in either direction.
    #[must_use]
    pub fn calls_under_way(&self) -> usize {
        self.links.iter().map(|(_, link)| link.conn.calls_under_way()).sum()
    }

    /// Where a call of the peer goes: not to what it was offered, if that takes no more calls. Takes the reference of
    /// `to` and gives one.
    #[inline]
    pub(super) fn through_the_door(&mut self, link: LinkId, to: Cap) -> Cap {
        let shut = |at: &super::link::Link| Some((at.shut.clone()?, at.bootstrap?));
        let Some((why, offered)) = self.links.get(link).and_then(shut) else { return to };
        if self.follow(to) != self.follow(offered) {
            return to;
        }
        self.unref(to);
        self.broken(why)
    }
}
