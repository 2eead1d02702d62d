//! The objects that are served.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bowline::rpc::{Call, Client, Response, Target};
use bowline::wire::{Exception, ExceptionKind};
use xxhash_rust::xxh3::Xxh3;

use crate::crew;
use crate::demo_capnp::demo::{
    Kind, call_back_params, call_back_results, cancelled_results, count_twice_results,
    counter_results, fail_params, next_results, receive_results, tables_results, workers_results,
};
use crate::demo_capnp::{callback, counter, sink};
use crate::protocol::{
    self, CALLBACK, CALLBACK_CALL, COUNTER, COUNTER_COUNT, DEMO, SINK, SINK_END, SINK_WRITE,
    method, typed,
};
use crate::session::{Counted, Session};

/// The object a connection begins with.
pub(crate) struct Demo {
    counted: Counted,
    depth: u32,
}

/// Answers each call with how many there were.
pub(crate) struct Counter {
    _counted: Counted,
    count: Cell<u32>,
}

/// Takes a stream, and hashes it.
struct Sink {
    _counted: Counted,
    bytes: Cell<u64>,
    hash: RefCell<Xxh3>,
}

/// Answers a number with three times as much.
pub(crate) struct Callback {
    _counted: Counted,
}

/// Lives as long as a call that hangs.
struct Hanging(Rc<Session>);

impl Drop for Hanging {
    fn drop(&mut self) {
        self.0.note_cancelled();
    }
}

impl Demo {
    pub(crate) fn new(session: &Rc<Session>, depth: u32) -> Self {
        Self { counted: Counted::new(session), depth }
    }

    fn session(&self) -> &Rc<Session> {
        self.counted.session()
    }

    fn next(&self, call: &mut Call) {
        let depth = self.depth + 1;
        let next = Client::new(call.here(), Self::new(self.session(), depth));
        call.build(|root| {
            let mut results: next_results::Builder<'_> = root.init_as();
            results.set_next(typed(next));
            results.set_depth(depth);
        });
    }

    fn counter(&self, call: &mut Call) {
        let counter = Client::new(call.here(), Counter::new(self.session()));
        call.build(|root| {
            root.init_as::<counter_results::Builder<'_>>().set_counter(typed(counter));
        });
    }

    fn receive(&self, call: &mut Call) {
        let sink = Client::new(call.here(), Sink::new(self.session()));
        call.build(|root| {
            root.init_as::<receive_results::Builder<'_>>().set_sink(typed(sink));
        });
    }

    fn workers(&self, call: &mut Call) {
        let port = crew::port(call.here(), self.session());
        call.build(|root| {
            let results: workers_results::Builder<'_> = root.init_as();
            results.init_port().set_as_capability(port.hook());
        });
    }

    fn cancelled(&self, call: &mut Call) {
        let cancelled = self.session().cancelled();
        call.build(|root| {
            root.init_as::<cancelled_results::Builder<'_>>().set_cancelled(cancelled);
        });
    }

    fn tables(&self, call: &mut Call) -> Result<(), Exception> {
        let stats = self.session().link().and_then(bowline::rpc::Link::stats);
        let stats = stats.ok_or_else(|| Exception::failed("the connection is over"))?;
        let size = |entries: usize| u32::try_from(entries).unwrap_or(u32::MAX);
        let objects = self.session().objects();
        call.build(|root| {
            let mut results: tables_results::Builder<'_> = root.init_as();
            results.set_objects(objects);
            results.set_questions(size(stats.questions));
            results.set_answers(size(stats.answers));
            results.set_exports(size(stats.exports));
            results.set_imports(size(stats.imports));
            results.set_embargoes(size(stats.embargoes));
        });
        Ok(())
    }
}

