//! Each program of `examples/workers` runs to its end, and tells what it should.

#[path = "../../examples/workers/add.rs"]
mod add;
#[path = "../../examples/workers/auth.rs"]
mod auth;
#[path = "../../examples/workers/counter.rs"]
mod counter;
#[path = "../../examples/workers/database.rs"]
mod database;
#[path = "../../examples/workers/entrypoints.rs"]
mod entrypoints;
#[path = "../../examples/workers/forwarding.rs"]
mod forwarding;
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
    auth: "200 ann: reader, writer; 401 Unauthorized";
}
