//! Reading what names a capability: descriptors, targets, and paths into answers.

use capnp::{NotInSchema, struct_list};

use super::data::{CapDescriptor, MessageTarget, PromisedAnswer, UNKNOWN_STEP};
use super::error::DecodeError;
use crate::schema::rpc_capnp as schema;
use crate::wire::id::{ExportId, ImportId, QuestionId};
use crate::wire::limits::Limits;
use crate::wire::path::Path;

/// Reads a cap table. (`rpc.capnp: Payload.capTable`)
pub(super) fn descriptors(
    table: struct_list::Reader<'_, schema::cap_descriptor::Owned>,
    limits: &Limits,
) -> Result<Vec<CapDescriptor>, DecodeError> {
    if table.len() > limits.caps_max {
        return Err(DecodeError::TooManyCaps(table.len()));
    }
    table.iter().map(|entry| descriptor(entry, limits)).collect()
}

/// Reads one descriptor. An `attachedFd` is not looked at: no transport here passes any.
/// (C-D7)
pub(super) fn descriptor(
    reader: schema::cap_descriptor::Reader<'_>,
    limits: &Limits,
) -> Result<CapDescriptor, DecodeError> {
    use schema::cap_descriptor::Which;
    Ok(match reader.which() {
        Ok(Which::None(())) => CapDescriptor::None,
        Ok(Which::SenderHosted(id)) => CapDescriptor::SenderHosted(ExportId(id)),
        Ok(Which::SenderPromise(id)) => CapDescriptor::SenderPromise(ExportId(id)),
        Ok(Which::ReceiverHosted(id)) => CapDescriptor::ReceiverHosted(ImportId(id)),
        Ok(Which::ReceiverAnswer(answer)) => match promised_answer(answer?, limits)? {
            Some(answer) => CapDescriptor::ReceiverAnswer(answer),
            None => CapDescriptor::Foreign(UNKNOWN_STEP),
        },
        Ok(Which::ThirdPartyHosted(third)) => {
            CapDescriptor::ThirdPartyHosted { vine: ExportId(third?.get_vine_id()) }
        }
        Err(NotInSchema(variant)) => CapDescriptor::Foreign(variant),
    })
}

/// Reads whom a message is for.
pub(super) fn target(
    reader: schema::message_target::Reader<'_>,
    limits: &Limits,
) -> Result<MessageTarget, DecodeError> {
    use schema::message_target::Which;
    Ok(match reader.which() {
        Ok(Which::ImportedCap(id)) => MessageTarget::ImportedCap(ImportId(id)),
        Ok(Which::PromisedAnswer(answer)) => match promised_answer(answer?, limits)? {
            Some(answer) => MessageTarget::PromisedAnswer(answer),
            None => MessageTarget::Foreign(UNKNOWN_STEP),
        },
        Err(NotInSchema(variant)) => MessageTarget::Foreign(variant),
    })
}

/// Reads a place in an answer; `None` if there is an operation on the way this version does not know.
/// (C-Q7)
fn promised_answer(
    reader: schema::promised_answer::Reader<'_>,
    limits: &Limits,
) -> Result<Option<PromisedAnswer>, DecodeError> {
    use schema::promised_answer::op::Which;
    let transform = reader.get_transform()?;
    if transform.len() > limits.path_fields_max {
        return Err(DecodeError::PathTooLong(transform.len()));
    }
    let mut path = Path::root();
    for op in transform {
        match op.which() {
            Ok(Which::Noop(())) => {}
            Ok(Which::GetPointerField(field)) => path = path.field(field),
            Err(NotInSchema(_)) => return Ok(None),
        }
    }
    Ok(Some(PromisedAnswer { question: QuestionId(reader.get_question_id()), path }))
}
