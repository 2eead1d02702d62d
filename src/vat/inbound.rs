//! What a peer did, as a connection tells it, carried into the graph.

use smallvec::SmallVec;

use crate::conn::{
    CallRef, ConnectionError, Event, InCall, InCap, InPayload, InReturn, InTarget, OutReturn,
    OutTarget, PeerMisbehaved, Tag,
};
use crate::wire::{AnswerId, Content, Exception, ImportId, Message};

use super::call::{Call, Fate, Keep, Origin, Outcome, Pipelines, Place};
use super::graph::{Graph, Step, Work};
use super::id::{CallId, Cap, LinkId};
use super::import::{Home, Received};
use super::node::{Item, Kind, Source, State};
use super::output::Output;
use super::payload::{Payload, Request};
use super::promise::cap_at;

/// How many calls may wait for one another's outcome before a peer adds one more to them. Each look
/// for the end of such a chain walks along it, and a peer could make it as long as it has answers.
const TAKES_MAX: usize = 256;

impl Graph {
    /// Takes in a message the peer of `link` sent.
    ///
    /// # Errors
    ///
    /// The peer broke the protocol: the connection is over, an Abort is due, and every other
    /// connection lives on.
    pub fn handle(&mut self, link: LinkId, message: Message) -> Result<(), ConnectionError> {
        if shows_a_way(&message) {
            self.route_queued();
        }
        let Some(at) = self.links.get_mut(link) else { return Ok(()) };
        let handled = at.conn.handle(message);
        // Nothing else is listed between the methods of the door: what came of the message is next.
        self.read_events(link);
        self.touch(link);
        self.settle();
        handled
    }

    /// The transport of `link` is gone.
    pub fn handle_disconnect(&mut self, link: LinkId, why: Exception) {
        if let Some(at) = self.links.get_mut(link) {
            at.conn.handle_disconnect(why);
            self.touch(link);
            self.settle();
        }
    }

    /// Whether the peer of `link` asked for more than it may since this was asked last.
    pub fn take_refused(&mut self, link: LinkId) -> bool {
        self.links.get_mut(link).is_some_and(|at| at.conn.take_refused())
    }

    /// Ends a connection and tells its peer why.
    pub fn abort(&mut self, link: LinkId, why: Exception) {
        if let Some(at) = self.links.get_mut(link) {
            at.conn.abort(why);
            self.touch(link);
            self.settle();
        }
    }

    /// Ends a connection over a rule its peer broke.
    pub fn abort_misbehaved(&mut self, link: LinkId, rule: PeerMisbehaved) {
        if let Some(at) = self.links.get_mut(link) {
            at.conn.abort_misbehaved(rule);
            self.touch(link);
            self.settle();
        }
    }

    pub(super) fn read_events(&mut self, link: LinkId) {
        while let Some(event) = self.links.get_mut(link).and_then(|link| link.conn.poll_event()) {
            self.on_event(link, event);
        }
    }

    fn on_event(&mut self, link: LinkId, event: Event) {
        match event {
            Event::Bootstrap { answer } => self.on_bootstrap(link, answer),
            Event::Call { answer, target, call } => self.on_call(link, answer, &target, call),
            Event::Cancel { answer, tag, deliver_first } => {
                self.on_cancel(link, answer, tag, deliver_first);
            }
            Event::Done { tag } => self.on_done(tag),
            Event::Return { call, tag, outcome } => self.on_return(link, call, tag, outcome),
            Event::Resolve { import, tag, to } => self.on_resolve(link, import, tag, to),
            Event::Released { cap, refs } => self.give_back_slot(link, cap, refs),
            Event::DisembargoRequested { target, embargo } => {
                self.on_disembargo(link, &target, embargo);
            }
            Event::Disembargoed { embargo } => {
                if let Some(to) = self.embargoed_by(link, embargo) {
                    // Calls that came back before it are still in the queue: it ends behind them.
                    self.queue.push_back(Step { to, item: Item::Lift });
                }
            }
            Event::EmbargoBroken { embargo, why } => {
                if let Some(promise) = self.embargoed_by(link, embargo) {
                    self.lift(promise, Some(why));
                    self.unref(promise);
                }
            }
            Event::ImportLost { tag, why } => self.on_import_lost(tag, why),
            Event::Closed { why } => self.on_closed(link, why),
        }
    }

    fn on_bootstrap(&mut self, link: LinkId, answer: AnswerId) {
        let place = Place::Delivered(None);
        let id = self.calls.insert(Call::new(Origin::Peer(link, answer, Keep::Pipeline), place));
        let Some(at) = self.links.get_mut(link) else { return };
        at.conn.tag_answer(answer, Tag(id.number()));
        let outcome = match (at.bootstrap, &at.shut) {
            (_, Some(why)) => Err(why.clone()),
            (Some(cap), None) => {
                self.retain(cap);
                Ok(Payload { content: Content::capability(0), caps: vec![Some(cap)] })
            }
            (None, None) => Err(Exception::failed("this vat offers no bootstrap capability")),
        };
        self.work.push_back(Work::Complete(id, outcome));
    }

