/**
 * A network between two programs on this machine: everything that passes is late.
 *
 * @module
 */

/** What has passed a {@link Relay}. */
export interface Passed {
  /** How often an answer was waited for: bytes towards the server after bytes from it. */
  readonly roundTrips: number;
  readonly connections: number;
  /** Bytes towards the server. */
  readonly sent: number;
  /** Bytes from the server. */
  readonly received: number;
}

/** Passes connections on to a server, with half of the delay in each direction. */
export class Relay implements AsyncDisposable {
  /** How long a round trip takes, in milliseconds, beside what the server needs. */
  delayMs = 0;
  readonly #listener: Deno.TcpListener;
  readonly #target: Deno.ConnectOptions;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #accepting: Promise<void>;
  #roundTrips = 0;
  #connections = 0;
  #sent = 0;
  #received = 0;

  constructor(targetPort: number) {
    this.#target = { hostname: "127.0.0.1", port: targetPort };
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#accepting = this.#accept();
  }

  /** Where it listens, on loopback. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** What has passed since the last call. */
  take(): Passed {
    const passed = {
      roundTrips: this.#roundTrips,
      connections: this.#connections,
      sent: this.#sent,
      received: this.#received,
    };
    this.#roundTrips =
      this.#connections =
      this.#sent =
      this.#received =
        0;
    return passed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) close(connection);
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      this.#connections++;
      this.#connect(client).catch(() => close(client));
    }
  }

  async #connect(client: Deno.TcpConn): Promise<void> {
    this.#open.add(client);
    const server = await Deno.connect(this.#target);
    this.#open.add(server);
    client.setNoDelay(true);
    server.setNoDelay(true);
    let answered = true;
    const up = this.#pipe(client, server, (bytes) => {
      this.#sent += bytes;
      if (answered) this.#roundTrips++;
      answered = false;
    });
    const down = this.#pipe(server, client, (bytes) => {
      this.#received += bytes;
      answered = true;
    });
    await Promise.all([up, down]);
    for (const connection of [client, server]) {
      close(connection);
      this.#open.delete(connection);
    }
  }

  /** Passes on what comes, each part after the delay, in order. */
  async #pipe(
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    count: (bytes: number) => void,
  ): Promise<void> {
    let last = Promise.resolve();
    const pass = (deliver: () => Promise<unknown>) => {
      const due = wait(this.delayMs / 2);
      // A side that has gone takes nothing more.
      last = Promise.all([last, due]).then(deliver).then(() => {}, () => {});
    };
    for (;;) {
      const buffer = new Uint8Array(64 * 1024);
      const read = await from.read(buffer).catch(() => null);
      if (read === null) break;
      count(read);
      pass(() => writeAll(to, buffer.subarray(0, read)));
    }
    pass(() => to.closeWrite());
    await last;
  }
}

async function writeAll(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

function wait(ms: number): Promise<void> {
  return ms === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // The other end was faster.
  }
}
