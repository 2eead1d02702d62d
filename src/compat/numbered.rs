//! A hook that is nothing but a number: it stands for an entry of a cap table while a message is copied.

use capnp::MessageSize;
use capnp::any_pointer;
use capnp::capability::{Promise, Request};
use capnp::private::capability::{ClientHook, ParamsHook, ResultsHook};

use crate::rpc::{Client, ambient};
use crate::wire::Exception;

/// Entry so and so of a cap table.
#[derive(Clone, Copy)]
pub(super) struct Numbered(u32);

impl Numbered {
    /// Makes `hooks` hold at least `count` of them, each at its own number.
    pub(super) fn fill(hooks: &mut Vec<Option<Box<dyn ClientHook>>>, count: usize) {
        while hooks.len() < count {
            let number = u32::try_from(hooks.len()).unwrap_or(u32::MAX);
            hooks.push(Some(Box::new(Self(number))));
        }
    }

    /// It is never called: it lives within a copy.
    fn nobody() -> Box<dyn ClientHook> {
        Client::broken(&ambient(), Exception::failed("a table entry cannot be called")).hook()
    }
}

/// The number of an entry that was copied.
pub(super) fn number_of(hook: &Option<Box<dyn ClientHook>>) -> u32 {
    let number = hook.as_ref().map(|hook| hook.get_ptr());
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or(u32::MAX)
}

impl ClientHook for Numbered {
    fn add_ref(&self) -> Box<dyn ClientHook> {
        Box::new(*self)
    }

    fn new_call(
        &self,
        interface_id: u64,
        method_id: u16,
        size_hint: Option<MessageSize>,
    ) -> Request<any_pointer::Owned, any_pointer::Owned> {
        Self::nobody().new_call(interface_id, method_id, size_hint)
    }

    fn call(
        &self,
        interface_id: u64,
        method_id: u16,
        params: Box<dyn ParamsHook>,
        results: Box<dyn ResultsHook>,
    ) -> Promise<(), capnp::Error> {
        Self::nobody().call(interface_id, method_id, params, results)
    }

    fn get_brand(&self) -> usize {
        0
    }

    fn get_ptr(&self) -> usize {
        self.0 as usize
    }

    fn get_resolved(&self) -> Option<Box<dyn ClientHook>> {
        None
    }

    fn when_more_resolved(&self) -> Option<Promise<Box<dyn ClientHook>, capnp::Error>> {
        None
    }

    fn when_resolved(&self) -> Promise<(), capnp::Error> {
        Promise::ok(())
    }
}
