//! What is asked of an object: the params of a call, as values while they stay here and as a message beyond.

use capnp::capability::FromClientHook;

use crate::rpc::{Client, Reply};
use crate::schema::worker_capnp::js_rpc_target::call_params::{
    self, operation, results_stream_handler,
};
use crate::wire::{Path, Unsealed};

use super::args::Args;
use super::error::JsError;
use super::exception::caught;
use super::external::{Departure, Leaving};
use super::group::Group;
use super::name::Name;
use super::path::{DEPTH_MAX, MethodPath, too_deep};
use super::serial::{self, Serial};
use super::value::{Checked, Limits, Serialized, View, encode_array, rebind, weigh_array};
use super::words::{Shape, Words};

const PARAMS: Shape = Shape { data: 1, pointers: 4 };
const IS_PATH: u64 = 1;
const IS_GET: u64 = 1 << 16;
const HAS_PUSHER: u64 = 1 << 32;

/// What is done with what the path leads to.
#[derive(Clone, Debug, Default)]
pub(super) enum Op {
    /// It is called.
    Call(Args),
    /// It is read.
    #[default]
    Get,
}

impl Op {
    /// What the arguments take, and the stubs and streams among them. Whatever is wrong with them is found here.
    /// (Rules 22 and 27)
    pub(super) fn weigh(&self) -> Result<Checked, JsError> {
        match self {
            Self::Call(args) if !args.is_empty() => {
                Ok(weigh_array(args.as_slice(), &Limits::default())?)
            }
            _ => Ok(Checked { bytes: 0, externals: Vec::new() }),
        }
    }
}

/// `CallParams` that are not built.
#[derive(Clone)]
pub(super) struct Ask {
    path: MethodPath,
    op: Op,
    /// Where streams in the results are to be pushed to: an index into the cap table.
    pusher: Option<u32>,
    leaving: Vec<Leaving>,
    /// What the arguments take, serialized.
    bytes: u64,
}

impl Ask {
    /// The params of a call of `target`, and their capabilities. Streams are pushed there now. Whatever is wrong with the arguments is found here: the
    /// rest of the way cannot fail. (Rules 22 and 27)
    pub(super) fn make(
        path: MethodPath,
        op: Op,
        target: &Client,
        pusher: Option<Client>,
    ) -> Result<(Self, Vec<Option<Client>>), JsError> {
        let checked = op.weigh()?;
        Self::checked(path, op, checked, target, pusher)
    }

    /// As [`make`](Self::make), with arguments that were weighed.
    pub(super) fn checked(
        path: MethodPath,
        op: Op,
        checked: Checked,
        target: &Client,
        pusher: Option<Client>,
    ) -> Result<(Self, Vec<Option<Client>>), JsError> {
        let mut departure = Departure::to(target);
        let leaving = departure.depart(checked.externals)?;
        let pusher = pusher.map(|pusher| departure.add(pusher));
        Ok((Self { path, op, pusher, leaving, bytes: checked.bytes }, departure.caps))
    }

    /// The params of a call within a vat that takes data along and nothing else, of so many bytes.
    pub(super) fn plain(path: MethodPath, op: Op, bytes: u64) -> Self {
        Self { path, op, pusher: None, leaving: Vec::new(), bytes }
    }

    fn write(&self) -> Vec<u64> {
        let mut words = Words::with_capacity(self.words());
        let at = words.structure(0, PARAMS);
        let pointers = at + usize::from(PARAMS.data);
        match self.path.names() {
            [name] => words.text(pointers, name.as_str()),
            names => {
                words.put(at, IS_PATH);
                let first = words.pointers(pointers, names.len());
                for (index, name) in names.iter().enumerate() {
                    words.text(first + index, name.as_str());
                }
            }
        }
        match &self.op {
            Op::Get => words.put(at, IS_GET),
            // None at all are a null pointer.
            Op::Call(args) if args.is_empty() => {}
            Op::Call(args) => {
                let sent = serialized(args);
                serial::write(&sent, &self.leaving, &mut words, pointers + 1);
            }
        }
        if let Some(pusher) = self.pusher {
            words.put(at, HAS_PUSHER);
            words.capability(pointers + 2, pusher);
        }
        words.finish()
    }
}

fn serialized(args: &Args) -> Serialized {
    encode_array(args.as_slice(), &Limits::default())
        .expect("the walk that weighed the arguments found nothing wrong, and values do not change")
}