    fn on_call(&mut self, link: LinkId, answer: AnswerId, target: &InTarget, call: InCall) {
        let keep = match &call {
            InCall { keep_results: true, .. } => Keep::Results,
            InCall { only_promise_pipeline: true, .. } => Keep::PipelineOnly,
            InCall { no_promise_pipelining: true, .. } => Keep::Nothing,
            _ => Keep::Pipeline,
        };
        let InCall { interface, method, params, .. } = call;
        let (params, _) = self.import_payload(link, params);
        let request = Request { interface, method, params };
        let to = self.target(link, target);
        let to = self.through_the_door(link, to);
        let place = Place::Queued(request, Fate::Deliver, to);
        let id = self.calls.insert(Call::new(Origin::Peer(link, answer, keep), place));
        if let Some(at) = self.links.get_mut(link) {
            at.conn.tag_answer(answer, Tag(id.number()));
        }
        self.enqueue(to, Item::Call(id));
        self.unref(to);
    }

    /// What a peer addresses, with a reference.
    #[inline]
    pub(super) fn target(&mut self, link: LinkId, target: &InTarget) -> Cap {
        match target {
            InTarget::Local(slot) => {
                let export = self.links.get(link).and_then(|at| at.exports.get(*slot));
                let Some(cap) = export.map(|export| export.cap) else { return self.null() };
                self.retain(cap);
                cap
            }
            InTarget::Answer { tag, path } => {
                let Some(call) = self.calls.key_of(tag.0) else { return self.null() };
                let cap = self.pipeline(call, path);
                let place = self.calls.get(call).map(|call| &call.place);
                if !matches!(
                    place,
                    Some(Place::Kept(..) | Place::Done(_) | Place::Bare | Place::Over) | None
                ) {
                    self.note_use(call, path, cap);
                }
                cap
            }
        }
    }

    fn on_cancel(&mut self, link: LinkId, answer: AnswerId, tag: Tag, deliver_first: bool) {
        let Some(id) = self.calls.key_of(tag.0) else { return };
        let Some(call) = self.calls.get_mut(id) else { return };
        let needed = call.pipeline_refs > 0 || call.taker().is_some();
        if let Place::Queued(_, fate @ Fate::Deliver, _) = &mut call.place
            && deliver_first
        {
            *fate = Fate::DeliverThenCancel;
        }
        if deliver_first {
            self.deliver_first(id);
        }
        let Some(call) = self.calls.get_mut(id) else { return };
        if !needed && matches!(call.place, Place::Queued(_, Fate::Deliver | Fate::Wait, _)) {
            let place = std::mem::replace(&mut call.place, Place::Over);
            self.abandon(place);
        }
        let Some(call) = self.calls.get_mut(id) else { return };
        call.origin = Origin::Finished;
        self.send_return(link, answer, OutReturn::Canceled);
    }

    fn on_done(&mut self, tag: Tag) {
        if let Some(id) = self.calls.key_of(tag.0) {
            if self.calls.get(id).is_some_and(Call::is_spent) {
                return self.calls.discard(id);
            }
            let used = self.calls.get_mut(id).map(|call| call.take_used());
            used.into_iter().flatten().for_each(|(_, cap)| self.unref(cap));
            self.origin(id, Origin::Gone);
            self.unwanted(id);
        }
    }

    fn on_return(&mut self, link: LinkId, question: CallRef, tag: Tag, outcome: InReturn) {
        let Some(id) = self.calls.key_of(tag.0) else { return };
        let outcome = match outcome {
            InReturn::Results(payload) => Ok(payload),
            InReturn::Exception(why) => Err(why),
            InReturn::Canceled => Err(Exception::failed("the peer cancelled the call")),
            InReturn::TakeFrom(answer) => match self.source(id, answer) {
                Ok(source) => return self.take_from(link, id, question, source),
                Err(why) => Err(why),
            },
            // Results that were to stay with the peer: the question lives until the asker is done.
            InReturn::Kept => return,
        };
        let outcome = match self.returned_at_once(link, id, question, outcome) {
            Ok(()) => return,
            Err(outcome) => outcome,
        };
        let Some(pipelines) = self.hold_pipelines(id) else { return };
        let outcome = match outcome {
            Ok(payload) => {
                let (payload, homes) = self.import_payload(link, payload);
                for (path, promise) in &pipelines {
                    self.settle_pipeline(link, question, path, *promise, &payload, &homes);
                    self.note_embargo(id, path, *promise);
                }
                Ok(payload)
            }
            Err(why) => {
                for (_, promise) in &pipelines {
                    let broken = self.broken(why.clone());
                    self.resolve_to(*promise, broken);
                }
                Err(why)
            }
        };
        self.finish(link, question);
        self.place(id, Place::Over);
        self.work.push_back(Work::Complete(id, outcome));
        self.unref_pipeline(id);
    }

