//! Errors as exceptions of the protocol: a prefix of the reason says what they are to JavaScript, details hold
//! what was thrown.

use crate::wire::{Detail, Exception, ExceptionKind};

use super::error::{JsError, Marks};
use super::stream::StreamError;
use super::value::{ErrorClass, Limits, Value, View, decode, encode};

/// What was thrown, in the format of values.
const THROWN: u64 = 0xe802_7292_171b_1646;

/// Says that the detail [`THROWN`] is to be honoured.
const THROWN_COUNTS: u64 = 0xbdc9_17cd_ea1f_7681;

/// What the runtime says in the place of `disconnected`.
const LOST: &str = "Network connection lost.";

/// How deep and large an error may be that comes with an exception. Its reason is enough to go on with.
fn limits() -> Limits {
    Limits { bytes_max: 1 << 20, depth_max: 64, memory_max: 16 << 20 }
}

/// An error that was thrown by an object, on its way to the caller. (Rules 62 to 65)
pub(super) fn thrown(error: &JsError) -> Exception {
    say(error, "remote.")
}

/// Why a context is no more, on its way to whoever runs into that: no object threw it. (Rule 58)
pub(super) fn given(error: &JsError) -> Exception {
    say(error, "")
}

fn say(error: &JsError, prefix: &str) -> Exception {
    let marks = error.marks();
    let kind = match marks {
        Marks { retryable: true, .. } => ExceptionKind::Disconnected,
        Marks { overloaded: true, .. } => ExceptionKind::Overloaded,
        _ => ExceptionKind::Failed,
    };
    let (class, says) = (class_of(error), message_of(error));
    let exception = Exception::new(kind, format!("{prefix}jsg.{class}: {says}"));
    if is_told_by_reason(error) {
        return exception;
    }
    // Should it hold what cannot be sent, the reason has to do.
    match encode(error.value(), &limits()) {
        Ok(sent) if sent.externals.is_empty() => {
            exception.with_detail(THROWN, sent.bytes).with_detail(THROWN_COUNTS, [1])
        }
        _ => exception,
    }
}

/// The class as the runtime writes it before the message.
fn class_of(error: &JsError) -> String {
    match error.value().view() {
        View::DomException(exception) => format!("DOMException({})", exception.name),
        View::Error(error) if is_spoken(error.class()) => error.class().name().to_owned(),
        _ => "Error".to_owned(),
    }
}

fn message_of(error: &JsError) -> String {
    match error.value().view() {
        View::Error(object) if !is_spoken(object.class()) => error.to_string(),
        _ => error.message().into_owned(),
    }
}

/// Classes that a reason can name.
fn is_spoken(class: ErrorClass) -> bool {
    matches!(
        class,
        ErrorClass::Error
            | ErrorClass::TypeError
            | ErrorClass::RangeError
            | ErrorClass::ReferenceError
            | ErrorClass::SyntaxError
    )
}

/// There is nothing in it but what its reason says.
fn is_told_by_reason(error: &JsError) -> bool {
    match error.value().view() {
        View::Error(object) => is_spoken(object.class()) && object.properties().is_empty(),
        View::DomException(exception) => exception.stack.is_empty(),
        _ => false,
    }
}

impl From<StreamError> for JsError {
    /// Where a reason was given, that is what is thrown.
    fn from(why: StreamError) -> Self {
        match why {
            StreamError::Failed(why) => caught(&why),
            StreamError::Cancelled(reason) | StreamError::Aborted(reason)
                if !reason.is_undefined() =>
            {
                Self::thrown(reason)
            }
            other => Self::new(other.class().name(), other.to_string()),
        }
    }
}

/// An exception as an error. (Rules 62 to 65)
pub(super) fn caught(why: &Exception) -> JsError {
    let (reason, mut marks) = prefixes(why.reason());
    marks.retryable = why.kind() == ExceptionKind::Disconnected;
    marks.overloaded = why.kind() == ExceptionKind::Overloaded;
    let said = reason.strip_prefix("jsg.").map(spoken);
    let error = match said {
        Some(said) => told(why).unwrap_or(said),
        None if marks.retryable => JsError::error(LOST),
        None => JsError::error(why.reason()),
    };
    error.with_marks(marks).with_origin(why)
}

/// The reason without what was put before it on the way.
fn prefixes(reason: &str) -> (&str, Marks) {
    let (mut rest, mut marks) = (reason, Marks::default());
    loop {
        if let Some(after) = rest.strip_prefix("remote exception: ") {
            rest = after;
        } else if let Some(after) = rest.strip_prefix("remote.") {
            (rest, marks.remote) = (after, true);
        } else if let Some((_, after)) =
            rest.strip_prefix("broken.").and_then(|rest| rest.split_once("; "))
        {
            rest = after;
        } else {
            return (rest, marks);
        }
    }
}

