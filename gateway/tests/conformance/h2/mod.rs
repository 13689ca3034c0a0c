//! HTTP/2 in front, HTTP/1.1 behind; frames and header blocks by code of this suite's own.

mod blocks;
mod bodies;
mod ends;
mod floods;
pub(crate) mod frame;
mod frames;
pub(crate) mod hpack;
mod interim;
mod requests;
mod tunnels;
mod want;

use crate::case::Case;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(frames::cases());
    cases.extend(blocks::cases());
    cases.extend(requests::cases());
    cases.extend(bodies::cases());
    cases.extend(interim::cases());
    cases.extend(ends::cases());
    cases.extend(floods::cases());
    cases.extend(tunnels::cases());
    cases
}
