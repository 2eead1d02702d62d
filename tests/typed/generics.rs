//! Inheritance, generic interfaces, and methods with type parameters of their own.

use std::cell::RefCell;
use std::rc::Rc;

use bowline::compat::ImbuedMessageBuilder;
use capnp::capability::FromClientHook;
use capnp::message::HeapAllocator;
use capnp::{any_pointer, text};

use crate::desk::{Cell, value_of};
use crate::typed_capnp::{cell, duck, maker, named, pair, store, swimmer};
use crate::worlds::{Engine, everywhere};

struct Duck;

impl named::Server for Duck {
    async fn name(
        self: Rc<Self>,
        _: named::NameParams,
        mut results: named::NameResults,
    ) -> capnp::Result<()> {
        results.get().set_name("Donna");
        Ok(())
    }
}

impl swimmer::Server for Duck {
    async fn depth(
        self: Rc<Self>,
        _: swimmer::DepthParams,
        mut results: swimmer::DepthResults,
    ) -> capnp::Result<()> {
        results.get().set_depth(2);
        Ok(())
    }
}

impl duck::Server for Duck {
    async fn quack(
        self: Rc<Self>,
        _: duck::QuackParams,
        mut results: duck::QuackResults,
    ) -> capnp::Result<()> {
        results.get().set_sound("quack");
        Ok(())
    }
}

fn a_duck<E: Engine>(engine: E) -> duck::Client {
    engine.host(Duck)
}

mod ducks {
    use super::*;

    everywhere!(a_duck: a_duck_is_named_and_swims_and_is_still_a_duck);
}

async fn a_duck_is_named_and_swims_and_is_still_a_duck<E: Engine>(duck: duck::Client, _: E) {
    let named: named::Client = duck.clone().cast_to();
    let swimmer: swimmer::Client = duck.cast_to();
    let name = named.name_request().send().promise.await.expect("a name");
    assert_eq!(name.get().expect("results").get_name().expect("a text"), "Donna");
    let depth = swimmer.depth_request().send().promise.await.expect("a depth");
    assert_eq!(depth.get().expect("results").get_depth(), 2);
    let again: duck::Client = named.cast_to();
    let sound = again.quack_request().send().promise.await.expect("a sound");
    assert_eq!(sound.get().expect("results").get_sound().expect("a text"), "quack");
}

/// Keeps one item, of whatever type.
struct Store<E> {
    engine: E,
    item: RefCell<ImbuedMessageBuilder<HeapAllocator>>,
}

impl<E: Engine> Store<E> {
    fn of(engine: E, item: any_pointer::Reader<'_>) -> capnp::Result<Self> {
        let store = Self { engine, item: RefCell::new(empty()) };
        store.keep(item)?;
        Ok(store)
    }

    fn keep(&self, item: any_pointer::Reader<'_>) -> capnp::Result<()> {
        let mut kept = empty();
        kept.set_root::<any_pointer::Owned>(item)?;
        self.item.replace(kept);
        Ok(())
    }
}

fn empty() -> ImbuedMessageBuilder<HeapAllocator> {
    ImbuedMessageBuilder::new(HeapAllocator::new())
}

type Any = any_pointer::Owned;

impl<E: Engine> store::Server<Any> for Store<E> {
    async fn put(
        self: Rc<Self>,
        params: store::PutParams<Any>,
        _: store::PutResults<Any>,
    ) -> capnp::Result<()> {
        self.keep(params.get()?.get_item()?)
    }

    async fn get(
        self: Rc<Self>,
        _: store::GetParams<Any>,
        mut results: store::GetResults<Any>,
    ) -> capnp::Result<()> {
        let mut item = self.item.borrow_mut();
        let item: any_pointer::Builder<'_> = item.get_root()?;
        results.get().set_item(item.into_reader())
    }

    async fn copy(
        self: Rc<Self>,
        _: store::CopyParams<Any>,
        mut results: store::CopyResults<Any>,
    ) -> capnp::Result<()> {
        results.get().set_store(self.engine.host_shared(Rc::clone(&self)));
        Ok(())
    }
}

struct Maker<E>(E);

impl<E: Engine> maker::Server for Maker<E> {
    async fn store(
        self: Rc<Self>,
        params: maker::StoreParams,
        mut results: maker::StoreResults,
    ) -> capnp::Result<()> {
        let store = Store::of(self.0, params.get()?.get_first()?)?;
        results.get().set_store(self.0.host(store));
        Ok(())
    }
}

fn a_maker<E: Engine>(engine: E) -> maker::Client {
    engine.host(Maker(engine))
}

mod makers {
    use super::*;

    everywhere!(a_maker:
        a_store_of_texts_keeps_texts
        a_store_of_cells_keeps_capabilities
        a_store_of_pairs_keeps_structs_with_type_parameters
    );
}

async fn a_store_of_texts_keeps_texts<E: Engine>(maker: maker::Client, _: E) {
    let mut request = maker.store_request();
    request.get().init_first().set_as::<text::Owned>("first").expect("a text");
    let made = request.send().promise.await.expect("made");
    let made = made.get().expect("results").get_store().expect("a store");
    let store: store::Client<text::Owned> = made.cast_to();
    let copied = store.copy_request().send().promise.await.expect("copied");
    let copy = copied.get().expect("results").get_store().expect("a store");
    let got = copy.get_request().send().promise.await.expect("got");
    assert_eq!(got.get().expect("results").get_item().expect("an item"), "first");
    let mut request = copy.put_request();
    request.get().set_item("second").expect("a text");
    request.send().promise.await.expect("put");
    let got = store.get_request().send().promise.await.expect("got");
    assert_eq!(got.get().expect("results").get_item().expect("an item"), "second");
}

async fn a_store_of_cells_keeps_capabilities<E: Engine>(maker: maker::Client, engine: E) {
    let mine: cell::Client = engine.host(Cell::new(31));
    let mut request = maker.store_request();
    request.get().init_first().set_as_capability(mine.into_client_hook());
    let made = request.send().pipeline.get_store();
    let store: store::Client<cell::Owned> = made.cast_to();
    let kept = store.get_request().send().promise.await.expect("got");
    let kept = kept.get().expect("results").get_item().expect("a cell");
    assert_eq!(value_of(&kept).await.expect("a value"), 31);
}

async fn a_store_of_pairs_keeps_structs_with_type_parameters<E: Engine>(
    maker: maker::Client,
    engine: E,
) {
    type Pair = pair::Owned<text::Owned, cell::Owned>;
    let mut request = maker.store_request();
    let mut first =
        request.get().init_first().init_as::<pair::Builder<'_, text::Owned, cell::Owned>>();
    first.set_left("left").expect("a text");
    first.set_right(engine.host::<cell::Client, _>(Cell::new(32))).expect("a cell");
    let made = request.send().promise.await.expect("made");
    let store: store::Client<Pair> =
        made.get().expect("results").get_store().expect("a store").cast_to();
    let kept = store.get_request().send().promise.await.expect("got");
    let kept = kept.get().expect("results").get_item().expect("a pair");
    assert_eq!(kept.get_left().expect("a text"), "left");
    assert_eq!(value_of(&kept.get_right().expect("a cell")).await.expect("a value"), 32);
}
