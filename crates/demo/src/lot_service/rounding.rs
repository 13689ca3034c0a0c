//! From five decimal places to two, in the ways a port from COBOL gets it right and wrong. Pure.

use parsers::Decimal;

/// How the value of a lot is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rounding {
    /// To the nearest cent, a half away from zero: COBOL's `ROUNDED`. Right.
    #[default]
    HalfAwayFromZero,
    /// To the nearest cent, a half to the even cent: what decimal libraries do when nobody says otherwise. Wrong for some halves.
    HalfEven,
    /// Digits are cut: what `COMPUTE` without `ROUNDED` does. Wrong for about half of all values.
    Truncate,
}

impl Rounding {
    /// `thousandths` x `cents` as cents; none where it does not fit `S9(13)V9(2)`.
    pub fn value(self, on_hand: Decimal, price: Decimal) -> Option<Decimal> {
        let exact = on_hand.unscaled.checked_mul(price.unscaled)?;
        let cut = exact.checked_div(1000)?;
        let rest = exact.checked_rem(1000)?.unsigned_abs();
        let away = match self {
            Rounding::HalfAwayFromZero => rest >= 500,
            Rounding::HalfEven => rest > 500 || (rest == 500 && cut % 2 != 0),
            Rounding::Truncate => false,
        };
        let cents = if away {
            cut.checked_add(exact.signum())?
        } else {
            cut
        };
        (cents.unsigned_abs() <= 999_999_999_999_999).then(|| Decimal::new(cents, 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::inquiry;
    use proptest::prelude::*;

    fn check(exact: i128, wanted: [i128; 3]) {
        let ways = [
            Rounding::HalfAwayFromZero,
            Rounding::HalfEven,
            Rounding::Truncate,
        ];
        let got = ways.map(|way| {
            way.value(Decimal::new(exact, 3), Decimal::new(1, 2))
                .map(|value| value.unscaled)
        });
        assert_eq!(got, wanted.map(Some), "{exact} thousandths of a cent");
    }

    #[test]
    fn each_way_rounds_as_it_says() {
        check(0, [0, 0, 0]);
        check(499, [0, 0, 0]);
        check(500, [1, 0, 0]);
        check(501, [1, 1, 0]);
        check(1500, [2, 2, 1]);
        check(2500, [3, 2, 2]);
        check(2999, [3, 3, 2]);
        check(-500, [-1, 0, 0]);
        check(-1500, [-2, -2, -1]);
        check(-2500, [-3, -2, -2]);
        check(-2501, [-3, -3, -2]);
    }

    #[test]
    fn a_value_that_does_not_fit_is_none() {
        let check = |on_hand: i128, price: i128, fits: bool| {
            let (on_hand, price) = (Decimal::new(on_hand, 3), Decimal::new(price, 2));
            let value = Rounding::default().value(on_hand, price);
            assert_eq!(value.is_some(), fits);
            assert_eq!(inquiry::value(on_hand, price), value);
        };
        check(999_999_999_999_999_499, 1, true);
        check(999_999_999_999_999_500, 1, false);
        check(-999_999_999_999_999_499, 1, true);
        check(i128::MAX, 2, false);
    }

    proptest! {
        #[test]
        fn the_right_way_is_the_one_of_legacy(on_hand in -99_999_999_999_999_i128..=99_999_999_999_999, price in -99_999_999_999_i128..=99_999_999_999) {
            let (on_hand, price) = (Decimal::new(on_hand, 3), Decimal::new(price, 2));
            prop_assert_eq!(Rounding::HalfAwayFromZero.value(on_hand, price), inquiry::value(on_hand, price));
        }
    }
}
