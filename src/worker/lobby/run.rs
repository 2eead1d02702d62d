//! Objects are asked for what waits in the lobby, in the order of the calls.

use std::rc::Rc;

use crate::rpc::Client;
use crate::runtime::Local;
use crate::vat::{CallId, Cap, Graph, TargetId};

use super::super::error::JsError;
use super::super::exception::{caught, thrown};
use super::super::external::disposed;
use super::super::given::Return;
use super::super::held::Held;
use super::super::host::{Object, Work, hand_over, host, nobody, takes_calls, with_own_handles};
use super::super::received::Received;
use super::super::returned::Got;
use super::super::value::{Limits, Value, View, weigh};
use super::asked::{Home, To};
use super::rows::{Heard, Left, Life, Next};
use super::ticket::Ticket;
use super::waiting::Waiting;

/// How many objects are asked on behalf of one promise; what is left enters the graph, where others have their
/// turn as well.
const CALLS_PER_RUN: usize = 4096;

/// Whom a call of what another brought comes to.
enum Reached {
    Object(Home),
    /// Nobody: it fails with this.
    Nobody(JsError),
    /// What only the graph leads to.
    Graph,
}

impl Waiting {
    /// Asks objects, until none is left to be asked or the way goes by the graph: there all others follow. What
    /// came of the call of `asker`, if it was answered and nobody else wants to know.
    pub(super) fn run(&self, here: &Local, asker: Ticket) -> Option<Result<Received, JsError>> {
        let mut came = None;
        for _ in 0..CALLS_PER_RUN {
            let next = self.rows(|rows| rows.next(|stub| Home::of_stub(here, stub)));
            match next {
                Some(Next::Runs(ticket, home, before)) => {
                    if let Some(before) = before {
                        self.lose(here, before);
                    }
                    if let Some(outcome) = self.ask(here, ticket, &home, asker) {
                        came = Some(outcome);
                    }
                    home.leave(here);
                }
                Some(Next::Behind(ticket, before)) => match self.reach(here, before) {
                    Reached::Object(home) => self.aim(here, ticket, home),
                    Reached::Nobody(why) => self.fail(here, ticket, why),
                    Reached::Graph => break,
                },
                None => {
                    here.end_ahead();
                    return came;
                }
            }
        }
        here.enter_lobby();
        came
    }

    fn reach(&self, here: &Local, before: Ticket) -> Reached {
        match self.root(here, before) {
            Some(Ok(client)) if client.mailbox().id() == here.id() => {
                let home = client.cap_here(here).and_then(|cap| Home::behind(here, cap));
                home.map_or(Reached::Graph, Reached::Object)
            }
            Some(Ok(_)) | None => Reached::Graph,
            Some(Err(why)) => Reached::Nobody(why),
        }
    }

    /// A call is for this object, which another brought.
    fn aim(&self, here: &Local, ticket: Ticket, home: Home) {
        if let Some(before) = self.rows(|rows| rows.aim(ticket, home)) {
            self.lose(here, before);
        }
    }

    /// What a call brought, to be gone on with. `None`: it brought nothing yet.
    pub(super) fn root(&self, here: &Local, before: Ticket) -> Option<Result<Client, JsError>> {
        let root = self.rows(|rows| match rows.life(before) {
            Life::Done(Ok(got)) => Some(Ok(Root::of(got))),
            Life::Done(Err(why)) => Some(Err(why.clone())),
            _ => None,
        })?;
        Some(root.and_then(|root| root.client(here)))
    }

    #[inline]
    fn ask(
        &self,
        here: &Local,
        ticket: Ticket,
        home: &Home,
        asker: Ticket,
    ) -> Option<Result<Received, JsError>> {
        let object = &home.object;
        let (path, mut op) = self.rows(|rows| rows.take_asked(ticket));
        let result = match object.attempt(&path, &mut op) {
            Work::Done(result) => result,
            work => {
                object.attend(self.promote(here, ticket), work);
                return None;
            }
        };
        let others_wait = self.rows(|rows| rows.has_waiting());
        if others_wait && result.as_ref().is_ok_and(takes_calls) {
            // Those calls have the others enter. They are to find this one running.
            here.enter_lobby();
        }
        match self.rows(|rows| rows.end(ticket, asker)) {
            Heard::Asker => return Some(outcome(here, result).map(Received::new)),
            Heard::Others => {
                let came = outcome(here, result);
                self.end(here, ticket, Life::Done(came));
            }
            // Its stubs are given away all the same.
            Heard::Nobody => drop(outcome(here, result)),
            Heard::Graph(call) => {
                object.conclude(call, result);
                self.entered(here, ticket, call);
            }
        }
        None
    }

