//! Clauses of `SPEC.md` that take a whole vat to keep, each told as the traffic of one situation.

use bowline::conn::Config;
use bowline::rpc::Client;
use bowline::wire::*;

use crate::raw::*;
use crate::support::{Ask, at, method, number, object};

const NOTHING: &[&str] = &[];

fn gone() -> Exception {
    Exception::failed("it broke")
}

#[test]
fn play() {
    let us = Us::new();
    let (boot, seen) = object(us.vat.here());
    let mut peer = us.meet_holder(&boot);
    peer.says(&us, [calls(1, export(0), method::NOTE, 5), calls(2, export(0), method::NOTE, 6)]);
    eprintln!("{:?}", peer.hears(&us));
    eprintln!("{:?}", seen.notes());
    let (mut host, client) = us.meet_host(hosted(3));
    let p = client.note(4);
    eprintln!("{:?}", host.hears(&us));
    host.says(&us, [replies(0, 4, vec![])]);
    eprintln!("{:?} {:?}", host.hears(&us), number(&us.outcome(p).unwrap()));
}
