//! The object behind the Cap'n Proto face, on either side.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bowline::rpc::{Call, Client, Link, Response};
use bowline::runtime::Local;
use bowline::wire::Exception;
use capnp::data;

use crate::fields::{at, cap, fill, number};
use crate::ledger::Ledger;

pub(crate) const ID: u64 = 0xb0b1_b2b3_b4b5_b6b7;

pub(crate) mod method {
    /// Writes the number down and returns it.
    pub(crate) const NOTE: u16 = 0;
    /// Returns the bytes it gets.
    pub(crate) const BYTES: u16 = 1;
    /// Returns the capability it gets.
    pub(crate) const ECHO: u16 = 2;
    /// Returns a new object that has the number.
    pub(crate) const MAKE: u16 = 3;
    /// Adds the number, and returns the sum.
    pub(crate) const ADD: u16 = 4;
    /// Has the capability note the number.
    pub(crate) const CALL_BACK: u16 = 5;
    /// The same as a tail call.
    pub(crate) const TAIL: u16 = 6;
    /// Never returns.
    pub(crate) const NEVER: u16 = 7;
    /// Returns the number after as many microseconds.
    pub(crate) const LATER: u16 = 8;
    pub(crate) const THROW: u16 = 9;
    /// Keeps the capability.
    pub(crate) const HOLD: u16 = 10;
    /// Has what is kept note the number.
    pub(crate) const PASS: u16 = 11;
    /// Takes one number of a stream.
    pub(crate) const WRITE: u16 = 12;
    /// Puts the capability where every connection finds it, in the name of the connection that is the number.
    pub(crate) const SHELVE: u16 = 13;
    /// Returns what somebody shelved, and who.
    pub(crate) const FETCH: u16 = 14;
    /// Takes away what the connection has shelved.
    pub(crate) const CLEAR: u16 = 15;
    /// Ends the connection.
    pub(crate) const HANG_UP: u16 = 16;
}

/// What every connection finds.
#[derive(Clone, Default)]
pub(crate) struct Shelf(Rc<RefCell<Vec<(u64, Client)>>>);

const SHELVED_MAX: usize = 8;

impl Shelf {
    /// What was shelved goes without anything being borrowed.
    pub(crate) fn clear(&self, of: Option<u64>) {
        let gone: Vec<_> =
            self.0.borrow_mut().extract_if(.., |(by, _)| of.is_none_or(|of| of == *by)).collect();
        drop(gone);
    }

    fn put(&self, by: u64, cap: Client) {
        let mut shelf = self.0.borrow_mut();
        let gone = (shelf.len() >= SHELVED_MAX).then(|| shelf.remove(0));
        shelf.push((by, cap));
        drop(shelf);
        drop(gone);
    }
}

/// An object, and what it may reach.
pub(crate) struct Node {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) shelf: Shelf,
    /// The connection it is offered on.
    pub(crate) link: Rc<RefCell<Option<Link>>>,
    pub(crate) notes: RefCell<Vec<u64>>,
    pub(crate) total: Cell<u64>,
    kept: RefCell<Option<Client>>,
}

/// A call that does not return.
struct Running(Arc<Ledger>);

impl Running {
    fn new(ledger: &Arc<Ledger>) -> Self {
        ledger.running.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(ledger))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.ledger.gone.fetch_add(1, Ordering::SeqCst);
    }
}

impl Node {
    pub(crate) fn new(ledger: &Arc<Ledger>, shelf: &Shelf) -> Self {
        ledger.made.fetch_add(1, Ordering::SeqCst);
        Self {
            ledger: Arc::clone(ledger),
            shelf: shelf.clone(),
            link: Rc::default(),
            notes: RefCell::default(),
            total: Cell::new(0),
            kept: RefCell::default(),
        }
    }

