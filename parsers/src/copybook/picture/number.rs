//! Pictures of numbers to compute with: digits, sign and where the decimal point stands.

use super::run::Run;
use super::{BadPicture, MOST_DIGITS, PictureKind, bad, too_much};

/// 9 S V P only: where the decimal point stands. P counts as a digit position that is not stored.
pub(super) fn numeric(runs: &[Run], text: &str) -> Result<PictureKind, BadPicture> {
    let signed = runs.first().is_some_and(|run| run.symbol == 'S');
    let mut digits = 0u16;
    let mut scale = 0i16;
    let mut point = false;
    let mut zeros_right = 0i16;
    for run in runs {
        let count = u16::try_from(run.count)
            .ok()
            .filter(|count| *count <= MOST_DIGITS)
            .ok_or_else(|| too_much(run.at, run.len, format!("more than {MOST_DIGITS} digits")))?;
        let places = i16::try_from(count).unwrap_or(i16::MAX);
        match run.symbol {
            'V' if point || run.count > 1 => {
                return Err(bad(run.at, run.len, "a second decimal point"));
            }
            'V' => point = true,
            '9' if zeros_right > 0 => {
                return Err(bad(
                    run.at,
                    run.len,
                    "`9` after `P`: P stands at one end of the digits",
                ));
            }
            '9' => {
                digits = digits.saturating_add(count);
                if point {
                    scale = scale.saturating_add(places);
                }
            }
            // P left of every 9 puts the point left of itself.
            'P' if digits == 0 => {
                point = true;
                scale = scale.saturating_add(places);
            }
            'P' if point => {
                return Err(bad(
                    run.at,
                    run.len,
                    "`P` right of the decimal point and of a digit",
                ));
            }
            'P' => zeros_right = zeros_right.saturating_add(places),
            _ => {}
        }
    }
    let all = u32::from(digits)
        .saturating_add(u32::from(zeros_right.unsigned_abs()))
        .max(u32::from(scale.unsigned_abs()));
    if digits == 0 || all > u32::from(MOST_DIGITS) {
        let wrong: fn(usize, usize, String) -> BadPicture =
            if digits == 0 { bad } else { too_much };
        let message = format!("wanted 1 to {MOST_DIGITS} digits (9 and P), got {all}");
        return Err(wrong(0, text.len(), message));
    }
    Ok(PictureKind::Numeric {
        signed,
        digits,
        scale: scale.saturating_sub(zeros_right),
    })
}
