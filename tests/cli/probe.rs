//! The probe against the demo's server, and against servers that are none.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use bowline::probe::say;
use bowline::wire::{Deframer, Exception, Limits, Message, Outcome};

use crate::support::{Ran, Serving, run, socket_path};

/// Listens, and does `attend` with each who connects. The address.
fn server(attend: impl Fn(TcpStream) + Send + Sync + Copy + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("tcp:{}", listener.local_addr().expect("bound"));
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            thread::spawn(move || attend(stream));
        }
    });
    address
}

/// The last line says how many there are of each: hold, broken, not applicable.
#[track_caller]
fn counts(ran: &Ran) -> [usize; 3] {
    let last = ran.out.lines().last().expect("a last line");
    let numbers: Vec<_> = last.split(' ').filter_map(|word| word.parse().ok()).collect();
    numbers.try_into().unwrap_or_else(|_| panic!("no counts in {last:?}"))
}

#[test]
fn its_help_says_what_it_does_and_what_its_exit_codes_mean() {
    let ran = run(&["probe", "--help"]);
    ran.succeeds();
    for word in ["--timeout", "--total", "--echo", "--hang", "--only", "SPEC.md", "exits with 0"] {
        assert!(ran.out.contains(word), "no `{word}` in {ran:?}");
    }
}

#[test]
fn wrong_usage_leaves_with_2() {
    run(&["probe", "stdio"]).fails(2, &["not to stdio"]);
    run(&["probe", "tcp:localhost"]).fails(2, &["a port must follow"]);
    run(&["probe", "tcp:localhost:1", "--only", "Q2"]).fails(2, &["no clause Q2"]);
    for wrong in ["9.4", "0xzz.4", "0x9", "0x9.x"] {
        let ran = run(&["probe", "tcp:localhost:1", "--echo", wrong]);
        ran.fails(2, &[&format!("'{wrong}'"), "0xINTERFACE.METHOD"]);
    }
}

