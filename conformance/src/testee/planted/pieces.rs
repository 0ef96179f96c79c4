//! Mistakes in streams alone.

use crate::testee::{Answer, End};

pub(super) fn lose_cut_length(pieces: &[Vec<u8>], answer: &mut Answer) {
    let first = pieces.first().map_or(0, Vec::len);
    if (1..=3).contains(&first) && pieces[0].last().is_some_and(|byte| byte & 0x80 != 0) && first > 1 {
        answer.packets.clear();
        answer.end = End::Wants(None);
    }
}

pub(super) fn one_packet_a_piece(_: &[Vec<u8>], answer: &mut Answer) {
    for index in 1..answer.packets.len() {
        if answer.packets[index].piece <= answer.packets[index - 1].piece {
            answer.packets[index].piece = answer.packets[index - 1].piece + 1;
        }
    }
}
