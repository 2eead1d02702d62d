//! Reading a message: the envelope is read and let go, the content is taken over where it lies.

use capnp::NotInSchema;
use capnp::message::Reader;

use super::data::{
    Bootstrap, Call, Context, Disembargo, Finish, Foreign, Message, Outcome, Payload, Release,
    Resolution, Resolve, Return, SendResultsTo,
};
use super::descriptor::{descriptor, descriptors, target};
use super::error::DecodeError;
use super::plain;
use crate::schema::rpc_capnp as schema;
use crate::wire::content::Content;
use crate::wire::exception::{Exception, ExceptionKind};
use crate::wire::frame::Frame;
use crate::wire::id::{AnswerId, EmbargoId, ExportId, ImportId, QuestionId};
use crate::wire::limits::Limits;
use crate::wire::pointer::{self, Place, Pointer};

impl Message {
    /// Reads a frame as a message.
    ///
    /// Content is taken over, not copied, and not looked into (C-D8). What a newer peer may say in a place that
    /// is made to be extended comes out as a `Foreign` variant.
    ///
    /// # Errors
    ///
    /// The envelope is malformed or passes a limit.
    pub fn decode(frame: Frame, limits: &Limits) -> Result<Self, DecodeError> {
        if frame.segment(0).is_none_or(<[u8]>::is_empty) {
            return Err(DecodeError::Empty);
        }
        if frame.segment_count() == 1
            && let Some((mut message, place)) = frame.segment(0).and_then(plain::read)
        {
            if let (Some(place), Some((_, content))) = (place, message.hole()) {
                *content = take(frame, place, limits)?;
            }
            return Ok(message);
        }
        let mut message = generated(&frame, limits)?;
        if let Some((fields, content)) = message.hole() {
            // The envelope was read through the same pointers; what is missing on the way is a null
            // struct.
            if let Some(place) = pointer::place_of(&frame, fields) {
                *content = take(frame, place, limits)?;
            }
        }
        Ok(message)
    }
}

/// Reads the envelope with the generated readers; content stays null.
pub(super) fn generated(frame: &Frame, limits: &Limits) -> Result<Message, DecodeError> {
    let reader = Reader::new(frame, limits.read.options());
    message(reader.get_root()?, limits, Nesting::Outer)
}

