//! HTTP/1.1 on both sides.

mod answers;
mod chunks;
mod fields;
mod forward;
mod hosts;
mod interim;
mod lasting;
mod lengths;
mod lines;
mod upgrade;

use crate::case::Case;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(lines::cases());
    cases.extend(fields::cases());
    cases.extend(hosts::cases());
    cases.extend(lengths::cases());
    cases.extend(chunks::cases());
    cases.extend(forward::cases());
    cases.extend(answers::cases());
    cases.extend(lasting::cases());
    cases.extend(interim::cases());
    cases.extend(upgrade::cases());
    cases
}
