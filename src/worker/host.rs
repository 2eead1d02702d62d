//! Hosting: an object takes calls as a capability of its vat.

use std::cell::OnceCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::rpc::{Client, payload};
use crate::runtime::{self, Conclusion, Delivery, Dispatch, Local, LocalFuture, gone};
use crate::vat::{CallId, Payload, Request};
use crate::wire::Exception;

use super::ask::{Ask, Asked, Op};
use super::ctx::Ctx;
use super::entry::{Entry, Opened};
use super::error::JsError;
use super::exception::thrown;
use super::external::{Carried, Departure, Leaving};
use super::given::{Given, Handles, Return, Terms};
use super::group::Scope;
use super::held::Held;
use super::interface;
use super::panicked::{guarded, panicked};
use super::parcel::Parcel;
use super::path::{MethodPath, missing, no_function, reserved};
use super::push;
use super::returned::{Got, Returned};
use super::stream::Pusher;
use super::stub::RpcStub;
use super::target::{Answer, Call, RpcTarget};
use super::value::{Checked, External, Limits, Value, View, rebind, weigh};
use super::walk::{End, Stand, Walk};

/// What stands behind a capability.
pub(super) enum Object {
    /// An object, or a function.
    Target(Rc<dyn RpcTarget>),
    /// An entrypoint, opened anew for every call.
    Entry(Rc<dyn Entry>),
    /// A plain object of the application.
    Plain(Value),
    /// A plain object that a call returned, or anything with a disposer of its own. What is in it is its own.
    Results(Results),
    /// Nothing that has properties.
    Nothing,
}

/// What a call returned, kept for what is pipelined on the call: with handles of its own. (Rules 50 and 51)
pub(super) struct Results {
    value: Value,
    disposer: Option<Box<dyn FnOnce()>>,
}

impl Results {
    fn of(value: &Value, leaving: &[Leaving], disposer: Option<Box<dyn FnOnce()>>) -> Self {
        let externals = leaving.iter().map(|leaving| leaving.external.clone()).collect();
        Self { value: with_own_handles(value, externals), disposer }
    }
}

/// The same value, with handles of its own of what these are handles of.
pub(super) fn with_own_handles(value: &Value, externals: Vec<External>) -> Value {
    let mut value = value.clone();
    let own = |external: &External| {
        let client = external.get::<Held>().and_then(Held::client);
        client.map_or_else(|| external.clone(), |client| RpcStub::from_client(client).external())
    };
    let new = externals.iter().map(own).collect();
    rebind(std::slice::from_mut(&mut value), &externals, new);
    value
}

impl Drop for Results {
    fn drop(&mut self) {
        if let Some(disposer) = self.disposer.take() {
            // Nobody hears of what goes wrong in it. (Rule 49)
            let _ = guarded(disposer);
        }
    }
}

/// The handles in a value that goes to a caller are disposed: the caller has its own.
fn give_away(leaving: &[Leaving]) {
    for leaving in leaving {
        if let Some(held) = leaving.external.get::<Held>() {
            held.dispose();
        }
    }
}

/// The object of a vat that stands where there is none.
#[derive(Default)]
struct Nobody(OnceCell<Client>);

/// An object that has nothing, and takes streams as every object does.
pub(super) fn nobody(here: &Local) -> Client {
    here.slot::<Nobody>().0.get_or_init(|| host(here, Object::Nothing)).clone()
}

/// An object of a vat.
pub(super) struct Hosted {
    here: Local,
    object: Object,
    /// Once something was pushed to it.
    pusher: OnceCell<Pusher>,
}

impl Drop for Hosted {
    fn drop(&mut self) {
        if let Object::Target(target) = &self.object {
            // Nobody hears of what goes wrong in it. (Rule 49)
            let _ = guarded(|| target.dispose());
        }
    }
}

/// A capability for an object of the vat `here`.
pub(super) fn host(here: &Local, object: Object) -> Client {
    Client::adopt(here, here.host(Hosted::new(here, object)))
}

/// The first stub of an object of the vat `here`.
pub(super) fn stub_of(here: &Local, target: Rc<dyn RpcTarget>) -> RpcStub {
    match here.lodge(Hosted::new(here, Object::Target(target))) {
        Some(lodger) => RpcStub::lodging(lodger),
        None => RpcStub::from_client(Client::broken(here, gone())),
    }
}

