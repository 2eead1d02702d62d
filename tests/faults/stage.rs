//! Vats, wires between them, and a story that is played on them: messages arrive one by one, and one wire is cut.

mod ending;

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use bowline::conn::Config;
use bowline::rpc::{Client, Link, Relay, ambient, reconnecting};
use bowline::runtime::{Local, LocalFuture, Turn, Vat};
use bowline::wire::{Exception, ExceptionKind};
use bowline::worker::{JsError, RpcStub, Service};

use crate::ledger::Ledger;
use crate::support::{Seen, object};
use crate::wires::{Medium, Queue, wire};
use crate::workers::desk;

/// Ends a run: something is not as it must be.
#[macro_export]
macro_rules! wrong {
    ($($what:tt)*) => { panic!("{}", format_args!($($what)*)) };
}

/// What happens to a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing passes any more, and both ends see an error.
    Reset,
    /// Both directions end behind what arrived.
    Close,
    /// The direction of the message ends; the other goes on.
    HalfClose,
    /// The vat the message is for is dropped, as by a process that is killed.
    Killed,
    /// The vat the message is for says goodbye.
    Aborted,
}

/// When, of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// All else is done, and it is next.
    Before,
    /// Half of it arrived.
    Within,
    /// It arrived, and nobody looked at it yet.
    Behind,
}

/// Where a wire is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    /// Two for each wire: to the vat named first, and to the other.
    pub(crate) lane: usize,
    /// Which message of the lane.
    pub(crate) message: usize,
    pub(crate) moment: Moment,
    pub(crate) kind: Kind,
}

/// How those who call have their clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the connection.
    Straight,
    /// From what connects anew when the connection is lost.
    Again,
}

/// How a story is played.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) medium: Medium,
    pub(crate) way: Way,
    pub(crate) cut: Option<Cut>,
}

/// A story: it is told to its end, or a caller in it is told of a lost connection.
pub(crate) type Tale = fn(Rc<Stage>) -> LocalFuture<Option<()>>;

struct Line {
    vats: [usize; 2],
    queues: [Queue; 2],
    links: [Link; 2],
    /// How many messages arrived, in each direction.
    arrived: [usize; 2],
    cut: bool,
    /// Whose vat was killed.
    dead: [bool; 2],
}

/// Who is there to call, and how it was reached.
#[derive(Clone)]
enum Joined {
    Client(Client),
    Service(Service),
}

/// Whoever waits has something to see.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub(crate) struct Stage {
    plan: Plan,
    vats: RefCell<[Option<Vat>; 3]>,
    /// What each vat offers, and the same as a Worker: made when they are first asked for.
    desks: RefCell<[Option<(Client, Seen)>; 3]>,
    lines: RefCell<Vec<Line>>,
    joined: RefCell<Vec<(usize, Joined)>>,
    /// The near end of a relay, which keeps what the far one offers for as long as somebody may come.
    relayed: RefCell<Option<Link>>,
    seen: RefCell<Vec<Seen>>,
    pub(crate) ledger: Ledger,
    /// What the desks of all sessions keep.
    pub(crate) kept: Rc<RefCell<Option<RpcStub>>>,
    torn: Cell<bool>,
    last: Cell<usize>,
    now: Cell<Instant>,
    pub(crate) story: RefCell<Vec<String>>,
}

/// No story has so much to do: something goes round in circles.
const STEPS_MAX: usize = 2_000;

/// Longer than a connection that is over may take to be gone.
const GRACE: Duration = Duration::from_secs(10);

impl Stage {
    pub(crate) fn new(plan: Plan) -> Rc<Self> {
        Rc::new(Self {
            plan,
            vats: RefCell::new([(); 3].map(|()| Some(Vat::local()))),
            desks: RefCell::default(),
            lines: RefCell::default(),
            joined: RefCell::default(),
            relayed: RefCell::default(),
            seen: RefCell::default(),
            ledger: Ledger::default(),
            kept: Rc::default(),
            torn: Cell::new(false),
            last: Cell::new(0),
            now: Cell::new(Instant::now()),
            story: RefCell::default(),
        })
    }

    /// A vat. One that was killed is another now.
    pub(crate) fn here(&self, vat: usize) -> Local {
        let mut vats = self.vats.borrow_mut();
        vats[vat].get_or_insert_with(Vat::local).here().clone()
    }

    fn local(&self, vat: usize) -> Option<Local> {
        self.vats.borrow()[vat].as_ref().map(|vat| vat.here().clone())
    }

    fn tell(&self, what: String) {
        self.story.borrow_mut().push(what);
    }

    /// A new object of a vat, which must be gone at the end.
    pub(crate) fn object(&self, vat: usize) -> (Client, Seen) {
        let (client, seen) = object(&self.here(vat));
        self.seen.borrow_mut().push(seen.clone());
        (client, seen)
    }

    /// What the object a vat offers has seen.
    pub(crate) fn desk(&self, vat: usize) -> Seen {
        self.offer(vat).1
    }

