//! The way from an object to what is asked of it: names of properties, one within the other.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::error::JsError;
use super::value::Text;

/// How many names a path has at most. (Rule 18)
pub(super) const DEPTH_MAX: usize = 64;

/// Names, outermost first. An empty one means the object itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MethodPath(SmallVec<[Text; 1]>);

impl MethodPath {
    pub(super) fn one(name: Text) -> Self {
        Self(SmallVec::from_buf([name]))
    }

    pub(super) fn push(&mut self, name: Text) {
        self.0.push(name);
    }

    pub(super) fn names(&self) -> &[Text] {
        &self.0
    }

    /// What is left behind the first `count` names.
    pub(super) fn behind(&self, count: usize) -> Self {
        Self(self.0.iter().skip(count).cloned().collect())
    }

    /// As errors write it.
    pub(super) fn spoken(&self) -> String {
        if self.0.is_empty() {
            return "(this)".to_owned();
        }
        let names: Vec<Cow<'_, str>> =
            self.0.iter().map(|name| name.as_str().to_string_lossy()).collect();
        names.join(".")
    }
}

impl FromIterator<Text> for MethodPath {
    fn from_iter<I: IntoIterator<Item = Text>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}

/// There is no such property, or none that is for others. (Rule 5)
pub(super) fn missing(name: &str) -> JsError {
    JsError::type_error(format!("The RPC receiver does not implement the method \"{name}\"."))
}

/// It is called and is no function. (Rule 6)
pub(super) fn no_function(path: &MethodPath) -> JsError {
    JsError::type_error(format!("\"{}\" is not a function.", path.spoken()))
}

/// The name is not for callers. (Rules 36 and 37)
pub(super) fn reserved(name: &str) -> JsError {
    JsError::type_error(format!("'{name}' is a reserved method and cannot be called over RPC."))
}

/// The path is too long. (Rule 18)
pub(super) fn too_deep() -> JsError {
    JsError::type_error(format!("RPC pipelined property path is too deep (max {DEPTH_MAX})."))
}
