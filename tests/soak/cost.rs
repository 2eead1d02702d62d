//! What the limits of a connection come to in bytes.

use crate::attacks::Attack;

/// What an entry costs at most beside the words that are counted for it: that in the connection's table, the
/// call or capability in the vat, the task or object of the application, and the spare room of a table that grows.
const ANSWER: u64 = 2_400;
const CAPABILITY: u64 = 900;
const EMBARGO: u64 = 1_600;

/// Buffers of a transport: to read into, and what it is handed to write beyond its own limit.
const BUFFERS: u64 = 64 << 10;
const UNWRITTEN: u64 = 256 << 10;

/// What is taken whatever is attacked: the tables that are there, a turn's worth of messages, the neighbour.
const BASE: u64 = 512 << 10;

/// What a message that was handed on costs until it is written, where it is small: its envelope is counted with 8
/// words, and lies in a list that doubles.
const ITEM: u64 = 3;

/// The most bytes a connection with these limits may take.
pub(crate) fn most(attack: &Attack) -> u64 {
    let (config, limits) = (&attack.config, &attack.limits.incoming);
    let words = |words: usize| 8 * words as u64;
    let frame = words(limits.frame_words_max as usize);
    let calls = 2 * words(config.inbound_words_max) + u64::from(config.answers_max) * ANSWER;
    let kept = words(config.kept_words_max);
    let payload = words(config.payload_words_max);
    let queued = ITEM * (2 * words(config.queued_words_max) + payload);
    let capabilities = u64::from(config.exports_max + config.imports_max) * CAPABILITY;
    let asked = u64::from(config.questions_max) * ANSWER;
    let embargoes = u64::from(config.embargoes_max + config.echoes_max) * EMBARGO;
    let transport = BUFFERS + UNWRITTEN + payload + 2 * frame;
    let each = calls + kept + queued + capabilities + asked + embargoes + transport;
    BASE + each * attack.connections as u64
}
