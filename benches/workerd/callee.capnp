# The service as a Worker. Its port is a free one; the control descriptor says which.
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
  ],
);
