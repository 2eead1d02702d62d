//! Objects of the runtime become bytes.

use super::clone_error::CloneError;
use super::encode::{Done, Encoder, Home};
use super::external::{External, ExternalKind};
use super::host::{self, Headers};
use super::kind::ErrorClass;
use super::outcome::is_text;
use super::region::{Node, Signal, Slot};
use super::sink::Sink;
use super::tag;
use super::text::Str;

impl<S: Sink> Encoder<S> {
    pub(super) fn host(&mut self, node: &Node, home: Home<'_>) -> Done {
        self.out.byte(tag::HOST_OBJECT);
        match node {
            Node::Error { class, texts, properties } => {
                self.tag(tag::host::NATIVE_ERROR);
                self.out.varint(class.number().into());
                if *class == ErrorClass::Named {
                    self.slot(home.region.slot(*texts), home)?;
                }
                self.slot(home.region.slot(texts + 1), home)?;
                self.slot(&Slot::Node(*properties), home)
            }
            Node::External(external) => self.external(external),
            Node::Headers(headers) => {
                self.tag(tag::host::HEADERS);
                self.headers(headers)
            }
            Node::Blob(blob) => {
                self.tag(tag::host::BLOB);
                self.out.delimited(blob.content_type.as_bytes());
                self.out.delimited(&blob.bytes);
                Ok(())
            }
            Node::DomException(exception) => {
                self.tag(tag::host::DOM_EXCEPTION);
                for text in [&exception.name, &exception.message, &exception.stack] {
                    self.out.delimited(text.as_bytes());
                }
                Ok(())
            }
            Node::Request(parts) => {
                self.tag(tag::host::REQUEST);
                let url = home.region.slot(*parts);
                let text = url.as_str(&home.region.source).unwrap_or(Str::narrow(&[]));
                debug_assert!(is_text(url));
                self.out.delimited(text.to_string_lossy().as_bytes());
                self.slot(home.region.slot(parts + 1), home)
            }
            Node::Response(parts) => {
                self.tag(tag::host::RESPONSE);
                self.slot(home.region.slot(*parts), home)?;
                self.slot(home.region.slot(parts + 1), home)
            }
            Node::Signal(signal) => self.signal(signal, home),
            // The others are not of the runtime; an object that was never made cannot be sent.
            _ => Err(CloneError::unsupported("Object")),
        }
    }

    fn tag(&mut self, tag: u32) {
        self.out.varint(tag.into());
    }

    fn external(&mut self, external: &External) -> Done {
        external.check()?;
        self.tag(match external.kind() {
            ExternalKind::RpcTarget => tag::host::STUB,
            ExternalKind::Service => tag::host::SERVICE_STUB,
            ExternalKind::ReadableStream => tag::host::READABLE_STREAM,
            ExternalKind::WritableStream => tag::host::WRITABLE_STREAM,
            // By itself it is nothing JavaScript has.
            ExternalKind::AbortSignal | ExternalKind::Refused => {
                return Err(CloneError::unsupported(external.type_name()));
            }
        });
        self.externals.push(external.clone());
        Ok(())
    }

    fn headers(&mut self, headers: &Headers) -> Done {
        self.out.varint(headers.guard.number().into());
        self.out.varint(headers.entries.len() as u64);
        for (name, value) in &headers.entries {
            let id = host::common_id(name);
            self.out.varint(id.into());
            if id == 0 {
                self.out.delimited(name.as_bytes());
            }
            self.out.delimited(value.as_bytes());
        }
        if headers.entries.len() > Headers::COUNT_MAX as usize {
            let why =
                format!("Headers with more than {} entries cannot be sent.", Headers::COUNT_MAX);
            return Err(CloneError::Unready { why });
        }
        Ok(())
    }

    fn signal(&mut self, signal: &Signal, home: Home<'_>) -> Done {
        self.tag(tag::host::ABORT_SIGNAL);
        self.out.varint(signal.aborted.into());
        self.out.varint(signal.flag.into());
        self.slot(home.region.slot(signal.reason), home)?;
        if let Some(trigger) = &signal.trigger {
            trigger.check()?;
            self.externals.push(trigger.clone());
        }
        Ok(())
    }
}
