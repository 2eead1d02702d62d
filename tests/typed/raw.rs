//! A peer that says what it is told to, over the messages of a two-party network.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bowline::compat::rpc_capnp::{exception, message, return_};
use bowline::compat::rpc_twoparty_capnp::Side;
use bowline::compat::{Connection, VatNetwork};
use tokio::io::DuplexStream;

use crate::worlds::two_party;

/// One end of a connection, in the hands of a test.
pub(crate) struct Raw(Box<dyn Connection<Side>>);

impl Raw {
    pub(crate) fn new(stream: DuplexStream, side: Side) -> Self {
        let mut network = two_party(stream, side);
        let other = if side == Side::Client { Side::Server } else { Side::Client };
        let connection = network.connect(other).expect("the other side");
        tokio::task::spawn_local(network.drive_until_shutdown());
        Self(connection)
    }

    /// Sends one message.
    pub(crate) fn say(&mut self, say: impl FnOnce(message::Builder<'_>)) {
        let mut message = self.0.new_outgoing_message(0);
        say(message.get_body().expect("a new message").init_as());
        drop(message.send());
    }

    pub(crate) fn ask_bootstrap(&mut self, question: u32) {
        self.say(|message| message.init_bootstrap().set_question_id(question));
    }

    /// Calls what question `on` will have at pointer `field` of its results, if not at their root.
    pub(crate) fn call(&mut self, question: u32, on: (u32, Option<u16>), method: (u64, u16)) {
        self.call_with(question, on, method, |_| {});
    }

    pub(crate) fn call_with(
        &mut self,
        question: u32,
        on: (u32, Option<u16>),
        (interface, method): (u64, u16),
        more: impl FnOnce(bowline::compat::rpc_capnp::call::Builder<'_>),
    ) {
        self.say(|message| {
            let mut call = message.init_call();
            call.set_question_id(question);
            call.set_interface_id(interface);
            call.set_method_id(method);
            let mut target = call.reborrow().init_target().init_promised_answer();
            target.set_question_id(on.0);
            if let Some(field) = on.1 {
                target.init_transform(1).get(0).set_get_pointer_field(field);
            }
            more(call);
        });
    }

    pub(crate) fn finish(&mut self, question: u32) {
        self.say(|message| {
            let mut finish = message.init_finish();
            finish.set_question_id(question);
            finish.set_require_early_cancellation_workaround(false);
        });
    }

    /// The next message.
    pub(crate) async fn hear<R>(&mut self, hear: impl FnOnce(message::Reader<'_>) -> R) -> R {
        let heard = self.0.receive_incoming_message().await;
        let heard = heard.expect("the stream is whole").expect("the peer is there");
        hear(heard.get_body().expect("a message").get_as().expect("a message"))
    }

    /// The first message `pick` wants; others are passed over.
    pub(crate) async fn find<R>(&mut self, pick: impl Fn(message::Reader<'_>) -> Option<R>) -> R {
        loop {
            if let Some(picked) = self.hear(&pick).await {
                return picked;
            }
        }
    }

    /// Whether there is nothing to be heard now, after `rounds` rounds of everybody else.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        let mut next = pin!(self.0.receive_incoming_message());
        let mut cx = Context::from_waker(Waker::noop());
        matches!(next.as_mut().poll(&mut cx), Poll::Pending)
    }

    /// The Return of a question; other messages are passed over.
    pub(crate) async fn returned(&mut self, question: u32) -> Returned {
        loop {
            let heard = self.hear(|message| match message.which() {
                Ok(message::Return(ret)) => {
                    let ret = ret.expect("a Return");
                    (ret.get_answer_id() == question).then(|| Returned::of(ret))
                }
                Ok(message::Abort(why)) => {
                    let why = why.expect("an exception").get_reason().expect("a text");
                    panic!("aborted: {}", why.to_str().expect("UTF-8"))
                }
                _ => None,
            });
            if let Some(returned) = heard.await {
                return returned;
            }
        }
    }
}

/// What came of a question.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Returned {
    Results,
    Failed(String),
    Overloaded,
    Canceled,
    SentElsewhere,
    Other,
}

impl Returned {
    fn of(ret: return_::Reader<'_>) -> Self {
        match ret.which() {
            Ok(return_::Results(_)) => Self::Results,
            Ok(return_::Exception(why)) => {
                let why = why.expect("an exception");
                match why.get_type() {
                    Ok(exception::Type::Overloaded) => Self::Overloaded,
                    _ => {
                        Self::Failed(why.get_reason().expect("a text").to_string().expect("UTF-8"))
                    }
                }
            }
            Ok(return_::Canceled(())) => Self::Canceled,
            Ok(return_::ResultsSentElsewhere(())) => Self::SentElsewhere,
            _ => Self::Other,
        }
    }
}