impl Dispatch for Hosted {
    fn dispatch(self: Rc<Self>, delivery: Delivery, cx: &mut Context<'_>) -> runtime::Answer {
        let Delivery { call, interface, method, params } = delivery;
        match (interface, method) {
            (interface::JS_RPC_TARGET, 0) => self.call(call, params, cx),
            (interface::EXTERNAL_PUSHER, _) => {
                push::dispatch(&self.here, self.pusher.get_or_init(Pusher::new), method, params)
            }
            _ => {
                self.here.release_payload(params);
                let why =
                    format!("there is no method {method} of interface {interface:#018x} here");
                now(Err(Exception::unimplemented(why)))
            }
        }
    }
}

fn now(outcome: Result<Payload, Exception>) -> runtime::Answer {
    runtime::Answer::Now(Conclusion::Return(outcome))
}

impl Hosted {
    #[inline]
    fn new(here: &Local, object: Object) -> Rc<Self> {
        Rc::new(Self { here: here.clone(), object, pusher: OnceCell::new() })
    }

    fn call(
        self: Rc<Self>,
        call: CallId,
        params: Payload,
        cx: &mut Context<'_>,
    ) -> runtime::Answer {
        let (asked, parcel) = match Parcel::take_asked(&self.here, params) {
            Ok(taken) => taken,
            Err(why) => return now(Err(thrown(&why))),
        };
        let Asked { path, mut op, pusher, group } = asked;
        let mut way = Back { here: self.here.clone(), call, pusher, parcel };
        let scope = (!group.is_empty()).then(|| Scope(group));
        if let Some(name) = path.names().iter().find(|name| self.reserves(name.as_str())) {
            return now(Err(thrown(&reserved(name.as_str()))));
        }
        let work = match self.begin_guarded(&path, &mut op) {
            Work::Done(result) => {
                let conclusion = way.conclude(result);
                drop(scope);
                return runtime::Answer::Now(conclusion);
            }
            work => work,
        };
        runtime::Answer::of(Running { way, scope, work }, cx)
    }

    fn reserves(&self, name: &str) -> bool {
        let is_entry = || matches!(self.object, Object::Entry(_));
        interface::is_reserved(name) || is_entry() && interface::is_handler(name)
    }

    fn begin_guarded(&self, path: &MethodPath, op: &mut Op) -> Work {
        guarded(|| self.begin(path, op)).unwrap_or_else(|| Work::Done(Err(panicked())))
    }

    /// Takes what it needs of `op`.
    fn begin(&self, path: &MethodPath, op: &mut Op) -> Work {
        match &self.object {
            Object::Target(target) => self.ask(Rc::clone(target), path, op),
            Object::Entry(entry) => match entry.open(&self.here, None) {
                Ok(Opened::Instance(instance, ctx)) => match self.ask(instance, path, op) {
                    Work::Done(result) => Work::Done(ctx.aborted().map_or(result, Err)),
                    work => Work::Invoked(Box::new(work), ctx),
                },
                Ok(Opened::Elsewhere(client)) => {
                    Work::forward(RpcStub::from_client(client), path, op)
                }
                Err(why) => Work::Done(Err(why)),
            },
            Object::Plain(value) => self.walk(Stand::Value(value.clone()), path, op),
            Object::Results(results) => self.go_on(&results.value, path, op),
            Object::Nothing => Work::Done(Err(nothing(path))),
        }
    }

    /// What is pipelined on a result.
    fn go_on(&self, result: &Value, path: &MethodPath, op: &mut Op) -> Work {
        if matches!(result.view(), View::Object(_)) {
            return self.walk(Stand::Value(result.clone()), path, op);
        }
        match RpcStub::from_value(result) {
            Ok(stub) => Work::forward(stub, path, op),
            Err(_) => Work::Done(Err(nothing(path))),
        }
    }

    /// What most calls are is answered here and now: a method of an object.
    fn ask(&self, target: Rc<dyn RpcTarget>, path: &MethodPath, op: &mut Op) -> Work {
        let (answer, name) = match (path.names(), &mut *op) {
            ([name], Op::Call(args)) => {
                let call = Call::new(&self.here, std::mem::take(args));
                (Rc::clone(&target).method(name.as_str(), call), name.as_str())
            }
            ([], Op::Call(args)) => {
                let call = Call::new(&self.here, std::mem::take(args));
                (Rc::clone(&target).invoke(call), "(this)")
            }
            _ => return self.walk(Stand::Target(target), path, op),
        };
        match answer {
            Answer::Now(result) => Work::Done(result),
            Answer::Later(future) => Work::Answer(future),
            Answer::Property(call) => {
                *op = Op::Call(call.into_args());
                self.walk(Stand::Target(target), path, op)
            }
            Answer::NoFunction => Work::Done(Err(no_function(path))),
            Answer::Missing | Answer::Method => Work::Done(Err(missing(name))),
        }
    }