#[test]
fn the_demo_breaks_nothing_and_lives_on() {
    let path = socket_path("probed");
    for address in ["tcp:127.0.0.1:0".to_owned(), format!("unix:{}", path.display())] {
        let serving = Serving::at(&address);
        // `Demo.hang`, as `decode` would show it.
        let ran =
            run(&["probe", &serving.address, "--hang", "0xf55b7d5bea49479c.5", "--timeout", "60"]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
        let [holds, broken, not_applicable] = counts(&ran);
        assert!(holds >= 50 && broken == 0, "{ran:?}");
        assert_eq!(ran.out.lines().count(), holds + not_applicable + 1, "a line each: {ran:?}");
        assert!(ran.out.contains("C-Q2 holds ("), "{ran:?}");
        assert!(ran.out.contains("C-E1 not applicable: "), "{ran:?}");
        run(&["call", &serving.address, "--seconds", "0.05"]).succeeds();
        // The server tells of each peer that broke a rule, in a line.
        let served = serving.end("TERM");
        assert_eq!(served.code, Some(0), "{served:?}");
        assert!(served.err.lines().count() > 10, "{served:?}");
        assert!(served.err.lines().all(|line| line.contains("peer misbehaved: ")), "{served:?}");
    }
}

/// The relay answers the probe itself, and passes on to the demo what is for that.
#[test]
fn the_demo_behind_a_relay_breaks_nothing() {
    let serving = Serving::at("tcp:127.0.0.1:0");
    let relaying = Serving::relaying_to(&serving.address);
    let hang = ["--hang", "0xf55b7d5bea49479c.5"];
    let ran = run(&["probe", &relaying.address, hang[0], hang[1], "--timeout", "60"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    let [holds, broken, _] = counts(&ran);
    assert!(holds >= 50 && broken == 0, "{ran:?}");
    run(&["call", &relaying.address, "--seconds", "0.05"]).succeeds();
    serving.end("TERM").succeeds();
}

#[test]
fn only_the_clauses_asked_for_are_walked() {
    let serving = Serving::at("tcp:127.0.0.1:0");
    let ran = run(&["probe", &serving.address, "--only", "C-R1,C-Q2"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ids: Vec<_> = ran.out.lines().map(|line| line.split(' ').next().expect("a word")).collect();
    assert_eq!(ids, ["C-Q2", "C-R1", "2"]);
}

/// Clauses would be judged by what those methods do.
#[test]
fn methods_that_do_not_echo_or_hang_are_refused_before_the_walk() {
    let serving = Serving::at("tcp:127.0.0.1:0");
    // `Demo.null` returns nothing; `Demo` has no method 99.
    for (option, method, why) in [
        ("--echo", "0xf55b7d5bea49479c.0", "--echo returned no capability"),
        ("--echo", "0xf55b7d5bea49479c.99", "--echo returned exception unimplemented"),
        ("--hang", "0xf55b7d5bea49479c.0", "--hang returned"),
    ] {
        let ran = run(&["probe", &serving.address, option, method, "--timeout", "60"]);
        ran.fails(2, &["cannot be probed", why]);
        assert_eq!(ran.out, "");
    }
}

/// Answers each Bootstrap, and nothing else; what breaks a rule is all the same to it.
fn careless(mut stream: TcpStream) {
    let mut deframer = Deframer::new(Limits::default());
    loop {
        while let Ok(Some(frame)) = deframer.next_frame() {
            if let Ok(Message::Bootstrap(asked)) = Message::decode(frame, &Limits::default()) {
                let nothing = Outcome::Exception(Exception::failed("nothing is offered"));
                let mut bytes = Vec::new();
                say::returns(asked.question.0, nothing).encode().append_to(&mut bytes);
                if stream.write_all(&bytes).is_err() {
                    return;
                }
            }
        }
        match stream.read(deframer.space()) {
            Ok(count @ 1..) => deframer.advance(count),
            _ => return,
        }
    }
}

#[test]
fn a_server_that_does_not_care_breaks_much_and_that_is_said() {
    let address = server(careless);
    let ran = run(&["probe", &address, "--timeout", "0.5"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{ran:?}");
    let [holds, broken, _] = counts(&ran);
    assert!(holds > 3 && broken > 8, "{ran:?}");
    for line in [
        "C-B2 holds (",
        "C-N6 holds (",
        "C-Q2 broken: it went on as if nothing was wrong (",
        "C-L3 broken: it went on as if nothing was wrong (",
        "C-Q6 broken: no answer within 0.5 s, waiting for the Return of question 1 (",
        "C-R1 not applicable: it offers no bootstrap capability (",
    ] {
        assert!(ran.out.contains(line), "no `{line}` in {}", ran.out);
    }
}

#[test]
fn a_server_that_dies_of_it_is_told_as_such() {
    static GONE: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
    let address = server(|mut stream| {
        use std::sync::atomic::Ordering::SeqCst;
        let mut first = [0; 8];
        if !GONE.load(SeqCst) && matches!(stream.peek(&mut first), Ok(8)) {
            // More than one segment is more than it can take.
            GONE.store(first[0] != 0, SeqCst);
        }
        if !GONE.load(SeqCst) {
            careless(stream);
        } else {
            let _ = stream.read(&mut first);
        }
    });
    let ran = run(&["probe", &address, "--timeout", "0.5"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let first = ran.out.lines().next().expect("a line");
    assert!(first.starts_with("C-F1 broken: ") && first.contains("no longer answers"), "{first}");
    assert!(ran.out.contains("C-Q2 not applicable: the server is gone ("), "{ran:?}");
}

#[test]
fn what_is_no_server_of_this_protocol_leaves_with_2() {
    let closes = server(drop);
    run(&["probe", &closes]).fails(2, &[&closes, "cannot be probed"]);
    let garbage = server(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    run(&["probe", &garbage]).fails(2, &["no stream of messages", "segments, over the limit"]);
    let aborts = server(|mut stream| {
        let mut bytes = Vec::new();
        Message::Abort(Exception::failed("not today")).encode().append_to(&mut bytes);
        let _ = stream.write_all(&bytes);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    run(&["probe", &aborts]).fails(2, &["it aborted the connection", "not today"]);
    let silent = server(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let began = std::time::Instant::now();
    run(&["probe", &silent, "--timeout", "0.3"]).fails(2, &["no answer within 0.3 s"]);
    assert!(began.elapsed().as_secs() < 10);
}

#[test]
fn nobody_at_the_address_leaves_with_2() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("tcp:{}", listener.local_addr().expect("bound"));
    drop(listener);
    run(&["probe", &address]).fails(2, &["cannot be probed", "refused"]);
}

#[test]
fn a_walk_ends_with_its_time() {
    let address = server(careless);
    let began = std::time::Instant::now();
    let ran = run(&["probe", &address, "--timeout", "5", "--total", "1"]);
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    assert!(ran.out.contains("not applicable: the walk took longer than 1 s"), "{ran:?}");
}
