//! The way from an object to what is asked of it: names of properties, one within the other.

use super::error::JsError;
use super::name::Name;

/// How many names a path has at most. (Rule 18)
pub(super) const DEPTH_MAX: usize = 64;

/// Names, outermost first. None at all mean the object itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum MethodPath {
    #[default]
    Itself,
    One(Name),
    /// Two or more. Not in a `Vec`: paths are moved about, and this way are no larger than a name.
    Many(Box<[Name]>),
}

impl MethodPath {
    pub(super) fn push(&mut self, name: Name) {
        *self = match std::mem::take(self) {
            Self::Itself => Self::One(name),
            Self::One(first) => Self::Many(Box::new([first, name])),
            Self::Many(names) => {
                let mut names = names.into_vec();
                names.push(name);
                Self::Many(names.into())
            }
        };
    }

    #[inline]
    pub(super) fn names(&self) -> &[Name] {
        match self {
            Self::Itself => &[],
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }

    /// What is left behind the first `count` names.
    pub(super) fn behind(&self, count: usize) -> Self {
        self.names().iter().skip(count).cloned().collect()
    }

    /// As errors write it.
    pub(super) fn spoken(&self) -> String {
        let names: Vec<&str> = self.names().iter().map(Name::as_str).collect();
        if names.is_empty() { "(this)".to_owned() } else { names.join(".") }
    }
}

impl FromIterator<Name> for MethodPath {
    fn from_iter<I: IntoIterator<Item = Name>>(names: I) -> Self {
        let mut names: Vec<Name> = names.into_iter().collect();
        match names.len() {
            0 | 1 => names.pop().map_or(Self::Itself, Self::One),
            _ => Self::Many(names.into()),
        }
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
