//! A membrane is put around a client: every call and every capability that crosses it, either way, is
//! subject to one policy, and to one end.

use std::rc::Rc;
use std::sync::Arc;

use capnp::capability::FromClientHook;
use capnp::traits::{Owned, SetterInput};

use crate::runtime::{Border, Local, Mailbox};
use crate::vat::{Admission, Asks, Cap, Crosser, Haste, MembraneId, Side};
use crate::wire::Exception;

use super::caps;
use super::client::Client;
use super::error::exception;
use super::message::Draft;
use super::promise::on;
use super::reply::Reply;

/// Which way something crosses a membrane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From outside to inside.
    Inward,
    /// From inside to outside.
    Outward,
}

/// A call that would cross a membrane.
#[derive(Debug)]
#[non_exhaustive]
pub struct Crossing {
    /// Which way.
    pub direction: Direction,
    /// The type id of the interface.
    pub interface: u64,
    /// The ordinal of the method within the interface.
    pub method: u16,
    /// Whom it goes to, on the far side. Calls on it cross nothing: it is not for those on the near
    /// side.
    pub target: Client,
}

/// What becomes of a call that would cross.
#[derive(Debug)]
pub enum Verdict {
    /// It crosses, and the capabilities in its params and results with it.
    Allow,
    /// It fails with this.
    Refuse(Exception),
    /// It goes to this client instead, on the near side: nothing crosses.
    Redirect(Client),
}

/// What becomes of a capability that would cross.
#[derive(Debug)]
pub enum Passage {
    /// It crosses: calls on it will, too.
    Wrap,
    /// It crosses broken: every call on it fails with this.
    Refuse(Exception),
    /// This one is given to the far side in its place.
    Replace(Client),
}

/// What a membrane lets through.
///
/// It is asked on the vat's thread, in the order things happen, and nothing is delivered before it has
/// answered. It may make calls, but not wait for them. A policy that panics refuses.
///
/// A call on a promise that lies inside is asked about as inward, and once the promise turns out to be
/// something of the outside, calls on it cross nothing. So a policy should treat both directions
/// alike, or wait: see [`settles_first`](Self::settles_first).
pub trait Policy: 'static {
    /// Decides about a call.
    fn call(&self, crossing: &Crossing) -> Verdict;

    /// Decides about a capability, the first time it crosses. Asked only if
    /// [`inspects_capabilities`](Self::inspects_capabilities). `client` lies on the side it comes from.
    fn capability(&self, direction: Direction, client: &Client) -> Passage {
        let _ = (direction, client);
        Passage::Wrap
    }

    /// Whether [`capability`](Self::capability) is asked. Looked at once, when the membrane is made. Each
    /// capability that crosses is a promise then, until that has answered.
    fn inspects_capabilities(&self) -> bool {
        false
    }

    /// Whether a call on a promise that is refused or redirected waits, and what comes behind it with
    /// it, until the promise is settled: it may lie on the caller's own side after all. Looked at
    /// once, when the membrane is made.
    fn settles_first(&self) -> bool {
        false
    }

    /// Whether all passes unasked, for as long as the membrane is not revoked: the policy is kept until nothing leads
    /// through the membrane any more, and dropped then. Calls need not wait for it, and none overtakes another on
    /// its way out of the membrane and in again. Looked at once, when the membrane is made.
    fn lets_all_through(&self) -> bool {
        false
    }
}

impl<F: Fn(&Crossing) -> Verdict + 'static> Policy for F {
    fn call(&self, crossing: &Crossing) -> Verdict {
        self(crossing)
    }
}

/// A membrane of a vat, usable from any thread. Clones are the same membrane. Dropping the last of them leaves it as it is, but
/// nobody can revoke it any more.
///
/// ```
/// use bowline::rpc::{Call, Client, Membrane};
/// use bowline::runtime::Vat;
/// use bowline::wire::Exception;
///
/// let vat = Vat::local();
/// let secret = Client::new(vat.here(), |call: Call| async { Ok(call.reply()) });
/// let membrane = Membrane::open(vat.here());
/// let lent = membrane.wrap(&secret);
/// // Whoever has `lent` calls `secret`, and whatever `secret` gives out, until …
/// membrane.revoke(Exception::failed("the lease is over"));
/// assert_eq!(lent.why_broken().expect("it is").reason(), "the lease is over");
/// ```
#[derive(Clone)]
pub struct Membrane(Arc<Owner>);

struct Owner {
    mailbox: Arc<Mailbox>,
    membrane: MembraneId,
}

impl Drop for Owner {
    fn drop(&mut self) {
        let membrane = self.membrane;
        on(&self.mailbox, move |here| here.release_membrane(membrane));
    }
}

impl Membrane {
    /// A membrane with a policy.
    #[must_use]
    pub fn new(here: &Local, policy: impl Policy) -> Self {
        let haste = if policy.settles_first() { Haste::WhenSettled } else { Haste::AtOnce };
        let asks = match policy.inspects_capabilities() {
            _ if policy.lets_all_through() => Asks::ItsEnd,
            true => Asks::CallsAndCaps(haste),
            false => Asks::Calls(haste),
        };
        let guard = Rc::new(Guard { here: here.clone(), policy });
        Self::of(here, here.border(asks, guard))
    }

    /// A membrane that lets everything through until it is revoked.
    #[must_use]
    pub fn open(here: &Local) -> Self {
        Self::of(here, here.with(|graph| graph.membrane(Asks::Nothing)))
    }

    fn of(here: &Local, membrane: MembraneId) -> Self {
        Self(Arc::new(Owner { mailbox: Arc::clone(here.mailbox()), membrane }))
    }

    /// A client that lies inside, for use outside. One that came in from outside is given back as it
    /// was.
    #[must_use]
    pub fn wrap(&self, inside: &Client) -> Client {
        self.carry(Side::Inside, inside)
    }