    fn walk(&self, from: Stand, path: &MethodPath, op: &mut Op) -> Work {
        let op = std::mem::take(op);
        let walk = Walk { here: self.here.clone(), path: path.clone(), op, host: stub_of };
        Work::Walk(Box::pin(walk.run(from)))
    }
}

/// What is pipelined on something without properties. (Rule 15)
fn nothing(path: &MethodPath) -> JsError {
    match path.names().first() {
        Some(name) => missing(name.as_str()),
        None => no_function(path),
    }
}

/// What is left to be done for a call.
pub(super) enum Work {
    Done(Result<Return, JsError>),
    Answer(LocalFuture<Result<Return, JsError>>),
    Walk(LocalFuture<Result<End, JsError>>),
    /// In the context of an invocation.
    Invoked(Box<Self>, Ctx),
    /// All of it is for another object. In a box: such calls are few, and all are moved about.
    Forward(Box<(RpcStub, MethodPath, Op)>),
}

impl Work {
    fn forward(stub: RpcStub, path: &MethodPath, op: &mut Op) -> Self {
        Self::Forward(Box::new((stub, path.clone(), std::mem::take(op))))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<End, JsError>> {
        match std::mem::replace(self, Self::Done(Ok(Value::UNDEFINED.into()))) {
            Self::Done(result) => Poll::Ready(result.map(End::Return)),
            Self::Forward(further) => {
                let (stub, path, op) = *further;
                Poll::Ready(Ok(End::Forward(stub, path, op)))
            }
            Self::Answer(mut future) => {
                let answered = future.as_mut().poll(cx).map(|result| result.map(End::Return));
                self.wait(answered, || Self::Answer(future))
            }
            Self::Walk(mut future) => {
                let walked = future.as_mut().poll(cx);
                self.wait(walked, || Self::Walk(future))
            }
            Self::Invoked(mut work, ctx) => {
                let done = work.poll(cx);
                if let Some(why) = ctx.poll_aborted(cx) {
                    return Poll::Ready(Err(why));
                }
                self.wait(done, || Self::Invoked(work, ctx))
            }
        }
    }

    fn wait<T>(&mut self, polled: Poll<T>, again: impl FnOnce() -> Self) -> Poll<T> {
        if polled.is_pending() {
            *self = again();
        }
        polled
    }
}

/// A call that runs.
struct Running {
    way: Back,
    /// The stubs in its arguments, disposed when it is over. (Rule 41)
    scope: Option<Scope>,
    work: Work,
}

impl Future for Running {
    type Output = Conclusion;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Conclusion> {
        let polled = guarded(|| self.work.poll(cx));
        polled.unwrap_or_else(|| Poll::Ready(Err(panicked()))).map(|ended| {
            let conclusion = match ended {
                Ok(End::Return(value)) => self.way.conclude(Ok(value)),
                Ok(End::Forward(stub, path, op)) => self.way.forward(&stub, path, op),
                Err(why) => self.way.conclude(Err(why)),
            };
            self.scope = None;
            conclusion
        })
    }
}

/// The way back to the caller.
struct Back {
    here: Local,
    call: CallId,
    pusher: Option<Client>,
    /// What the params came in, for the results.
    parcel: Option<Box<Parcel>>,
}

impl Back {
    fn conclude(&mut self, result: Result<Return, JsError>) -> Conclusion {
        let payload = result.and_then(|value| self.results(value));
        Conclusion::Return(payload.map_err(|why| thrown(&why)))
    }

    /// Where another object is to push the streams it returns to our caller; one of this vat needs no telling if
    /// the caller is of this vat, too.
    fn pusher_for(&self, client: &Client) -> Option<Client> {
        match &self.pusher {
            None if client.is_hosted_here() => None,
            None => Some(nobody(&self.here)),
            known => known.clone(),
        }
    }

    /// The rest of the way is for another object: its answer is the caller's.
    fn forward(&self, stub: &RpcStub, path: MethodPath, op: Op) -> Conclusion {
        let made = stub.client().and_then(|client| {
            let (ask, caps) = Ask::make(path, op, &client, self.pusher_for(&client))?;
            Ok((client, Parcel::ask(ask), caps))
        });
        let lent = made.map_err(|why| thrown(&why)).and_then(|(client, content, caps)| {
            let cap = crate::rpc::lend(&self.here, &client)?;
            Ok((cap, payload(&self.here, content, &caps)))
        });
        match lent {
            Ok((cap, params)) => Conclusion::Redirect(
                cap,
                Request { interface: interface::JS_RPC_TARGET, method: 0, params },
            ),
            Err(why) => Conclusion::Return(Err(why)),
        }
    }

