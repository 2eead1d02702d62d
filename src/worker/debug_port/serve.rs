//! Answering as a debug port.

use std::rc::Rc;

use capnp::capability::FromClientHook;

use crate::rpc::{Call, Client, Response};
use crate::runtime::Local;
use crate::schema::worker_capnp::workerd_debug_port::{
    get_entrypoint_params, get_entrypoint_results,
};
use crate::wire::Exception;
use crate::worker::value::Value;

use super::props;

/// `WorkerdDebugPort`.
pub(super) const WORKERD_DEBUG_PORT: u64 = 0xea5b_0b48_7aea_7327;
pub(super) const GET_ENTRYPOINT: u16 = 0;
const GET_ACTOR: u16 = 1;

/// What somebody asks a debug port for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Asked {
    /// The name of the service.
    pub service: String,
    /// The name of the entrypoint; `None` for the default one.
    pub entrypoint: Option<String>,
    /// What is to be its `ctx.props`.
    pub props: Value,
}

/// Why there is no entrypoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// No service has that name.
    Service,
    /// The service has no entrypoint of that name.
    Entrypoint,
}

impl Asked {
    fn read(call: &Call) -> Result<Self, Exception> {
        let read = call.params().read(|root| {
            let params: get_entrypoint_params::Reader<'_> = root.get_as()?;
            let entrypoint = params.has_entrypoint().then(|| params.get_entrypoint());
            let entrypoint = entrypoint.transpose()?.map(|name| name.to_string()).transpose()?;
            let props = props::read(params.get_props()?);
            Ok((params.get_service()?.to_string()?, entrypoint, props))
        });
        let (service, entrypoint, props) = read?;
        let props = props.map_err(|why| Exception::failed(format!("jsg.TypeError: {why}")))?;
        Ok(Self { service, entrypoint, props })
    }

    fn missing(&self, why: &NotFound) -> Exception {
        let name = self.entrypoint.as_deref().unwrap_or("default");
        Exception::failed(match why {
            NotFound::Service => format!("jsg.Error: Worker \"{}\" not found", self.service),
            NotFound::Entrypoint => {
                format!("jsg.Error: Worker does not export an entrypoint named \"{name}\"")
            }
        })
    }
}

/// A debug port of the vat `here`: what to offer to whoever may reach everything in it. `find` gives the
/// entrypoint that is asked for, as it is offered behind a CONNECT: a `WorkerdBootstrap`. (C-K5)
pub fn serve(here: &Local, find: impl Fn(&Asked) -> Result<Client, NotFound> + 'static) -> Client {
    let find = Rc::new(find);
    Client::new(here, move |call: Call| {
        let answer = answer(call, &*find);
        async move { answer }
    })
}

fn answer(
    mut call: Call,
    find: &impl Fn(&Asked) -> Result<Client, NotFound>,
) -> Result<Response, Exception> {
    match (call.interface(), call.method()) {
        (WORKERD_DEBUG_PORT, GET_ENTRYPOINT) => {}
        (WORKERD_DEBUG_PORT, GET_ACTOR) => {
            let why = "jsg.Error: there are no Durable Objects here";
            return Err(Exception::failed(why));
        }
        _ => return Err(call.unimplemented()),
    }
    let asked = Asked::read(&call)?;
    let found = find(&asked).map_err(|why| asked.missing(&why))?;
    call.build(|root| {
        let mut results: get_entrypoint_results::Builder<'_> = root.init_as();
        results.set_entrypoint(FromClientHook::new(found.hook()));
    });
    Ok(call.reply())
}
