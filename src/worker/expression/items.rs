//! Items of typed arrays, as they are when a number is put there.

use crate::worker::value::{BigInt, View, ViewKind};

/// Writes one item behind the others.
pub(super) fn write(kind: ViewKind, item: View<'_>, bytes: &mut Vec<u8>) -> Result<(), String> {
    let size = kind.item_bytes();
    let bits = match (kind, item) {
        (ViewKind::BigInt64Array | ViewKind::BigUint64Array, View::BigInt(number)) => low(number),
        (ViewKind::BigInt64Array | ViewKind::BigUint64Array, other) => {
            return Err(format!(
                "an item of {} is a bigint, no {}",
                kind.name(),
                other.type_name()
            ));
        }
        (_, View::Number(number)) => of_number(kind, number)?,
        (_, View::Undefined) => of_number(kind, f64::NAN)?,
        (_, other) => {
            return Err(format!(
                "an item of {} is a number, no {}",
                kind.name(),
                other.type_name()
            ));
        }
    };
    bytes.extend_from_slice(bits.to_le_bytes().get(..size).unwrap_or_default());
    Ok(())
}

/// The low 64 bits, in two's complement.
fn low(number: &BigInt) -> u64 {
    let magnitude = number.digits().first().copied().unwrap_or(0);
    if number.is_negative() { magnitude.wrapping_neg() } else { magnitude }
}

fn of_number(kind: ViewKind, number: f64) -> Result<u64, String> {
    Ok(match kind {
        ViewKind::Float64Array => number.to_bits(),
        ViewKind::Float32Array => u64::from((number as f32).to_bits()),
        ViewKind::Float16Array => return Err("Float16Array cannot be written here".to_owned()),
        ViewKind::Uint8ClampedArray => number.clamp(0.0, 255.0).round_ties_even() as u64,
        _ => modulo(number),
    })
}

/// The low 32 bits of a number without its fraction, as integers of JavaScript wrap.
fn modulo(number: f64) -> u64 {
    if !number.is_finite() {
        return 0;
    }
    // Both fit: the remainder lies between 0 and 2^32.
    number.trunc().rem_euclid(4_294_967_296.0) as u64
}
