//! A scene is one connection to the server, and what was heard on it.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use crate::transport::ByteStream;
use crate::wire::{
    Call, CapDescriptor, Content, Exception, Message, MessageTarget, Outcome, Path, Return,
};

use super::peer::{Heard, Peer};
use super::say;
use super::verdict::{Finding, Found, broken, ensure, not_applicable};

/// A stream to the server.
pub(super) type Stream = Box<dyn ByteStream>;

/// A connection that is being made.
pub(super) type Reaching = Pin<Box<dyn Future<Output = io::Result<Stream>>>>;

/// A test that runs.
pub(super) type Running<'a> = Pin<Box<dyn Future<Output = Found> + 'a>>;

/// Reaches the server: a new connection each time.
pub(super) type Reach = Box<dyn Fn() -> Reaching>;

/// An interface no server has, and a method of it.
pub(super) const UNKNOWN: Method = Method { interface: 0xb0b0_1e55_0dd5_ca75, method: 3 };

/// A method, as calls name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// The type id of the interface.
    pub interface: u64,
    /// The ordinal of the method within it.
    pub method: u16,
}

/// One connection, and what was heard on it that nobody has waited for yet.
pub(super) struct Scene<'a> {
    reach: &'a Reach,
    /// How long all that is done here may take.
    pub(super) patience: Duration,
    pub(super) echo: Option<Method>,
    pub(super) hang: Option<Method>,
    pub(super) peer: Peer<Stream>,
    pub(super) heard: Vec<Message>,
    /// The next question nobody uses.
    next: u32,
    /// What is waited for, here or beside, to be told if it never comes.
    waits: Rc<RefCell<String>>,
}

impl<'a> Scene<'a> {
    pub(super) async fn new(
        reach: &'a Reach,
        patience: Duration,
        echo: Option<Method>,
        hang: Option<Method>,
    ) -> io::Result<Self> {
        let peer = Peer::new(reach().await?);
        let (heard, waits) = (Vec::new(), Rc::default());
        Ok(Self { reach, patience, echo, hang, peer, heard, next: 1000, waits })
    }

    /// Another connection beside this one.
    pub(super) async fn beside(&self) -> Found<Self> {
        match Self::new(self.reach, self.patience, self.echo, self.hang).await {
            Ok(beside) => Ok(Self { waits: Rc::clone(&self.waits), ..beside }),
            Err(why) => broken(format!("no second connection: {why}")),
        }
    }

    pub(super) fn waits_for(&self, what: &str) {
        *self.waits.borrow_mut() = what.to_owned();
    }

    /// What is waited for.
    pub(super) fn waits(&self) -> String {
        self.waits.borrow().clone()
    }

    pub(super) fn say(&mut self, message: Message) -> &mut Self {
        self.peer.say(message);
        self
    }