    /// The results, whose stubs move to the caller.
    fn results(&mut self, returned: Return) -> Result<Payload, JsError> {
        // By this door what waits in the lobby for the results enters before they are made.
        let wanted = || self.here.with(|graph| graph.may_be_pipelined(self.call));
        let terms = returned.terms.map(|terms| *terms).unwrap_or_default();
        let value = returned.given.into_value();
        let checked = weigh(&value, &Limits::default())?;
        let pusher = self.pusher.as_ref();
        let (returned, caps) = depart(&self.here, value, terms, checked, pusher, wanted)?;
        let content = Parcel::returned(self.parcel.take(), returned);
        Ok(payload(&self.here, content, &caps))
    }
}

/// What a call gave, on its way to the caller, and its capabilities. Stubs move. `wanted` says whether anything
/// may be pipelined on the call. (Rules 27, 46, 50 and 51)
fn depart(
    here: &Local,
    value: Value,
    Terms { handles, disposer }: Terms,
    checked: Checked,
    pusher: Option<&Client>,
    wanted: impl FnOnce() -> bool,
) -> Result<(Returned, Vec<Option<Client>>), JsError> {
    let Checked { bytes, externals } = checked;
    // Streams alone are pushed, and they are externals.
    let own = (pusher.is_none() && !externals.is_empty()).then(|| nobody(here));
    let mut departure = pusher.or(own.as_ref()).map(Departure::to).unwrap_or_default();
    let leaving = departure.depart(externals)?;
    let has_disposer = disposer.is_some();
    let wanted = has_disposer || wanted();
    let is_object = matches!(value.view(), View::Object(_));
    let pipeline = match &*leaving {
        _ if !wanted => None,
        _ if is_object || has_disposer => {
            let results = Results::of(&value, &leaving, disposer);
            Some(departure.add(host(here, Object::Results(results))))
        }
        [Leaving { carried: Carried::RpcTarget(target), .. }] if value.as_external().is_some() => {
            Some(*target)
        }
        _ => Some(departure.add(nobody(here))),
    };
    if handles == Handles::Given {
        give_away(&leaving);
    }
    Ok((Returned { value, leaving, pipeline, has_disposer, bytes }, departure.caps))
}

impl Hosted {
    /// Takes a call of this vat, with params in which nothing is but data.
    pub(super) fn attempt(&self, path: &MethodPath, op: &mut Op) -> Work {
        match path.names().iter().find(|name| self.reserves(name.as_str())) {
            Some(name) => Work::Done(Err(reserved(name.as_str()))),
            None => self.begin_guarded(path, op),
        }
    }

    /// Does the rest of such a call, which the graph knows of by now.
    pub(super) fn attend(&self, call: CallId, work: Work) {
        let way = Back { here: self.here.clone(), call, pusher: None, parcel: None };
        self.here.attend(call, Running { way, scope: None, work });
    }

    /// Ends such a call.
    pub(super) fn conclude(&self, call: CallId, result: Result<Return, JsError>) {
        let mut way = Back { here: self.here.clone(), call, pusher: None, parcel: None };
        self.here.conclude(call, way.conclude(result));
    }
}

/// The stub that a value is, if it was not given up and nobody else has any part of it.
fn sole_stub(value: &Value) -> Option<RpcStub> {
    let external = value.sole_external().filter(|external| external.is_sole())?;
    external.clone().downcast().map(RpcStub).filter(|stub| stub.0.is_live())
}

/// To hand it over takes calls: there are streams in it, or signals.
pub(super) fn takes_calls(returned: &Return) -> bool {
    match &returned.given {
        Given::Stub(_) => false,
        Given::Value(value) => weigh(value, &Limits::default()).is_ok_and(|checked| {
            checked.externals.iter().any(|external| external.get::<Held>().is_none())
        }),
    }
}

/// What a caller of this vat gets of a call that nothing is pipelined on by way of the graph.
#[inline]
pub(super) fn hand_over(here: &Local, returned: Return) -> Result<Got, JsError> {
    let Return { given, terms } = returned;
    let value = match given {
        // The caller's handle is the one that would be disposed here: nobody can tell.
        Given::Stub(stub) if terms.is_none() && stub.0.is_live() && stub.is_sole() => {
            return Ok(Got::Stub(stub));
        }
        Given::Stub(stub) => stub.into(),
        Given::Value(value) => value,
    };
    if terms.is_none()
        && let Some(stub) = sole_stub(&value)
    {
        return Ok(Got::Stub(stub));
    }
    let checked = weigh(&value, &Limits::default())?;
    if terms.is_none() && checked.externals.is_empty() {
        return Ok(Got::Value(value, None));
    }
    let terms = terms.map(|terms| *terms).unwrap_or_default();
    let (returned, mut caps) = depart(here, value, terms, checked, None, || false)?;
    Got::moved(returned, &mut caps)
}
