//! An integer of any size.

use std::fmt;

/// A BigInt: a sign and a magnitude. Zero has no sign.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BigInt {
    negative: bool,
    /// Least significant first; the last is not zero.
    digits: Vec<u64>,
}

impl BigInt {
    /// The number of this sign whose magnitude has these digits to the base 2^64, least significant first.
    #[must_use]
    pub fn from_digits(negative: bool, mut digits: Vec<u64>) -> Self {
        let length = digits.iter().rposition(|digit| *digit != 0).map_or(0, |last| last + 1);
        digits.truncate(length);
        Self { negative: negative && length > 0, digits }
    }

    /// It is below zero.
    #[must_use]
    pub const fn is_negative(&self) -> bool {
        self.negative
    }

    /// Its magnitude to the base 2^64, least significant first, without leading zeros.
    #[must_use]
    pub fn digits(&self) -> &[u64] {
        &self.digits
    }

    fn magnitude(&self) -> Option<u128> {
        match *self.digits.as_slice() {
            [] => Some(0),
            [low] => Some(u128::from(low)),
            [low, high] => Some(u128::from(low) | u128::from(high) << 64),
            _ => None,
        }
    }

    /// As a signed number of 128 bits, if it is one.
    #[must_use]
    pub fn to_i128(&self) -> Option<i128> {
        let magnitude = self.magnitude()?;
        if self.negative {
            0i128.checked_sub_unsigned(magnitude)
        } else {
            i128::try_from(magnitude).ok()
        }
    }

    /// As an unsigned number of 128 bits, if it is one.
    #[must_use]
    pub fn to_u128(&self) -> Option<u128> {
        self.magnitude().filter(|_| !self.negative)
    }
}

impl From<i128> for BigInt {
    fn from(number: i128) -> Self {
        let mut this = Self::from(number.unsigned_abs());
        this.negative = number < 0;
        this
    }
}

impl From<u128> for BigInt {
    fn from(number: u128) -> Self {
        Self::from_digits(false, vec![number as u64, (number >> 64) as u64])
    }
}

impl From<i64> for BigInt {
    fn from(number: i64) -> Self {
        i128::from(number).into()
    }
}

impl From<u64> for BigInt {
    fn from(number: u64) -> Self {
        u128::from(number).into()
    }
}

/// Digits to print at most in decimal, which takes time in their square.
const DECIMAL_DIGITS_MAX: usize = 128;

impl fmt::Display for BigInt {
    /// In decimal; in hexadecimal beyond 2^8192.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const TEN_19: u128 = 10_000_000_000_000_000_000;
        f.write_str(if self.negative { "-" } else { "" })?;
        if self.digits.len() > DECIMAL_DIGITS_MAX {
            let mut digits = self.digits.iter().rev();
            write!(f, "0x{:x}", digits.next().unwrap_or(&0))?;
            return digits.try_for_each(|digit| write!(f, "{digit:016x}"));
        }
        let (mut left, mut groups) = (self.digits.clone(), Vec::new());
        while !left.is_empty() {
            let mut rest = 0u128;
            for digit in left.iter_mut().rev() {
                let both = rest << 64 | u128::from(*digit);
                // Both fit: the divisor is below 2^64 and above the rest.
                (*digit, rest) = ((both / TEN_19) as u64, both % TEN_19);
            }
            groups.push(rest);
            while left.last() == Some(&0) {
                left.pop();
            }
        }
        write!(f, "{}", groups.pop().unwrap_or(0))?;
        groups.iter().rev().try_for_each(|group| write!(f, "{group:019}"))
    }
}

impl fmt::Debug for BigInt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_size_are_printed_in_decimal() {
        let big = BigInt::from_digits(true, vec![0, 0, 1, 0]);
        assert_eq!(big.to_string(), "-340282366920938463463374607431768211456");
        assert_eq!(big.to_i128(), None);
        assert_eq!(BigInt::from(i128::MIN).to_i128(), Some(i128::MIN));
        assert_eq!(BigInt::from(i128::MIN).to_string(), i128::MIN.to_string());
        assert_eq!(BigInt::from(10_000_000_000_000_000_000u64).to_string(), "10000000000000000000");
        let zero = BigInt::from_digits(true, vec![0]);
        assert!(!zero.is_negative() && zero.digits().is_empty() && format!("{zero:?}") == "0n");
    }
}
