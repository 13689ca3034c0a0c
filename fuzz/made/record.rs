//! Records that are nearly of a layout: some fields hold what they should, others what real files have there; some are
//! cut, some are too long.

use parsers::Layout;

use super::Dice;

/// Bytes that mean something somewhere.
const POOLS: [&[u8]; 6] = [
    b"\xf0\xf1\xf2\xf3",
    b"\xf0\xf1\xf2\xf3\xc1\xd2\xc0\xd0\x40",
    b"\xf0\x01\x1c\x2d\x0f\x00",
    b"\x00\x01\x02\xf1\xf2\x1c\x40\xff",
    b"\xc1\xc2\xc3\x40\x6f\xe8\xd5\x81\x0e\x0f\x41",
    b"\x00\xff\x40",
];

/// One record; a layout is asked only where its fields are.
pub(in super::super) fn record(dice: &mut Dice<'_>, layout: &Layout) -> Vec<u8> {
    let (least, most) = (layout.min_len(), layout.max_len());
    let within = |dice: &mut Dice<'_>, from: usize, to: usize| {
        from + (dice.below(256) * 256 + dice.below(256)) % (to - from + 1)
    };
    let len = match dice.below(8) {
        0..=2 => most,
        3..=5 => within(dice, least, most.max(least)),
        6 => within(dice, 0, most),
        _ => most + dice.below(4),
    };
    let pool = dice.of(&POOLS);
    let mut record: Vec<u8> = (0..len).map(|_| pool[dice.below(pool.len())]).collect();
    let elementary = layout.fields().filter(|field| field.usage().is_some());
    for field in elementary {
        let end = field.offset() + field.len();
        let Some(place) = record.get_mut(field.offset()..end) else {
            continue;
        };
        fill(dice, place);
    }
    record
}

fn fill(dice: &mut Dice<'_>, place: &mut [u8]) {
    let small = dice.below(4) as u8;
    let last = place.len().saturating_sub(1);
    match dice.below(10) {
        // A small number: of digits, packed, binary, little-endian.
        1 | 2 => {
            place.fill(0xf0);
            place[last] = (0xf0 - 0x10 * dice.below(4) as u8) | small;
        }
        3 | 4 => {
            place.fill(0x00);
            place[last] = small << 4 | dice.of(&[b"\x0c", b"\x0f", b"\x0d", b"\x0a"])[0];
        }
        5 => {
            place.fill(0x00);
            place[last] = small;
        }
        6 => {
            let first = last - last.min(usize::from(small));
            place.fill(0x00);
            place[first] = small;
        }
        7 => place.fill(dice.of(&[b"\x40", b"\x00", b"\xff", b"\xf9"])[0]),
        8 => {
            let digits = dice.of(&[
                &b"20260229"[..],
                b"1260228",
                b"2026-11-22-08.30.00.123456",
                b"99991231",
                b"240000",
            ]);
            let digits = digits.iter().map(|digit| match digit {
                b'-' => 0x60,
                b'.' => 0x4b,
                digit => digit | 0xf0,
            });
            place
                .iter_mut()
                .zip(digits)
                .for_each(|(to, from)| *to = from);
        }
        9 => place.fill_with(|| dice.byte()),
        _ => {}
    }
}