/// Calls the caller's object back.
async fn call_back(mut call: Call) -> Result<Response, Exception> {
    let callback = call.params().cap(&protocol::first_pointer())?;
    let read = |root: capnp::any_pointer::Reader<'_>| {
        Ok(root.get_as::<call_back_params::Reader<'_>>()?.get_n())
    };
    let n = call.params().read(read)?;
    let request = callback.request(CALLBACK, CALLBACK_CALL).with(|root| {
        root.init_as::<callback::call_params::Builder<'_>>().set_n(n);
    });
    let reply = request.send().await?;
    let n = reply.read(|root| Ok(root.get_as::<callback::call_results::Reader<'_>>()?.get_n()))?;
    call.build(|root| root.init_as::<call_back_results::Builder<'_>>().set_n(n));
    Ok(call.reply())
}

/// Calls a counter, which may be ours or the caller's.
async fn count_twice(mut call: Call) -> Result<Response, Exception> {
    let counter = call.params().cap(&protocol::first_pointer())?;
    let first = protocol::count(&counter).await?;
    let second = protocol::count(&counter).await?;
    call.build(|root| {
        let mut results: count_twice_results::Builder<'_> = root.init_as();
        results.set_first(first);
        results.set_second(second);
    });
    Ok(call.reply())
}

/// Fails as the caller wishes.
fn fail(call: &Call) -> Exception {
    let wish = call.params().read(|root| {
        let params = root.get_as::<fail_params::Reader<'_>>()?;
        let kind = match params.get_kind()? {
            Kind::Failed => ExceptionKind::Failed,
            Kind::Overloaded => ExceptionKind::Overloaded,
            Kind::Disconnected => ExceptionKind::Disconnected,
            Kind::Unimplemented => ExceptionKind::Unimplemented,
        };
        Ok(Exception::new(kind, params.get_reason()?.to_string()?))
    });
    wish.unwrap_or_else(|malformed| malformed)
}

impl Target for Demo {
    async fn call(self: Rc<Self>, mut call: Call) -> Result<Response, Exception> {
        if call.interface() != DEMO {
            return Err(call.unimplemented());
        }
        match call.method() {
            method::NULL => {}
            method::NEXT => self.next(&mut call),
            // Boxed, so that the future of a null call stays small.
            method::CALL_BACK => return Box::pin(call_back(call)).await,
            method::COUNTER => self.counter(&mut call),
            method::COUNT_TWICE => return Box::pin(count_twice(call)).await,
            method::HANG => {
                let _hanging = Hanging(Rc::clone(self.session()));
                std::future::pending::<()>().await;
            }
            method::CANCELLED => self.cancelled(&mut call),
            method::FAIL => return Err(fail(&call)),
            method::RECEIVE => self.receive(&mut call),
            method::WORKERS => self.workers(&mut call),
            method::TABLES => self.tables(&mut call)?,
            _ => return Err(call.unimplemented()),
        }
        Ok(call.reply())
    }
}

impl Counter {
    pub(crate) fn new(session: &Rc<Session>) -> Self {
        Self { _counted: Counted::new(session), count: Cell::new(0) }
    }
}

impl Target for Counter {
    async fn call(self: Rc<Self>, mut call: Call) -> Result<Response, Exception> {
        if (call.interface(), call.method()) != (COUNTER, COUNTER_COUNT) {
            return Err(call.unimplemented());
        }
        let count = self.count.get() + 1;
        self.count.set(count);
        call.build(|root| root.init_as::<counter::count_results::Builder<'_>>().set_count(count));
        Ok(call.reply())
    }
}

impl Callback {
    pub(crate) fn new(session: &Rc<Session>) -> Self {
        Self { _counted: Counted::new(session) }
    }
}

impl Target for Callback {
    async fn call(self: Rc<Self>, mut call: Call) -> Result<Response, Exception> {
        if (call.interface(), call.method()) != (CALLBACK, CALLBACK_CALL) {
            return Err(call.unimplemented());
        }
        let read = |root: capnp::any_pointer::Reader<'_>| {
            Ok(root.get_as::<callback::call_params::Reader<'_>>()?.get_n())
        };
        let n = call.params().read(read)?;
        call.build(|root| root.init_as::<callback::call_results::Builder<'_>>().set_n(n * 3));
        Ok(call.reply())
    }
}

impl Sink {
    fn new(session: &Rc<Session>) -> Self {
        Self {
            _counted: Counted::new(session),
            bytes: Cell::new(0),
            hash: RefCell::new(Xxh3::new()),
        }
    }

    fn write(&self, call: &Call) -> Result<(), Exception> {
        call.params().read(|root| {
            let bytes = root.get_as::<sink::write_params::Reader<'_>>()?.get_bytes()?;
            self.bytes.set(self.bytes.get() + bytes.len() as u64);
            self.hash.borrow_mut().update(bytes);
            Ok(())
        })
    }

    fn end(&self, call: &mut Call) {
        let hash = self.hash.borrow().digest();
        call.build(|root| {
            let mut results: sink::end_results::Builder<'_> = root.init_as();
            results.set_bytes(self.bytes.get());
            results.set_hash(hash);
        });
    }
}

impl Target for Sink {
    async fn call(self: Rc<Self>, mut call: Call) -> Result<Response, Exception> {
        match (call.interface(), call.method()) {
            (SINK, SINK_WRITE) => {
                call.streaming();
                self.write(&call)?;
            }
            (SINK, SINK_END) => self.end(&mut call),
            _ => return Err(call.unimplemented()),
        }
        Ok(call.reply())
    }
}
