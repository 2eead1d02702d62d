//! Workers bound to one another: what stands in the `services` of each becomes something to call in its `env`.

use super::asking::Asking;
use super::config::{
    AddressBook, BootError, Destination, Directory, Entrypoints, ServiceAddress, ServiceBinding,
};
use super::debug_port::Props;
use super::service::Service;
use super::value::value;
use super::worker::Worker;

/// Workers of one process and the services each calls, to be bound all at once. (C-Y9, rules 67, 70, 73 and 74)
///
/// ```
/// use bowline::runtime::Vat;
/// use bowline::worker::config::{AddressBook, ServiceBinding};
/// use bowline::worker::{Bindings, Call, Ctx, Function, Worker, args};
///
/// let vat = Vat::local();
/// let auth = Worker::new("auth").entrypoint("default", |_: Ctx| {
///     Function::new(|call: Call| async move { Ok(call.arg::<String>(0)? == "secret") })
/// });
/// let gateway = Worker::new("gateway").entrypoint("default", |ctx: Ctx| {
///     Function::new(move |call: Call| {
///         let auth = ctx.service("AUTH");
///         async move { auth?.invoke(args![call.arg::<String>(0)?]).await.map(|it| it.into_value()) }
///     })
/// });
/// Bindings::new(AddressBook::new())
///     .with(&auth, [])
///     .with(&gateway, [ServiceBinding::new("AUTH", "auth")])
///     .bind(|_, _| unreachable!("all is in this process"))?;
/// # let stub = gateway.service("default")?.stub(vat.here());
/// # let mut asked = std::pin::pin!(stub.invoke(args!["secret"]));
/// # let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
/// # let std::task::Poll::Ready(known) = asked.as_mut().poll(&mut cx) else { panic!("it waits") };
/// # assert_eq!(known?.as_bool(), Some(true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Bindings {
    workers: Vec<(Worker, Vec<ServiceBinding>)>,
    addresses: AddressBook,
}

impl Bindings {
    /// No Worker yet. Services that are not in this process are where the address book says.
    #[must_use]
    pub fn new(addresses: AddressBook) -> Self {
        Self { workers: Vec::new(), addresses }
    }

    /// Adds a Worker, and the services it calls.
    #[must_use]
    pub fn with(
        mut self,
        worker: &Worker,
        services: impl IntoIterator<Item = ServiceBinding>,
    ) -> Self {
        self.workers.push((worker.clone(), services.into_iter().collect()));
        self
    }

    /// Binds the services of every Worker in its environment, or none of any. `remote` gives the service at an address:
    /// `Service::at`, where there are sockets, which connects when it is first called, so that either side may
    /// start first.
    ///
    /// # Errors
    ///
    /// [`BootError`]: a binding leads nowhere, or two Workers have the same name.
    pub fn bind(self, remote: impl Fn(ServiceAddress, Asking) -> Service) -> Result<(), BootError> {
        let mut directory = Directory::new(self.addresses);
        for (worker, _) in &self.workers {
            directory.add(worker.name(), offered(worker))?;
        }
        let mut bound = Vec::new();
        for (worker, services) in &self.workers {
            for binding in services {
                let service = match directory.resolve(binding)? {
                    Destination::Here { .. } => here(&self.workers, binding)?,
                    Destination::There(address) => remote(address.clone(), asking(binding)?),
                };
                bound.push((worker, &binding.binding, service));
            }
        }
        for (worker, name, service) in bound {
            worker.bind(name.as_str(), service);
        }
        Ok(())
    }
}

/// The entrypoints of a Worker.
fn offered(worker: &Worker) -> Entrypoints {
    let (default, named): (Vec<_>, Vec<_>) =
        worker.entrypoints().into_iter().partition(|name| name == "default");
    Entrypoints::Known { default: !default.is_empty(), named }
}

fn here(
    workers: &[(Worker, Vec<ServiceBinding>)],
    binding: &ServiceBinding,
) -> Result<Service, BootError> {
    let props = binding.props.clone().unwrap_or_else(|| value!({}));
    let name = binding.entrypoint.as_deref().unwrap_or("default");
    let worker = workers.iter().find(|(worker, _)| worker.name() == binding.service);
    let service = worker.and_then(|(worker, _)| worker.service_with(name, props).ok());
    service.ok_or_else(|| BootError::UnknownEntrypoint {
        binding: binding.binding.clone(),
        service: binding.service.clone(),
        entrypoint: binding.entrypoint.clone(),
        near: None,
    })
}

fn asking(binding: &ServiceBinding) -> Result<Asking, BootError> {
    let props = binding.props.as_ref().map(Props::new).transpose();
    let bad = |why: String| BootError::BadProps { binding: binding.binding.clone(), why };
    Ok(Asking {
        connect_host: None,
        service: binding.service.clone(),
        entrypoint: binding.entrypoint.clone(),
        props: props.map_err(|why| bad(why.to_string()))?.unwrap_or_default(),
    })
}
