//! A debug port: what is asked of it arrives, and what it cannot give is said.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bowline::rpc::{Call, Client};
use bowline::runtime::Vat;
use bowline::schema::worker_capnp::frankenvalue;
use bowline::schema::worker_capnp::workerd_debug_port::get_entrypoint_params;
use bowline::wire::{Exception, Path};
use bowline::worker::debug_port::{Asked, DebugPort, NotFound, Props, PropsError, serve};
use bowline::worker::value::{Limits, Value, encode, value};

use crate::resource::stub;

const WORKERD_DEBUG_PORT: u64 = 0xea5b_0b48_7aea_7327;

/// Runs `future` in a vat that nobody else drives.
fn run<T>(vat: &Vat, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..100 {
        if let Poll::Ready(done) = future.as_mut().poll(&mut cx) {
            return done;
        }
        let _more = vat.turn(std::time::Instant::now());
    }
    panic!("nothing happens any more");
}

/// A debug port that knows the service `known`, with the default entrypoint and `Named`, and what it was asked.
fn port(vat: &Vat) -> (Client, Rc<RefCell<Vec<Asked>>>) {
    let all = Rc::new(RefCell::new(Vec::new()));
    let noted = Rc::clone(&all);
    let answering = Client::new(vat.here(), |call: Call| async move { Ok(call.reply()) });
    let port = serve(vat.here(), move |asked| {
        noted.borrow_mut().push(asked.clone());
        match (asked.service.as_str(), asked.entrypoint.as_deref()) {
            ("known", None | Some("Named")) => Ok(answering.clone()),
            ("known", _) => Err(NotFound::Entrypoint),
            _ => Err(NotFound::Service),
        }
    });
    (port, all)
}

fn settles(vat: &Vat, client: &Client) -> Result<(), Exception> {
    run(vat, client.request(1, 1).send()).map(drop)
}

// C-K5
#[test]
fn an_entrypoint_is_asked_for_by_name_with_props_and_can_be_called_at_once() {
    let vat = Vat::local();
    let (port, asked) = port(&vat);
    let port = DebugPort::new(port);
    let props = value!({ who: "them", since: (Value::date(0.0)) });
    let sent = Props::new(&props).expect("data");
    assert_eq!(settles(&vat, &port.entrypoint("known", None, &Props::default())), Ok(()));
    assert_eq!(settles(&vat, &port.entrypoint("known", Some("Named"), &sent)), Ok(()));
    let json = Props::json(r#"{"n":[1,2.5,null],"s":"\ud83e\udea2"}"#);
    assert_eq!(settles(&vat, &port.entrypoint("known", Some("Named"), &json)), Ok(()));
    let asked = asked.borrow();
    assert_eq!(asked[0].props, value!({}));
    assert_eq!((asked[0].service.as_str(), &asked[0].entrypoint), ("known", &None));
    assert_eq!((&asked[1].entrypoint, &asked[1].props), (&Some("Named".to_owned()), &props));
    assert_eq!(asked[2].props, value!({ n: [1, 2.5, null], s: "\u{1faa2}" }));
}

#[test]
fn what_is_not_there_is_said_in_the_runtimes_words() {
    let vat = Vat::local();
    let port = DebugPort::new(port(&vat).0);
    for (service, entrypoint, reason) in [
        ("nobody", None, "jsg.Error: Worker \"nobody\" not found"),
        ("known", Some("Other"), "jsg.Error: Worker does not export an entrypoint named \"Other\""),
    ] {
        let client = port.entrypoint(service, entrypoint, &Props::default());
        let why = settles(&vat, &client).expect_err("it is not there");
        assert_eq!(why.reason(), reason);
    }
}

#[test]
fn only_data_can_be_props() {
    let stub = stub();
    assert!(matches!(Props::new(&value!({ s: (stub) })), Err(PropsError::NotData)));
    let large = Value::array_buffer(vec![0; 33 << 20]);
    assert!(matches!(Props::new(&large), Err(PropsError::Clone(_))));
}

/// What the port says to props that a peer wrote itself, or what it took them for.
fn written(write: impl FnOnce(frankenvalue::Builder<'_>)) -> Result<Value, String> {
    let vat = Vat::local();
    let (port, asked) = port(&vat);
    let request = port.request(WORKERD_DEBUG_PORT, 0).with(|root| {
        let mut params: get_entrypoint_params::Builder<'_> = root.init_as();
        params.set_service("known");
        write(params.init_props());
    });
    let answer = run(&vat, request.send()).map_err(|why| why.reason().to_owned())?;
    assert!(answer.cap(&Path::root().field(0)).is_ok());
    Ok(asked.borrow_mut().pop().expect("it was asked").props)
}

#[test]
fn properties_are_added_to_the_object_and_replace_its_own() {
    let serialized = |value| encode(&value, &Limits::default()).expect("data").bytes;
    let props = written(|mut props| {
        props.set_v8_serialized(&serialized(value!({ a: 1, b: 2 })));
        let mut more = props.init_properties(3);
        more.reborrow().get(0).set_name("b");
        more.reborrow().get(0).set_json("[3]");
        more.reborrow().get(1).set_name("c");
        more.reborrow().get(1).set_array_buffer(&[1, 2]);
        more.reborrow().get(2).set_name("d");
        more.reborrow().get(2).set_empty_object(());
        let mut deeper = more.get(2).init_properties(1).get(0);
        deeper.set_name("e");
        deeper.set_json("true");
    });
    let bytes = Value::array_buffer(vec![1, 2]);
    assert_eq!(props, Ok(value!({ a: 1, b: [3], c: (bytes), d: { e: true } })));
}

#[test]
fn props_that_are_none_are_an_error_of_that_call() {
    let reason = |write: fn(frankenvalue::Builder<'_>)| written(write).expect_err("it is refused");
    let refused = [
        reason(|mut props| props.set_json("{")),
        reason(|mut props| props.set_json(&*"[".repeat(100_000))),
        reason(|mut props| props.set_v8_serialized(b"\xff\x0f")),
        reason(|mut props| props.set_v8_serialized(b"")),
        // A stub, of which there is none beside.
        reason(|mut props| props.set_v8_serialized(b"\xff\x0f\x5c\x01")),
        reason(|props| {
            props.init_capability();
        }),
        reason(|mut props| {
            props.set_json("1");
            props.init_properties(1);
        }),
    ];
    for reason in &refused {
        assert!(reason.starts_with("jsg.TypeError: props cannot be read: "), "{reason}");
    }
    assert!(refused[6].ends_with("properties of what is no object"), "{}", refused[6]);
}

#[test]
fn other_methods_are_refused() {
    let vat = Vat::local();
    let (port, _) = port(&vat);
    let reason = |interface, method| {
        let why = run(&vat, port.request(interface, method).send()).expect_err("no such thing");
        (why.kind(), why.reason().to_owned())
    };
    assert!(reason(WORKERD_DEBUG_PORT, 1).1.contains("no Durable Objects"));
    for (interface, method) in [(WORKERD_DEBUG_PORT, 2), (1, 0)] {
        let (kind, _) = reason(interface, method);
        assert_eq!(kind, bowline::wire::ExceptionKind::Unimplemented);
    }
}
