//! Debug ports: workerd's, asked by a vat of ours, and one of ours, asked by a Worker.

use bowline::worker::debug_port::{self, Asked, DebugPort, NotFound, Props};

use crate::callee;
use crate::vat::{Serving, bootstrap};
use crate::world::{Caller, Through, callee_with_debug_port};

/// A debug port of ours before that of a workerd, at `port`.
fn standing_before(port: u16) -> Serving {
    Serving::offering(async move |vat| {
        let far = DebugPort::new(bootstrap(vat.here(), port).await);
        debug_port::serve(vat.here(), move |asked: &Asked| {
            if asked.service != "ours" {
                return Err(NotFound::Service);
            }
            let props = Props::new(&asked.props).expect("what was received can be sent");
            match asked.entrypoint.as_deref() {
                Some("Nobody") => Err(NotFound::Entrypoint),
                // Props of our own.
                Some("Json") => {
                    Ok(far.entrypoint("callee", Some("Clerk"), &Props::json("{\"desk\":99}")))
                }
                entrypoint => Ok(far.entrypoint("callee", entrypoint, &props)),
            }
        })
    })
}

/// RPC, and HTTP and WebSockets as calls, through a vat of ours that speaks the debug port's protocol both ways.
#[test]
fn a_debug_port_of_ours_stands_before_one_of_workerd() {
    let callee = callee_with_debug_port();
    let far = callee.port("debug-port");
    let ours = standing_before(far);
    let caller = Caller::debugging();
    for situation in crate::SITUATIONS {
        let way =
            |debug_port, service| Through { debug_port, service, entrypoint: None, props: None };
        let directly = caller.ask_through(situation, &way(far, "callee"));
        let through = caller.ask_through(situation, &way(ours.port, "ours"));
        assert!(directly.get("told").is_some(), "{situation}: {directly}");
        assert_eq!(directly, through, "{situation}");
    }
}

#[test]
fn a_debug_port_of_ours_knows_entrypoints_by_name_and_takes_props() {
    let callee = callee_with_debug_port();
    let ours = standing_before(callee.port("debug-port"));
    let caller = Caller::debugging();
    let ask = |service, entrypoint, props| {
        let way = Through { debug_port: ours.port, service, entrypoint, props };
        let mut answer = caller.ask_through("clerk", &way);
        let told = answer["told"].take();
        (told, answer["wrong"].as_str().unwrap_or_default().to_owned())
    };
    let (told, wrong) = ask("ours", Some("Clerk"), Some("{%22desk%22:3}"));
    assert_eq!(told, "clerk at 3", "{wrong}");
    assert_eq!(ask("ours", Some("Json"), None).0, "clerk at 99");
    let (_, wrong) = ask("theirs", None, None);
    assert!(wrong.starts_with("Error: Worker \"theirs\" not found\n"), "{wrong}");
    let (_, wrong) = ask("ours", Some("Nobody"), None);
    let missing = "Error: Worker does not export an entrypoint named \"Nobody\"\n";
    assert!(wrong.starts_with(missing), "{wrong}");
}

/// Calls, and HTTP as calls, by a Worker.
#[test]
fn a_debug_port_of_ours_serves_a_worker_of_ours() {
    let ours = Serving::offering(async |vat| {
        let (here, worker) = (vat.here().clone(), callee::worker());
        debug_port::serve(vat.here(), move |asked: &Asked| {
            let name = asked.entrypoint.as_deref().unwrap_or("default");
            let service = worker.service_with(name, asked.props.clone());
            Ok(service.map_err(|_| NotFound::Entrypoint)?.bootstrap(&here))
        })
    });
    let caller = Caller::debugging();
    let ask = |situation, entrypoint, props| {
        let way = Through { debug_port: ours.port, service: "callee", entrypoint, props };
        caller.ask_through(situation, &way)
    };
    for situation in crate::served::SITUATIONS {
        // A WebSocket, and a socket, need a connection of their own.
        if !["a_websocket", "a_socket_to_another_host"].contains(situation) {
            let answer = ask(situation, None, None);
            assert!(answer.get("told").is_some(), "{situation}: {answer}");
        }
    }
    let answer = ask("clerk", Some("Clerk"), Some("{%22desk%22:3}"));
    assert_eq!(answer["told"], "clerk at 3", "{answer}");
}
