//! The walk from an object along a path to what is asked for. (Rules 5, 6, 30 to 37)

use std::rc::Rc;

use crate::runtime::Local;

use super::args::Args;
use super::ask::Op;
use super::error::JsError;
use super::function::Bound;
use super::given::Return;
use super::name::Name;
use super::path::{MethodPath, missing, no_function};
use super::stub::RpcStub;
use super::target::{Answer, Call, RpcTarget};
use super::value::{Text, Value, View};

/// Where a walk ends.
pub(super) enum End {
    /// With a value to be returned.
    Return(Return),
    /// At a stub: the rest of the way is for the object behind it.
    Forward(RpcStub, MethodPath, Op),
}

/// Where a walk is.
pub(super) enum Stand {
    /// At an object that says itself what it has.
    Target(Rc<dyn RpcTarget>),
    /// At a value.
    Value(Value),
}

/// A walk that is under way.
pub(super) struct Walk {
    pub(super) here: Local,
    pub(super) path: MethodPath,
    pub(super) op: Op,
    /// Makes a stub of a method that is read: hosting is not done here.
    pub(super) host: fn(&Local, Rc<dyn RpcTarget>) -> RpcStub,
}

/// What one step leads to.
enum Step {
    To(Value),
    End(End),
}

impl Walk {
    pub(super) async fn run(mut self, from: Stand) -> Result<End, JsError> {
        let mut stand = from;
        let mut passed = 0;
        loop {
            let name = self.path.names().get(passed).cloned();
            let step = match (stand, name) {
                (Stand::Target(target), Some(name)) => {
                    self.member(target, name, passed + 1).await?
                }
                (Stand::Target(target), None) => return self.itself(target).await,
                (Stand::Value(value), name) => self.property(value, name, passed)?,
            };
            match step {
                Step::To(value) => (stand, passed) = (Stand::Value(value), passed + 1),
                Step::End(end) => return Ok(end),
            }
        }
    }

    fn take_args(&mut self) -> Args {
        match &mut self.op {
            Op::Call(args) => std::mem::take(args),
            Op::Get => Args::new(),
        }
    }

    fn is_last_and_called(&self, passed: usize) -> bool {
        passed == self.path.names().len() && matches!(self.op, Op::Call(_))
    }

    async fn member(
        &mut self,
        target: Rc<dyn RpcTarget>,
        name: Name,
        passed: usize,
    ) -> Result<Step, JsError> {
        if self.is_last_and_called(passed) {
            let args = self.take_args();
            let call = Call::new(&self.here, args);
            match Rc::clone(&target).method(name.as_str(), call) {
                Answer::Property(call) => self.op = Op::Call(call.into_args()),
                answer => return Ok(Step::End(End::Return(settle(answer, name.as_str()).await?))),
            }
        }
        match Rc::clone(&target).getter(name.as_str(), &self.here) {
            Answer::Method if passed == self.path.names().len() => {
                let stub = (self.host)(&self.here, Rc::new(Bound { target, name }));
                Ok(Step::To(stub.into()))
            }
            // A function, but not one whose own properties anybody has set.
            Answer::Method => {
                let next = self.path.names().get(passed);
                Err(missing(next.map_or("", Name::as_str)))
            }
            answer => {
                let got = settle(answer, name.as_str()).await?;
                if passed == self.path.names().len() && matches!(self.op, Op::Get) {
                    return Ok(Step::End(End::Return(got)));
                }
                Ok(Step::To(got.into_value()))
            }
        }
    }

    async fn itself(mut self, target: Rc<dyn RpcTarget>) -> Result<End, JsError> {
        if matches!(self.op, Op::Get) {
            let stub = (self.host)(&self.here, target);
            return Ok(End::Return(stub.into()));
        }
        let args = self.take_args();
        let call = Call::new(&self.here, args);
        match target.invoke(call) {
            Answer::NoFunction => Err(no_function(&self.path)),
            answer => settle(answer, "(this)").await.map(End::Return),
        }
    }

    fn property(
        &mut self,
        value: Value,
        name: Option<Name>,
        passed: usize,
    ) -> Result<Step, JsError> {
        if let Some(stub) = RpcStub::of_view(value.view())
            && (name.is_some() || matches!(self.op, Op::Call(_)))
        {
            let op = std::mem::replace(&mut self.op, Op::Get);
            return Ok(Step::End(End::Forward(stub, self.path.behind(passed), op)));
        }
        let Some(name) = name else {
            return match self.op {
                // It is part of something that stays. (Rule 16)
                Op::Get => Ok(Step::End(End::Return(Return::lent(value)))),
                Op::Call(_) => Err(no_function(&self.path)),
            };
        };
        let View::Object(object) = value.view() else {
            // What the step before led to has no properties for others; at the very start there was none.
            let named = self.path.names().get(passed.saturating_sub(1)).unwrap_or(&name);
            return Err(missing(named.as_str()));
        };
        match object.get_text(Text::from(name.as_str()).as_str()) {
            Some(property) => Ok(Step::To(property.to_value())),
            None => Err(missing(name.as_str())),
        }
    }
}

async fn settle(answer: Answer, name: &str) -> Result<Return, JsError> {
    match answer {
        Answer::Now(result) => result,
        Answer::Later(future) => future.await,
        Answer::Missing | Answer::Method | Answer::Property(_) | Answer::NoFunction => {
            Err(missing(name))
        }
    }
}
