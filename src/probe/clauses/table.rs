//! The table of clauses, in the order of `SPEC.md`.

use super::{
    endings, exceptions, finishes, framing, payloads, pipelines, promises, questions, references,
    returns,
};
use crate::probe::scene::{Running, Scene};

/// How a clause is put to a server.
pub(in crate::probe) enum How {
    /// In a scene.
    Test(for<'a, 'b> fn(&'a mut Scene<'b>) -> Running<'a>),
    /// Not at all, because of this.
    Unseen(&'static str),
}

/// A clause: its id, the situation it is put to the test in, and how.
pub(in crate::probe) struct Clause {
    pub(in crate::probe) id: &'static str,
    pub(in crate::probe) situation: &'static str,
    pub(in crate::probe) how: How,
}

macro_rules! test {
    ($id:literal, $test:path, $situation:literal) => {
        Clause { id: $id, situation: $situation, how: How::Test(|scene| Box::pin($test(scene))) }
    };
}

const fn unseen(id: &'static str, situation: &'static str, why: &'static str) -> Clause {
    Clause { id, situation, how: How::Unseen(why) }
}

/// What only shows inside.
const INSIDE: &str = "only seen from inside";
/// What a server does as a caller of ours, of its own accord.
const CALLS: &str = "it would have to call us of its own accord";
/// What takes a promise of the server's.
const PROMISE: &str = "it would have to hand out a promise of its own";
/// What takes a method whose calls are a stream.
const STREAM: &str = "it takes a streaming method, and what that does";
/// What takes longer than a probe waits.
const PATIENCE: &str = "it takes longer than a probe waits";
/// What takes more memory than a probe may.
const LARGE: &str = "it takes more than a probe may ask of a server";

pub(in crate::probe) const CLAUSES: &[Clause] = &[
    test!("C-F1", framing::segments, "a message in two segments"),
    test!("C-F2", framing::oversized, "a frame that announces more than anybody takes"),
    test!("C-F3", framing::pieces, "bytes one by one, and a stream cut within a message"),
    test!("C-F4", framing::bad_pointers, "params whose pointers lead astray"),
    test!("C-F5", framing::no_message, "a frame that holds no message"),
    test!("C-B1", framing::bootstrap, "a call pipelined on the bootstrap"),
    test!("C-B2", framing::bootstrap_twice, "the bootstrap asked for twice"),
    test!("C-Q1", questions::id_is_used_again, "a question id used again"),
    test!("C-Q2", questions::id_in_use, "a question id that is in use"),
    test!("C-Q3", questions::each_once, "fifty calls at once"),
    test!("C-Q4", questions::unknown_export, "a call to an export that never was"),
    test!("C-Q5", questions::goes_on_at_once, "a call on what is not returned yet"),
    test!("C-Q6", questions::no_such_answer, "a call on an answer that is not there"),
    test!("C-Q7", questions::steps, "a path with steps that mean nothing, or are unknown"),
    test!("C-Q8", questions::unknown_target, "a call to an unknown kind of target"),
    unseen("C-Q9", "a promise that is dropped", INSIDE),
    test!("C-R1", returns::one_return, "one Return for a call, cancelled or not"),
    test!("C-R2", returns::of_nothing, "a Return nobody asked for"),
    test!("C-R3", returns::releases_params, "a Return that releases what it was passed"),
    test!("C-R4", returns::gives_params_back, "params that are given back once"),
    test!("C-R5", returns::no_finish_needed, "a Return that wants no Finish"),
    test!("C-R6", returns::settled, "an answer it wants no Finish for"),
    test!("C-R7", returns::late, "results of a call that was cancelled"),
    test!("C-R8", returns::canceled, "a call returned as cancelled that was not"),
    test!("C-R9", returns::unknown_outcome, "an unknown kind of Return"),
    test!("C-N1", finishes::frees, "an id that is free once finished"),
    test!("C-N2", finishes::releases_results, "results released with their Finish, or kept"),
    test!("C-N3", finishes::cancels, "a call that is cancelled"),
    test!("C-N4", finishes::delivered_first, "a call delivered before it is cancelled"),
    test!("C-N5", finishes::in_one_read, "Call and Finish in one read"),
    test!("C-N6", finishes::of_nothing, "a Finish for an answer that never was"),
    test!("C-N7", finishes::twice, "a second Finish"),
    test!("C-N8", finishes::behind_pipelined_calls, "a Finish behind a pipelined call"),
    unseen("C-P1", "a promise of its own, resolved once", PROMISE),
    unseen("C-P2", "calls on a promise that was resolved", PROMISE),
    unseen("C-P3", "calls on a promise that broke", PROMISE),
    test!("C-P4", promises::of_nothing, "a Resolve for a promise that never was"),
    test!("C-P5", promises::no_promise, "a Resolve for what is no promise"),
    test!("C-P6", promises::to_itself, "a promise resolved to itself"),
    unseen("C-P7", "a promise of its own, sent twice", PROMISE),
    test!("C-P8", promises::unknown_resolution, "an unknown kind of resolution"),
    test!("C-L1", references::each_counts, "each reference counted"),
    test!("C-L2", references::the_last, "a call to what was released"),
    test!("C-L3", references::too_many, "more released than was sent"),
    test!("C-L4", references::all_come_back, "a capability sent again and again"),
    test!("C-L5", references::one_id, "one id for one capability"),
    unseen("C-E1", "calls of its own, in order", CALLS),
    unseen("C-E2", "a promise of ours that comes home to it", CALLS),
    test!("C-E3", promises::loops_back, "a disembargo behind a call"),
    test!("C-E4", promises::loops_back_later, "a disembargo to what is not returned yet"),
    unseen("C-E5", "a promise that needs no embargo", CALLS),
    unseen("C-E6", "the Tribble race", CALLS),
    unseen("C-E7", "an embargoed promise that breaks", CALLS),
    test!("C-E8", promises::loops_nowhere, "a disembargo that leads nowhere"),
    unseen("C-E10", "what an embargoed promise is called", CALLS),
    test!("C-T1", returns::to_yourself, "a call whose results stay"),
    test!("C-T2", returns::taken, "results taken from another question"),
    unseen("C-T3", "a tail call of its own", CALLS),
    unseen("C-T4", "a tail call of its own, cancelled", CALLS),
    unseen("C-T5", "a tail call of its own that is never answered", CALLS),
    test!("C-T6", returns::taken_from_nothing, "results taken from a question that never was"),
    unseen("C-S1", "the window of a stream", CALLS),
    unseen("C-S2", "a stream of its own that failed", CALLS),
    unseen("C-S3", "calls behind a streaming call", STREAM),
    unseen("C-S4", "a streaming call nobody waits for", CALLS),
    unseen("C-S5", "a stream to a promise", CALLS),
    unseen("C-H1", "a call whose pipeline it dropped", CALLS),
    unseen("C-H2", "a call of which it keeps the pipeline", CALLS),
    test!("C-H3", pipelines::no_return, "a call that wants no Return"),
    test!("C-H4", pipelines::high_return, "a Return for a call that wants none"),
    unseen("C-H5", "a call of which it keeps the pipeline, with capabilities", CALLS),
    test!("C-H6", pipelines::passed_on, "hints on a call it passes on"),
    test!("C-H7", pipelines::against_the_hint, "a pipelined call against its hint"),
    test!("C-X1", exceptions::reason, "an exception with a reason"),
    test!("C-X2", exceptions::carried, "an exception it passes on"),
    test!("C-X3", exceptions::unimplemented, "an unknown interface"),
    test!("C-X4", exceptions::on_null, "a call on nothing"),
    test!("C-U1", exceptions::echoes, "messages nobody knows"),
    test!("C-U2", exceptions::of_a_call, "its call comes back unimplemented"),
    unseen("C-U3", "its Resolve comes back unimplemented", PROMISE),
    unseen("C-U4", "its Disembargo comes back unimplemented", CALLS),
    test!("C-U5", exceptions::of_a_finish, "a Finish comes back unimplemented"),
    test!("C-U6", exceptions::of_itself, "unimplemented, unasked"),
    test!("C-A1", endings::silent, "an Abort"),
    test!("C-A2", endings::last_words, "its own Abort"),
    unseen("C-A3", "what is lost with a connection", INSIDE),
    unseen("C-A4", "what outlives a connection", INSIDE),
    unseen("C-A5", "an embargo at the end", INSIDE),
    test!("C-A6", endings::others, "another connection while one breaks"),
    unseen("C-A7", "a vat that shuts down", INSIDE),
    unseen("C-A8", "words that nobody is there to hear", INSIDE),
    test!("C-D1", payloads::beyond_the_table, "a capability beyond the cap table"),
    test!("C-D2", payloads::none, "the null capability"),
    test!("C-D3", payloads::unknown_export, "an export given back that never was"),
    test!("C-D4", payloads::unknown_answer, "an answer passed on that never was"),
    test!("C-D5", payloads::vine, "a capability of a third vat"),
    test!("C-D6", payloads::unknown_kind, "an unknown kind of descriptor"),
    test!("C-D7", payloads::attached_fd, "a file descriptor that was not sent"),
    test!("C-D8", payloads::content, "content it passes on"),
    unseen("C-I1", "a connection that knows it is idle", INSIDE),
    test!("C-I2", references::nothing_is_left, "all that was given out is given back"),
    unseen("C-M1", "too many questions of its own", CALLS),
    test!("C-M2", endings::open_questions, "questions that are never finished"),
    unseen("C-M3", "too many words in calls", LARGE),
    unseen("C-M4", "too many exports and imports", LARGE),
    unseen("C-M5", "too many embargoes", CALLS),
    unseen("C-M6", "answers nobody reads", LARGE),
    unseen("C-M7", "results too large for a frame", INSIDE),
    unseen("C-M8", "a promise that comes to be another, again and again", CALLS),
    unseen("C-M9", "a call that is sent back, again and again", PROMISE),
    unseen("C-M10", "large results that are never finished", LARGE),
    unseen("C-M11", "a connection on which nothing is said", PATIENCE),
    unseen("C-M12", "connections, one after the other", LARGE),
];
