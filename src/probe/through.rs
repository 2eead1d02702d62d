//! Through the server: with a method that returns what it is passed, the server calls the probe.

use crate::wire::{Call, CapDescriptor, Exception, Message, Outcome, Path, Payload, SendResultsTo};

use super::say;
use super::scene::{Method, Scene, unknown, unknown_call};
use super::verdict::{Found, not_applicable};

impl Scene<'_> {
    /// The method that returns the capability it is passed.
    pub(super) fn echo(&self) -> Found<Method> {
        match self.echo {
            Some(method) => Ok(method),
            None => not_applicable("it would have to call us; name a method that echoes (--echo)"),
        }
    }

    /// The method that never returns.
    pub(super) fn hang(&self) -> Found<Method> {
        match self.hang {
            Some(method) => Ok(method),
            None => not_applicable(
                "it takes a call that does not return; name a method that never does (--hang)",
            ),
        }
    }

    /// Calls the method that never returns as question `question`; it is under way then.
    pub(super) async fn hangs(&mut self, question: u32, import: u32, params: Payload) -> Found {
        let Method { interface, method } = self.hang()?;
        let mut call = say::call(question, say::to(import), interface, method);
        call.params = params;
        self.say(say::called(call));
        self.call_fence(import).await?;
        self.hung(question)
    }

    /// It has not returned so far.
    fn hung(&self, question: u32) -> Found {
        let is =
            |message: &Message| matches!(message, Message::Return(ret) if ret.answer.0 == question);
        match self.heard.iter().find(|message| is(message)) {
            None => Ok(()),
            Some(ret) => not_applicable(format!("the method named with --hang returned: {ret}")),
        }
    }

    /// A call of the echo that passes `cap`.
    pub(super) fn echo_call(&self, question: u32, import: u32, cap: CapDescriptor) -> Found<Call> {
        let Method { interface, method } = self.echo()?;
        let mut call = say::call(question, say::to(import), interface, method);
        call.params = say::capabilities(vec![cap]);
        Ok(call)
    }

    /// Our export `export` is passed, and is what question 1 has returned: calls on that come to us.
    pub(super) async fn echoed(&mut self, cap: CapDescriptor) -> Found<u32> {
        self.echo()?;
        let import = self.meet().await?;
        let call = self.echo_call(1, import, cap)?;
        self.say(say::called(call));
        let ret = self.returned(1).await?;
        match &ret.outcome {
            Outcome::Results(_) => Ok(import),
            other => not_applicable(format!("the method named with --echo returned {other}")),
        }
    }

    /// The method named with `--echo` returns a capability where it should.
    pub(super) async fn echoes(&mut self) -> Found {
        let import = self.meet().await?;
        let call = self.echo_call(1, import, say::hosted(1))?;
        self.say(say::called(call));
        let ret = self.returned(1).await?;
        let Outcome::Results(results) = &ret.outcome else {
            let outcome = &ret.outcome;
            return not_applicable(format!("the method named with --echo returned {outcome}"));
        };
        let back = results.content.cap_at(&Path::from_iter([0]));
        match back {
            Ok(Some(_)) => Ok(()),
            _ => not_applicable(
                "the method named with --echo returned no capability as its first pointer",
            ),
        }
    }

    /// The method named with `--hang` does not return.
    pub(super) async fn hangs_at_all(&mut self) -> Found {
        let import = self.meet().await?;
        self.hangs(1, import, say::capabilities(vec![say::hosted(5)])).await?;
        // What is answered a little late is answered.
        self.call_fence(import).await?;
        self.hung(1)
    }

    /// The server passes a call with these params on to our export 1, which it must hold.
    ///
    /// It may do so as a tail call, whose results do not come back through it. Then it is asked once more,
    /// to keep the results: for that it must call in its own name.
    pub(super) async fn called_with(&mut self, params: impl Fn() -> Payload) -> Found<Through> {
        const WHAT: &str = "the call it was to pass on";
        let outer = self.fresh();
        let call = Call { params: params(), ..unknown(outer, say::to_result(1, &[0])) };
        self.say(say::called(call));
        let call = self.called(WHAT).await?;
        if call.results_to == SendResultsTo::Caller {
            return Ok(Through { call, outer: Outer::Returns(outer) });
        }
        self.end_tail_call(&call, outer).await?;
        let outer = self.fresh();
        let mut call = Call { params: params(), ..unknown(outer, say::to_result(1, &[0])) };
        call.results_to = SendResultsTo::Yourself;
        self.say(say::called(call));
        let call = self.called(WHAT).await?;
        match call.results_to {
            SendResultsTo::Caller => Ok(Through { call, outer: Outer::Keeps(outer) }),
            _ => not_applicable("all calls it passes on are tail calls"),
        }
    }

    /// Nothing of a tail call may be taken for what follows.
    async fn end_tail_call(&mut self, call: &Call, outer: u32) -> Found {
        self.say(say::returns(call.question.0, Outcome::ResultsSentElsewhere));
        self.say(say::finish(outer));
        for cap in &call.params.caps {
            if let CapDescriptor::SenderHosted(id) | CapDescriptor::SenderPromise(id) = cap {
                self.say(say::release(id.0, 1));
            }
        }
        let finish = |message: &Message| {
            matches!(message, Message::Finish(f) if f.question == call.question).then_some(())
        };
        self.take("the Finish of a tail call", finish).await
    }

    /// The same, from the beginning.
    pub(super) async fn called_through(&mut self) -> Found<Through> {
        self.echoed(say::hosted(1)).await?;
        self.called_with(|| say::capabilities(Vec::new())).await
    }

    /// The call that was passed on is back where it came from.
    pub(super) async fn back(&mut self, outer: Outer) -> Found {
        match outer {
            Outer::Returns(outer) => self.returned(outer).await.map(drop),
            Outer::Keeps(outer) => self.fails_on(outer).await.map(drop),
        }
    }

    /// The call that was passed on failed where it came from, and it alone.
    pub(super) async fn fails_back(&mut self, outer: Outer) -> Found<Exception> {
        match outer {
            Outer::Returns(outer) => self.fails(outer).await,
            Outer::Keeps(outer) => self.fails_on(outer).await,
        }
    }

    /// Its results are kept, but what is called on them shows what they are.
    async fn fails_on(&mut self, outer: u32) -> Found<Exception> {
        let question = self.fresh();
        self.say(unknown_call(question, say::to_result(outer, &[0])));
        self.fails(question).await
    }
}

/// A call the server passed on to us.
pub(super) struct Through {
    pub(super) call: Box<Call>,
    pub(super) outer: Outer,
}

/// The question of ours it was passed on for.
#[derive(Clone, Copy)]
pub(super) enum Outer {
    /// Its results come back.
    Returns(u32),
    /// Its results stay with the server.
    Keeps(u32),
}

impl Outer {
    pub(super) const fn question(self) -> u32 {
        match self {
            Self::Returns(question) | Self::Keeps(question) => question,
        }
    }
}
