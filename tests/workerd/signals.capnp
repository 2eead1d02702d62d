# A Worker with signals, called and calling. Needs --experimental. Where it calls is said with --external-addr.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "signals", worker = (
      modules = [(name = "signals.js", esModule = embed "signals.js")],
      compatibilityDate = "2026-08-01",
      compatibilityFlags = ["experimental", "enable_abortsignal_rpc"],
      bindings = [(name = "SVC", service = "svc")],
    )),
    (name = "svc", external = (address = "127.0.0.1:1", http = (capnpConnectHost = "vat.test"))),
  ],
  sockets = [
    (name = "main", address = "127.0.0.1:0", service = "signals", http = ()),
    (name = "rpc", address = "127.0.0.1:0", service = "signals",
     http = (capnpConnectHost = "vat.test")),
  ],
);
