//! Errors and the objects of fetch, looked at.

use super::external::External;
use super::handle::{AbortSignal, At, ErrorObject, Object, Request, Response};
use super::kind::ErrorClass;
use super::region::{Node, Signal, Slot};
use super::text::Str;
use super::view::View;

fn view(at: At<'_>, slot: u32) -> View<'_> {
    View::of(at.region.slot(slot), at.region)
}

impl<'a> ErrorObject<'a> {
    fn parts(self) -> (ErrorClass, u32, u32) {
        match self.0.node() {
            Node::Error { class, texts, properties } => (*class, *texts, *properties),
            _ => (ErrorClass::Error, u32::MAX - 1, u32::MAX),
        }
    }

    /// Its class.
    #[must_use]
    pub fn class(self) -> ErrorClass {
        self.parts().0
    }

    /// Its `name`, which for an [`ErrorClass::Named`] is its own.
    #[must_use]
    pub fn name(self) -> Str<'a> {
        let (class, texts, _) = self.parts();
        let own = view(self.0, texts).as_str().filter(|_| class == ErrorClass::Named);
        own.unwrap_or(Str::narrow(class.name().as_bytes()))
    }

    /// Its `message`.
    #[must_use]
    pub fn message(self) -> Str<'a> {
        view(self.0, self.parts().1 + 1).as_str().unwrap_or(Str::narrow(&[]))
    }

    /// Its other own properties: `stack`, `cause`, `errors`, and what was put there.
    #[must_use]
    pub fn properties(self) -> Object<'a> {
        Object(At { region: self.0.region, id: self.parts().2 })
    }

    /// Where it was thrown, as the thrower saw it. A runtime shows that to nobody.
    #[must_use]
    pub fn stack(self) -> Option<Str<'a>> {
        self.properties().get("stack")?.as_str()
    }

    /// What caused it.
    #[must_use]
    pub fn cause(self) -> Option<View<'a>> {
        self.properties().get("cause")
    }

    /// The errors of an AggregateError.
    #[must_use]
    pub fn errors(self) -> Option<View<'a>> {
        self.properties().get("errors")
    }
}

impl<'a> Request<'a> {
    fn part(self, part: u32) -> View<'a> {
        let Node::Request(first) = self.0.node() else { return View::Undefined };
        view(self.0, first + part)
    }

    /// Its address.
    #[must_use]
    pub fn url(self) -> Str<'a> {
        self.part(0).as_str().unwrap_or(Str::narrow(&[]))
    }

    /// The rest, as an object: `method`, `headers`, `body`, `redirect`, `cf`, `signal` and more; what is
    /// missing or `undefined` has its default.
    #[must_use]
    pub fn init(self) -> View<'a> {
        self.part(1)
    }
}

impl<'a> Response<'a> {
    fn part(self, part: u32) -> View<'a> {
        let Node::Response(first) = self.0.node() else { return View::Undefined };
        view(self.0, first + part)
    }

    /// Its body: a ReadableStream, or `null`.
    #[must_use]
    pub fn body(self) -> View<'a> {
        self.part(0)
    }

    /// The rest, as an object: `status`, `statusText`, `headers`, `cf` and more; what is missing or
    /// `undefined` has its default.
    #[must_use]
    pub fn init(self) -> View<'a> {
        self.part(1)
    }
}

impl<'a> AbortSignal<'a> {
    /// The flag of a signal that is never aborted.
    pub(super) const NEVER: u32 = 1;

    fn signal(self) -> Option<&'a Signal> {
        if let Node::Signal(signal) = self.0.node() { Some(signal) } else { None }
    }

    /// It is aborted.
    #[must_use]
    pub fn is_aborted(self) -> bool {
        self.signal().is_some_and(|signal| signal.aborted)
    }

    /// It is not aborted, and never will be.
    #[must_use]
    pub fn never_aborts(self) -> bool {
        self.signal().is_some_and(|signal| !signal.aborted && signal.flag == Self::NEVER)
    }

    /// Why it is aborted; `undefined` while it is not.
    #[must_use]
    pub fn reason(self) -> View<'a> {
        self.signal().map_or(View::Undefined, |signal| view(self.0, signal.reason))
    }

    /// What tells that it is aborted; none if that is settled.
    #[must_use]
    pub fn trigger(self) -> Option<&'a External> {
        self.signal()?.trigger.as_ref()
    }
}

/// A string in a slot, for who makes an object.
pub(super) fn is_text(slot: &Slot) -> bool {
    matches!(slot, Slot::Short(_) | Slot::Long(_) | Slot::Narrow(_) | Slot::Wide(_))
}
