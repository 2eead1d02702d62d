//! The one message all test objects speak: a number, three capabilities and no schema.

use bowline::rpc::{Client, Reply};
use bowline::wire::{Exception, Path};
use capnp::any_pointer;
use capnp::private::layout::{
    PointerBuilder, PointerReader, StructBuilder, StructReader, StructSize,
};
use capnp::traits::{FromPointerBuilder, FromPointerReader};

const SIZE: StructSize = StructSize { data: 1, pointers: 4 };

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

/// Where capability `index` of a message lies.
pub(crate) fn at(index: u16) -> Path {
    Path::root().field(index)
}

/// Builds a message.
pub(crate) fn fill(number: u64, caps: &[Option<&Client>]) -> impl FnOnce(any_pointer::Builder<'_>) {
    let caps: Vec<Option<Client>> = caps.iter().map(|cap| cap.cloned()).collect();
    move |root| {
        let mut message = root.init_as::<Writing<'_>>().0;
        message.set_data_field::<u64>(0, number);
        for (index, cap) in caps.into_iter().enumerate() {
            if let Some(cap) = cap {
                message.reborrow().get_pointer_field(index).set_capability(cap.hook());
            }
        }
    }
}

/// The number in a message; 0 in an empty one.
pub(crate) fn number(reply: &Reply) -> u64 {
    let read = reply.read(|root| Ok(root.get_as::<Reading<'_>>()?.0.get_data_field::<u64>(0)));
    read.expect("a message of the tests")
}

/// The first capability in a message.
pub(crate) fn cap(reply: &Reply) -> Result<Client, Exception> {
    reply.cap(&at(0))
}
