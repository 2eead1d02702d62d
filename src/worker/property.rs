//! A property of an object that is elsewhere: named, not yet asked for.

use super::error::JsError;
use super::name::Name;
use super::path::{DEPTH_MAX, MethodPath, too_deep};
use super::stub::RpcStub;

/// A property, by its path from a stub or from a promise. Nothing is sent before it is awaited, which reads
/// it, or called. (Rule 3)
#[derive(Clone, Debug)]
pub struct RpcProperty {
    root: Result<RpcStub, JsError>,
    path: MethodPath,
}

impl RpcProperty {
    pub(super) fn of(root: Result<RpcStub, JsError>, name: impl Into<Name>) -> Self {
        Self { root, path: MethodPath::One(name.into()) }
    }

    /// A property of what this one will be. Beyond 64 of them, using it fails. (Rule 18)
    #[must_use]
    pub fn get(&self, name: impl Into<Name>) -> Self {
        let mut property = self.clone();
        if property.path.names().len() < DEPTH_MAX {
            property.path.push(name.into());
        } else {
            property.root = Err(too_deep());
        }
        property
    }

    pub(super) fn root(&self) -> Result<&RpcStub, JsError> {
        self.root.as_ref().map_err(Clone::clone)
    }

    pub(super) fn path(&self) -> MethodPath {
        self.path.clone()
    }
}
