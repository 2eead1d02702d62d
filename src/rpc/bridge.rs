//! A bridge brings a stub of one vat into another: between vats of a process, too, there is one protocol.
//!
//! The two vats are joined by an in-process link. Each end offers a directory as its bootstrap: the
//! stub is left there under a number, on its own vat's thread, and claimed over the link by whoever
//! imports it. The number stands where calls have their interface id.

use std::cell::RefCell;
use std::cmp::Ordering::{Equal, Greater, Less};
use std::collections::{BTreeMap, VecDeque};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Context;

use crate::conn::Config;
use crate::runtime::{Answer, Conclusion, Delivery, Dispatch, Local, Mailbox, VatId, gone, leave};
use crate::transport::{TwoThread, two_thread};
use crate::vat::{Cap, LinkId, Payload, Request};
use crate::wire::{Content, Exception, Path};

use super::bootstrap::bootstrap;
use super::client::Client;

/// The bridges of a vat, and the stubs left to be claimed over them.
#[derive(Default)]
struct Bridges {
    /// The directory at the far end of each, as long as the vat there lives.
    far: RefCell<BTreeMap<VatId, (Arc<Mailbox>, Client)>>,
    /// Our end of each that was built.
    links: RefCell<Vec<LinkId>>,
    /// What was left for each vat, as long as there is a bridge to it.
    left: RefCell<BTreeMap<VatId, Weak<Left>>>,
}

/// The stubs left for one vat, in the order it claims them: who claims one never claims those before
/// it, whose claims did not come through.
#[derive(Default)]
struct Left(RefCell<VecDeque<(u64, Client)>>);

impl Left {
    fn claim(&self, number: u64) -> Option<Client> {
        let mut unclaimed = Vec::new();
        let claimed = loop {
            let Some((left, client)) = self.0.borrow_mut().pop_front() else { break None };
            match left.cmp(&number) {
                Less => unclaimed.push(client),
                Equal => break Some(client),
                Greater => {
                    self.0.borrow_mut().push_front((left, client));
                    break None;
                }
            }
        };
        drop(unclaimed);
        claimed
    }
}

impl Bridges {
    /// Lets go of bridges to vats that are gone.
    fn forget_the_gone(&self) {
        let all = std::mem::take(&mut *self.far.borrow_mut());
        let (live, gone): (BTreeMap<_, _>, BTreeMap<_, _>) =
            all.into_iter().partition(|(_, (mailbox, _))| !mailbox.is_closed());
        self.far.borrow_mut().extend(live);
        drop(gone);
    }

    /// A bridge was built; those that are gone are forgotten.
    fn note(&self, here: &Local, link: LinkId) {
        let mut links = self.links.borrow_mut();
        here.with(|graph| links.retain(|link| graph.connection(*link).is_some()));
        links.push(link);
    }

    /// What is left for a vat there is a bridge to.
    fn left_for(&self, vat: VatId) -> Rc<Left> {
        let mut left = self.left.borrow_mut();
        left.retain(|_, left| left.strong_count() > 0);
        let known = left.get(&vat).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let fresh = Rc::new(Left::default());
            left.insert(vat, Rc::downgrade(&fresh));
            fresh
        })
    }

    /// Leaves a stub for a vat; if the bridge to it is gone, there is nobody to claim it.
    fn leave(&self, vat: VatId, number: u64, stub: Client) {
        let left = self.left.borrow().get(&vat).and_then(Weak::upgrade);
        if let Some(left) = left {
            left.0.borrow_mut().push_back((number, stub));
        }
    }
}

/// What one end of a bridge offers the other. With its connection it goes, and what was left there.
struct Directory {
    here: Local,
    left: Rc<Left>,
}

impl Dispatch for Directory {
    fn dispatch(self: Rc<Self>, delivery: Delivery, _: &mut Context<'_>) -> Answer {
        self.here.release_payload(delivery.params);
        // The stub was posted before the claim was sent, but this turn may have read its mail before
        // that and the claim after it.
        self.here.read_mail();
        let claimed = self.left.claim(delivery.interface);
        let claimed = claimed.ok_or_else(|| Exception::failed("there is no such stub"));
        let outcome = claimed.and_then(|client| client.lend(&self.here).ok_or_else(gone));
        Answer::Now(Conclusion::Return(
            outcome.map(|cap| Payload { content: Content::capability(0), caps: vec![Some(cap)] }),
        ))
    }
}

/// A reference, in the vat `here`, of what `client` stands for in another vat.
pub(super) fn import(here: &Local, client: &Client) -> Result<Cap, Exception> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let home = client.mailbox();
    if home.is_closed() {
        return Err(gone());
    }
    let far = far_directory(here, client)?;
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let (stub, own) = (client.clone(), here.mailbox().id());
    leave(home, move |there| there.slot::<Bridges>().leave(own, number, stub));
    let directory = far.lend(here).ok_or_else(gone)?;
    let request = Request { interface: number, method: 0, params: Payload::null() };
    let call = here.call(directory, request);
    let cap = here.with(|graph| graph.pipeline(call, &Path::root()));
    here.release(directory);
    // Its Return is wanted though nobody waits for it: it says what the promise came to be.
    here.with(|graph| graph.detach(call));
    here.drop_pipeline(call);
    Ok(cap)
}

/// The directory of the vat `client` lives in, over a bridge that is built if there is none.
fn far_directory(here: &Local, client: &Client) -> Result<Client, Exception> {
    let bridges = here.slot::<Bridges>();
    let home = client.mailbox();
    if let Some((_, far)) = bridges.far.borrow().get(&home.id()) {
        return Ok(far.clone());
    }
    bridges.forget_the_gone();
    let (near_end, far_end) = two_thread();
    let far = join(here, near_end, home);
    let near = Arc::clone(here.mailbox());
    leave(home, move |there| drop(join(there, far_end, &near)));
    Ok(far)
}

/// The connections of a vat that are bridges.
pub(super) fn bridges(here: &Local) -> Vec<LinkId> {
    here.slot::<Bridges>().links.borrow().clone()
}

/// One end of a bridge; gives the directory at the other.
fn join(here: &Local, end: TwoThread, other: &Arc<Mailbox>) -> Client {
    let bridges = here.slot::<Bridges>();
    let left = bridges.left_for(other.id());
    let own = here.host(Rc::new(Directory { here: here.clone(), left }));
    let (link, _) = here.connect(Box::new(end), Config::default(), Some(own));
    let far = Client::adopt(here, bootstrap(here, link));
    bridges.note(here, link);
    let known = (Arc::clone(other), far.clone());
    bridges.far.borrow_mut().entry(other.id()).or_insert(known);
    far
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Vat;

    #[test]
    fn a_claim_takes_what_was_left_before_it_and_leaves_what_comes_behind() {
        let vat = Vat::local();
        let left = Left::default();
        for number in [3, 5, 8, 9] {
            let stub = Client::broken(vat.here(), Exception::failed("a stub"));
            left.0.borrow_mut().push_back((number, stub));
        }
        let numbers = || left.0.borrow().iter().map(|(number, _)| *number).collect::<Vec<_>>();
        assert!(left.claim(5).is_some());
        assert_eq!(numbers(), [8, 9], "the claim of 3 did not come through");
        assert!(left.claim(7).is_none());
        assert!(left.claim(5).is_none());
        assert_eq!(numbers(), [8, 9]);
        assert!(left.claim(9).is_some());
        assert_eq!(numbers(), [0; 0]);
    }
}