    fn offer(&self, vat: usize) -> (Client, Seen) {
        let known = self.desks.borrow()[vat].clone();
        known.unwrap_or_else(|| {
            let new = self.object(vat);
            self.desks.borrow_mut()[vat] = Some(new.clone());
            new
        })
    }

    /// A new wire between two vats; what the second one offers, in the first.
    fn connect(&self, near: usize, far: usize, offered: &Client) -> Client {
        let ([a, b], queues) = wire(self.plan.medium);
        let a = Link::connect(&self.here(near), a, Config::default(), None);
        let b = Link::connect(&self.here(far), b, Config::default(), Some(offered));
        let client = a.bootstrap();
        let (vats, links) = ([near, far], [a, b]);
        self.lines.borrow_mut().push(Line {
            vats,
            queues,
            links,
            arrived: [0; 2],
            cut: false,
            dead: [false; 2],
        });
        client
    }

    /// What one vat offers, as another has it.
    pub(crate) fn join(self: &Rc<Self>, near: usize, far: usize) -> Client {
        let stage = Rc::downgrade(self);
        let connect = move || {
            let stage = stage.upgrade().ok_or_else(|| capnp::Error::failed("over".into()))?;
            let (offered, _) = stage.offer(far);
            let client = stage.connect(near, far, &offered);
            Ok(capnp::capability::Client::new(client.hook()))
        };
        let client = match self.plan.way {
            Way::Straight => self.connect(near, far, &self.offer(far).0),
            Way::Again => {
                let (client, _) = reconnecting(connect).expect("there is a wire");
                Client::from_hook(&*client.hook)
            }
        };
        self.joined.borrow_mut().push((near, Joined::Client(client.clone())));
        client
    }

    /// What the last vat offers, through a relay in the middle one.
    pub(crate) fn relayed(&self) -> Client {
        let ([a, b], first) = wire(self.plan.medium);
        let ([c, d], second) = wire(self.plan.medium);
        let config = Config::default();
        let left = Link::connect(&self.here(0), a, config.clone(), None);
        let right = Link::connect(&self.here(2), d, config.clone(), Some(&self.offer(2).0));
        let relay = Relay::between(&self.here(1), b, c, &config);
        let client = left.bootstrap();
        self.relayed.replace(Some(left.clone()));
        let lines = [
            ([0, 1], first, [left, relay.near().clone()]),
            ([1, 2], second, [relay.far().clone(), right]),
        ];
        for (vats, queues, links) in lines {
            let new = Line { vats, queues, links, arrived: [0; 2], cut: false, dead: [false; 2] };
            self.lines.borrow_mut().push(new);
        }
        client
    }

    /// The Worker of one vat, as another has it.
    pub(crate) fn service(self: &Rc<Self>, near: usize, far: usize) -> RpcStub {
        let stage = Rc::downgrade(self);
        let service = Service::remote(move |here| match stage.upgrade() {
            Some(stage) => {
                let offered = desk(&stage).bootstrap(&stage.here(far));
                stage.connect(near, far, &offered)
            }
            None => Client::broken(here, Exception::failed("over")),
        });
        let stub = match self.plan.way {
            Way::Straight => {
                let desk = RpcStub::new(&self.here(far), crate::workers::Desk::new(self));
                let offered = desk.client().expect("it is new");
                RpcStub::from_client(self.connect(near, far, &offered))
            }
            Way::Again => service.stub(&self.here(near)),
        };
        self.joined.borrow_mut().push((near, Joined::Service(service)));
        stub
    }

    /// A new wire to a Worker, not to be connected anew; what it offers.
    pub(crate) fn offer_service(&self, near: usize, far: usize, service: &Service) -> Client {
        let offered = service.bootstrap(&self.here(far));
        self.connect(near, far, &offered)
    }

    /// What a call brought. It fails as one whose connection is lost, and only where one is.
    pub(crate) fn heed<T>(&self, outcome: Result<T, Exception>) -> Option<T> {
        match outcome {
            Ok(came) => Some(came),
            Err(why) if self.torn.get() && why.kind() == ExceptionKind::Disconnected => None,
            Err(why) => wrong!("a caller is told {:?}: {why}", why.kind()),
        }
    }

    /// The same of a call of Workers.
    pub(crate) fn heed_js<T>(&self, outcome: Result<T, JsError>) -> Option<T> {
        match outcome {
            Ok(came) => Some(came),
            Err(why) if self.torn.get() && why.is_retryable() => None,
            Err(why) => wrong!("a caller is told {why:?}, {:?}", why.exception()),
        }
    }

    /// Who calls is connected anew when a wire is cut, and passes everything through the vat of the thread meanwhile.
    pub(crate) fn is_again(&self) -> bool {
        self.plan.way == Way::Again
    }

    /// A wire was cut.
    pub(crate) fn is_torn(&self) -> bool {
        self.torn.get()
    }

    fn turn(&self) -> bool {
        // What is connected anew lives in the vat of the thread.
        let ambient = self.is_again().then(ambient);
        let all = (0..3).filter_map(|vat| self.local(vat)).chain(ambient);
        let mut moved = false;
        for vat in all {
            let mut turns = 0;
            while vat.turn(Some(self.now.get())) == Turn::More {
                moved = true;
                turns += 1;
                if turns > STEPS_MAX {
                    wrong!("a vat is never done");
                }
            }
        }
        moved
    }