impl Unsealed for Ask {
    fn seal(&self) -> Vec<u64> {
        self.write()
    }

    fn cap_at(&self, _: &Path) -> Option<Option<u32>> {
        None
    }

    fn words(&self) -> usize {
        let names: usize = self.path.names().iter().map(|name| name.as_str().len() / 8 + 2).sum();
        // Fits: at most 32 MiB.
        self.bytes as usize / 8 + names + 10 + 5 * self.leaving.len()
    }

    fn share(&self) -> Box<dyn Unsealed> {
        Box::new(self.clone())
    }
}

/// What was asked, as the object gets it.
pub(super) struct Asked {
    pub(super) path: MethodPath,
    pub(super) op: Op,
    /// Where streams in the results are to be pushed to.
    pub(super) pusher: Option<Client>,
    /// The stubs in the arguments.
    pub(super) group: Group,
}

impl Asked {
    /// Params that came as a message.
    pub(super) fn read(params: &Reply) -> Result<Self, JsError> {
        params.read(Raw::read).map_err(|why| caught(&why))?.decode()
    }

    /// Params that came as they were made.
    pub(super) fn moved(ask: Ask, mut caps: Vec<Option<Client>>) -> Result<Self, JsError> {
        let Ask { path, mut op, pusher, leaving, .. } = ask;
        let pusher = pusher.and_then(|index| caps.get_mut(index as usize).and_then(Option::take));
        let mut group = Group::default();
        if let Op::Call(args) = &mut op
            && !leaving.is_empty()
        {
            let (mut old, mut new) = (Vec::new(), Vec::new());
            for Leaving { external, carried } in leaving {
                new.push(carried.claim(&mut caps).arrive(&mut group)?);
                old.push(external);
            }
            rebind(args.as_mut_slice(), &old, new);
        }
        Ok(Self { path, op, pusher, group })
    }
}

/// `CallParams` that were read.
struct Raw {
    path: MethodPath,
    /// Not given if a property is read; of no bytes if there are no arguments.
    args: Option<Option<Serial>>,
    pusher: Option<Client>,
}

impl Raw {
    fn read(root: capnp::any_pointer::Reader<'_>) -> capnp::Result<Self> {
        let params: call_params::Reader<'_> = root.get_as()?;
        let path = match params.which()? {
            call_params::MethodName(name) => MethodPath::One(name?.to_str()?.into()),
            call_params::MethodPath(names) => {
                let names = names?;
                // One more than there may be is enough to be refused.
                let name = |name: capnp::Result<capnp::text::Reader<'_>>| {
                    Ok::<_, capnp::Error>(Name::from(name?.to_str()?))
                };
                let names = names.iter().take(DEPTH_MAX + 1).map(name);
                names.collect::<Result<_, _>>()?
            }
        };
        let args = match params.get_operation().which()? {
            operation::GetProperty(()) => None,
            operation::CallWithArgs(_) if !params.get_operation().has_call_with_args() => {
                Some(None)
            }
            operation::CallWithArgs(args) => Some(Some(Serial::read(args?)?)),
        };
        let pusher = match params.get_results_stream_handler().which()? {
            results_stream_handler::ExternalPusher(Ok(pusher)) => {
                Some(Client::from_hook(&*pusher.into_client_hook()))
            }
            _ => None,
        };
        Ok(Self { path, args, pusher })
    }

    fn decode(self) -> Result<Asked, JsError> {
        if self.path.names().len() > DEPTH_MAX {
            return Err(too_deep());
        }
        let mut group = Group::default();
        let op = match self.args {
            None => Op::Get,
            Some(None) => Op::Call(Args::new()),
            Some(Some(serial)) => {
                let value = serial.decode(&mut group)?;
                let View::Array(list) = value.view() else {
                    return Err(JsError::type_error("The arguments of a call are no array."));
                };
                let items = list.iter().map(|item| item.unwrap_or(View::Undefined).to_value());
                Op::Call(items.take(ARGUMENTS_MAX).collect())
            }
        };
        Ok(Asked { path: self.path, op, pusher: self.pusher, group })
    }
}

/// How many arguments are passed on. A few bytes can make an array of four billion holes; no function of
/// JavaScript takes more than this either.
const ARGUMENTS_MAX: usize = 65_535;