    pub(crate) fn host(self, here: &Local) -> (Client, Rc<Self>) {
        let node = Rc::new(self);
        let object = Rc::clone(&node);
        let client = Client::new(here, move |call: Call| {
            // Order is that of delivery, not of when futures are polled.
            match call.method() {
                method::NOTE => object.notes.borrow_mut().push(number(call.params())),
                method::ADD => object.total.set(object.total.get() + number(call.params())),
                _ => {}
            }
            let object = Rc::clone(&object);
            async move { object.answer(call).await }
        });
        (client, node)
    }

    async fn answer(&self, mut call: Call) -> Result<Response, Exception> {
        let given = if call.method() == method::BYTES { 0 } else { number(call.params()) };
        match call.method() {
            method::NOTE => {
                // What nobody looks at is not kept.
                let mut notes = self.notes.borrow_mut();
                if notes.len() > 1 << 10 {
                    notes.clear();
                }
                call.build(fill(given, &[]));
            }
            method::BYTES => {
                let bytes =
                    call.params().read(|root| Ok(root.get_as::<data::Reader<'_>>()?.to_vec()));
                let bytes = bytes?;
                call.build(|root| {
                    root.initn_as::<data::Builder<'_>>(bytes.len() as u32).copy_from_slice(&bytes)
                });
            }
            method::ADD => call.build(fill(self.total.get(), &[])),
            method::MAKE => {
                let node = Self::new(&self.ledger, &self.shelf);
                node.total.set(given);
                let (client, _) = node.host(call.here());
                call.build(fill(given, &[Some(&client)]));
            }
            method::WRITE => {
                call.streaming();
                if given % 64 == 0 {
                    tokio::task::yield_now().await;
                }
                self.total.set(self.total.get() + given);
            }
            method::NEVER => {
                let _running = Running::new(&self.ledger);
                std::future::pending::<()>().await;
            }
            method::LATER => {
                let _running = Running::new(&self.ledger);
                tokio::time::sleep(Duration::from_micros(given)).await;
                call.build(fill(given, &[]));
            }
            method::THROW => return Err(Exception::failed("it was asked to").with_trace("here")),
            _ => return self.pass_on(call, given).await,
        }
        Ok(call.reply())
    }

    /// Methods that have to do with capabilities of others.
    async fn pass_on(&self, mut call: Call, given: u64) -> Result<Response, Exception> {
        match call.method() {
            method::ECHO => {
                let echoed = cap(call.params())?;
                call.build(fill(given, &[Some(&echoed)]));
            }
            method::CALL_BACK => {
                let back = cap(call.params())?;
                let reply = back.request(ID, method::NOTE).with(fill(given, &[])).send().await?;
                call.build(fill(number(&reply), &[]));
            }
            method::TAIL => {
                let to = call.params().cap(&at(0))?;
                let request = to.request(ID, method::NOTE).with(fill(given, &[]));
                return Ok(call.tail(request));
            }
            method::HOLD => {
                let held = self.kept.replace(Some(cap(call.params())?));
                drop(held);
            }
            method::PASS => {
                let kept = self.kept.borrow().clone();
                let kept = kept.ok_or_else(|| Exception::failed("it keeps nothing"))?;
                let reply = kept.request(ID, method::NOTE).with(fill(given, &[])).send().await?;
                call.build(fill(number(&reply), &[]));
            }
            method::SHELVE => self.shelf.put(given, cap(call.params())?),
            method::FETCH => {
                let shelf = self.shelf.0.borrow();
                let found = usize::try_from(given).ok().and_then(|at| shelf.get(at)).cloned();
                drop(shelf);
                match found {
                    Some((by, cap)) => call.build(fill(by, &[Some(&cap)])),
                    None => call.build(fill(0, &[])),
                }
            }
            method::CLEAR => self.shelf.clear(Some(given)),
            method::HANG_UP => {
                let link = self.link.borrow().clone();
                let link = link.ok_or_else(|| Exception::failed("it is on no connection"))?;
                link.hang_up(Exception::disconnected("it was asked to"));
            }
            _ => return Err(call.unimplemented()),
        }
        Ok(call.reply())
    }
}
