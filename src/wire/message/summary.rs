//! A message in one short line, as a person would tell it.

use std::fmt;

use super::data::{
    CapDescriptor, Context, Message, MessageTarget, Outcome, Payload, PromisedAnswer, Resolution,
    SendResultsTo,
};

impl Message {
    /// The message in one line: `call q1 → i0 @0xabc.3 params 4 words [e1 p2]`.
    #[must_use]
    pub fn summary(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unimplemented(inner) => write!(f, "unimplemented ({inner})"),
            Self::Abort(why) => write!(f, "abort {why}"),
            Self::Bootstrap(asked) => write!(f, "bootstrap {}", asked.question),
            Self::Call(call) => {
                write!(f, "call {} → {}", call.question, call.target)?;
                write!(f, " @{:#x}.{} params {}", call.interface, call.method, call.params)?;
                f.write_str(match call.results_to {
                    SendResultsTo::Caller => "",
                    SendResultsTo::Yourself => " to yourself",
                    SendResultsTo::Elsewhere => " to elsewhere",
                })?;
                f.write_str(if call.no_promise_pipelining { " no-pipeline" } else { "" })?;
                f.write_str(if call.only_promise_pipeline { " only-pipeline" } else { "" })
            }
            Self::Return(ret) => {
                write!(f, "return {} {}", ret.answer, ret.outcome)?;
                f.write_str(if ret.release_param_caps { " release-params" } else { "" })?;
                f.write_str(if ret.no_finish_needed { " no-finish" } else { "" })
            }
            Self::Finish(finish) => {
                write!(f, "finish {}", finish.question)?;
                f.write_str(if finish.release_result_caps { " release-results" } else { "" })?;
                let deliver = finish.require_early_cancellation_workaround;
                f.write_str(if deliver { " deliver-first" } else { "" })
            }
            Self::Resolve(resolve) => {
                write!(f, "resolve p{} {}", resolve.promise.0, resolve.resolution)
            }
            Self::Release(release) => {
                write!(f, "release {} ×{}", release.import, release.reference_count)
            }
            Self::Disembargo(lift) => write!(f, "disembargo {} {}", lift.target, lift.context),
            Self::Foreign(foreign) => write!(f, "message #{} {:?}", foreign.variant, foreign.body),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Results(results) => write!(f, "results {results}"),
            Self::Exception(why) => write!(f, "exception {why}"),
            Self::Canceled => f.write_str("canceled"),
            Self::ResultsSentElsewhere => f.write_str("sent elsewhere"),
            Self::TakeFromOtherQuestion(question) => write!(f, "take from {question}"),
            Self::Foreign(variant) => write!(f, "outcome #{variant}"),
        }
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.content)?;
        for (index, cap) in self.caps.iter().enumerate() {
            write!(f, "{}{cap}", if index == 0 { " [" } else { " " })?;
        }
        f.write_str(if self.caps.is_empty() { "" } else { "]" })
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cap(cap) => write!(f, "→ {cap}"),
            Self::Exception(why) => write!(f, "broken {why}"),
            Self::Foreign(variant) => write!(f, "resolution #{variant}"),
        }
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SenderLoopback(embargo) => write!(f, "ask {embargo}"),
            Self::ReceiverLoopback(embargo) => write!(f, "lift {embargo}"),
            Self::Foreign(variant) => write!(f, "context #{variant}"),
        }
    }
}

impl fmt::Display for MessageTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ImportedCap(import) => import.fmt(f),
            Self::PromisedAnswer(answer) => answer.fmt(f),
            Self::Foreign(variant) => write!(f, "target #{variant}"),
        }
    }
}

impl fmt::Display for PromisedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.question, self.path)
    }
}

/// `e1` is exported and settled, `p1` exported and a promise, `i1` the receiver's own.
impl fmt::Display for CapDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::SenderHosted(export) => export.fmt(f),
            Self::SenderPromise(export) => write!(f, "p{}", export.0),
            Self::ReceiverHosted(import) => import.fmt(f),
            Self::ReceiverAnswer(answer) => answer.fmt(f),
            Self::ThirdPartyHosted { vine } => write!(f, "vine {vine}"),
            Self::Foreign(variant) => write!(f, "descriptor #{variant}"),
        }
    }
}
