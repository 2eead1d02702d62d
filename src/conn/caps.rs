//! How capabilities cross the door: counted, named and given back.

use smallvec::SmallVec;

use super::connection::Connection;
use super::error::PeerMisbehaved;
use super::event::{CallRef, Event, InCap, InPayload, OutCap, OutPayload, OutReturn, OutTarget};
use super::export::GivenBack;
use super::question::QuestionLife;
use super::queue::{Item, payload_words};
use crate::wire::{
    CapDescriptor, Exception, ExportId, ImportId, MessageTarget, Payload, PromisedAnswer,
    QuestionId,
};

/// The import a descriptor counts a reference of, if it does. (C-L1)
pub(super) const fn counted(descriptor: &CapDescriptor) -> Option<ImportId> {
    match descriptor {
        CapDescriptor::SenderHosted(id)
        | CapDescriptor::SenderPromise(id)
        | CapDescriptor::ThirdPartyHosted { vine: id } => Some(id.flip()),
        _ => None,
    }
}

/// What the peer sent.
impl Connection {
    /// The capability the peer means. What is not there breaks that one capability, not the
    /// connection. (C-D3, C-D4, C-D5, C-D6)
    pub(super) fn receive(&mut self, descriptor: CapDescriptor) -> Result<InCap, PeerMisbehaved> {
        Ok(match descriptor {
            CapDescriptor::None => InCap::None,
            CapDescriptor::SenderHosted(id) | CapDescriptor::ThirdPartyHosted { vine: id } => {
                let import = id.flip();
                InCap::Import { import, tag: self.imports.count(import, false)? }
            }
            CapDescriptor::SenderPromise(id) => {
                let import = id.flip();
                InCap::ImportPromise { import, tag: self.imports.count(import, true)? }
            }
            CapDescriptor::ReceiverHosted(id) => match self.exports.find(id.flip()) {
                Some(cap) => InCap::Local(cap),
                None => InCap::Broken(Exception::failed(format!(
                    "invalid 'receiverHosted' export id {}",
                    id.0
                ))),
            },
            CapDescriptor::ReceiverAnswer(PromisedAnswer { question, path }) => {
                match self.answers.open_tag(question.flip()) {
                    Some(tag) => InCap::Answer { tag, path },
                    None => InCap::Broken(Exception::failed(format!(
                        "invalid 'receiverAnswer' question id {}",
                        question.0
                    ))),
                }
            }
            CapDescriptor::Foreign(variant) => InCap::Broken(Exception::unimplemented(format!(
                "unknown CapDescriptor variant {variant}"
            ))),
        })
    }

    #[inline]
    pub(super) fn receive_payload(
        &mut self,
        payload: Payload,
    ) -> Result<InPayload, PeerMisbehaved> {
        let Payload { content, caps } = payload;
        if caps.is_empty() {
            // Most carry none, and an empty collection is some hundred instructions.
            return Ok(InPayload { content, caps: Vec::new() });
        }
        let caps = caps.into_iter().map(|cap| self.receive(cap)).collect::<Result<_, _>>()?;
        Ok(InPayload { content, caps })
    }

    /// Takes a descriptor nobody here wants: what it counts goes back with a Release.
    pub(super) fn decline(&mut self, descriptor: &CapDescriptor) -> Result<(), PeerMisbehaved> {
        counted(descriptor).map_or(Ok(()), |import| self.imports.count_unwanted(import))
    }

    /// The peer gives references back.
    pub(super) fn release_export(
        &mut self,
        id: ExportId,
        count: u32,
    ) -> Result<(), PeerMisbehaved> {
        if let Some(back) = self.exports.release(id, count)? {
            self.give_back(back);
        }
        Ok(())
    }

    pub(super) fn release_exports(&mut self, ids: &[ExportId]) -> Result<(), PeerMisbehaved> {
        ids.iter().try_for_each(|id| self.release_export(*id, 1))
    }
}

/// What the vat hands in, and what of it is not sent.
impl Connection {
    pub(super) fn give_back(&mut self, back: GivenBack) {
        self.emit(Event::Released { cap: back.cap, refs: back.refs });
    }

    /// Counts what the next message to be queued carries.
    pub(super) fn hold(&mut self, cap: &OutCap) {
        match cap {
            OutCap::None => {}
            OutCap::Hosted(cap) => self.exports.queue(*cap, false),
            OutCap::Promise(cap) => self.exports.queue(*cap, true),
            OutCap::Import(import) => self.imports.name(*import, self.queue.next_number()),
            OutCap::Answer(call, _) => {
                if let Some(question) = self.questions.get_mut(*call) {
                    question.pins += 1;
                }
            }
        }
    }

    /// Undoes `hold` for a message that will not be sent.
    pub(super) fn unhold(&mut self, cap: &OutCap) {
        match cap {
            OutCap::Hosted(cap) | OutCap::Promise(cap) => {
                let back = self.exports.unqueue(*cap);
                self.give_back(back);
            }
            OutCap::Answer(call, _) => self.unpin(*call),
            OutCap::None | OutCap::Import(_) => {}
        }
    }

