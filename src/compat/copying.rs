//! A connection of a foreign network, as a transport: its messages are copied out and in.
//!
//! The messages of such a network are built and read through the `capnp` crate alone, which copies a
//! capability pointer only through a table of hooks, and numbers them anew as it goes. So each index
//! is given a hook that knows it, and what the copy made of it is put right.

use std::cell::OnceCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};

use capnp::any_pointer;
use capnp::capability::Promise;
use capnp::message::{Builder, HeapAllocator, ReaderOptions};
use capnp::private::capability::ClientHook;
use capnp::serialize::read_message_from_flat_slice;
use capnp::traits::{Imbue, ImbueMut};

use crate::rpc::error;
use crate::schema::rpc_capnp::{message, return_};
use crate::transport::{Peer, Transport, TransportError};
use crate::wire::{CapDescriptor, Frame, Limits, Message, Outcome, Payload, ReadLimits};

use super::line::Line;
use super::network::{Connection, IncomingMessage};
use super::numbered::{Numbered, number_of};

type Receiving = Promise<Option<Box<dyn IncomingMessage>>, capnp::Error>;

/// The transport over a foreign connection.
pub(super) struct Copying<VatId> {
    connection: Box<dyn Connection<VatId>>,
    line: Rc<OnceCell<Weak<Line>>>,
    peer: Peer,
    limits: Limits,
    receiving: Option<Receiving>,
    /// Messages that are not written yet: their words, and who says when they are.
    sent: VecDeque<(usize, Promise<(), capnp::Error>)>,
    words: usize,
    /// Hooks for the capabilities of a message that is read, kept for the next.
    hooks: Vec<Option<Box<dyn ClientHook>>>,
    closing: Closing,
}

/// How far our direction's end has come.
enum Closing {
    Not,
    Shutting(Promise<(), capnp::Error>),
    Done,
}

impl<VatId: 'static> Copying<VatId> {
    /// A line over `connection`.
    pub(super) fn line(connection: Box<dyn Connection<VatId>>) -> Rc<Line> {
        let own = Rc::new(OnceCell::new());
        let copying = Self {
            connection,
            line: Rc::clone(&own),
            peer: Peer::Named("the peer".to_owned()),
            limits: Limits::default(),
            receiving: None,
            sent: VecDeque::new(),
            words: 0,
            hooks: Vec::new(),
            closing: Closing::Not,
        };
        let line = Line::new(Box::new(copying));
        // Set once, here.
        let _ = own.set(Rc::downgrade(&line));
        line
    }

    /// Copies what the peer sent into a message of ours.
    fn take_in(&mut self, incoming: &dyn IncomingMessage) -> Result<Message, String> {
        let said = |why: capnp::Error| why.to_string();
        let body = incoming.get_body().map_err(said)?;
        let count = caps_of(body.get_as().map_err(said)?).map_err(said)?;
        if count > self.limits.caps_max as usize {
            return Err(format!("the peer sent {count} capabilities in one message"));
        }
        Numbered::fill(&mut self.hooks, count);
        let mut body = incoming.get_body().map_err(said)?;
        body.imbue(&self.hooks);
        let words = body.target_size().map_err(said)?.word_count.saturating_add(1);
        let words = u32::try_from(words).unwrap_or(u32::MAX).min(self.limits.frame_words_max);
        let mut copy = Builder::new(HeapAllocator::new().first_segment_words(words));
        let mut table = Vec::new();
        let mut root: any_pointer::Builder<'_> = copy.get_root().map_err(said)?;
        root.imbue_mut(&mut table);
        root.set_as(body).map_err(said)?;
        let frame = Frame::of_segments(&copy.get_segments_for_output());
        let frame = frame.ok_or("the message has more than 2^32 words")?;
        let mut message = Message::decode(frame, &self.limits).map_err(|why| why.to_string())?;
        if let Some(payload) = payload(&mut message) {
            let numbers: Vec<u32> = table.iter().map(number_of).collect();
            let was = |index: u32| numbers.get(index as usize).copied().unwrap_or(u32::MAX);
            let content = payload.content.map_caps(&self.limits.read, was);
            payload.content = content.map_err(|why| why.to_string())?;
        }
        Ok(message)
    }

    /// Copies a message of ours into one of the network's, and sends it.
    fn put_out(&mut self, mut message: Message) -> Result<(), String> {
        let said = |why: capnp::Error| why.to_string();
        let caps = payload(&mut message).map_or(Ok(0), number_in_order)?;
        Numbered::fill(&mut self.hooks, caps);
        let mut bytes = Vec::new();
        message.encode().append_to(&mut bytes);
        let mut options = ReaderOptions::new();
        options.traversal_limit_in_words(None);
        let ours = read_message_from_flat_slice(&mut bytes.as_slice(), options).map_err(said)?;
        let mut root: any_pointer::Reader<'_> = ours.get_root().map_err(said)?;
        root.imbue(&self.hooks);
        let words = u32::try_from(bytes.len() / 8).unwrap_or(u32::MAX);
        let mut theirs = self.connection.new_outgoing_message(words);
        let mut table = Vec::new();
        let mut body = theirs.get_body().map_err(said)?;
        body.imbue_mut(&mut table);
        body.set_as(root).map_err(said)?;
        let words = theirs.size_in_words();
        let (sent, _) = theirs.send();
        self.sent.push_back((words, sent));
        self.words += words;
        Ok(())
    }

    fn lost(&self, why: impl Into<String>) -> TransportError {
        let source = std::io::Error::other(why.into()).into();
        TransportError::Io { doing: "the network of", peer: self.peer.clone(), source }
    }
}

