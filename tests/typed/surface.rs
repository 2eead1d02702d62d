//! The public API of `capnp-rpc` 0.27.3, item by item: one text, compiled for it and for its counterpart
//! here. Each item is used with the bounds it has there and no more, so that what compiles there
//! compiles here.

/// Items whose bounds are as wide as there, and whose results are what they are there.
macro_rules! surface {
    ($engine:path) => {
        use std::future::Future;
        use std::rc::Rc;

        use capnp::any_pointer;
        use capnp::capability::{Client, FromClientHook, FromServer, Promise};
        use capnp::message::{Allocator, Builder, HeapAllocator, ReaderOptions};
        use capnp::traits::{FromPointerBuilder, Owned, SetterInput};
        use futures::io::{AsyncRead, AsyncWrite};
        use $engine as engine;

        pub fn new_client<C: FromServer<S>, S>(server: S) -> C {
            engine::new_client(server)
        }

        pub fn new_client_from_rc<C: FromServer<S>, S>(server: Rc<S>) -> C {
            engine::new_client_from_rc(server)
        }

        pub const NEW_BROKEN_CAP: fn(capnp::Error) -> Client = engine::new_broken_cap;

        pub fn new_future_client<T: FromClientHook>(
            client: impl Future<Output = Result<T, capnp::Error>> + 'static,
        ) -> T {
            engine::new_future_client(client)
        }

        pub fn pry(result: capnp::Result<u32>) -> Promise<u32, capnp::Error> {
            Promise::ok(engine::pry!(result))
        }

        pub fn empty_set<S, C: FromServer<S>>() -> engine::CapabilityServerSet<S, C> {
            drop(engine::CapabilityServerSet::<S, C>::default());
            engine::CapabilityServerSet::new()
        }

        pub fn hosted<S, C: FromServer<S>>(
            set: &mut engine::CapabilityServerSet<S, C>,
            (owned, shared): (S, Rc<S>),
        ) -> [C; 2] {
            set.gc();
            [set.new_client(owned), set.new_client_from_rc(shared)]
        }

        pub async fn found<S, C: FromServer<S> + FromClientHook>(
            set: &engine::CapabilityServerSet<S, C>,
            client: &C,
        ) -> [Option<Rc<S>>; 2] {
            [set.get_local_server(client).await, set.get_local_server_of_resolved(client)]
        }

        pub type Reconnecting<C> = (C, Box<dyn engine::SetTarget<C>>);

        pub fn auto_reconnect<F, C>(connect: F) -> capnp::Result<Reconnecting<C>>
        where
            F: FnMut() -> capnp::Result<C> + 'static,
            C: FromClientHook + 'static,
        {
            engine::auto_reconnect(connect)
        }

        pub fn lazy_auto_reconnect<F, C>(connect: F) -> Reconnecting<C>
        where
            F: FnMut() -> capnp::Result<C> + 'static,
            C: FromClientHook + 'static,
        {
            engine::lazy_auto_reconnect(connect)
        }

        /// A target of one's own.
        pub struct Set;

        impl<C> engine::SetTarget<C> for Set {
            fn add_ref(&self) -> Box<dyn engine::SetTarget<C>> {
                Box::new(Self)
            }

            fn set_target(&self, target: C) {
                drop(target);
            }
        }

        pub fn cloned<C>(target: &Box<dyn engine::SetTarget<C>>) -> Box<dyn engine::SetTarget<C>> {
            target.clone()
        }

        pub fn system<V: 'static>(
            network: Box<dyn engine::VatNetwork<V>>,
            offer: Option<Client>,
        ) -> impl Future<Output = Result<(), capnp::Error>> + Unpin + 'static {
            engine::RpcSystem::new(network, offer)
        }

        pub fn asked<V: 'static, T: FromClientHook>(
            system: &mut engine::RpcSystem<V>,
            vat: V,
        ) -> T {
            system.bootstrap(vat)
        }

        pub fn ended<V: 'static>(
            system: &engine::RpcSystem<V>,
        ) -> impl Future<Output = Result<(), capnp::Error>> + Unpin + use<V> {
            let disconnector: engine::Disconnector<V> = system.get_disconnector();
            disconnector
        }

        /// A network, a connection, a message and a flow controller of one's own: what has to be
        /// written for them, and nothing more.
        pub struct Own;

        impl<V> engine::VatNetwork<V> for Own {
            fn connect(&mut self, _: V) -> Option<Box<dyn engine::Connection<V>>> {
                None
            }

            fn accept(&mut self) -> Promise<Box<dyn engine::Connection<V>>, capnp::Error> {
                Promise::ok(Box::new(Self))
            }

            fn drive_until_shutdown(&mut self) -> Promise<(), capnp::Error> {
                Promise::ok(())
            }
        }

        impl<V> engine::Connection<V> for Own {
            fn get_peer_vat_id(&self) -> V {
                unreachable!("nobody asks")
            }

            fn new_outgoing_message(&mut self, _: u32) -> Box<dyn engine::OutgoingMessage> {
                Box::new(Self)
            }

            fn receive_incoming_message(
                &mut self,
            ) -> Promise<Option<Box<dyn engine::IncomingMessage>>, capnp::Error> {
                Promise::ok(Some(Box::new(Self)))
            }

            fn shutdown(&mut self, result: capnp::Result<()>) -> Promise<(), capnp::Error> {
                result.map_or_else(Promise::err, Promise::ok)
            }
        }

        pub fn stream<V>(
            connection: &mut dyn engine::Connection<V>,
        ) -> (Box<dyn engine::FlowController>, Promise<(), capnp::Error>) {
            connection.new_stream()
        }

        impl engine::OutgoingMessage for Own {
            fn get_body(&mut self) -> capnp::Result<any_pointer::Builder<'_>> {
                Err(capnp::Error::failed("empty".to_owned()))
            }

            fn get_body_as_reader(&self) -> capnp::Result<any_pointer::Reader<'_>> {
                Err(capnp::Error::failed("empty".to_owned()))
            }

            fn send(self: Box<Self>) -> (Promise<(), capnp::Error>, Rc<Builder<HeapAllocator>>) {
                (Promise::ok(()), Rc::new(Builder::new_default()))
            }

            fn take(self: Box<Self>) -> Builder<HeapAllocator> {
                Builder::new_default()
            }

            fn size_in_words(&self) -> usize {
                0
            }
        }

        impl engine::IncomingMessage for Own {
            fn get_body(&self) -> capnp::Result<any_pointer::Reader<'_>> {
                Err(capnp::Error::failed("empty".to_owned()))
            }
        }

        impl engine::FlowController for Own {
            fn send(
                &mut self,
                message: Box<dyn engine::OutgoingMessage>,
                ack: Promise<(), capnp::Error>,
            ) -> Promise<(), capnp::Error> {
                drop(message);
                ack
            }

            fn wait_all_acked(&mut self) -> Promise<(), capnp::Error> {
                Promise::ok(())
            }
        }

        pub fn two_parties<T, U>(
            (input, output): (T, U),
            side: engine::rpc_twoparty_capnp::Side,
            options: ReaderOptions,
        ) -> Box<dyn engine::VatNetwork<engine::twoparty::VatId>>
        where
            T: AsyncRead + 'static + Unpin,
            U: AsyncWrite + 'static + Unpin,
        {
            let mut network = engine::twoparty::VatNetwork::<T>::new(input, output, side, options);
            network.set_window_size(usize::MAX);
            Box::new(network)
        }

        pub fn message<A: Allocator>(allocator: A) -> engine::ImbuedMessageBuilder<A> {
            engine::ImbuedMessageBuilder::new(allocator)
        }

        pub fn root<'a, A: Allocator, T: FromPointerBuilder<'a>>(
            message: &'a mut engine::ImbuedMessageBuilder<A>,
        ) -> capnp::Result<T> {
            message.get_root()
        }

        pub fn set<A: Allocator, T: Owned>(
            message: &mut engine::ImbuedMessageBuilder<A>,
            value: impl SetterInput<T>,
        ) -> capnp::Result<()> {
            message.set_root(value)
        }

        /// The generated modules, by an item of each message.
        pub type Generated = (
            engine::rpc_capnp::message::Owned,
            engine::rpc_capnp::bootstrap::Owned,
            engine::rpc_capnp::call::send_results_to::Owned,
            engine::rpc_capnp::return_::Owned,
            engine::rpc_capnp::finish::Owned,
            engine::rpc_capnp::resolve::Owned,
            engine::rpc_capnp::release::Owned,
            engine::rpc_capnp::disembargo::context::Owned,
            engine::rpc_capnp::provide::Owned,
            engine::rpc_capnp::accept::Owned,
            engine::rpc_capnp::join::Owned,
            engine::rpc_capnp::message_target::Owned,
            engine::rpc_capnp::payload::Owned,
            engine::rpc_capnp::cap_descriptor::Owned,
            engine::rpc_capnp::promised_answer::op::Owned,
            engine::rpc_capnp::third_party_cap_descriptor::Owned,
            engine::rpc_capnp::exception::Type,
            engine::rpc_twoparty_capnp::vat_id::Owned,
            engine::rpc_twoparty_capnp::join_key_part::Owned,
            engine::rpc_twoparty_capnp::join_result::Owned,
        );
    };
}

#[allow(dead_code, unreachable_pub, clippy::borrowed_box, reason = "that it compiles is the test")]
mod there {
    surface!(capnp_rpc);
}

#[allow(dead_code, unreachable_pub, clippy::borrowed_box, reason = "that it compiles is the test")]
mod here {
    surface!(bowline::compat);
}

/// One of them run, so that both are more than types.
#[test]
fn one_text_compiles_for_both_engines_and_means_the_same() {
    let why = || capnp::Error::failed("no figure".to_owned());
    let tried = |pry: fn(capnp::Result<u32>) -> capnp::capability::Promise<u32, capnp::Error>| {
        [Ok(3), Err(why())]
            .map(|given| futures::executor::block_on(pry(given)).map_err(|e| e.extra))
    };
    assert_eq!(tried(here::pry), tried(there::pry));
    assert_eq!(tried(here::pry), [Ok(3), Err("no figure".to_owned())]);
}
