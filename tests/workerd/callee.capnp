# A Worker that is called. Ports are free ones; the control descriptor says which.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "callee", worker = (
      modules = [(name = "callee.js", esModule = embed "callee.js")],
      compatibilityDate = "2026-08-01",
    )),
  ],
  sockets = [
    (name = "main", address = "127.0.0.1:0", service = "callee",
     http = (capnpConnectHost = "vat.test")),
    (name = "clerk", address = "127.0.0.1:0",
     service = (name = "callee", entrypoint = "Clerk", props = (json = "{\"desk\": 7}")),
     http = (capnpConnectHost = "vat.test")),
  ],
);
