# A Worker that calls two services. Where they are is said with --external-addr.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "caller", worker = (
      modules = [(name = "caller.js", esModule = embed "caller.js")],
      compatibilityDate = "2026-08-01",
      bindings = [
        (name = "ONE", service = "one"),
        (name = "OTHER", service = "other"),
      ],
    )),
    (name = "one", external = (address = "127.0.0.1:1", http = (capnpConnectHost = "vat.test"))),
    (name = "other", external = (address = "127.0.0.1:1", http = (capnpConnectHost = "vat.test"))),
  ],
  sockets = [(name = "main", address = "127.0.0.1:0", service = "caller", http = ())],
);
