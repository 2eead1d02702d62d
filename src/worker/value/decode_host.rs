//! Bytes become objects of the runtime.

use super::decode::Decoder;
use super::decode_error::{Broken, Read};
use super::external::{External, ExternalKind};
use super::handle::AbortSignal;
use super::host::{self, Blob, DomException, Guard, Headers};
use super::kind::ErrorClass;
use super::outcome::is_text;
use super::region::{Node, Signal, Slot};
use super::tag;
use super::text::Text;

impl Decoder<'_> {
    pub(super) fn host(&mut self) -> Read<Node> {
        let tag = self.cursor.varint32()?;
        match tag {
            tag::host::STUB => self.external(tag, ExternalKind::RpcTarget),
            tag::host::WRITABLE_STREAM => self.external(tag, ExternalKind::WritableStream),
            tag::host::READABLE_STREAM => self.external(tag, ExternalKind::ReadableStream),
            tag::host::SERVICE_STUB => self.external(tag, ExternalKind::Service),
            tag::host::HEADERS => self.headers(),
            tag::host::REQUEST => {
                let url = Text::from(self.string()?);
                let init = self.value()?;
                Ok(Node::Request(self.both(url.into(), init)?))
            }
            tag::host::RESPONSE => {
                let (body, init) = (self.value()?, self.value()?);
                Ok(Node::Response(self.both(body, init)?))
            }
            tag::host::OLD_DOM_EXCEPTION => self.old_dom_exception(),
            tag::host::DOM_EXCEPTION => {
                let (name, message) = (self.string()?, self.string()?);
                let exception = DomException { name, message, stack: self.string()? };
                Ok(Node::DomException(Box::new(exception)))
            }
            tag::host::ABORT_SIGNAL => self.signal(),
            tag::host::NATIVE_ERROR => self.native_error(),
            tag::host::BLOB => {
                let content_type = self.string()?;
                let bytes = self.cursor.delimited()?;
                let bytes = self.share(bytes);
                self.charge(size_of::<Blob>())?;
                Ok(Node::Blob(Box::new(Blob { content_type, bytes })))
            }
            tag => Err(Broken::HostTag { tag }.into()),
        }
    }

    /// Externals are taken in order, each once.
    fn taken(&mut self, tag: u32, kind: ExternalKind) -> Read<External> {
        let next = self.externals.next();
        next.filter(|external| external.kind() == kind)
            .ok_or_else(|| Broken::External { tag }.into())
    }

    fn external(&mut self, tag: u32, kind: ExternalKind) -> Read<Node> {
        self.taken(tag, kind).map(Node::External)
    }

    /// A string of the runtime's own: length and UTF-8.
    fn string(&mut self) -> Read<String> {
        let text = String::from_utf8_lossy(self.cursor.delimited()?).into_owned();
        self.charge(size_of::<String>() + text.len())?;
        Ok(text)
    }

    fn both(&mut self, one: Slot, other: Slot) -> Read<u32> {
        let from = self.stack.len();
        self.push(one)?;
        self.push(other)?;
        Ok(self.settle(from).first)
    }

    fn headers(&mut self) -> Read<Node> {
        const BROKEN: Broken = Broken::Host { tag: tag::host::HEADERS };
        let guard = Guard::of_number(self.cursor.varint32()?).ok_or(BROKEN)?;
        let count = self.cursor.varint32()?;
        if count > Headers::COUNT_MAX {
            return Err(BROKEN.into());
        }
        let mut entries = Vec::new();
        for _ in 0..count {
            let name = match self.cursor.varint32()? {
                0 => self.string()?,
                id => {
                    let name = host::common_name(id).ok_or(BROKEN)?;
                    self.charge(size_of::<String>() + name.len())?;
                    name.to_owned()
                }
            };
            entries.push((name, self.string()?));
        }
        Ok(Node::Headers(Box::new(Headers { guard, entries })))
    }

    /// As it was written for some weeks: the name, and an error with the rest.
    fn old_dom_exception(&mut self) -> Read<Node> {
        const BROKEN: Broken = Broken::Host { tag: tag::host::OLD_DOM_EXCEPTION };
        let name = self.string()?;
        let Slot::Node(id) = self.value()? else { return Err(BROKEN.into()) };
        let (message, stack) = match self.nodes.get(id as usize) {
            Some(Node::Error { texts, properties, .. }) => {
                (self.text_at(texts + 1), self.property(*properties, "stack"))
            }
            Some(Node::Object(_)) => (self.property(id, "message"), self.property(id, "stack")),
            _ => return Err(BROKEN.into()),
        };
        let (message, stack) = (message.ok_or(BROKEN)?, stack.ok_or(BROKEN)?);
        self.charge(message.len() + stack.len())?;
        Ok(Node::DomException(Box::new(DomException { name, message, stack })))
    }

    fn text_at(&self, slot: u32) -> Option<String> {
        let text = self.slots.get(slot as usize)?.as_str(self.source)?;
        Some(text.to_string_lossy().into_owned())
    }

    fn property(&self, object: u32, name: &str) -> Option<String> {
        let Some(Node::Object(pairs)) = self.nodes.get(object as usize) else { return None };
        let mut keys = (pairs.first..).step_by(2).take(pairs.count as usize / 2);
        let found = keys.find(|at| self.text_at(*at).as_deref() == Some(name))?;
        self.text_at(found + 1)
    }

    fn signal(&mut self) -> Read<Node> {
        let tag = tag::host::ABORT_SIGNAL;
        let aborted = self.cursor.varint32()? != 0;
        let flag = self.cursor.varint32()?;
        if flag > 2 {
            return Err(Broken::Host { tag }.into());
        }
        let reason = self.value()?;
        let reason = self.keep(reason)?;
        let settled = aborted || flag == AbortSignal::NEVER;
        let trigger =
            if settled { None } else { Some(self.taken(tag, ExternalKind::AbortSignal)?) };
        self.charge(size_of::<Signal>())?;
        Ok(Node::Signal(Box::new(Signal { aborted, flag, reason, trigger })))
    }

    fn native_error(&mut self) -> Read<Node> {
        const BROKEN: Broken = Broken::Host { tag: tag::host::NATIVE_ERROR };
        let class = ErrorClass::of_number(self.cursor.varint32()?).ok_or(BROKEN)?;
        let name = match class {
            ErrorClass::Named => self.value()?,
            _ => Text::from(class.name()).into(),
        };
        let message = self.value()?;
        let properties = self.value()?;
        let Slot::Node(id) = properties else { return Err(BROKEN.into()) };
        let plain = matches!(self.nodes.get(id as usize), Some(Node::Object(_)));
        if !plain || !is_text(&message) || !is_text(&name) {
            return Err(BROKEN.into());
        }
        self.error_of(class, name, Some(message), id)
    }
}
