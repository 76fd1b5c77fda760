//! Which country numbers of one beginning belong to, as the numbering plans said of the first of them.
//!
//! Reading a number by the plans tries the patterns of up to two dozen countries, and costs as much as all the rest of a hook.
//! Plans are made by beginnings: numbers of one length that differ in their last four digits only are read alike.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::Country;

/// A number's last digits, by which no numbering plan tells countries apart.
const TAIL: usize = 4;
/// In North America (calling code 1, eleven digits) the area code and one digit more decide.
const NANP_TAIL: usize = 6;
/// A power of two; eight bytes each.
const SLOTS: usize = 1 << 14;

/// Beginnings of numbers and their countries. Of two beginnings that share a slot the later one is remembered.
///
/// A slot is one word, so it is read and written whole: 37 bits for the beginning, 4 for the length, 2 for the digits of the calling
/// code, 10 for the country; 0 is empty. Nothing in it is a number: at least four digits are missing.
pub(crate) struct Memo([AtomicU64; SLOTS]);

/// How a number begins.
#[derive(Clone, Copy)]
struct Beginning(u64);

impl Beginning {
    /// Of E.164 text, and of nothing else.
    fn of(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?.as_bytes();
        if !(8..=15).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let tail = if digits.len() == 11 && digits.starts_with(b"1") { NANP_TAIL } else { TAIL };
        let head = digits[..digits.len() - tail].iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0'));
        Some(Self(head << 4 | digits.len() as u64))
    }

    fn slot(self) -> usize {
        // Fibonacci hashing: neighbours are spread.
        (self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50) as usize % SLOTS
    }
}

impl Memo {
    pub(crate) const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; SLOTS])
    }

    /// Country and digits of the calling code, where `text` is E.164 and one that begins like it was noted.
    pub(crate) fn recall(&self, text: &str) -> Option<(Country, usize)> {
        let beginning = Beginning::of(text)?;
        let word = self.0[beginning.slot()].load(Ordering::Relaxed);
        (word != 0 && word >> 12 == beginning.0)
            .then(|| (Country::unpack(word & 0x3ff), (word >> 10 & 3) as usize))
    }

    /// The plans read `text` as `e164` of this country. Only what is its own E.164 form is noted: where something was added or
    /// dropped, the next number may be read in another way.
    pub(crate) fn note(&self, text: &str, e164: &str, country: &Country, calling_code_digits: usize) {
        if text != e164 {
            return;
        }
        if let (Some(beginning), Some(country)) = (Beginning::of(text), country.pack()) {
            let word = beginning.0 << 12 | (calling_code_digits as u64 & 3) << 10 | country;
            self.0[beginning.slot()].store(word, Ordering::Relaxed);
        }
    }
}