    /// What most returns are: one without capabilities, of a call on which nothing hangs but who awaits it, or the
    /// window of its stream. Does what would follow, on the shortest way; gives the outcome back if it is any other.
    #[inline]
    fn returned_at_once(
        &mut self,
        link: LinkId,
        id: CallId,
        question: CallRef,
        outcome: Result<InPayload, Exception>,
    ) -> Result<(), Result<InPayload, Exception>> {
        let origin = match self.calls.get(id) {
            Some(call) if call.holds_nothing() && self.work.is_empty() => call.origin,
            _ => return Err(outcome),
        };
        let content = match (outcome, origin) {
            (Ok(results), Origin::Waiting | Origin::Sent(..)) if results.caps.is_empty() => {
                results.content
            }
            (outcome, _) => return Err(outcome),
        };
        self.finish(link, question);
        let results = Payload { content, caps: Vec::new() };
        match origin {
            Origin::Sent(stream, words) => {
                self.calls.discard(id);
                self.acknowledge(stream, words, Ok(results));
            }
            _ => self.done(id, Ok(results)),
        }
        Ok(())
    }

    /// Takes the promises off an answered call, which is held until they are resolved: the last
    /// of them would otherwise cancel it.
    fn hold_pipelines(&mut self, id: CallId) -> Option<Pipelines> {
        let call = self.calls.get_mut(id)?;
        call.pipeline_refs += 1;
        Some(std::mem::take(&mut call.pipelines))
    }

    /// Resolves one promise for a capability in the results of a question, under an embargo if
    /// calls went along it and it lives on our side after all.
    fn settle_pipeline(
        &mut self,
        link: LinkId,
        question: CallRef,
        path: &crate::wire::Path,
        promise: Cap,
        results: &Payload,
        homes: &SmallVec<[Home; 4]>,
    ) {
        let (cap, home) = match cap_at(results, path) {
            Ok(Some(cap)) => {
                self.retain(cap);
                let index = results.content.cap_at(path).ok().flatten().unwrap_or(0);
                (cap, homes.get(index as usize).copied().unwrap_or(Home::Theirs))
            }
            Ok(None) => (self.null(), Home::Theirs),
            Err(why) => (self.broken(why), Home::Theirs),
        };
        let path = OutTarget::Answer(question, path.clone());
        self.settle_remote(link, path, promise, cap, home);
    }

    /// Resolves a promise that lived at a peer to `to`, whose reference is taken. (C-E5, C-E6)
    fn settle_remote(&mut self, link: LinkId, path: OutTarget, promise: Cap, to: Cap, home: Home) {
        if !self.is_unresolved(promise) {
            return self.unref(to);
        }
        let used = self.links.get(link).is_some_and(|at| at.conn.path_used(&path));
        match home {
            Home::Ours if used && !self.is_broken(to) && !self.leads_to(to, promise) => {
                return self.embargo(promise, to, link, path);
            }
            Home::Theirs if !self.count_hop(link, promise, to) => {
                self.unref(to);
                let why = "promises lead to promises for ever";
                let broken = self.broken(Exception::failed(why));
                return self.resolve_to(promise, broken);
            }
            Home::Theirs if used => self.inherit_use(link, to),
            _ => {}
        }
        self.resolve_to(promise, to);
    }

    /// What was sent along a promise is on its way to what that came to be, which needs an embargo
    /// should it come to be ours in turn.
    fn inherit_use(&mut self, link: LinkId, to: Cap) {
        if let Some(promise) = self.nodes.get(to).and_then(|node| node.kind.promise())
            && let Source::Import(home, import) = &promise.source
            && *home == link
            && let Some(at) = self.links.get_mut(link)
        {
            at.conn.mark_used(*import);
        }
    }

    fn note_embargo(&mut self, id: CallId, path: &crate::wire::Path, promise: Cap) {
        if !self.is_embargoed(promise) {
            return;
        }
        self.note_use(id, path, promise);
    }