    /// The graph has a call that runs no more here.
    fn entered(&self, here: &Local, ticket: Ticket, call: CallId) {
        if self.rows(|rows| matches!(rows.life(ticket), Life::Handed(_))) {
            self.rows(|rows| rows.remove(ticket));
        } else {
            self.end(here, ticket, Life::Entered(call));
        }
    }

    /// A call that runs enters the graph, if it did not yet.
    fn promote(&self, here: &Local, ticket: Ticket) -> CallId {
        let known = self.rows(|rows| match rows.life(ticket) {
            Life::Promoted(call) | Life::Handed(call) => Some(*call),
            _ => None,
        });
        let call = known.unwrap_or_else(|| here.quietly(Graph::adopt));
        self.entered(here, ticket, call);
        call
    }

    /// A call runs no more: how it lives on, if anybody is interested.
    #[inline(always)]
    fn end(&self, here: &Local, ticket: Ticket, life: Life) {
        if let Some(left) = self.go_on(ticket, life) {
            self.let_go(here, Left::Life(left));
        }
    }

    fn fail(&self, here: &Local, ticket: Ticket, why: JsError) {
        let asked = self.rows(|rows| rows.begin(ticket, Life::Done(Err(why))));
        if let Some((To::Result(before), _)) = asked {
            self.lose(here, before);
        }
    }
}

/// What an object's answer is to its caller: an error as if it had come by way of the graph.
#[inline]
fn outcome(here: &Local, result: Result<Return, JsError>) -> Result<Got, JsError> {
    let why = match result {
        Ok(returned) => match hand_over(here, returned) {
            Ok(got) => return Ok(got),
            Err(why) => why,
        },
        Err(why) => why,
    };
    Err(caught(&thrown(&why)))
}

impl Home {
    /// The object of the vat `here` that a stub stands for, if it is known to be one and takes calls now.
    #[inline]
    pub(super) fn of_stub(here: &Local, stub: &Held) -> Option<Self> {
        Self::find(here, stub.target(here)?)
    }

    /// The object behind a capability, if it is of this vat and takes calls now.
    fn behind(here: &Local, cap: Cap) -> Option<Self> {
        let target = here.quietly(|graph| graph.ready_target(cap))?;
        Self::find(here, target)
    }

    #[inline(always)]
    fn find(here: &Local, target: TargetId) -> Option<Self> {
        Some(Self { object: here.ready_object(target)?, target })
    }

    /// Lets go of the object. Where nobody else has it, what foreign code that runs has its turn later.
    #[inline]
    pub(super) fn leave(self, here: &Local) {
        if Rc::strong_count(&self.object) == 1 {
            here.drop_later(Box::new(self.object));
        }
    }
}

/// What is gone on with: it is looked at in the lobby, and hosted outside of it.
enum Root {
    Client(Client),
    Gone(JsError),
    Value(Value),
}

impl Root {
    fn of(got: &Got) -> Self {
        let (value, more) = match got {
            Got::Stub(stub) => return Self::of_stub(&stub.0),
            Got::Value(value, more) => (value, more),
        };
        if let Some(disposer) = more.as_ref().and_then(|more| more.disposer.as_ref()) {
            return Self::Client(disposer.clone());
        }
        match value.as_external().and_then(|external| external.get::<Held>()) {
            Some(held) => Self::of_stub(held),
            None => Self::Value(value.clone()),
        }
    }

    fn of_stub(held: &Held) -> Self {
        match held.client() {
            Some(client) => Self::Client(client),
            None => Self::Gone(held.failure().unwrap_or_else(disposed)),
        }
    }

    fn client(self, here: &Local) -> Result<Client, JsError> {
        match self {
            Self::Client(client) => Ok(client),
            Self::Gone(why) => Err(why),
            Self::Value(value) if matches!(value.view(), View::Object(_)) => {
                let externals = weigh(&value, &Limits::default())?.externals;
                Ok(host(here, Object::Plain(with_own_handles(&value, externals))))
            }
            Self::Value(_) => Ok(nobody(here)),
        }
    }
}
