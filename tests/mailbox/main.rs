//! The mailbox and the signal of a vat, as they stand in `src/runtime`, with locks, atomics and thread-locals of `loom` in
//! place of those of the standard library: each scene is played in every order in which its threads can come to do what
//! they do, with what each can see of the others' memory. A wake that is lost is a deadlock, which loom reports.

mod runtime;

/// What the files of `src/runtime` find below them.
mod vat {
    pub(crate) use bowline::vat::Cap;
}

mod wire {
    pub(crate) use bowline::wire::Exception;
}
