//! What a Worker offers.

/// The entrypoints of a Worker, as far as somebody knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entrypoints {
    /// Nobody knows. Any may be there.
    Unknown,
    /// Exactly these.
    Known {
        /// There is a default one.
        default: bool,
        /// The names of the others.
        named: Vec<String>,
    },
}

impl Entrypoints {
    /// The default one, and these.
    pub fn known<N: Into<String>>(named: impl IntoIterator<Item = N>) -> Self {
        Self::Known { default: true, named: named.into_iter().map(Into::into).collect() }
    }

    /// Whether the entrypoint of this name may be there; without a name, the default one.
    #[must_use]
    pub fn may_have(&self, entrypoint: Option<&str>) -> bool {
        match (self, entrypoint) {
            (Self::Unknown, _) => true,
            (Self::Known { default, .. }, None) => *default,
            (Self::Known { named, .. }, Some(name)) => named.iter().any(|known| known == name),
        }
    }

    /// The names that are known.
    pub(super) fn named(&self) -> impl Iterator<Item = &str> {
        // In bounds: all of it.
        let named = if let Self::Known { named, .. } = self { &named[..] } else { &[] };
        named.iter().map(String::as_str)
    }
}
