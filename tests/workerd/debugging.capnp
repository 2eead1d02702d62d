# A Worker that calls through debug ports, told by HTTP where they are. Needs --experimental.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "caller", worker = (
      modules = [(name = "caller.js", esModule = embed "caller.js")],
      compatibilityDate = "2026-08-01",
      compatibilityFlags = ["experimental"],
      bindings = [(name = "DEBUG", workerdDebugPort = void)],
    )),
  ],
  sockets = [(name = "main", address = "127.0.0.1:0", service = "caller", http = ())],
);
