//! What a Worker calls another by.

use crate::worker::value::Value;

/// One of the `services` of a Worker: a name in its `env`, and the entrypoint it stands for. (Rule 67)
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ServiceBinding {
    /// Its name in `env`.
    pub binding: String,
    /// The name of the Worker.
    pub service: String,
    /// The name of the entrypoint; the default one if there is none.
    pub entrypoint: Option<String>,
    /// What the entrypoint gets as `ctx.props`, as plain as JSON; empty if there are none.
    pub props: Option<Value>,
}

impl ServiceBinding {
    /// A binding to the default entrypoint.
    #[must_use]
    pub fn new(binding: impl Into<String>, service: impl Into<String>) -> Self {
        Self { binding: binding.into(), service: service.into(), entrypoint: None, props: None }
    }

    /// To the entrypoint of this name. `default` is the default one.
    #[must_use]
    pub fn entrypoint(mut self, name: impl Into<String>) -> Self {
        self.entrypoint = Some(name.into()).filter(|name| name != "default");
        self
    }

    /// With these as the `ctx.props` of the entrypoint.
    #[must_use]
    pub fn props(mut self, props: impl Into<Value>) -> Self {
        self.props = Some(props.into());
        self
    }

    /// The entrypoint in one word, as `wrangler dev` names it: `service`, or `service#Entrypoint`.
    #[must_use]
    pub fn target(&self) -> String {
        match &self.entrypoint {
            Some(entrypoint) => format!("{}#{entrypoint}", self.service),
            None => self.service.clone(),
        }
    }
}
