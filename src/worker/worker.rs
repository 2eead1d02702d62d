//! A worker: entrypoints by name, and the environment their instances get.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::runtime::Local;

use super::ctx::{Ctx, Environment, Session, deeper};
use super::entry::{Bound, Entry, Opened};
use super::error::JsError;
use super::service::Service;
use super::stub::RpcStub;
use super::target::RpcTarget;
use super::value::{Value, value};

type Class = dyn Fn(Ctx) -> Rc<dyn RpcTarget>;

/// A worker: a default entrypoint, named ones, variables and service bindings. Clones are the same worker. It
/// lives on the thread it was made on. (Rules 67 to 74)
///
/// ```
/// # use bowline::worker::{Ctx, Function, Call, Worker, args};
/// # use bowline::runtime::Vat;
/// let vat = Vat::local();
/// let greeter = Worker::new("greeter").entrypoint("default", |_: Ctx| {
///     Function::new(|call: Call| async move { Ok(format!("Hello, {}!", call.arg::<String>(0)?)) })
/// });
/// let greet = greeter.service("default")?.stub(vat.here());
/// # let mut greeting = std::pin::pin!(greet.invoke(args!["world"]));
/// # let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
/// # let std::task::Poll::Ready(greeting) = greeting.as_mut().poll(&mut cx) else { panic!("it waits") };
/// assert_eq!(greeting?.to::<String>()?, "Hello, world!");
/// # Ok::<(), bowline::worker::JsError>(())
/// ```
#[derive(Clone)]
pub struct Worker(Rc<Inner>);

struct Inner {
    name: String,
    classes: RefCell<BTreeMap<String, Rc<Class>>>,
    variables: RefCell<BTreeMap<String, Value>>,
    services: RefCell<BTreeMap<String, Service>>,
}

impl Worker {
    /// A worker without entrypoints.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(Rc::new(Inner {
            name: name.into(),
            classes: RefCell::default(),
            variables: RefCell::default(),
            services: RefCell::default(),
        }))
    }

    /// The name of the service it is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Adds an entrypoint; `default` is the one that is meant where none is named. `make` makes an instance for
    /// every invocation. (Rule 67)
    #[must_use]
    pub fn entrypoint<T: RpcTarget>(
        self,
        name: impl Into<String>,
        make: impl Fn(Ctx) -> T + 'static,
    ) -> Self {
        let class: Rc<Class> = Rc::new(move |ctx| Rc::new(make(ctx)));
        self.0.classes.borrow_mut().insert(name.into(), class);
        self
    }

    /// The names of its entrypoints, in order.
    #[must_use]
    pub fn entrypoints(&self) -> Vec<String> {
        self.0.classes.borrow().keys().cloned().collect()
    }

    /// Sets a variable of the environment.
    pub fn set_variable(&self, name: impl Into<String>, value: impl Into<Value>) {
        let before = self.0.variables.borrow_mut().insert(name.into(), value.into());
        drop(before);
    }

    /// Binds a service in the environment.
    pub fn bind(&self, name: impl Into<String>, service: Service) {
        let before = self.0.services.borrow_mut().insert(name.into(), service);
        drop(before);
    }

    /// One of its entrypoints as a service, without props.
    ///
    /// # Errors
    ///
    /// A `TypeError` that names the worker, the entrypoint, and those there are. (Rule 74)
    pub fn service(&self, entrypoint: &str) -> Result<Service, JsError> {
        self.service_with(entrypoint, value!({}))
    }

    /// One of its entrypoints as a service; the instances find `props` in their context. (Rule 70)
    ///
    /// # Errors
    ///
    /// As [`service`](Self::service).
    pub fn service_with(
        &self,
        entrypoint: &str,
        props: impl Into<Value>,
    ) -> Result<Service, JsError> {
        let class = self.0.classes.borrow().get(entrypoint).cloned();
        let class = class.ok_or_else(|| self.unknown(entrypoint))?;
        Ok(Service(Rc::new(Binding { worker: self.clone(), class, props: props.into() })))
    }

    fn bound(&self, name: &str) -> Result<Service, JsError> {
        let service = self.0.services.borrow().get(name).cloned();
        service.ok_or_else(|| {
            let worker = &self.0.name;
            JsError::type_error(format!(
                "the worker \"{worker}\" has no service bound as \"{name}\""
            ))
        })
    }

    fn unknown(&self, entrypoint: &str) -> JsError {
        let known: Vec<String> = self.0.classes.borrow().keys().cloned().collect();
        JsError::type_error(format!(
            "the worker \"{}\" has no entrypoint \"{entrypoint}\"; it has {}",
            self.0.name,
            if known.is_empty() { "none".to_owned() } else { known.join(", ") },
        ))
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Worker({:?})", self.0.name)
    }
}

impl Environment for Worker {
    fn variable(&self, name: &str) -> Option<Value> {
        self.0.variables.borrow().get(name).cloned()
    }

    fn service(&self, here: &Local, name: &str, depth: u32) -> Result<RpcStub, JsError> {
        Ok(self.bound(name)?.stub_at(here, depth))
    }

    #[cfg(all(feature = "http", unix))]
    fn handler(
        &self,
        here: &Local,
        name: &str,
        depth: u32,
    ) -> Result<Rc<dyn super::http::Fetch>, JsError> {
        Ok(self.bound(name)?.handler_at(here, depth))
    }

    fn export(
        &self,
        here: &Local,
        name: &str,
        props: Value,
        depth: u32,
    ) -> Result<RpcStub, JsError> {
        Ok(self.service_with(name, props)?.stub_at(here, depth))
    }
}

/// An entrypoint with its props.
#[derive(Clone)]
struct Binding {
    worker: Worker,
    class: Rc<Class>,
    props: Value,
}

impl Bound for Binding {
    fn entry(&self, depth: u32) -> Rc<dyn Entry> {
        Rc::new(Invocation { binding: self.clone(), depth })
    }
}

/// The same for one caller.
struct Invocation {
    binding: Binding,
    depth: u32,
}

impl Entry for Invocation {
    fn open(&self, here: &Local, session: Option<Rc<dyn Session>>) -> Result<Opened, JsError> {
        let Binding { worker, class, props } = &self.binding;
        let depth = deeper(self.depth)?;
        let ctx = Ctx::new(here, Rc::new(worker.clone()), props.clone(), depth, session);
        Ok(Opened::Instance(class(ctx.clone()), ctx))
    }
}
