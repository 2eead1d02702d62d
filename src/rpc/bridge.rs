//! A bridge brings a stub of one vat into another: between vats of a process, too, there is one protocol.
//!
//! The two vats are joined by an in-process link. Each end offers a directory as its bootstrap: the
//! stub is left there under a number, on its own vat's thread, and claimed over the link by whoever
//! imports it. The number stands where calls have their interface id.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Context;

use crate::conn::Config;
use crate::runtime::{Answer, Conclusion, Delivery, Dispatch, Local, Mailbox, VatId, gone, leave};
use crate::transport::{TwoThread, two_thread};
use crate::vat::{Cap, Payload, Request};
use crate::wire::{Content, Exception, Path};

use super::bootstrap::bootstrap;
use super::client::Client;

/// The bridges of a vat, and the stubs left to be claimed over them.
#[derive(Default)]
struct Bridges {
    /// The directory at the far end of each, as long as the vat there lives.
    far: RefCell<BTreeMap<VatId, (Arc<Mailbox>, Client)>>,
    left: RefCell<BTreeMap<u64, Client>>,
    /// Our own directory, once there is one.
    directory: Cell<Option<Cap>>,
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
}

struct Directory {
    here: Local,
}

impl Dispatch for Directory {
    fn dispatch(self: Rc<Self>, delivery: Delivery, _: &mut Context<'_>) -> Answer {
        self.here.release_payload(delivery.params);
        // The stub was posted before the claim was sent, but this turn may have read its mail before
        // that and the claim after it.
        self.here.read_mail();
        let left = self.here.slot::<Bridges>().left.borrow_mut().remove(&delivery.interface);
        let claimed = left.ok_or_else(|| Exception::failed("there is no such stub"));
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
    let stub = client.clone();
    leave(home, move |there| {
        there.slot::<Bridges>().left.borrow_mut().insert(number, stub);
    });
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

/// One end of a bridge; gives the directory at the other.
fn join(here: &Local, end: TwoThread, other: &Arc<Mailbox>) -> Client {
    let bridges = here.slot::<Bridges>();
    let own = bridges.directory.get().unwrap_or_else(|| {
        let cap = here.host(Rc::new(Directory { here: here.clone() }));
        bridges.directory.set(Some(cap));
        cap
    });
    here.with(|graph| graph.retain(own));
    let (link, _) = here.connect(Box::new(end), Config::default(), Some(own));
    let far = Client::adopt(here, bootstrap(here, link));
    let known = (Arc::clone(other), far.clone());
    bridges.far.borrow_mut().entry(other.id()).or_insert(known);
    far
}
