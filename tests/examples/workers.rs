//! Each program of `examples/workers` runs to its end, and tells what it should.

use bowline::runtime::Vat;

#[path = "../../examples/workers/add.rs"]
mod add;
#[path = "../../examples/workers/auth.rs"]
mod auth;
#[path = "../../examples/workers/context.rs"]
mod context;
#[path = "../../examples/workers/counter.rs"]
mod counter;
#[path = "../../examples/workers/database.rs"]
mod database;
#[path = "../../examples/workers/entrypoints.rs"]
mod entrypoints;
#[path = "../../examples/workers/forwarding.rs"]
mod forwarding;
#[path = "../../examples/workers/limiter.rs"]
mod limiter;
#[path = "../../examples/workers/parallel.rs"]
mod parallel;
#[path = "../../examples/workers/proxy.rs"]
mod proxy;
#[expect(dead_code, reason = "its main is for two processes")]
#[path = "../../examples/workers/sockets.rs"]
mod sockets;
#[path = "../../examples/workers/streaming.rs"]
mod streaming;

/// What a program says on its only line, once it has ended well by itself, too.
macro_rules! tells {
    ($($name:ident: $text:expr;)*) => {
        $(#[test]
        fn $name() {
            self::$name::main().expect("it ends well");
            let told = crate::on_one_thread(self::$name::run()).expect("it ends well");
            assert_eq!(told, $text);
        })*
    };
}

tells! {
    add: "1 + 2 = 3";
    counter: "counted [5.0, 8.0, 6.0], is at 6; disposed: RPC stub used after being disposed.";
    database: "name = Some(\"Alice\"), size = 1";
    entrypoints: "users are [\"Bo\"]; refused: The RPC receiver does not implement the method \"createUser\".";
    streaming: "67108864 bytes arrived";
    forwarding: "10 + 5 there, + 1 here = 16";
    context: "Ahoy, ann! Success; signed up: ann@example.org";
    parallel: "user 7: rope, shackle for 15.75, and a knot for user 7";
    auth: "200 OK ann: reader, writer; 401 Unauthorized Unauthorized";
    limiter: "ann 200, ann 200, bob 200, ann 429";
    proxy: "Home; an image for http://site/api/og?title=knots; Not found";
}

#[test]
fn sockets() {
    let path = std::env::temp_dir().join(format!("bowline-sockets-{}.sock", std::process::id()));
    let address = format!("unix:{}", path.display());
    let (told, hear) = std::sync::mpsc::channel();
    let said = crate::on_one_thread(async {
        let (near, far) = (Vat::local(), Vat::local());
        tokio::select! {
            why = sockets::serve(far.here(), &address) => panic!("it serves for ever: {why:?}"),
            () = far.tokio_driver() => panic!("a driver has no end"),
            () = near.tokio_driver() => panic!("a driver has no end"),
            said = async {
                tokio::task::yield_now().await;
                sockets::call(near.here(), &address, move |n| told.send(n).expect("it is heard")).await
            } => said.expect("it works"),
        }
    });
    assert_eq!((hear.iter().collect::<Vec<_>>(), said.as_str()), (vec![3, 2, 1], "lift-off"));
}
