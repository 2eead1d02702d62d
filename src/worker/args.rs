//! Arguments: the values a call takes along.

use serde::Deserialize;
use smallvec::SmallVec;

use super::error::JsError;
use super::value::{Value, from_value};

/// The arguments of a call, in order. One that was not passed is `undefined`.
///
/// Callers write [`args!`](crate::worker::args); a target reads them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Args(SmallVec<[Value; 2]>);

impl Args {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more, behind the others.
    #[must_use]
    pub fn with(mut self, value: impl Into<Value>) -> Self {
        self.0.push(value.into());
        self
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, index: usize) -> &Value {
        self.0.get(index).unwrap_or(&Value::UNDEFINED)
    }

    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Value] {
        &self.0
    }

    /// One of them as a Rust type.
    ///
    /// # Errors
    ///
    /// A `TypeError` that says which argument, what was expected and what there is.
    pub fn to<'de, T: Deserialize<'de>>(&'de self, index: usize) -> Result<T, JsError> {
        from_value(self.get(index))
            .map_err(|why| JsError::type_error(format!("argument {}: {why}", index + 1)))
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [Value] {
        &mut self.0
    }
}

impl<V: Into<Value>> FromIterator<V> for Args {
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        Self(values.into_iter().map(Into::into).collect())
    }
}
