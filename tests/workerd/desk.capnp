# A Worker that calls `bowline serve`, at one port for both entrypoints. Where that is, is said with --external-addr.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "caller", worker = (
      modules = [(name = "desk.js", esModule = embed "desk.js")],
      compatibilityDate = "2026-08-01",
      bindings = [
        (name = "DESK", service = "desk"),
        (name = "ADMIN", service = "admin"),
      ],
    )),
    (name = "desk", external = (address = "127.0.0.1:1", http = (capnpConnectHost = "rpc.internal"))),
    (name = "admin", external = (address = "127.0.0.1:1", http = (capnpConnectHost = "Admin.rpc.internal"))),
  ],
  sockets = [(name = "main", address = "127.0.0.1:0", service = "caller", http = ())],
);