    /// A client that lies outside, for use inside. One that came out of the membrane is given back as
    /// it was.
    #[must_use]
    pub fn wrap_outside(&self, outside: &Client) -> Client {
        self.carry(Side::Outside, outside)
    }

    /// [`wrap`](Self::wrap) for clients generated by `capnpc`.
    #[must_use]
    pub fn wrap_typed<C: FromClientHook>(&self, inside: &C) -> C {
        C::new(self.wrap(&Client::from_hook(inside.as_client_hook())).hook())
    }

    /// [`wrap_outside`](Self::wrap_outside) for clients generated by `capnpc`.
    #[must_use]
    pub fn wrap_typed_outside<C: FromClientHook>(&self, outside: &C) -> C {
        C::new(self.wrap_outside(&Client::from_hook(outside.as_client_hook())).hook())
    }

    /// A copy of something inside, with its capabilities as they are outside: a struct, a list or
    /// whatever an `AnyPointer` holds.
    ///
    /// # Errors
    ///
    /// `failed`: it is malformed.
    pub fn copy_out<T: Owned>(&self, inside: impl SetterInput<T>) -> Result<Reply, Exception> {
        self.copy(Side::Inside, inside)
    }

    /// A copy of something outside, with its capabilities as they are inside.
    ///
    /// # Errors
    ///
    /// `failed`: it is malformed.
    pub fn copy_in<T: Owned>(&self, outside: impl SetterInput<T>) -> Result<Reply, Exception> {
        self.copy(Side::Outside, outside)
    }

    /// Ends it: all clients that lead across fail with `why` from now on, and so do the calls that
    /// crossed and have not returned, which are cancelled on the far side. What came home before is not
    /// affected. A second time changes nothing.
    pub fn revoke(&self, why: Exception) {
        let membrane = self.0.membrane;
        on(&self.0.mailbox, move |here| here.change(|graph| graph.revoke(membrane, why)));
    }

    /// Ends it when the time comes, without keeping it until then: a membrane nothing leads across any more
    /// is gone, and its policy with it.
    #[must_use]
    pub fn revocation(&self) -> Revocation {
        Revocation { mailbox: Arc::clone(&self.0.mailbox), membrane: self.0.membrane }
    }

    fn carry(&self, side: Side, client: &Client) -> Client {
        let (membrane, client) = (self.0.membrane, client.clone());
        let make = move |here: &Local| match caps::lend(here, &client) {
            Ok(cap) => here.change(|graph| graph.wall(membrane, side, cap)),
            Err(why) => here.with(|graph| graph.broken(why)),
        };
        match Local::find(self.0.mailbox.id()) {
            Some(here) => {
                here.read_mail();
                Client::adopt(&here, make(&here))
            }
            None => Client::promised(&self.0.mailbox, make),
        }
    }

    fn copy<T: Owned>(&self, side: Side, from: impl SetterInput<T>) -> Result<Reply, Exception> {
        let mut draft = Draft::new();
        let here = || Local::find(self.0.mailbox.id());
        draft.build(here, |mut root| root.set_as::<T>(from)).map_err(exception)?;
        let (content, clients) = draft.seal();
        let carry = |client: Client| self.carry(side, &client);
        let caps = clients.into_iter().map(|client| client.map(carry)).collect();
        Ok(Reply { content, caps })
    }
}

/// The end of a membrane, to be brought about.
#[derive(Clone)]
pub struct Revocation {
    mailbox: Arc<Mailbox>,
    membrane: MembraneId,
}

impl Revocation {
    /// As [`Membrane::revoke`], if the membrane is still there.
    pub fn revoke(&self, why: Exception) {
        let membrane = self.membrane;
        on(&self.mailbox, move |here| here.change(|graph| graph.revoke(membrane, why)));
    }
}

impl std::fmt::Debug for Revocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Revocation({:?} {})", self.mailbox.id(), self.membrane)
    }
}

impl std::fmt::Debug for Membrane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Membrane({:?} {})", self.0.mailbox.id(), self.0.membrane)
    }
}

/// A policy where the vat asks it.
struct Guard<P> {
    here: Local,
    policy: P,
}

impl<P> Guard<P> {
    fn client(&self, cap: Cap) -> Client {
        self.here.with(|graph| graph.retain(cap));
        Client::adopt(&self.here, cap)
    }

    fn cap(&self, client: &Client) -> Cap {
        let lent = caps::lend(&self.here, client);
        lent.unwrap_or_else(|why| self.here.with(|graph| graph.broken(why)))
    }
}

impl<P: Policy> Border for Guard<P> {
    fn cross(&self, crosser: &Crosser) -> crate::vat::Crossing {
        let direction = match crosser.side {
            Side::Inside => Direction::Inward,
            Side::Outside => Direction::Outward,
        };
        let target = self.client(crosser.target);
        let (interface, method) = (crosser.interface, crosser.method);
        match self.policy.call(&Crossing { direction, interface, method, target }) {
            Verdict::Allow => crate::vat::Crossing::Through,
            Verdict::Refuse(why) => crate::vat::Crossing::Refused(why),
            Verdict::Redirect(client) => crate::vat::Crossing::Redirected(self.cap(&client)),
        }
    }

    fn admit(&self, side: Side, cap: Cap) -> Admission {
        let direction = match side {
            Side::Inside => Direction::Outward,
            Side::Outside => Direction::Inward,
        };
        match self.policy.capability(direction, &self.client(cap)) {
            Passage::Wrap => Admission::Walled,
            Passage::Refuse(why) => Admission::Refused(why),
            Passage::Replace(client) => Admission::Replaced(self.cap(&client)),
        }
    }
}
