import { assert, assertEquals, assertThrows } from "@std/assert";
import { KustoOptionsError } from "../src/errors.ts";
import { isLoopback, trustedOrigin } from "../src/service/hosts.ts";

const CLUSTERS: [title: string, address: string, origin: string][] = [
  [
    "a cluster of the public cloud",
    "https://help.westeurope.kusto.windows.net",
    "https://help.westeurope.kusto.windows.net",
  ],
  ["a free cluster", "https://kvc123.eastus.kusto.windows.net", ""],
  ["a Fabric eventhouse", "https://trd-abc.z7.kusto.fabric.microsoft.com", ""],
  ["a cluster of the US government", "https://c.usgovvirginia.kusto.usgovcloudapi.net", ""],
  ["a cluster in China", "https://c.chinaeast2.kusto.chinacloudapi.cn", ""],
  ["a cluster of a partner cloud", "https://c.kusto.sovcloud-api.de", ""],
  ["Application Insights", "https://ade.applicationinsights.io", ""],
  ["Azure Monitor of the US government", "https://adx.monitor.azure.us", ""],
  [
    "a host in capitals",
    "HTTPS://Help.Kusto.Windows.Net/Samples",
    "https://help.kusto.windows.net",
  ],
  ["this machine over http", "http://localhost:8080", "http://localhost:8080"],
  ["this machine by its IPv4 address", "http://127.0.0.1:8080/", "http://127.0.0.1:8080"],
  ["this machine by a short IPv4 address", "http://127.1", "http://127.0.0.1"],
  ["this machine by its IPv6 address", "http://[::1]:8080", "http://[::1]:8080"],
  ["this machine over https", "https://localhost", "https://localhost"],
];

for (const [title, address, origin] of CLUSTERS) {
  Deno.test(`trustedOrigin() accepts ${title}`, () => {
    assertEquals(trustedOrigin(address, []), origin || address);
  });
}

const REFUSED: [title: string, address: string, says: string][] = [
  [
    "a host that only begins like a cluster",
    "https://kusto.windows.net.evil.example",
    "no known Kusto host",
  ],
  [
    "a host that ends alike without the dot",
    "https://evilkusto.windows.net",
    "no known Kusto host",
  ],
  ["the bare suffix", "https://kusto.windows.net", "no known Kusto host"],
  ["a suffix with nothing before it", "https://.kusto.windows.net", "no known Kusto host"],
  ["a name ending in a dot", "https://help.kusto.windows.net.", "no known Kusto host"],
  [
    "a look-alike behind a user name",
    "https://help.kusto.windows.net@evil.example",
    "holds a user name",
  ],
  [
    "a look-alike behind a backslash",
    "https://evil.example\\@help.kusto.windows.net",
    "no known Kusto host",
  ],
  ["a look-alike in another script", "https://help.kust\u043e.windows.net", "no known Kusto host"],
  ["a host named like this machine", "https://localhost.evil.example", "no known Kusto host"],
  ["an address like this machine's", "https://127.0.0.1.evil.example", "no known Kusto host"],
  ["http to a cluster", "http://help.kusto.windows.net", "begins with http://"],
  ["http to an unknown host", "http://10.0.0.1:8080", "begins with http://"],
  ["another scheme", "ftp://help.kusto.windows.net", "begins with ftp://"],
  ["a host without a scheme", "help.kusto.windows.net", "no URL"],
  ["a host and port without a scheme", "localhost:8080", "no URL"],
  ["nonsense", "https://", "no URL"],
  ["an address with a password", "https://me:hunter2@help.kusto.windows.net", "holds a user name"],
];

for (const [title, address, says] of REFUSED) {
  Deno.test(`trustedOrigin() refuses ${title}`, () => {
    const { message } = assertThrows(() => trustedOrigin(address, []), KustoOptionsError, says);
    assert(!message.includes("hunter2"));
  });
}

const EXTENDED: [entry: string, host: string, accepted: boolean][] = [
  ["kusto.example.com", "kusto.example.com", true],
  ["Kusto.Example.com", "kusto.example.com", true],
  ["kusto.example.com", "a.kusto.example.com", false],
  [".example.com", "a.example.com", true],
  [".example.com", "example.com", false],
  [".example.com", "badexample.com", false],
];

for (const [entry, host, accepted] of EXTENDED) {
  Deno.test(`trustedHosts "${entry}" ${accepted ? "lets" : "does not let"} ${host} in`, () => {
    if (accepted) assertEquals(trustedOrigin(`https://${host}`, [entry]), `https://${host}`);
    else assertThrows(() => trustedOrigin(`https://${host}`, [entry]), KustoOptionsError);
  });
}

Deno.test("trustedHosts does not allow http", () => {
  assertThrows(
    () => trustedOrigin("http://kusto.example.com", ["kusto.example.com"]),
    KustoOptionsError,
    "https://",
  );
});

Deno.test("isLoopback() knows this machine and nothing else", () => {
  const found = ["localhost", "127.0.0.1", "127.9.8.7", "[::1]", "0.0.0.0", "128.0.0.1", ""]
    .filter(isLoopback);
  assertEquals(found, ["localhost", "127.0.0.1", "127.9.8.7", "[::1]"]);
});
