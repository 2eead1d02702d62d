//! The end of a call: its outcome goes to whoever waits, and it is forgotten when nobody does.

use smallvec::SmallVec;

use crate::conn::{LocalCap, OutPayload, OutReturn};
use crate::wire::{AnswerId, Exception};

use super::call::{Fate, Keep, Origin, Outcome, Pipelines, Place, Told};
use super::export::outgoing;
use super::graph::{Graph, Work};
use super::id::{CallId, LinkId};
use super::node::Watch;
use super::output::Output;
use super::payload::Payload;

impl Graph {
    /// The call has its outcome: what is pipelined on it goes on, and its asker is told.
    pub(super) fn complete(&mut self, id: CallId, outcome: Outcome) {
        let Some(call) = self.calls.get_mut(id) else { return self.unref_outcome(outcome) };
        let pipelines = std::mem::take(&mut call.pipelines);
        let early = call.take_early();
        let (origin, taker) = (call.origin, call.take_taker());
        let used = call.take_used();
        call.place = Place::Over;
        if let Some(cap) = call.holds.take() {
            self.end_hold(cap, outcome.as_ref().err().cloned());
        }
        self.resolve_pipelines(&pipelines, outcome.as_ref());
        if let Some(early) = early {
            self.unref_payload(early);
        }
        let mut outcome = outcome;
        self.keep_embargoes(used, &mut outcome);
        if let Some(taker) = taker {
            let shared = self.share_with(&mut outcome);
            self.work.push_back(Work::Complete(taker, shared));
        }
        match origin {
            Origin::Waiting => self.done(id, outcome),
            Origin::Tail(parent) => {
                self.work.push_back(Work::Complete(parent, outcome));
                self.origin(id, Origin::Gone);
            }
            Origin::Write(sender) => self.end_write(id, sender, outcome),
            Origin::Sent(stream, words) => {
                self.acknowledge(stream, words, outcome);
                self.origin(id, Origin::Gone);
            }
            Origin::Crossed(before) => self.come_back(before, outcome),
            Origin::Peer(link, answer, keep) => self.return_to(id, link, answer, keep, outcome),
            // Its tail call failed, or nobody here takes its results any more. The peer may pipeline
            // on it until it finishes.
            Origin::Returned => self.place(id, Place::Done(outcome)),
            Origin::Finished => self.unref_outcome(outcome),
            Origin::Detached | Origin::Courtesy | Origin::Gone => {
                self.origin(id, Origin::Gone);
                if self.is_pipelined(id) {
                    self.place(id, Place::Done(outcome));
                } else {
                    self.unref_outcome(outcome);
                }
            }
        }
        self.unwanted(id);
    }

    /// The outcome waits for whoever made the call here.
    #[inline]
    pub(super) fn done(&mut self, id: CallId, outcome: Outcome) {
        let Some(call) = self.calls.get_mut(id) else { return };
        call.place = Place::Done(outcome);
        if std::mem::replace(&mut call.watch, Watch::Nobody) == Watch::Told {
            self.outputs.push_back(Output::Completed { call: id });
        }
    }

    pub(super) fn share_with(&mut self, outcome: &mut Outcome) -> Outcome {
        match outcome {
            Ok(payload) => Ok(self.share(payload)),
            Err(why) => Err(why.clone()),
        }
    }

    /// Returns a call to the peer that made it, and keeps what the peer may pipeline on.
    fn return_to(
        &mut self,
        id: CallId,
        link: LinkId,
        answer: AnswerId,
        keep: Keep,
        outcome: Outcome,
    ) {
        let mut broken = Vec::new();
        let outcome = self.keepable(link, answer, keep, outcome);
        let ret = match (outcome, keep) {
            (outcome, Keep::Results) => {
                self.place(id, Place::Done(outcome));
                OutReturn::Kept
            }
            (Err(why), _) => {
                self.place(id, Place::Done(Err(why.clone())));
                OutReturn::Exception(why)
            }
            (Ok(results), keep) => match self.returnable(results) {
                Err(why) => {
                    self.place(id, Place::Done(Err(why.clone())));
                    OutReturn::Exception(why)
                }
                Ok(mut results) => {
                    if keep != Keep::Nothing {
                        let told = (keep != Keep::PipelineOnly).then_some(link);
                        let kept = self.keep(told, &mut results);
                        self.place(id, kept);
                    }
                    let (results, promised) = self.export_payload(link, results);
                    broken = promised;
                    OutReturn::Results(results)
                }
            },
        };
        self.send_return(link, answer, ret);
        self.origin(id, Origin::Returned);
        self.break_exports(link, broken);
    }