    /// A question that was not used yet.
    pub(super) const fn fresh(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    /// The next message, which is no Abort.
    async fn next(&mut self, what: &str) -> Found<Message> {
        self.waits_for(what);
        match self.peer.hear().await {
            Heard::Message(Message::Abort(why)) => {
                Err(Finding::Aborted(format!("saying `{}`, waiting for {what}", why.reason())))
            }
            Heard::Message(message) => Ok(message),
            other => broken(format!("{}, waiting for {what}", ended(&other))),
        }
    }

    /// Hears until `there` finds what it looks for in all that was heard.
    pub(super) async fn until(&mut self, what: &str, there: impl Fn(&[Message]) -> bool) -> Found {
        while !there(&self.heard) {
            let message = self.next(what).await?;
            self.heard.push(message);
        }
        Ok(())
    }

    /// Hears until `take` finds what it looks for, and takes that.
    pub(super) async fn take<T>(
        &mut self,
        what: &str,
        take: impl Fn(&Message) -> Option<T>,
    ) -> Found<T> {
        self.until(what, |heard| heard.iter().any(|message| take(message).is_some())).await?;
        let at = self.heard.iter().position(|message| take(message).is_some());
        let message = at.map(|at| self.heard.remove(at));
        match message.as_ref().and_then(take) {
            Some(taken) => Ok(taken),
            None => broken(format!("{what} was lost")),
        }
    }

    /// The Return of a question of ours.
    pub(super) async fn returned(&mut self, question: u32) -> Found<Box<Return>> {
        let what = format!("the Return of question {question}");
        let is =
            |message: &Message| matches!(message, Message::Return(ret) if ret.answer.0 == question);
        self.until(&what, |heard| heard.iter().any(is)).await?;
        let at = self.heard.iter().position(is).map(|at| self.heard.remove(at));
        match at {
            Some(Message::Return(ret)) => Ok(ret),
            _ => broken(format!("{what} was lost")),
        }
    }

    /// A call the server made to us.
    pub(super) async fn called(&mut self, what: &str) -> Found<Box<Call>> {
        let is = |message: &Message| matches!(message, Message::Call(_));
        self.until(what, |heard| heard.iter().any(is)).await?;
        let at = self.heard.iter().position(is).map(|at| self.heard.remove(at));
        match at {
            Some(Message::Call(call)) => Ok(call),
            _ => broken(format!("{what} was lost")),
        }
    }

    /// A question of ours fails, and it alone: the exception.
    pub(super) async fn fails(&mut self, question: u32) -> Found<Exception> {
        let ret = self.returned(question).await?;
        match ret.outcome {
            Outcome::Exception(why) => {
                self.say(say::finish(question));
                self.fence().await?;
                Ok(why)
            }
            other => broken(format!("question {question} did not fail: {other}")),
        }
    }

    /// Asks something it must answer, and waits for that: all it had to say before was said.
    pub(super) async fn fence(&mut self) -> Found {
        let question = self.fresh();
        self.say(say::bootstrap(question));
        self.returned(question).await?;
        self.say(say::finish(question));
        Ok(())
    }

    /// The same with a call to what we know as `import`, which takes the way of calls.
    pub(super) async fn call_fence(&mut self, import: u32) -> Found {
        let question = self.fresh();
        self.say(unknown_call(question, say::to(import)));
        self.returned(question).await?;
        self.say(say::finish(question));
        Ok(())
    }

    /// Asks for the bootstrap capability; which import it is, or none.
    pub(super) async fn ask(&mut self, question: u32) -> Found<Option<u32>> {
        self.say(say::bootstrap(question));
        let ret = self.returned(question).await?;
        match &ret.outcome {
            Outcome::Exception(_) => Ok(None),
            Outcome::Results(results) => {
                let index = results.content.cap_at(&Path::root()).ok().flatten();
                let cap = index.and_then(|index| results.caps.get(index as usize));
                match cap {
                    Some(CapDescriptor::SenderHosted(id) | CapDescriptor::SenderPromise(id)) => {
                        Ok(Some(id.0))
                    }
                    other => broken(format!(
                        "its bootstrap returned {other:?}, no capability of its own"
                    )),
                }
            }
            other => broken(format!("its bootstrap returned {other}")),
        }
    }

    /// Asks for the bootstrap capability and keeps it: which import it is.
    pub(super) async fn meet(&mut self) -> Found<u32> {
        match self.ask(0).await? {
            Some(import) => {
                self.say(say::keep(0));
                Ok(import)
            }
            None => not_applicable("it offers no bootstrap capability"),
        }
    }

    /// What we said breaks a rule: it aborts and hangs up, and says nothing behind that.
    pub(super) async fn aborts(&mut self) -> Found {
        self.waits_for("an Abort");
        // What it finds out a turn later than what came behind it, is found out.
        for _ in 0..3 {
            let question = self.fresh();
            self.say(say::bootstrap(question));
            if self.is_aborted(question).await? {
                return self.ends().await;
            }
        }
        broken("it went on as if nothing was wrong")
    }

    /// Whether an Abort comes before the Return of `question`.
    async fn is_aborted(&mut self, question: u32) -> Found<bool> {
        loop {
            match self.peer.hear().await {
                Heard::Message(Message::Abort(_)) => return Ok(true),
                Heard::Message(Message::Return(ret)) if ret.answer.0 == question => {
                    return Ok(false);
                }
                Heard::Message(message) => self.heard.push(message),
                other => return broken(format!("{} without an Abort", ended(&other))),
            }
        }
    }

    /// Behind its Abort there is nothing.
    async fn ends(&mut self) -> Found {
        self.waits_for("the end behind its Abort");
        match self.peer.hear().await {
            // Hanging up on what was not read resets a socket.
            Heard::End | Heard::Lost(_) => Ok(()),
            Heard::Message(message) => broken(format!("behind its Abort it said `{message}`")),
            other => broken(format!("behind its Abort, {}", ended(&other))),
        }
    }

    /// A call passed our export `export` so many times: with its Return or one by one, all are given back, and
    /// not once more.
    pub(super) async fn gives_back(&mut self, ret: &Return, export: u32, times: u64) -> Found {
        let counted = if ret.release_param_caps { 0 } else { times };
        let what = format!("the release of what was passed (export {export})");
        self.until(&what, |heard| releases(heard, export) >= counted).await?;
        self.fence().await?;
        let released = releases(&self.heard, export);
        ensure(released == counted, || {
            let with = if ret.release_param_caps { "with the Return and " } else { "" };
            format!("{times} references were passed, and released {with}{released} times besides")
        })
    }
}

/// A call nobody knows the method of.
pub(super) fn unknown_call(question: u32, target: MessageTarget) -> Message {
    say::called(unknown(question, target))
}

/// The same, to be changed before it is said.
pub(super) fn unknown(question: u32, target: MessageTarget) -> Call {
    let mut call = say::call(question, target, UNKNOWN.interface, UNKNOWN.method);
    // A struct of one word.
    call.params.content = Content::from_words(&[1 << 32, 0x5eed]);
    call
}

/// How often it gave back one of our exports.
pub(super) fn releases(heard: &[Message], export: u32) -> u64 {
    let released = heard.iter().filter_map(|message| match message {
        Message::Release(release) if release.import.0 == export => {
            Some(u64::from(release.reference_count))
        }
        _ => None,
    });
    released.sum()
}

/// What it did instead of sending a message.
fn ended(heard: &Heard) -> String {
    match heard {
        Heard::Message(message) => format!("it said `{message}`"),
        Heard::End => "it hung up".to_owned(),
        Heard::Unframed(why) => format!("what it sends is no stream of messages ({why})"),
        Heard::Unreadable(why) => format!("it sent what is no message ({why})"),
        Heard::Lost(why) => format!("the connection was lost ({why})"),
    }
}
