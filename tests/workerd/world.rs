//! Two Workers in two processes of the real runtime, and the program between them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::Value;

use crate::peer::Workerd;

/// The program while it relays. Dropping kills it.
pub(crate) struct Relaying {
    process: Child,
    _out: BufReader<ChildStdout>,
    pub(crate) port: u16,
}

impl Relaying {
    /// On a free port, to the vat behind HTTP at `port`, and to its HTTP.
    pub(crate) fn to(port: u16) -> Self {
        let connect = format!("http://127.0.0.1:{port}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_bowline"));
        command.args(["relay", "--listen", "http://127.0.0.1:0", "--connect", &connect]);
        command.args(["--connect-host", "vat.test"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("the program is built");
        let mut out = BufReader::new(process.stdout.take().expect("piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("text");
        let told = line.strip_prefix("relaying http://127.0.0.1:");
        let port = told.and_then(|told| told.split(' ').next()?.parse().ok());
        let port = port.unwrap_or_else(|| panic!("it does not relay, it said {line:?}"));
        Self { process, _out: out, port }
    }

    /// Told to end, it ends well; what it said before.
    pub(crate) fn end(mut self) -> String {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", "TERM", &pid]).status().expect("kill exists");
        assert!(sent.success());
        assert!(self.process.wait().expect("it was started").success());
        let mut said = String::new();
        self.process.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
        said
    }
}

impl Drop for Relaying {
    fn drop(&mut self) {
        // It may have ended already, as it was told to.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A Worker that calls: `one` and `other` are the ports it calls at.
pub(crate) struct Caller(Workerd);

/// A way to the callee through a debug port: what stands behind `?` in the path.
pub(crate) struct Through<'a> {
    pub(crate) debug_port: u16,
    pub(crate) service: &'a str,
    pub(crate) entrypoint: Option<&'a str>,
    /// JSON, such that it can stand in a path as it is.
    pub(crate) props: Option<&'a str>,
}

impl Caller {
    /// One that was started already.
    pub(crate) const fn new(workerd: Workerd) -> Self {
        Self(workerd)
    }

    /// One that calls through debug ports.
    pub(crate) fn debugging() -> Self {
        Self(Workerd::serve("debugging.capnp", &["main"], &["--experimental".to_owned()]))
    }

    /// Plays a situation through a debug port; how it ended.
    pub(crate) fn ask_through(&self, situation: &str, way: &Through<'_>) -> Value {
        let Through { debug_port, service, entrypoint, props } = way;
        let mut path = format!("/{situation}?at=127.0.0.1:{debug_port}&service={service}");
        path += &format!("&key={situation}-{debug_port}");
        for (name, value) in [("entrypoint", entrypoint), ("props", props)] {
            if let Some(value) = value {
                path += &format!("&{name}={value}");
            }
        }
        self.ask(&path)
    }

    pub(crate) fn of(one: u16, other: u16) -> Self {
        let at = |name: &str, port: u16| format!("--external-addr={name}=127.0.0.1:{port}");
        Self(Workerd::serve("caller.capnp", &["main"], &[at("one", one), at("other", other)]))
    }

    /// Plays a situation against a binding; what it told.
    #[track_caller]
    pub(crate) fn play(&self, situation: &str, of: &str) -> Value {
        let answer = self.ask(&format!("/{situation}?of={of}&key={situation}-{of}"));
        assert!(answer.get("wrong").is_none(), "{situation} of {of}: {}", answer["wrong"]);
        answer["told"].clone()
    }

    /// `GET path`, answered in JSON.
    pub(crate) fn ask(&self, path: &str) -> Value {
        let port = self.0.port("main");
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        let asked = format!("GET {path} HTTP/1.1\r\nHost: caller\r\nConnection: close\r\n\r\n");
        stream.write_all(asked.as_bytes()).expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        serde_json::from_str(body).unwrap_or_else(|why| panic!("{why} in {head}\n{body}"))
    }
}

/// A callee, a relay to it, and a caller: `ONE` is the callee itself, `OTHER` the relay.
pub(crate) struct World {
    pub(crate) caller: Caller,
    pub(crate) relaying: Relaying,
    pub(crate) callee: Workerd,
}

impl World {
    pub(crate) fn new() -> Self {
        let callee = callee(&[]);
        let relaying = Relaying::to(callee.port("main"));
        let caller = Caller::of(callee.port("main"), relaying.port);
        Self { caller, relaying, callee }
    }

    /// The world that tests running at once have together. It ends with the last of them.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<World>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let world = Arc::new(Self::new());
            *shared = Arc::downgrade(&world);
            world
        })
    }
}

/// A Worker that is called.
pub(crate) fn callee(arguments: &[String]) -> Workerd {
    Workerd::serve("callee.capnp", &["main", "clerk"], arguments)
}

/// A Worker that is called, behind a debug port, too.
pub(crate) fn callee_with_debug_port() -> Workerd {
    let sockets = ["main", "clerk", "debug-port"];
    Workerd::serve("callee.capnp", &sockets, &["--debug-port=127.0.0.1:0".to_owned()])
}