    /// What holds while nothing is cut is checked elsewhere.
    fn check(&self) {
        if !self.torn.get() {
            return;
        }
        for vat in 0..3 {
            if let Some(here) = self.local(vat)
                && let Err(rule) = here.with(|graph| graph.check())
            {
                wrong!("vat {vat}: {rule}");
            }
        }
    }

    /// The next message arrives, or what is to happen to it happens. False: none is under way.
    fn arrive(&self) -> bool {
        let mut lines = self.lines.borrow_mut();
        let lanes = lines.len() * 2;
        let turns = (1..=lanes).map(|step| (self.last.get() + step) % lanes);
        let due = turns.filter_map(|lane| Some((lane, lines[lane / 2].queues[lane % 2].next()?)));
        let Some((lane, what)) = due.into_iter().next() else { return false };
        self.last.set(lane);
        let line = &mut lines[lane / 2];
        let to = lane % 2;
        let message = line.arrived[to];
        let queue = line.queues[to].clone();
        self.tell(format!("lane {lane}, message {message}, to vat {}: {what}", line.vats[to]));
        let cut = self
            .plan
            .cut
            .filter(|cut| !self.torn.get() && cut.lane == lane && cut.message == message);
        match cut.map(|cut| cut.moment) {
            Some(Moment::Before) => {}
            Some(Moment::Within) => queue.deliver_half(),
            Some(Moment::Behind) | None => {
                line.arrived[to] += 1;
                queue.deliver();
            }
        }
        drop(lines);
        if let Some(cut) = cut {
            self.cut(lane, cut);
        }
        true
    }

    fn cut(&self, lane: usize, cut: Cut) {
        self.tell(format!("{:?} {:?}", cut.moment, cut.kind));
        self.torn.set(true);
        let (queues, vat, link) = {
            let mut lines = self.lines.borrow_mut();
            let line = &mut lines[lane / 2];
            line.cut = true;
            let to = lane % 2;
            (line.queues.clone(), line.vats[to], line.links[to].clone())
        };
        match cut.kind {
            Kind::Reset => queues.iter().for_each(Queue::break_off),
            Kind::Close => queues.iter().for_each(Queue::shut),
            Kind::HalfClose => queues[lane % 2].shut(),
            Kind::Aborted => link.abort(Exception::failed("enough")),
            Kind::Killed => {
                let killed = self.vats.borrow_mut()[vat].take();
                for line in &mut *self.lines.borrow_mut() {
                    for (dead, at) in line.dead.iter_mut().zip(line.vats) {
                        *dead |= at == vat;
                    }
                    line.cut |= line.vats.contains(&vat);
                }
                self.desks.borrow_mut()[vat] = None;
                drop(killed);
            }
        }
    }

    /// Everything is done and has arrived; `future` is polled meanwhile. Says whether it is done.
    fn quiet<T>(&self, mut future: Option<&mut LocalFuture<T>>) -> Option<T> {
        let mut done = None;
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        for _ in 0..STEPS_MAX {
            while self.turn() {}
            woken.0.store(false, Ordering::Relaxed);
            if let Some(running) = future.take() {
                match Pin::new(&mut *running).poll(&mut cx) {
                    Poll::Ready(output) => done = Some(output),
                    Poll::Pending => future = Some(running),
                }
            }
            let moved = self.turn() || woken.0.load(Ordering::Relaxed);
            self.check();
            if !moved && !self.arrive() {
                return done;
            }
            while !moved && self.plan.medium == Medium::Moved && self.arrive() {}
        }
        wrong!("it never ends")
    }

    /// Nothing happens for a while.
    fn pass_time(&self) {
        for _ in 0..2 {
            self.now.set(self.now.get() + GRACE);
            let _: Option<()> = self.quiet(None);
        }
    }

    /// Plays a story. How many messages arrived, by lane.
    pub(crate) fn play(self: &Rc<Self>, tale: Tale) -> Vec<usize> {
        let mut future = tale(Rc::clone(self));
        let Some(done) = self.quiet(Some(&mut future)) else { wrong!("a caller is never told") };
        drop(future);
        if done.is_none() && !self.torn.get() {
            wrong!("the story is not told to its end");
        }
        let _: Option<()> = self.quiet(None);
        let arrived = self.lines.borrow().iter().flat_map(|line| line.arrived).collect();
        if self.plan.cut.is_some() && !self.torn.get() {
            wrong!("there is no such message");
        }
        if self.is_again() {
            self.recover();
        }
        self.joined.take();
        if let Some(near) = self.relayed.take() {
            near.abort(Exception::failed("the end"));
        }
        self.let_go();
        self.pass_time();
        self.look_at_lines();
        self.leave();
        arrived
    }

    fn let_go(&self) {
        self.seen.borrow().iter().for_each(Seen::let_go);
        drop(self.kept.take());
    }
}
