//! What a value refers to and cannot hold: stubs and streams stay where they are.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::clone_error::CloneError;

/// What an [`External`] is. Each but the last has a place of its own in a message, beside the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExternalKind {
    /// A stub of an RpcTarget or a function.
    RpcTarget,
    /// A stub of a service, which travels as an opaque token.
    Service,
    /// The end of a stream that is read.
    ReadableStream,
    /// The end of a stream that is written.
    WritableStream,
    /// What tells an AbortSignal that it is aborted.
    AbortSignal,
    /// Nothing that can be sent; [`Resource::check`] says why.
    Refused,
}

/// Something a value refers to: implemented by stubs and streams.
pub trait Resource: Any + Send + Sync {
    /// What it is. Always the same for one resource.
    fn kind(&self) -> ExternalKind;

    /// Whether it can be sent now. Asked by every walk over a value that holds it.
    ///
    /// # Errors
    ///
    /// [`CloneError::Unsupported`] or [`CloneError::Unready`], with the words the sender is to read.
    fn check(&self) -> Result<(), CloneError> {
        Ok(())
    }
}

/// A reference to a [`Resource`]. Clones refer to the same one; when the last is dropped, so is it.
#[derive(Clone)]
pub struct External(Arc<dyn Resource>);

impl External {
    /// A reference to `resource`.
    #[must_use]
    pub fn new(resource: impl Resource) -> Self {
        Self(Arc::new(resource))
    }

    /// What it refers to.
    #[must_use]
    pub fn kind(&self) -> ExternalKind {
        self.0.kind()
    }

    /// Both refer to the same resource.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Nobody else refers to the resource.
    pub(in crate::worker) fn is_sole(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Where the resource lies in memory.
    pub(super) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).cast::<()>().addr()
    }

    /// A reference to a resource that is shared already.
    #[must_use]
    pub fn shared<T: Resource>(resource: Arc<T>) -> Self {
        Self(resource)
    }

    /// The resource, if it is a `T`.
    #[must_use]
    pub fn get<T: Resource>(&self) -> Option<&T> {
        let any: &dyn Any = &*self.0;
        any.downcast_ref()
    }

    /// The resource, shared, if it is a `T`.
    #[must_use]
    pub fn downcast<T: Resource>(self) -> Option<Arc<T>> {
        let any: Arc<dyn Any + Send + Sync> = self.0;
        any.downcast().ok()
    }

    /// Whether it can be sent now.
    ///
    /// # Errors
    ///
    /// Those of [`Resource::check`].
    pub fn check(&self) -> Result<(), CloneError> {
        self.0.check()?;
        match self.kind() {
            ExternalKind::Refused => Err(CloneError::unsupported("Object")),
            _ => Ok(()),
        }
    }

    /// The class of what it refers to, as JavaScript names it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self.kind() {
            ExternalKind::RpcTarget => "RpcStub",
            ExternalKind::Service => "Fetcher",
            ExternalKind::ReadableStream => "ReadableStream",
            ExternalKind::WritableStream => "WritableStream",
            ExternalKind::AbortSignal => "AbortSignal",
            ExternalKind::Refused => "Object",
        }
    }
}

impl fmt::Debug for External {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {{}}", self.type_name())
    }
}