/// Makes the pointer at `place` the root of the frame.
pub(super) fn take(
    mut frame: Frame,
    place: Place,
    limits: &Limits,
) -> Result<Content, DecodeError> {
    let word = pointer::word_at(&frame, place).unwrap_or(0);
    let root = match Pointer::parse(word) {
        Pointer::Null => return Ok(Content::null()),
        Pointer::Capability(index) => return Ok(Content::capability(index)),
        // Far pointers say the same wherever they are.
        Pointer::Far { .. } | Pointer::Unknown => word,
        // A near pointer in another segment is a landing pad as it stands.
        Pointer::Near { .. } if place.segment != 0 => pointer::far(false, place),
        Pointer::Near { kind, offset, shape } => {
            let target = pointer::offset_from(place, offset)
                .map_err(|error| capnp::Error::failed(error.to_string()))?;
            pointer::near(0, i64::from(target.word), kind, shape)
        }
    };
    frame.set_root(root);
    Ok(Content::received(frame, &limits.read))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Nesting {
    Outer,
    /// Inside of `unimplemented`, of which there is one level: we send back what we were sent, and
    /// never answer an `unimplemented`.
    Inner,
}

/// Reads the envelope; content stays null.
fn message(
    reader: schema::message::Reader<'_>,
    limits: &Limits,
    nesting: Nesting,
) -> Result<Message, DecodeError> {
    use schema::message::Which;
    let foreign = |variant| Message::Foreign(Foreign { variant, body: Content::null() });
    Ok(match reader.which() {
        Ok(Which::Unimplemented(inner)) if nesting == Nesting::Outer => {
            Message::Unimplemented(Box::new(message(inner?, limits, Nesting::Inner)?))
        }
        Ok(Which::Unimplemented(_)) => foreign(0),
        Ok(Which::Abort(why)) => Message::Abort(exception(why?, limits)?),
        Ok(Which::Bootstrap(asked)) => {
            Message::Bootstrap(Bootstrap { question: QuestionId(asked?.get_question_id()) })
        }
        Ok(Which::Call(made)) => Message::Call(Box::new(call(made?, limits)?)),
        Ok(Which::Return(ret)) => Message::Return(Box::new(returned(ret?, limits)?)),
        Ok(Which::Finish(finish)) => Message::Finish(finished(finish?)),
        Ok(Which::Resolve(resolve)) => Message::Resolve(resolved(resolve?, limits)?),
        Ok(Which::Release(release)) => {
            let release = release?;
            Message::Release(Release {
                import: ImportId(release.get_id()),
                reference_count: release.get_reference_count(),
            })
        }
        Ok(Which::Disembargo(lift)) => Message::Disembargo(disembargo(lift?, limits)?),
        Ok(Which::ObsoleteSave(_)) => foreign(7),
        Ok(Which::ObsoleteDelete(_)) => foreign(9),
        Ok(Which::Provide(_)) => foreign(10),
        Ok(Which::Accept(_)) => foreign(11),
        Ok(Which::Join(_)) => foreign(12),
        Ok(Which::ThirdPartyAnswer(_)) => foreign(14),
        Err(NotInSchema(variant)) => foreign(variant),
    })
}

fn call(reader: schema::call::Reader<'_>, limits: &Limits) -> Result<Call, DecodeError> {
    use schema::call::send_results_to::Which;
    Ok(Call {
        question: QuestionId(reader.get_question_id()),
        target: target(reader.get_target()?, limits)?,
        interface: reader.get_interface_id(),
        method: reader.get_method_id(),
        params: payload(reader.get_params()?, limits)?,
        results_to: match reader.get_send_results_to().which() {
            Ok(Which::Caller(())) => SendResultsTo::Caller,
            Ok(Which::Yourself(())) => SendResultsTo::Yourself,
            Ok(Which::ThirdParty(_)) | Err(NotInSchema(_)) => SendResultsTo::Elsewhere,
        },
        no_promise_pipelining: reader.get_no_promise_pipelining(),
        only_promise_pipeline: reader.get_only_promise_pipeline(),
    })
}

fn returned(reader: schema::return_::Reader<'_>, limits: &Limits) -> Result<Return, DecodeError> {
    use schema::return_::Which;
    Ok(Return {
        answer: AnswerId(reader.get_answer_id()),
        release_param_caps: reader.get_release_param_caps(),
        no_finish_needed: reader.get_no_finish_needed(),
        outcome: match reader.which() {
            Ok(Which::Results(results)) => Outcome::Results(payload(results?, limits)?),
            Ok(Which::Exception(why)) => Outcome::Exception(exception(why?, limits)?),
            Ok(Which::Canceled(())) => Outcome::Canceled,
            Ok(Which::ResultsSentElsewhere(())) => Outcome::ResultsSentElsewhere,
            Ok(Which::TakeFromOtherQuestion(id)) => Outcome::TakeFromOtherQuestion(QuestionId(id)),
            Ok(Which::AwaitFromThirdParty(_)) => Outcome::Foreign(5),
            Err(NotInSchema(variant)) => Outcome::Foreign(variant),
        },
    })
}

fn finished(reader: schema::finish::Reader<'_>) -> Finish {
    Finish {
        question: QuestionId(reader.get_question_id()),
        release_result_caps: reader.get_release_result_caps(),
        require_early_cancellation_workaround: reader.get_require_early_cancellation_workaround(),
    }
}

fn resolved(reader: schema::resolve::Reader<'_>, limits: &Limits) -> Result<Resolve, DecodeError> {
    use schema::resolve::Which;
    Ok(Resolve {
        promise: ExportId(reader.get_promise_id()),
        resolution: match reader.which() {
            Ok(Which::Cap(cap)) => Resolution::Cap(descriptor(cap?, limits)?),
            Ok(Which::Exception(why)) => Resolution::Exception(exception(why?, limits)?),
            Err(NotInSchema(variant)) => Resolution::Foreign(variant),
        },
    })
}

fn disembargo(
    reader: schema::disembargo::Reader<'_>,
    limits: &Limits,
) -> Result<Disembargo, DecodeError> {
    use schema::disembargo::context::Which;
    Ok(Disembargo {
        target: target(reader.get_target()?, limits)?,
        context: match reader.get_context().which() {
            Ok(Which::SenderLoopback(id)) => Context::SenderLoopback(EmbargoId(id)),
            Ok(Which::ReceiverLoopback(id)) => Context::ReceiverLoopback(EmbargoId(id)),
            Ok(Which::Accept(_)) => Context::Foreign(2),
            Err(NotInSchema(variant)) => Context::Foreign(variant),
        },
    })
}

fn payload(reader: schema::payload::Reader<'_>, limits: &Limits) -> Result<Payload, DecodeError> {
    Ok(Payload { content: Content::null(), caps: descriptors(reader.get_cap_table()?, limits)? })
}

fn exception(
    reader: schema::exception::Reader<'_>,
    limits: &Limits,
) -> Result<Exception, DecodeError> {
    use schema::exception::Type;
    let kind = match reader.get_type() {
        Ok(Type::Overloaded) => ExceptionKind::Overloaded,
        Ok(Type::Disconnected) => ExceptionKind::Disconnected,
        Ok(Type::Unimplemented) => ExceptionKind::Unimplemented,
        // To those who do not know a newer type, it failed. (C-X1)
        Ok(Type::Failed) | Err(NotInSchema(_)) => ExceptionKind::Failed,
    };
    let mut exception = Exception::new(kind, lossy(reader.get_reason()?));
    if reader.has_trace() {
        exception = exception.with_trace(lossy(reader.get_trace()?));
    }
    let details = reader.get_details()?;
    if details.len() > limits.details_max {
        return Err(DecodeError::TooManyDetails(details.len()));
    }
    for detail in details {
        exception = exception.with_detail(detail.get_detail_id(), detail.get_data()?);
    }
    Ok(exception)
}

/// Text is for people: a broken one is still worth reading.
fn lossy(text: capnp::text::Reader<'_>) -> String {
    String::from_utf8_lossy(text.as_bytes()).into_owned()
}
