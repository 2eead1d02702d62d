//! What a call takes along within a process, and what it brings back in the same box.

use crate::rpc::{Reply, clients};
use crate::runtime::Local;
use crate::vat::Payload;
use crate::wire::{Content, Path, Unsealed};

use super::ask::{Ask, Asked};
use super::error::JsError;
use super::returned::{Got, Returned};

/// Params or results that are not built.
pub(super) enum Parcel {
    Ask(Ask),
    Returned(Returned),
    /// It was unpacked.
    Empty,
}

impl Parcel {
    /// The params of a call.
    pub(super) fn ask(ask: Ask) -> Content {
        Content::moved(Box::new(Self::Ask(ask)))
    }

    /// The results of a call, in the box its params came in, if they came in one.
    pub(super) fn returned(parcel: Option<Box<Self>>, returned: Returned) -> Content {
        Content::moved(match parcel {
            Some(mut parcel) => {
                *parcel = Self::Returned(returned);
                parcel
            }
            None => Box::new(Self::Returned(returned)),
        })
    }

    /// Unpacks the params of a call, however they came, and keeps the box.
    pub(super) fn take_asked(
        here: &Local,
        params: Payload,
    ) -> Result<(Asked, Option<Box<Self>>), JsError> {
        let Payload { content, caps } = params;
        let content = match content.take::<Self>() {
            Ok(mut parcel) => match std::mem::replace(&mut *parcel, Self::Empty) {
                Self::Ask(ask) => {
                    return Ok((Asked::moved(ask, clients(here, caps))?, Some(parcel)));
                }
                other => Content::moved(Box::new(other)),
            },
            Err(content) => content,
        };
        Ok((Asked::read(&Reply::new(here, Payload { content, caps }))?, None))
    }

    /// Unpacks the results of a call, however they came.
    pub(super) fn take_got(reply: Reply) -> Result<Got, JsError> {
        let (content, mut caps) = reply.into_parts();
        let content = match content.take::<Self>() {
            Ok(parcel) => match *parcel {
                Self::Returned(returned) => return Got::moved(returned, &mut caps),
                other => Content::moved(Box::new(other)),
            },
            Err(content) => content,
        };
        Got::read(&Reply::from_parts(content, caps))
    }

    fn packed(&self) -> Option<&dyn Unsealed> {
        match self {
            Self::Ask(ask) => Some(ask),
            Self::Returned(returned) => Some(returned),
            Self::Empty => None,
        }
    }
}

impl Unsealed for Parcel {
    fn seal(&self) -> Vec<u64> {
        self.packed().map_or_else(|| vec![0], Unsealed::seal)
    }

    fn cap_at(&self, path: &Path) -> Option<Option<u32>> {
        self.packed()?.cap_at(path)
    }

    fn words(&self) -> usize {
        self.packed().map_or(1, Unsealed::words)
    }

    fn share(&self) -> Box<dyn Unsealed> {
        Box::new(match self {
            Self::Ask(ask) => Self::Ask(ask.clone()),
            Self::Returned(returned) => Self::Returned(returned.clone()),
            Self::Empty => Self::Empty,
        })
    }
}
