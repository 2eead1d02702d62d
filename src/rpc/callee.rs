//! Who is called by a request in the hands of generated code.

use crate::runtime::Local;
use crate::vat::Cap;

use super::client::{Client, as_the_last};

/// Who is called.
#[derive(Default)]
pub(super) enum To {
    /// A capability of a vat of this thread, and one reference of it.
    Near(Local, Cap),
    Anyone(Client),
    /// The request was sent.
    #[default]
    Nobody,
}

impl To {
    /// Who is called, and how many words to take for the call at first, where `words` would be taken
    /// otherwise.
    #[inline]
    pub(super) fn new(here: Option<&Local>, client: &Client, words: u32) -> (Self, u32) {
        match (here, client.cap()) {
            (Some(here), Some(cap)) if !here.mailbox().is_closed() => {
                let last = here.with(|graph| {
                    graph.retain(cap);
                    graph.stream_words(cap)
                });
                (Self::Near(here.clone(), cap), words.max(as_the_last(last)))
            }
            _ => (Self::Anyone(client.clone()), client.first_words(words)),
        }
    }

    pub(super) fn client(self) -> Option<Client> {
        match self {
            Self::Near(here, cap) => Some(Client::adopt(&here, cap)),
            Self::Anyone(client) => Some(client),
            Self::Nobody => None,
        }
    }
}
