//! The bootstrap capability is what a peer offers to whoever connects.

use crate::runtime::Local;
use crate::vat::{Cap, LinkId};
use crate::wire::Path;

/// A reference of what the peer of `link` offers; it can be called at once.
pub(super) fn bootstrap(here: &Local, link: LinkId) -> Cap {
    here.change(|graph| {
        let call = graph.bootstrap(link);
        let cap = graph.pipeline(call, &Path::root());
        // Its Return is wanted though nobody waits for it: it says what the promise came to be.
        graph.detach(call);
        graph.drop_pipeline(call);
        cap
    })
}