impl<VatId: 'static> Transport for Copying<VatId> {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Message>, TransportError>> {
        let receiving =
            self.receiving.get_or_insert_with(|| self.connection.receive_incoming_message());
        let received = ready!(Pin::new(receiving).poll(cx));
        self.receiving = None;
        Poll::Ready(match received {
            Ok(Some(incoming)) => {
                self.take_in(incoming.as_ref()).map(Some).map_err(|why| self.lost(why))
            }
            Ok(None) => Ok(None),
            Err(why) => Err(self.lost(why.to_string())),
        })
    }

    fn send(&mut self, message: Message) -> Result<(), TransportError> {
        if !matches!(self.closing, Closing::Not) {
            return Err(TransportError::Closed);
        }
        self.put_out(message).map_err(|why| self.lost(why))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        while let Some((words, sent)) = self.sent.front_mut() {
            let outcome = ready!(Pin::new(sent).poll(cx));
            self.words -= *words;
            self.sent.pop_front();
            if let Err(why) = outcome {
                return Poll::Ready(Err(self.lost(why.to_string())));
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        loop {
            match &mut self.closing {
                Closing::Not => {
                    let line = self.line.get().and_then(Weak::upgrade);
                    let ending = line.and_then(|line| line.link()?.ending());
                    let result = ending.map_or(Ok(()), |why| Err(error(&why)));
                    self.closing = Closing::Shutting(self.connection.shutdown(result));
                }
                Closing::Shutting(shutdown) => {
                    // How it went is told by the network's own future.
                    let _ = ready!(Pin::new(shutdown).poll(cx));
                    self.closing = Closing::Done;
                }
                Closing::Done => return Poll::Ready(Ok(())),
            }
        }
    }

    fn queued_bytes(&self) -> usize {
        self.words * 8
    }

    fn peer(&self) -> &Peer {
        &self.peer
    }
}

/// What a message carries that may hold capabilities.
fn payload(message: &mut Message) -> Option<&mut Payload> {
    match message {
        Message::Call(call) => Some(&mut call.params),
        Message::Return(ret) => match &mut ret.outcome {
            Outcome::Results(results) => Some(results),
            _ => None,
        },
        Message::Unimplemented(inner) => payload(inner),
        _ => None,
    }
}

/// How many entries the cap table of a message has.
fn caps_of(message: message::Reader<'_>) -> capnp::Result<usize> {
    let payload = match message.which() {
        Ok(message::Call(call)) => call?.get_params()?,
        Ok(message::Return(ret)) => match ret?.which() {
            Ok(return_::Results(results)) => results?,
            _ => return Ok(0),
        },
        Ok(message::Unimplemented(inner)) => return caps_of(inner?),
        _ => return Ok(0),
    };
    Ok(payload.get_cap_table()?.len() as usize)
}

/// Puts the cap table in the order of the pointers to it, as a copy will number them. How many
/// entries it has.
fn number_in_order(payload: &mut Payload) -> Result<usize, String> {
    let mut order: Vec<u32> = Vec::new();
    let mut named_twice = None;
    let read = ReadLimits { traversal_words_max: usize::MAX, ..ReadLimits::default() };
    let content = payload.content.map_caps(&read, |index| {
        if order.contains(&index) {
            named_twice = Some(index);
        }
        order.push(index);
        u32::try_from(order.len() - 1).unwrap_or(u32::MAX)
    });
    if let Some(index) = named_twice {
        return Err(format!("capability {index} is named twice, and a copy would count it twice"));
    }
    payload.content = content.map_err(|why| why.to_string())?;
    let mut before: Vec<Option<CapDescriptor>> = payload.caps.drain(..).map(Some).collect();
    for index in order {
        let named = before.get_mut(index as usize).and_then(Option::take);
        payload.caps.push(named.unwrap_or(CapDescriptor::None));
    }
    payload.caps.extend(before.into_iter().flatten());
    Ok(payload.caps.len())
}