    /// Gives back what the vat handed in and what was never queued.
    pub(super) fn hand_back(&mut self, caps: &[OutCap]) {
        for cap in caps {
            if let OutCap::Hosted(cap) | OutCap::Promise(cap) = cap {
                self.give_back(GivenBack { cap: *cap, refs: 1 });
            }
        }
    }

    pub(super) fn hand_back_return(&mut self, outcome: &OutReturn) {
        if let OutReturn::Results(payload) = outcome {
            self.hand_back(&payload.caps);
        }
    }

    /// Why a payload is too large to be sent, if it is.
    #[inline]
    pub(super) fn oversized(&self, payload: &OutPayload) -> Option<Exception> {
        let words = payload_words(payload);
        let max = self.config.payload_words_max;
        let too_large = || {
            let (bytes, most) = (words.saturating_mul(8), max.saturating_mul(8));
            format!("a payload of {bytes} bytes is over the limit of {most} bytes")
        };
        (words > max).then(|| Exception::failed(too_large()))
    }

    /// Exporting `caps` would exceed the limit.
    #[inline]
    pub(super) fn exports_too_many(&self, caps: &[OutCap]) -> bool {
        let fresh = caps.iter().filter(|cap| match cap {
            OutCap::Hosted(cap) | OutCap::Promise(cap) => !self.exports.contains(*cap),
            _ => false,
        });
        // Few calls pass capabilities: the common case is no look-up at all.
        self.exports.len() + fresh.count() > self.config.exports_max as usize
    }

    /// Counts whom the next message to be queued is addressed to.
    #[inline]
    pub(super) fn pin_target(&mut self, target: &OutTarget) {
        match target {
            OutTarget::Import(import) => self.imports.name(*import, self.queue.next_number()),
            OutTarget::Answer(call, _) => {
                if let Some(question) = self.questions.get_mut(*call) {
                    question.pins += 1;
                }
            }
        }
    }

    /// A queued message that named `call` is gone. A withdrawn question nobody names any more need
    /// not leave, and so on down the chain it was called on.
    pub(super) fn unpin(&mut self, call: CallRef) {
        let mut unpinned: SmallVec<[CallRef; 4]> = SmallVec::new();
        unpinned.push(call);
        while let Some(call) = unpinned.pop() {
            let Some(question) = self.questions.get_mut(call) else { continue };
            question.pins = question.pins.saturating_sub(1);
            if question.pins == 0
                && let QuestionLife::Withdrawn { ask, behind } = question.life
            {
                self.questions.remove(call);
                self.queue.replace(ask + u64::from(behind), Item::Void);
                self.void_ask(ask, &mut unpinned);
            }
        }
    }

    /// Takes a call out of the queue; `unpinned` gets the questions it named.
    pub(super) fn void_ask(&mut self, ask: u64, unpinned: &mut SmallVec<[CallRef; 4]>) {
        let Some(Item::Call { target, body, .. }) = self.queue.replace(ask, Item::Void) else {
            return;
        };
        if let OutTarget::Answer(call, _) = target {
            unpinned.push(call);
        }
        for cap in &body.params.caps {
            match cap {
                OutCap::Answer(call, _) => unpinned.push(*call),
                other => self.unhold(other),
            }
        }
    }
}

/// What leaves.
impl Connection {
    fn question_id(&self, call: CallRef) -> Option<QuestionId> {
        self.questions.get(call)?.life.id()
    }

    /// Names a capability for the peer; what it exports is added to `exports`.
    pub(super) fn describe(
        &mut self,
        cap: OutCap,
        exports: &mut SmallVec<[ExportId; 2]>,
    ) -> CapDescriptor {
        match cap {
            OutCap::None => CapDescriptor::None,
            OutCap::Hosted(cap) => {
                let id = self.exports.send(cap);
                exports.push(id);
                CapDescriptor::SenderHosted(id)
            }
            OutCap::Promise(cap) => {
                let id = self.exports.send(cap);
                exports.push(id);
                CapDescriptor::SenderPromise(id)
            }
            OutCap::Import(import) => CapDescriptor::ReceiverHosted(import),
            OutCap::Answer(call, path) => {
                let question = self.question_id(call);
                self.unpin(call);
                question.map_or(CapDescriptor::None, |question| {
                    CapDescriptor::ReceiverAnswer(PromisedAnswer { question, path })
                })
            }
        }
    }

    pub(super) fn describe_all(
        &mut self,
        caps: Vec<OutCap>,
        exports: &mut SmallVec<[ExportId; 2]>,
    ) -> Vec<CapDescriptor> {
        if caps.is_empty() {
            return Vec::new();
        }
        caps.into_iter().map(|cap| self.describe(cap, exports)).collect()
    }

    /// Addresses a message that was queued; none if the vat finished the question first.
    pub(super) fn address(&mut self, target: OutTarget) -> Option<MessageTarget> {
        match target {
            OutTarget::Import(import) => Some(MessageTarget::ImportedCap(import)),
            OutTarget::Answer(call, path) => {
                let question = self.question_id(call);
                self.unpin(call);
                let question = question?;
                Some(MessageTarget::PromisedAnswer(PromisedAnswer { question, path }))
            }
        }
    }
}
