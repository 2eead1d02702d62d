//! What a call gave: its results, as a value while they stay here and as a message beyond.

use capnp::capability::FromClientHook;

use crate::rpc::{Client, Reply};
use crate::schema::worker_capnp::js_rpc_target::call_results;
use crate::wire::{Path, Unsealed};

use super::error::JsError;
use super::exception::caught;
use super::external::Leaving;
use super::group::Group;
use super::serial::{self, Serial};
use super::stub::RpcStub;
use super::value::{Limits, Value, encode, rebind};
use super::words::{Shape, Words};

const RESULTS: Shape = Shape { data: 1, pointers: 3 };
const HAS_DISPOSER: u64 = 1;

/// The pointer of the results at which what is pipelined on a call goes on.
pub(super) const PIPELINE: u16 = 1;

/// `CallResults` that are not built.
#[derive(Clone)]
pub(super) struct Returned {
    pub(super) value: Value,
    pub(super) leaving: Vec<Leaving>,
    /// What is pipelined on the call goes there: an index into the cap table.
    pub(super) pipeline: Option<u32>,
    /// The value has a disposer of its own, which runs when the pipeline is let go.
    pub(super) has_disposer: bool,
    /// What the value takes, serialized.
    pub(super) bytes: u64,
}

impl Unsealed for Returned {
    fn seal(&self) -> Vec<u64> {
        let mut words = Words::with_capacity(self.words());
        let at = words.structure(0, RESULTS);
        let pointers = at + usize::from(RESULTS.data);
        let sent = encode(&self.value, &Limits::default()).expect(
            "the walk that weighed the value found nothing wrong, and values do not change",
        );
        serial::write(&sent, &self.leaving, &mut words, pointers);
        if let Some(index) = self.pipeline {
            words.capability(pointers + usize::from(PIPELINE), index);
        }
        if self.has_disposer {
            words.put(at, HAS_DISPOSER);
        }
        words.finish()
    }

    fn cap_at(&self, path: &Path) -> Option<Option<u32>> {
        (path.fields() == [PIPELINE]).then_some(self.pipeline)
    }

    fn words(&self) -> usize {
        // Fits: at most 32 MiB.
        self.bytes as usize / 8 + 9 + 5 * self.leaving.len()
    }

    fn share(&self) -> Box<dyn Unsealed> {
        Box::new(self.clone())
    }
}

/// Results, as the caller gets them.
pub(super) enum Got {
    /// A value, and what comes with it if it is more than data.
    Value(Value, Option<Box<More>>),
    /// A handle that nobody else has. It comes to be a value when somebody wants to see one.
    Stub(RpcStub),
}

/// What comes with results that are more than data.
pub(super) struct More {
    /// The stubs in the value.
    pub(super) group: Group,
    /// Letting go of it runs the value's own disposer.
    pub(super) disposer: Option<Client>,
}

impl Got {
    fn of(value: Value, group: Group, disposer: Option<Client>) -> Self {
        let is_data = group.is_empty() && disposer.is_none();
        Self::Value(value, (!is_data).then(|| Box::new(More { group, disposer })))
    }

    /// Results that came as a message.
    pub(super) fn read(results: &Reply) -> Result<Self, JsError> {
        results.read(Raw::read).map_err(|why| caught(&why))?.decode()
    }

    /// Results that came as they were made.
    #[inline]
    pub(super) fn moved(returned: Returned, caps: &mut [Option<Client>]) -> Result<Self, JsError> {
        let Returned { mut value, leaving, pipeline, has_disposer, .. } = returned;
        let disposer =
            pipeline.filter(|_| has_disposer).and_then(|index| caps.get(index as usize)?.clone());
        let mut group = Group::default();
        if !leaving.is_empty() {
            let (mut old, mut new) = (Vec::new(), Vec::new());
            for Leaving { external, carried } in leaving {
                new.push(carried.claim(caps).arrive(&mut group)?);
                old.push(external);
            }
            rebind(std::slice::from_mut(&mut value), &old, new);
        }
        Ok(Self::of(value, group, disposer))
    }
}

/// `CallResults` that were read.
struct Raw {
    value: Option<Serial>,
    disposer: Option<Client>,
}

impl Raw {
    fn read(root: capnp::any_pointer::Reader<'_>) -> capnp::Result<Self> {
        let results: call_results::Reader<'_> = root.get_as()?;
        let value = results
            .has_result()
            .then(|| results.get_result().and_then(Serial::read))
            .transpose()?;
        let disposer = if results.get_has_disposer() && results.has_call_pipeline() {
            let hook = results.get_call_pipeline()?.into_client_hook();
            Some(Client::from_hook(&*hook))
        } else {
            None
        };
        Ok(Self { value, disposer })
    }

    fn decode(self) -> Result<Got, JsError> {
        let mut group = Group::default();
        let Some(serial) = self.value else {
            return Err(JsError::error("The results of a call came without a value."));
        };
        let value = serial.decode(&mut group)?;
        Ok(Got::of(value, group, self.disposer))
    }
}
