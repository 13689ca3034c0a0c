//! What a share of a sample says about all there is: the lower end of Wilson's score interval. Pure.
//!
//! Of n pairs k were equal; the true rate is at least
//! (p + z²/2n − z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n), with p = k/n, in all but one of twenty such samples (one-sided, 95 %).
//! E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927), 209–212; why not the usual
//! p ± z·√(p(1−p)/n): L. D. Brown, T. T. Cai, A. DasGupta, "Interval Estimation for a Binomial Proportion", Statistical Science 16 (2001),
//! 101–133. Where nothing differed it is 1/(1 + z²/n): 3 samples say 53 %, 100 say 97.4 %, 1,000 say 99.73 %.

/// The 95 % point of the standard normal distribution.
const Z: f64 = 1.644_853_626_951_472_2;

/// The 99.9 % point: what is looked at again and again must not go wrong by chance.
const SURE: f64 = 3.090_232_306_167_813_5;

/// A share with its bound, both from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// k/n.
    pub rate: f64,
    /// What the true rate is at least.
    pub at_least: f64,
}

/// Of `hits` out of `of`; none of an empty sample. More hits than there are is all of them.
#[must_use]
pub fn bound(hits: u64, of: u64) -> Option<Bound> {
    bound_at(hits, of, Z)
}

/// The same at 99.9 %, for what has consequences each time that it is looked at.
#[must_use]
pub fn sure_bound(hits: u64, of: u64) -> Option<Bound> {
    bound_at(hits, of, SURE)
}

fn bound_at(hits: u64, of: u64, z: f64) -> Option<Bound> {
    if of == 0 {
        return None;
    }
    let n = float(of);
    let rate = float(hits.min(of)) / n;
    let z2 = z * z;
    let spread = (rate * (1.0 - rate) / n + z2 / (4.0 * n * n)).sqrt();
    let at_least = (rate + z2 / (2.0 * n) - z * spread) / (1.0 + z2 / n);
    Some(Bound {
        rate,
        at_least: at_least.clamp(0.0, rate),
    })
}

/// Counts above 2^53 lose their last digits, which no rate shows.
#[allow(clippy::cast_precision_loss, reason = "a count as a part of a rate")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_bound_is_wilsons() {
        for (hits, of, wanted) in [
            (3, 3, 0.525_804),
            (100, 100, 0.973_657),
            (1_000, 1_000, 0.997_302),
            (95, 100, 0.900_839),
            (0, 10, 0.0),
            (1, 2, 0.120_866),
        ] {
            let found = bound(hits, of).unwrap();
            assert!(
                (found.at_least - wanted).abs() < 1e-5,
                "{hits}/{of}: {found:?}"
            );
        }
        assert_eq!(bound(0, 0), None);
    }

    proptest! {
        #[test]
        fn it_is_below_the_rate_and_nearer_with_more_samples(hits in 0_u64..500, more in 0_u64..500, times in 1_u64..50) {
            let of = hits + more.max(1);
            let one = bound(hits, of).unwrap();
            prop_assert!(one.at_least <= one.rate && one.at_least >= 0.0);
            // What Wilson's interval is made of: at its end the sample lies z standard errors away.
            let error = (one.at_least * (1.0 - one.at_least) / float(of)).sqrt();
            prop_assert!((one.rate - one.at_least - Z * error).abs() < 1e-9);
            let many = bound(hits * times, of * times).unwrap();
            prop_assert!(many.at_least >= one.at_least - 1e-12);
            let better = bound(hits + 1, of).unwrap();
            prop_assert!(better.at_least >= one.at_least);
        }
    }
}
