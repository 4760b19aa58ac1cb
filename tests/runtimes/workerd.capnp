using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (
      name = "smoke",
      worker = (
        modules = [(name = "worker", esModule = embed "worker.mjs")],
        compatibilityDate = "2026-11-01",
        compatibilityFlags = ["nodejs_als"],
        globalOutbound = "loopback",
      ),
    ),
    # The embedded Kusto listens on this machine, which workerd does not reach by default.
    (name = "loopback", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", http = (), service = "smoke")],
);
