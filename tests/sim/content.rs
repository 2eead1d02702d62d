//! What the calls carry: the number of whoever wrote it, and capabilities in fields.

use bowline::wire::{Content, Path};
use capnp::any_pointer;
use capnp::capability::Promise;
use capnp::private::capability::{ClientHook, ParamsHook, ResultsHook};
use capnp::private::layout::{
    PointerBuilder, PointerReader, StructBuilder, StructReader, StructSize,
};
use capnp::traits::{FromPointerBuilder, FromPointerReader, ImbueMut};

use crate::shadow::CallNo;

/// No content has more capabilities.
pub(crate) const FIELDS: u16 = 3;

const SIZE: StructSize = StructSize { data: 1, pointers: FIELDS };

struct Writing<'a>(StructBuilder<'a>);

impl<'a> FromPointerBuilder<'a> for Writing<'a> {
    fn init_pointer(builder: PointerBuilder<'a>, _: u32) -> Self {
        Self(builder.init_struct(SIZE))
    }

    fn get_from_pointer(
        builder: PointerBuilder<'a>,
        _: Option<&'a [capnp::Word]>,
    ) -> capnp::Result<Self> {
        Ok(Self(builder.get_struct(SIZE, None)?))
    }
}

struct Reading<'a>(StructReader<'a>);

impl<'a> FromPointerReader<'a> for Reading<'a> {
    fn get_from_pointer(
        reader: &PointerReader<'a>,
        _: Option<&'a [capnp::Word]>,
    ) -> capnp::Result<Self> {
        Ok(Self(reader.get_struct(None)?))
    }
}

/// Where capability `field` of some results lies.
pub(crate) fn at(field: u16) -> Path {
    Path::root().field(field)
}

/// Content written by `by`, with `caps` capabilities, one in each field.
pub(crate) fn stamped(by: CallNo, caps: usize) -> Content {
    let built = Content::build(8, |mut root| {
        let mut table = Vec::new();
        let mut root = root.reborrow();
        root.imbue_mut(&mut table);
        let mut fields = root.init_as::<Writing<'_>>().0;
        fields.set_data_field::<u64>(0, u64::from(by.0));
        for field in 0..caps {
            fields.reborrow().get_pointer_field(field).set_capability(Box::new(Place));
        }
        Ok(())
    });
    built.expect("it is a struct of four words")
}

/// Who wrote it.
pub(crate) fn stamp(content: &Content) -> Option<CallNo> {
    let root: any_pointer::Reader<'_> = content.root().ok()?;
    let number = root.get_as::<Reading<'_>>().ok()?.0.get_data_field::<u64>(0);
    Some(CallNo(u32::try_from(number).ok()?))
}

/// Takes a place in the cap table; only its index is of interest.
struct Place;

impl ClientHook for Place {
    fn add_ref(&self) -> Box<dyn ClientHook> {
        Box::new(Self)
    }

    fn new_call(
        &self,
        _: u64,
        _: u16,
        _: Option<capnp::MessageSize>,
    ) -> capnp::capability::Request<any_pointer::Owned, any_pointer::Owned> {
        unreachable!("nobody calls an index")
    }

    fn call(
        &self,
        _: u64,
        _: u16,
        _: Box<dyn ParamsHook>,
        _: Box<dyn ResultsHook>,
    ) -> Promise<(), capnp::Error> {
        unreachable!("nobody calls an index")
    }

    fn get_brand(&self) -> usize {
        0
    }

    fn get_ptr(&self) -> usize {
        0
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
