use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};

/// Chance that is the same in every run. Dice are named by what they are for, so that one side's day draws what another's draws, even
/// where something happened there that did not happen here.
pub(crate) struct Dice(StdRng);

impl Dice {
    /// The dice of a `name`.
    pub(crate) fn of(seed: u64, name: &[u64]) -> Self {
        // SplitMix64's mixing step, so that neighbours have nothing in common.
        let mix = |it: u64| {
            let it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            it ^ (it >> 31)
        };
        let named = name.iter().fold(mix(seed ^ 0x9e37_79b9_7f4a_7c15), |all, it| {
            mix(all.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ mix(*it))
        });
        Self(StdRng::seed_from_u64(named))
    }

    /// True in `share` of all cases.
    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.0.random_bool(share)
    }

    /// Anything from `least` to `most`, both possible.
    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        self.0.random_range(least..=most)
    }

    /// One of `0..n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0.random_range(0..n)
    }

    /// Small values often, large ones seldom: evenly spread over the orders of magnitude between the two.
    pub(crate) fn skewed(&mut self, least: i64, most: i64) -> i64 {
        let power = self.0.random_range((least as f64).ln()..(most as f64).ln());
        power.exp() as i64
    }

    /// Which of several weighted cases.
    pub(crate) fn case(&mut self, weights: &[u32]) -> usize {
        let mut left = self.0.random_range(0..weights.iter().sum());
        weights
            .iter()
            .position(|weight| {
                let here = left < *weight;
                left = left.saturating_sub(*weight);
                here
            })
            .unwrap()
    }

    /// Another order.
    pub(crate) fn shuffle<T>(&mut self, all: &mut [T]) {
        for n in (1..all.len()).rev() {
            all.swap(n, self.0.random_range(0..=n));
        }
    }

    /// Random bytes.
    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}