    /// What most outcomes for peers are: results without capabilities, of a call on which nothing hangs. Does what
    /// `complete` would, on the shortest way; gives the outcome back if it is any other.
    #[inline]
    pub(super) fn return_at_once(&mut self, id: CallId, outcome: Outcome) -> Result<(), Outcome> {
        let Some(call) = self.calls.get_mut(id).filter(|call| call.holds_nothing()) else {
            return Err(outcome);
        };
        let (Origin::Peer(link, answer, keep @ (Keep::Pipeline | Keep::Nothing)), Ok(results)) =
            (call.origin, &outcome)
        else {
            return Err(outcome);
        };
        if !results.caps.is_empty() || results.content.needs_scrub() {
            return Err(outcome);
        }
        call.place = if keep == Keep::Nothing { Place::Over } else { Place::Bare };
        call.origin = Origin::Returned;
        if let Ok(Payload { content, .. }) = outcome {
            let results = OutPayload { content, caps: Vec::new() };
            self.send_return(link, answer, OutReturn::Results(results));
        }
        self.settle();
        Ok(())
    }

    /// An outcome that stays here until the peer finishes; where that is too much, why it does not. (C-M10)
    fn keepable(
        &mut self,
        link: LinkId,
        answer: AnswerId,
        keep: Keep,
        outcome: Outcome,
    ) -> Outcome {
        let words = match &outcome {
            Ok(results) if stays(results, keep) => results.content.words() + 2 * results.caps.len(),
            Ok(_) => return outcome,
            Err(why) => why.words(),
        };
        match self.links.get_mut(link).map_or(Ok(()), |at| at.conn.keep(answer, words)) {
            Ok(()) => outcome,
            Err(why) => {
                self.unref_outcome(outcome);
                Err(why)
            }
        }
    }

    /// Results as they may leave; where they may not, their references are given back.
    fn returnable(&mut self, results: Payload) -> Result<Payload, Exception> {
        let Payload { content, caps } = results;
        match outgoing(content) {
            Ok(content) => Ok(Payload { content, caps }),
            Err(why) => {
                caps.into_iter().flatten().for_each(|cap| self.unref(cap));
                Err(why)
            }
        }
    }

    #[inline]
    pub(super) fn send_return(&mut self, link: LinkId, answer: AnswerId, ret: OutReturn) {
        match self.links.get_mut(link) {
            Some(at) => at.conn.ret(answer, ret),
            None => {
                if let OutReturn::Results(results) = ret {
                    self.give_back(link, results.caps);
                }
            }
        }
        self.touch(link);
    }

    /// Puts promises that are still under an embargo in the place of what they lead to.
    fn keep_embargoes(&mut self, used: Pipelines, outcome: &mut Outcome) {
        for (path, promise) in used {
            let at = outcome.as_ref().ok().and_then(|all| all.content.cap_at(&path).ok()?);
            let place = outcome
                .as_mut()
                .ok()
                .zip(at)
                .and_then(|(all, at)| all.caps.get_mut(at as usize)?.as_mut());
            let end = self.follow(promise);
            let spare = match place {
                Some(cap) if self.is_embargoed(end) => std::mem::replace(cap, promise),
                _ => promise,
            };
            self.unref(spare);
        }
    }

    /// Results as they are told to the peer of `link`, if they are. What it is told is its own stays
    /// that to it, whatever it resolves to later; anything else is a capability of ours to it.
    fn keep(&mut self, link: Option<LinkId>, results: &mut Payload) -> Place {
        if results.caps.is_empty() {
            // Nothing in them can be called, however large they are.
            return Place::Kept(Payload::null(), SmallVec::new());
        }
        let content = results.content.share();
        let mut caps = Vec::with_capacity(results.caps.len());
        let mut told = SmallVec::new();
        for cap in &results.caps {
            let cap = cap.map(|cap| self.follow(cap));
            told.push(match cap {
                Some(cap) if link.is_some_and(|link| self.is_of_peer(link, cap)) => {
                    self.pin(cap);
                    Told::Theirs
                }
                _ => {
                    cap.iter().for_each(|cap| self.retain(*cap));
                    Told::Ours
                }
            });
            caps.push(cap);
        }
        Place::Kept(Payload { content, caps }, told)
    }

    #[inline]
    pub(super) fn origin(&mut self, call: CallId, origin: Origin) {
        if let Some(call) = self.calls.get_mut(call) {
            call.origin = origin;
        }
    }

    fn is_pipelined(&self, call: CallId) -> bool {
        self.calls.get(call).is_some_and(|call| call.pipeline_refs > 0)
    }

    pub(super) fn unref_pipeline(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(id) else { return };
        call.pipeline_refs = call.pipeline_refs.saturating_sub(1);
        match (call.pipeline_refs, call.origin) {
            (0, _) => {
                self.send_hints(id);
                self.unwanted(id);
            }
            // That of the call before the membrane.
            (1, Origin::Crossed(_)) => self.unwanted(id),
            _ => {}
        }
    }

    /// `call` has the outcome `next` will have; what is pipelined on it is pipelined on that.
    pub(super) fn redirect_to(&mut self, call: CallId, next: CallId) {
        let Some(from) = self.calls.get_mut(call) else { return };
        from.place = Place::Redirected(next);
        let pipelines = std::mem::take(&mut from.pipelines);
        for (path, promise) in pipelines {
            let cap = self.pipeline(next, &path);
            self.work.push_back(Work::Resolve(promise, cap));
        }
    }

