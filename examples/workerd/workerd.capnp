using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "js", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = "2026-08-01",
      bindings = [(name = "RUST", service = "rust")],
    )),
    # JavaScript calls Rust: what `main.rs` serves.
    (name = "rust", external = (
      address = "127.0.0.1:4000",
      http = (capnpConnectHost = "rpc.internal"),
    )),
  ],
  # Rust calls JavaScript.
  sockets = [
    (name = "js", address = "127.0.0.1:8080", service = "js",
     http = (capnpConnectHost = "rpc.internal")),
  ],
);
