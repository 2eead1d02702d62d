//! The same messages, written by the generated builders.

use bowline::schema::rpc_capnp as schema;
use bowline::wire::{
    CapDescriptor, Content, Context, Exception, ExceptionKind, Message, MessageTarget, Outcome,
    Payload, PromisedAnswer, Resolution, SendResultsTo,
};

/// Writes `message`; `None` if it has something in it the schema has no name for.
pub(crate) fn write(message: &Message, out: schema::message::Builder<'_>) -> Option<()> {
    match message {
        Message::Unimplemented(inner) => write(inner, out.init_unimplemented())?,
        Message::Abort(why) => exception(why, out.init_abort()),
        Message::Bootstrap(asked) => out.init_bootstrap().set_question_id(asked.question.0),
        Message::Call(_) => call(message, out.init_call())?,
        Message::Return(_) => returned(message, out.init_return())?,
        Message::Finish(finish) => {
            let mut out = out.init_finish();
            out.set_question_id(finish.question.0);
            out.set_release_result_caps(finish.release_result_caps);
            let deliver = finish.require_early_cancellation_workaround;
            out.set_require_early_cancellation_workaround(deliver);
        }
        Message::Resolve(resolve) => {
            let mut out = out.init_resolve();
            out.set_promise_id(resolve.promise.0);
            match &resolve.resolution {
                Resolution::Cap(cap) => descriptor(cap, out.init_cap())?,
                Resolution::Exception(why) => exception(why, out.init_exception()),
                _ => return None,
            }
        }
        Message::Release(release) => {
            let mut out = out.init_release();
            out.set_id(release.import.0);
            out.set_reference_count(release.reference_count);
        }
        Message::Disembargo(lift) => {
            let mut out = out.init_disembargo();
            target(&lift.target, out.reborrow().init_target())?;
            match lift.context {
                Context::SenderLoopback(id) => out.get_context().set_sender_loopback(id.0),
                Context::ReceiverLoopback(id) => out.get_context().set_receiver_loopback(id.0),
                Context::Foreign(2) => out.get_context().set_accept(&[]),
                _ => return None,
            }
        }
        _ => return None,
    }
    Some(())
}

fn call(message: &Message, mut out: schema::call::Builder<'_>) -> Option<()> {
    let Message::Call(call) = message else { return None };
    out.set_question_id(call.question.0);
    target(&call.target, out.reborrow().init_target())?;
    out.set_interface_id(call.interface);
    out.set_method_id(call.method);
    out.set_no_promise_pipelining(call.no_promise_pipelining);
    out.set_only_promise_pipeline(call.only_promise_pipeline);
    payload(&call.params, out.reborrow().init_params())?;
    match call.results_to {
        SendResultsTo::Caller => out.get_send_results_to().set_caller(()),
        SendResultsTo::Yourself => out.get_send_results_to().set_yourself(()),
        _ => drop(out.get_send_results_to().init_third_party()),
    }
    Some(())
}

fn returned(message: &Message, mut out: schema::return_::Builder<'_>) -> Option<()> {
    let Message::Return(ret) = message else { return None };
    out.set_answer_id(ret.answer.0);
    out.set_release_param_caps(ret.release_param_caps);
    out.set_no_finish_needed(ret.no_finish_needed);
    match &ret.outcome {
        Outcome::Results(results) => payload(results, out.init_results())?,
        Outcome::Exception(why) => exception(why, out.init_exception()),
        Outcome::Canceled => out.set_canceled(()),
        Outcome::ResultsSentElsewhere => out.set_results_sent_elsewhere(()),
        Outcome::TakeFromOtherQuestion(id) => out.set_take_from_other_question(id.0),
        Outcome::Foreign(5) => drop(out.init_await_from_third_party()),
        _ => return None,
    }
    Some(())
}

fn payload(payload: &Payload, mut out: schema::payload::Builder<'_>) -> Option<()> {
    content(&payload.content, out.reborrow().get_content())?;
    if payload.caps.is_empty() {
        return Some(());
    }
    let mut table = out.init_cap_table(payload.caps.len() as u32);
    let known = payload.caps.iter().enumerate().all(|(index, cap)| {
        // A descriptor the schema has no name for is left out of the comparison with its message.
        descriptor(cap, table.reborrow().get(index as u32)).is_some()
    });
    known.then_some(())
}

fn content(content: &Content, mut out: capnp::any_pointer::Builder<'_>) -> Option<()> {
    let root = content.root().ok()?;
    // Capabilities can only be set by those that have one.
    if content.cap_at(&Default::default()) == Ok(None) || root.is_null() {
        return root.is_null().then_some(());
    }
    out.set_as(root).ok()
}

fn descriptor(cap: &CapDescriptor, mut out: schema::cap_descriptor::Builder<'_>) -> Option<()> {
    match cap {
        CapDescriptor::None => out.set_none(()),
        CapDescriptor::SenderHosted(id) => out.set_sender_hosted(id.0),
        CapDescriptor::SenderPromise(id) => out.set_sender_promise(id.0),
        CapDescriptor::ReceiverHosted(id) => out.set_receiver_hosted(id.0),
        CapDescriptor::ReceiverAnswer(answer) => promised(answer, out.init_receiver_answer()),
        CapDescriptor::ThirdPartyHosted { vine } => {
            out.init_third_party_hosted().set_vine_id(vine.0);
        }
        _ => return None,
    }
    Some(())
}

fn target(target: &MessageTarget, mut out: schema::message_target::Builder<'_>) -> Option<()> {
    match target {
        MessageTarget::ImportedCap(id) => out.set_imported_cap(id.0),
        MessageTarget::PromisedAnswer(answer) => promised(answer, out.init_promised_answer()),
        _ => return None,
    }
    Some(())
}

fn promised(answer: &PromisedAnswer, mut out: schema::promised_answer::Builder<'_>) {
    out.set_question_id(answer.question.0);
    let fields = answer.path.fields();
    if fields.is_empty() {
        return;
    }
    let mut ops = out.init_transform(fields.len() as u32);
    for (index, &field) in fields.iter().enumerate() {
        ops.reborrow().get(index as u32).set_get_pointer_field(field);
    }
}

fn exception(why: &Exception, mut out: schema::exception::Builder<'_>) {
    out.set_type(match why.kind() {
        ExceptionKind::Overloaded => schema::exception::Type::Overloaded,
        ExceptionKind::Disconnected => schema::exception::Type::Disconnected,
        ExceptionKind::Unimplemented => schema::exception::Type::Unimplemented,
        _ => schema::exception::Type::Failed,
    });
    out.set_reason(why.reason());
    if let Some(trace) = why.trace() {
        out.set_trace(trace);
    }
    if why.details().is_empty() {
        return;
    }
    let mut details = out.init_details(why.details().len() as u32);
    for (index, detail) in why.details().iter().enumerate() {
        let mut out = details.reborrow().get(index as u32);
        out.set_detail_id(detail.id);
        out.set_data(&detail.data);
    }
}