    /// Looks whether anybody still wants a call; if not, it is cancelled, and forgotten once it is
    /// nowhere any more.
    pub(super) fn unwanted(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(id) else { return };
        match call.origin {
            Origin::Gone if call.pipeline_refs == 0 && call.taker().is_none() => {}
            Origin::Gone => {
                match call.pipelines.is_empty() {
                    true => self.wait_lightly(id),
                    false => self.forsake_call(id),
                }
                return self.send_hints(id);
            }
            Origin::Waiting if call.is_offered() => {
                self.forsake_call(id);
                return self.take_back(id);
            }
            Origin::Courtesy | Origin::Tail(_) | Origin::Sent(..) => return self.wait_lightly(id),
            Origin::Crossed(_) => return self.unwanted_across(id),
            // On its way: where it comes to, it is seen whether it goes on.
            Origin::Write(None) if !matches!(call.place, Place::Queued(_, Fate::Deliver, _)) => {}
            _ => return,
        }
        match std::mem::replace(&mut call.place, Place::Over) {
            place @ Place::Queued(_, Fate::Deliver | Fate::Wait, _) => self.abandon(place),
            Place::Queued(request, fate, to) => {
                return self.place(id, Place::Queued(request, fate, to));
            }
            Place::Delivered(_) => self.outputs.push_back(Output::Cancel { call: id }),
            Place::Remote(link, question) => self.finish(link, question),
            Place::Redirected(next) => self.let_go(id, next),
            Place::Across(next, membrane, _) => self.let_go_across(id, next, membrane),
            Place::Judged(request, fate @ Fate::DeliverThenCancel, at) => {
                return self.place(id, Place::Judged(request, fate, at));
            }
            Place::Judged(request, _, at) => {
                self.unref_payload(request.params);
                self.unref(at);
            }
            Place::Done(outcome) => self.unref_outcome(outcome),
            Place::Kept(payload, told) => {
                for (cap, told) in payload.caps.into_iter().zip(told) {
                    match (cap, told) {
                        (Some(cap), Told::Theirs) => self.unpin(cap),
                        (Some(cap), Told::Ours) => self.unref(cap),
                        (None, _) => {}
                    }
                }
            }
            Place::Bare | Place::Over => {}
        }
        self.forget(id);
    }

    /// `call` waits for the outcome of `next` no more.
    fn let_go(&mut self, call: CallId, next: CallId) {
        let Some(at) = self.calls.get_mut(next) else { return };
        if at.origin == Origin::Tail(call) {
            at.origin = Origin::Gone;
        } else if at.origin == Origin::Write(Some(call)) {
            at.origin = Origin::Write(None);
        }
        if at.taker() == Some(call) {
            at.take_taker();
            // The peer gave the results to us alone. Its Finish, which may have come already, ends
            // the call.
            if let Origin::Peer(link, answer, Keep::Results) = at.origin {
                at.origin = Origin::Returned;
                self.send_return(link, answer, OutReturn::Kept);
            }
        }
        // Listed, not called: a chain of tail calls may be as long as a peer likes.
        self.work.push_back(Work::Unwanted(next));
    }

    /// Ends a question, unless a promise under an embargo is named by a place in its results.
    #[inline]
    pub(super) fn finish(&mut self, link: LinkId, question: crate::conn::CallRef) {
        if let Some(at) = self.links.get_mut(link)
            && !at.named.contains_key(&question)
        {
            at.conn.finish(question);
            self.touch(link);
        }
    }

    fn forget(&mut self, id: CallId) {
        let Some(mut call) = self.calls.remove(id) else { return };
        call.take_early().into_iter().for_each(|early| self.unref_payload(early));
        call.take_used().into_iter().for_each(|(_, cap)| self.unref(cap));
        if let Some(cap) = call.holds {
            self.end_hold(cap, None);
        }
    }

    /// References of export slots that did not leave, or came back.
    pub(super) fn give_back_slot(&mut self, link: LinkId, slot: LocalCap, refs: u64) {
        let Some(at) = self.links.get_mut(link) else { return };
        let Some(export) = at.exports.get_mut(slot) else { return };
        export.refs = export.refs.saturating_sub(refs);
        if export.refs > 0 {
            return;
        }
        let Some(export) = at.exports.remove(slot) else { return };
        if let Some(node) = self.nodes.get_mut(export.cap) {
            node.exported.remove((link, slot));
        }
        if let Some(told) = export.told {
            self.unpin(told);
        }
        self.unref(export.cap);
    }
}

/// Whether results stay here behind their Return.
fn stays(results: &Payload, keep: Keep) -> bool {
    match keep {
        Keep::Results => true,
        Keep::Pipeline | Keep::PipelineOnly => !results.caps.is_empty(),
        Keep::Nothing => false,
    }
}
