//! A request is a call that is being built.

use capnp::any_pointer;

use super::client::Client;
use super::message::Draft;
use super::promise::Promise;
use super::send::Outgoing;
use super::stream::Written;

/// A call that has not been made yet.
pub struct Request {
    client: Client,
    interface: u64,
    method: u16,
    params: Draft,
}

impl Client {
    /// Begins a call of method number `method` of the interface with type id `interface`.
    #[must_use]
    pub fn request(&self, interface: u64, method: u16) -> Request {
        Request { client: self.clone(), interface, method, params: Draft::new() }
    }
}

impl Request {
    /// Room for `words` words of params before a second segment is needed.
    #[must_use]
    pub fn reserve(mut self, words: u32) -> Self {
        self.params.reserve(words);
        self
    }

    /// Builds the params; may be called again to go on building.
    pub fn build<R>(&mut self, f: impl FnOnce(any_pointer::Builder<'_>) -> R) -> R {
        let client = &self.client;
        self.params.build(|| client.here(), f)
    }

    /// Builds the params, and passes on.
    #[must_use]
    pub fn with(mut self, f: impl FnOnce(any_pointer::Builder<'_>)) -> Self {
        self.build(f);
        self
    }

    /// Makes the call, behind every call made before it. It is delivered whether the promise is
    /// polled or not; dropping the promise cancels it.
    pub fn send(self) -> Promise {
        self.finish().send()
    }

    /// Makes the call as one of a stream, behind every call made before it. It is delivered whether
    /// what this returns is polled or not.
    ///
    /// Whoever makes more calls before that is ready fills memory: its own and the peer's. The
    /// stream ends with a call that is made with [`send`](Self::send) and returns what came of all.
    pub fn stream(self) -> Written {
        Written::new(self.finish())
    }

    pub(super) fn finish(self) -> Outgoing {
        let Self { client, interface, method, params } = self;
        let (content, caps) = params.seal();
        Outgoing { client, interface, method, content, caps }
    }
}
