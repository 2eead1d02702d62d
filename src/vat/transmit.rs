//! What leaves: messages, taken from connections whose transport wants them.

use crate::conn::Connection;
use crate::wire::Message;

use super::graph::Graph;
use super::id::LinkId;
use super::link::Attention;

impl Graph {
    /// The next message due, and the connection it goes out on.
    #[must_use]
    #[inline]
    pub fn poll_transmit(&mut self) -> Option<(LinkId, Message)> {
        match self.sending.is_empty() && self.probing.is_empty() {
            true => None,
            false => self.next_message(),
        }
    }

    fn next_message(&mut self) -> Option<(LinkId, Message)> {
        if !self.probing.is_empty() {
            self.probes_leave();
        }
        while let Some(&link) = self.sending.front() {
            let Some(at) = self.links.get_mut(link).filter(|at| !at.is_held()) else {
                self.sending.pop_front();
                continue;
            };
            let message = at.conn.poll_transmit();
            if !at.conn.is_due() {
                at.attention = Attention::Quiet;
                self.sending.pop_front();
            }
            if at.conn.has_events() {
                self.read_events(link);
                self.settle();
            }
            if let Some(message) = message {
                return Some((link, message));
            }
        }
        None
    }

    /// The connection that is next to send, if messages of more than so many words wait on it.
    #[must_use]
    pub fn sends_much(&self, words: usize) -> Option<LinkId> {
        let link = *self.sending.front()?;
        self.links.get(link).filter(|at| at.conn.queued_words() > words).map(|_| link)
    }

    /// The next message due on `link`, what is only given back left out: for who hands messages over before the turn
    /// they leave in.
    #[must_use]
    pub fn poll_transmit_on(&mut self, link: LinkId) -> Option<Message> {
        let at = self.links.get_mut(link).filter(|at| !at.is_held())?;
        if at.conn.queued_words() == 0 { None } else { at.conn.poll_transmit() }
    }

    /// Whether messages are due, and all of them give back what peers keep for us: nobody waits for those.
    #[must_use]
    #[inline]
    pub fn only_gives_back(&self) -> bool {
        let due = |link: &LinkId| self.links.get(*link)?.conn.only_gives_back();
        let mut due = self.sending.iter().filter_map(due);
        due.next().is_some_and(|first| first && due.all(|gives_back| gives_back))
    }

    /// Leaves what is due on `link` where it counts against the limits of the connection, until
    /// [`unhold`](Self::unhold): its transport has enough to write. A connection that is over is
    /// not held: its last messages are few.
    pub fn hold(&mut self, link: LinkId) {
        if let Some(at) = self.links.get_mut(link) {
            at.attention = Attention::Held;
        }
    }

    /// The transport of `link` wants messages again. True if it was held.
    pub fn unhold(&mut self, link: LinkId) -> bool {
        let held = self.links.get_mut(link).filter(|at| at.attention == Attention::Held);
        if let Some(at) = held {
            at.attention = Attention::Listed;
            self.sending.push_back(link);
            return true;
        }
        false
    }

    /// Forgets a connection that is over and whose last messages were sent.
    pub fn disconnect(&mut self, link: LinkId) {
        if self.links.get(link).is_some_and(|at| at.conn.is_closed()) {
            self.links.remove(link);
        }
    }

    /// The connection behind a link, to look at.
    #[must_use]
    #[inline]
    pub fn connection(&self, link: LinkId) -> Option<&Connection> {
        self.links.get(link).map(|link| &link.conn)
    }
}