/// `Class: message`.
fn spoken(said: &str) -> JsError {
    let (class, message) = said.split_once(": ").unwrap_or((said, ""));
    let name = class.strip_prefix("DOMException(").and_then(|name| name.strip_suffix(')'));
    match name {
        Some(name) => JsError::dom(name, message),
        None if ErrorClass::of_name(class) == ErrorClass::Named => JsError::error(message),
        None => JsError::new(class, message),
    }
}

/// What was thrown, if it came along and is something that JavaScript would throw again.
fn told(why: &Exception) -> Option<JsError> {
    let detail = |id: u64| why.details().iter().find(|detail| detail.id == id);
    let (Detail { data, .. }, _) = (detail(THROWN)?, detail(THROWN_COUNTS)?);
    let value = decode(data.clone(), Vec::new(), &limits()).ok()?;
    let value = match value.view() {
        View::Error(error) => without_stack(error),
        View::DomException(_) | View::Object(_) => value,
        _ => return None,
    };
    Some(JsError::thrown(value))
}

/// The stack of the other side is its own affair. (Rule 62)
fn without_stack(error: super::value::ErrorObject<'_>) -> Value {
    if error.stack().is_none() {
        return error.to_value();
    }
    let properties = error.properties();
    let kept = properties.iter().filter_map(|(key, value)| {
        let key = key.to_string_lossy();
        (key != "stack").then(|| (key, value.to_value()))
    });
    Value::error(&error.name().to_string_lossy(), error.message(), kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(error: &JsError) -> JsError {
        caught(&thrown(error))
    }

    #[test]
    fn what_was_thrown_is_caught_as_it_was() {
        for error in [
            JsError::type_error("a type error"),
            JsError::new("MyError", "my: message").with_property("code", 42),
            JsError::dom("AbortError", "stopped"),
            JsError::error("outer").with_property("cause", JsError::type_error("inner").value()),
            JsError::thrown(Value::object([("a", 1)])),
        ] {
            let caught = over(&error);
            assert!(caught.is_remote() && caught.value() == error.value(), "{caught:?}");
        }
    }

    #[test]
    fn a_thrown_string_is_an_error_that_says_it() {
        let caught = over(&JsError::thrown("just a string".into()));
        assert_eq!(caught.to_string(), "Error: just a string");
    }

    #[test]
    fn an_error_that_is_passed_on_is_remote_once() {
        let reason = thrown(&over(&JsError::error("x"))).reason().to_owned();
        assert_eq!(reason, "remote.jsg.Error: x");
    }

    #[test]
    fn the_stack_of_the_other_side_stays_there() {
        let caught = over(&JsError::error("x").with_property("stack", "at secret.js"));
        assert!(caught.property("stack").is_none());
        assert_eq!(caught.message(), "x");
    }

    #[test]
    fn exceptions_of_runtimes_are_understood() {
        let heard = |kind, reason: &str| caught(&Exception::new(kind, reason));
        let failed = ExceptionKind::Failed;
        assert_eq!(
            heard(failed, "remote exception: remote.jsg.RangeError: hm").name(),
            "RangeError"
        );
        assert_eq!(heard(failed, "broken.outputGateBroken; jsg.Error: reset!").message(), "reset!");
        assert_eq!(heard(failed, "jsg.FooError: x").to_string(), "Error: x");
        let lost = heard(ExceptionKind::Disconnected, "peer went away");
        assert!(lost.is_retryable() && lost.message() == LOST);
        assert_eq!(lost.exception().map(Exception::reason), Some("peer went away"));
        assert!(heard(ExceptionKind::Overloaded, "jsg.Error: later").is_overloaded());
    }

    #[test]
    fn a_detail_counts_only_with_its_seal_and_garbage_never() {
        let sealed = |data: Vec<u8>| {
            let why = Exception::failed("remote.jsg.Error: said").with_detail(THROWN, data);
            (
                caught(&why).message().into_owned(),
                caught(&why.with_detail(THROWN_COUNTS, [])).message().into_owned(),
            )
        };
        let told = encode(JsError::error("told").value(), &limits()).map(|sent| sent.bytes);
        let pair = sealed(told.unwrap_or_default());
        assert_eq!((&*pair.0, &*pair.1), ("said", "told"));
        assert_eq!(sealed(vec![0xff, 0x0f, 0x77]).1, "said");
    }
}
