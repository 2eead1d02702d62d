//! Who is where.

use std::collections::BTreeMap;

use super::address::{AddressBook, ServiceAddress};
use super::boot_error::BootError;
use super::entrypoints::Entrypoints;
use super::near::nearest;
use super::service::ServiceBinding;

/// The Workers of this process, and where others are found.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    workers: BTreeMap<String, Entrypoints>,
    addresses: AddressBook,
}

/// Where a binding leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination<'a> {
    /// To a Worker of this process.
    Here {
        /// Its name.
        service: &'a str,
        /// Its entrypoint; the default one if it is `None`.
        entrypoint: Option<&'a str>,
    },
    /// To a peer.
    There(&'a ServiceAddress),
}

impl Directory {
    /// Nobody is in this process yet; others are where the address book says.
    #[must_use]
    pub const fn new(addresses: AddressBook) -> Self {
        Self { workers: BTreeMap::new(), addresses }
    }

    /// Adds a Worker of this process.
    ///
    /// # Errors
    ///
    /// [`BootError::TwoWorkers`]: there is one of that name.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        entrypoints: Entrypoints,
    ) -> Result<(), BootError> {
        let name = name.into();
        if self.workers.contains_key(&name) {
            return Err(BootError::TwoWorkers { name });
        }
        self.workers.insert(name, entrypoints);
        Ok(())
    }

    /// Where a binding leads. The address of its entrypoint counts first, then that of its service, then a Worker of
    /// this process: who gives an address wants it used. (C-Y4)
    ///
    /// # Errors
    ///
    /// [`BootError`]: nowhere, and why.
    pub fn resolve<'a>(
        &'a self,
        binding: &'a ServiceBinding,
    ) -> Result<Destination<'a>, BootError> {
        let entrypoint = binding.entrypoint.as_deref();
        let own = entrypoint.and_then(|name| self.addresses.of_entrypoint(&binding.service, name));
        if let Some(address) = own {
            return there(binding, address);
        }
        match (self.addresses.of_service(&binding.service), entrypoint) {
            (Some(address), Some(entrypoint)) if !address.chooses() => {
                Err(BootError::EntrypointFixed {
                    binding: binding.binding.clone(),
                    service: binding.service.clone(),
                    entrypoint: entrypoint.to_owned(),
                    address: address.to_string(),
                })
            }
            (Some(address), _) => there(binding, address),
            (None, _) => self.here(binding),
        }
    }

    fn here<'a>(&'a self, binding: &'a ServiceBinding) -> Result<Destination<'a>, BootError> {
        let (service, entrypoint) = (binding.service.as_str(), binding.entrypoint.as_deref());
        let known = self.workers.get(service);
        if known.is_some_and(|known| known.may_have(entrypoint)) {
            return Ok(Destination::Here { service, entrypoint });
        }
        let (binding, service) = (binding.binding.clone(), service.to_owned());
        let elsewhere: Vec<&str> = self.addresses.entrypoints(&service).collect();
        if known.is_none() && elsewhere.is_empty() {
            let names = self.workers.keys().map(String::as_str).chain(self.addresses.services());
            let near = nearest(&service, names).map(str::to_owned);
            return Err(BootError::UnknownService { binding, service, near });
        }
        let names = known.into_iter().flat_map(Entrypoints::named).chain(elsewhere);
        let near = entrypoint.and_then(|wanted| nearest(wanted, names)).map(str::to_owned);
        let entrypoint = entrypoint.map(str::to_owned);
        Err(BootError::UnknownEntrypoint { binding, service, entrypoint, near })
    }
}

fn there<'a>(
    binding: &ServiceBinding,
    address: &'a ServiceAddress,
) -> Result<Destination<'a>, BootError> {
    if binding.props.is_some() && !address.chooses() {
        return Err(BootError::PropsFixed {
            binding: binding.binding.clone(),
            service: binding.service.clone(),
            address: address.to_string(),
        });
    }
    Ok(Destination::There(address))
}