    /// The call keeps a promise for its results until they come. What is broken or null needs no
    /// embargo: there are as many of those as the peer likes.
    fn note_use(&mut self, id: CallId, path: &crate::wire::Path, promise: Cap) {
        if self.nodes.get(promise).is_none_or(|node| node.kind.promise().is_none()) {
            return;
        }
        if let Some(call) = self.calls.get_mut(id)
            && !call.used().iter().any(|(_, known)| *known == promise)
        {
            call.push_used(path.clone(), promise);
            self.retain(promise);
        }
    }

    /// The call whose outcome `id` is to take; not one that waits for the outcome of `id` itself, nor
    /// for so many others that nobody looks further.
    fn source(&self, id: CallId, answer: Tag) -> Result<CallId, Exception> {
        let gone = || Exception::failed("the call whose results were to be taken is over");
        let source = self.calls.key_of(answer.0).ok_or_else(gone)?;
        let next = |at: &CallId| match self.calls.get(*at)?.place {
            Place::Redirected(next) => Some(next),
            _ => None,
        };
        let mut chain = std::iter::successors(Some(source), next);
        if chain.by_ref().take(TAKES_MAX).any(|at| at == id) {
            return Err(Exception::failed("the call was to take its results from itself"));
        }
        match chain.next() {
            None => Ok(source),
            Some(_) => {
                let why = format!("more than {TAKES_MAX} calls take each other's results");
                Err(Exception::overloaded(why))
            }
        }
    }

    /// The outcome of our question is that of a call the peer made to us.
    fn take_from(&mut self, link: LinkId, id: CallId, question: CallRef, source: CallId) {
        let Some(pipelines) = self.hold_pipelines(id) else { return };
        for (path, promise) in &pipelines {
            let cap = self.pipeline(source, path);
            let target = OutTarget::Answer(question, path.clone());
            self.settle_remote(link, target, *promise, cap, Home::Ours);
            self.note_embargo(id, path, *promise);
        }
        self.finish(link, question);
        self.place(id, Place::Redirected(source));
        if let Some(outcome) = self.outcome_of(source) {
            self.work.push_back(Work::Complete(id, outcome));
        } else if let Some(call) = self.calls.get_mut(source) {
            call.set_taker(id);
        }
        self.unref_pipeline(id);
    }

    /// A second copy of an outcome that is there already, sharing its content.
    fn outcome_of(&mut self, id: CallId) -> Option<Outcome> {
        let call = self.calls.get_mut(id)?;
        if !matches!(call.place, Place::Done(_)) {
            return None;
        }
        let Place::Done(mut outcome) = std::mem::replace(&mut call.place, Place::Over) else {
            return None;
        };
        let shared = self.share_with(&mut outcome);
        self.place(id, Place::Done(outcome));
        Some(shared)
    }

    fn on_resolve(
        &mut self,
        link: LinkId,
        import: ImportId,
        tag: Tag,
        to: Result<InCap, Exception>,
    ) {
        let received = match to {
            Ok(cap) => self.import(link, cap),
            Err(why) => Received { cap: Some(self.broken(why)), home: Home::Theirs },
        };
        let to = match received.cap {
            Some(cap) => cap,
            None => self.null(),
        };
        match self.nodes.key_of(tag.0) {
            Some(promise) => {
                let path = OutTarget::Import(import);
                self.settle_remote(link, path, promise, to, received.home);
            }
            None => self.unref(to),
        }
    }

    fn on_import_lost(&mut self, tag: Tag, why: Exception) {
        let Some(cap) = self.nodes.key_of(tag.0) else { return };
        let Some(node) = self.nodes.get_mut(cap) else { return };
        match &mut node.kind {
            Kind::Import(..) => node.kind = Kind::Broken(why),
            Kind::Promise(promise) => {
                promise.source = Source::Spent;
                if matches!(promise.state, State::Pending) {
                    let broken = self.broken(why);
                    self.resolve_to(cap, broken);
                }
            }
            _ => {}
        }
    }

    fn on_closed(&mut self, link: LinkId, why: Exception) {
        if let Some(at) = self.links.get_mut(link) {
            at.named.clear();
            let returning = std::mem::take(&mut at.returning);
            let stalled = std::mem::take(&mut at.stalled);
            if let Some(cap) = at.bootstrap.take() {
                self.unref(cap);
            }
            returning.into_values().for_each(|told| self.unpin(told));
            stalled.into_iter().for_each(|(_, promise)| self.abandon_item(promise));
        }
        self.outputs.push_back(Output::Closed { link, why });
    }
}

/// Whether promises may come to be capabilities by this message.
fn shows_a_way(message: &Message) -> bool {
    match message {
        Message::Resolve(_) => true,
        Message::Return(ret) => match &ret.outcome {
            crate::wire::Outcome::Results(results) => !results.caps.is_empty(),
            crate::wire::Outcome::TakeFromOtherQuestion(_) => true,
            _ => false,
        },
        _ => false,
    }
}
