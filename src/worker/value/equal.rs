//! When two values are equal.

use super::encode::encode;
use super::limits::Limits;
use super::region::Slot;
use super::value::Value;

impl PartialEq for Value {
    /// They look the same from inside: equal primitives (NaN equals itself, −0 is not 0), the same
    /// properties in the same order, the same aliases, and the same stubs and streams. A value that cannot
    /// be sent equals only itself.
    fn eq(&self, other: &Self) -> bool {
        if self.same(other) {
            return true;
        }
        let (Slot::Outside(..), Slot::Outside(..)) = (&self.0, &other.0) else { return false };
        let all = Limits { bytes_max: u64::MAX, depth_max: u16::MAX, memory_max: u64::MAX };
        let (Ok(one), Ok(other)) = (encode(self, &all), encode(other, &all)) else { return false };
        one.bytes == other.bytes
            && one.externals.iter().zip(&other.externals).all(|(one, other)| one.same(other))
    }
}
