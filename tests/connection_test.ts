import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Connection, parseConnection } from "../src/service/connection.ts";
import { KustoOptionsError } from "../src/errors.ts";

const URI = "https://c.westeurope.kusto.windows.net";

const READ: [title: string, text: string, connection: Connection][] = [
  ["an address", URI, { clusterUri: URI }],
  ["an address with a slash", `${URI}/`, { clusterUri: URI }],
  [
    "an address with a port",
    "http://localhost:8080",
    { clusterUri: "http://localhost:8080" },
  ],
  ["an address with a database", `${URI}/agents`, { clusterUri: URI, database: "agents" }],
  [
    "an address with an encoded database",
    `${URI}/my%20db/`,
    { clusterUri: URI, database: "my db" },
  ],
  [
    "an address with a database, then keywords",
    `${URI}/agents; Fed=true`,
    { clusterUri: URI, database: "agents" },
  ],
  ["a bare host for the check of hosts to refuse", "c.kusto", { clusterUri: "c.kusto" }],
  ["a data source", `Data Source=${URI}`, { clusterUri: URI }],
  [
    "spaces, other cases and a semicolon at the end",
    `  DATA   SOURCE = ${URI} ;; initial catalog = agents ; `,
    { clusterUri: URI, database: "agents" },
  ],
  [
    "a keyword for the database, over the path",
    `Data Source=${URI}/other;Database=agents`,
    { clusterUri: URI, database: "agents" },
  ],
  [
    "an application",
    `Data Source=${URI};AAD Federated Security=True;Application Client Id=i;Application Key=k=1==;Authority Id=t`,
    { clusterUri: URI, application: { id: "i", key: "k=1==", tenant: "t" } },
  ],
  ["a user's token", `${URI};UsrToken=abc`, { clusterUri: URI, token: "abc" }],
  ["an application's token", `${URI};AppToken=abc`, { clusterUri: URI, token: "abc" }],
  [
    "a tracing name, which has no effect",
    `${URI};TraceAppName=mine`,
    { clusterUri: URI },
  ],
  [
    "a value in double quotes",
    `${URI};Database="a;b=""c"""`,
    { clusterUri: URI, database: 'a;b="c"' },
  ],
  [
    "a value in single quotes",
    `${URI};Database='it''s; "so"'`,
    { clusterUri: URI, database: `it's; "so"` },
  ],
  [
    "quotes within a value as themselves",
    `${URI};AppKey=a'b"c;AppClientId=i;Tenant=t'u"v`,
    { clusterUri: URI, application: { id: "i", key: `a'b"c`, tenant: `t'u"v` } },
  ],
];

for (const [title, text, connection] of READ) {
  Deno.test(`parseConnection() reads ${title}`, () => {
    assertEquals(parseConnection(text), connection);
  });
}

const SYNONYMS: [keywords: string[], read: (connection: Connection) => string | undefined][] = [
  [
    ["Data Source", "Addr", "Address", "Network Address", "Server"],
    ({ clusterUri }) => clusterUri,
  ],
  [["Initial Catalog", "Database"], ({ database }) => database],
  [["Application Client Id", "AppClientId"], ({ application }) => application?.id],
  [["Application Key", "AppKey"], ({ application }) => application?.key],
  [
    ["Authority Id", "AuthorityId", "Authority", "TenantId", "Tenant", "Tid"],
    ({ application }) => application?.tenant,
  ],
  [
    ["User Token", "UsrToken", "UserToken", "Application Token", "AppToken"],
    ({ token }) => token,
  ],
];

for (const [keywords, read] of SYNONYMS) {
  Deno.test(`parseConnection() takes ${keywords.join(", ")} for the same`, () => {
    const rest = "Server=https://other.example;AppClientId=i;AppKey=k;Tid=t";
    for (const keyword of keywords) {
      assertEquals(read(parseConnection(`${rest};${keyword.toUpperCase()}=v`)), "v");
    }
  });
}

const REFUSED: [title: string, text: string, says: string][] = [
  ["nothing", "", "names no cluster"],
  ["no cluster", "Database=agents", "names no cluster"],
  ["an unknown keyword", `${URI};Colour=red`, '"colour"'],
  ["a user's password", `${URI};AAD User ID=me;Password=hunter2`, '"aad user id"'],
  ["a certificate", `${URI};AppCert=hunter2`, '"appcert"'],
  ["a part without an equals sign", `${URI};hunter2`, "part 2"],
  ["an application without a key", `${URI};AppClientId=i;Tenant=t`, '"Application Key"'],
  [
    "an application without a tenant",
    `${URI};AppClientId=i;AppKey=hunter2`,
    '"Authority Id"',
  ],
  ["a key without an application", `${URI};AppKey=hunter2;Tenant=t`, '"Application Client Id"'],
  [
    "a key with a semicolon in it that is not quoted",
    `${URI};AppClientId=i;AppKey=abc;hunter2=;Tenant=t`,
    "part 4, which follows a secret",
  ],
  [
    "an unsupported keyword after a secret",
    `${URI};AppKey=hunter2;Password=hunter2`,
    '"password"',
  ],
  ["a token that ends without its quote", `${URI};AppToken="hunter2`, "quote"],
  ["text after a quoted value", `${URI};AppToken="hunter2"x`, "quote"],
  ["a longer path", `${URI}/a/b`, "after the name of a database"],
  ...[
    "https://dataexplorer.azure.com/clusters/help/databases/Samples",
    "https://dataexplorer.azure.com",
    "https://portal.azure.com/#@tenant/resource/hunter2",
    "https://app.fabric.microsoft.com/groups/me/databases/hunter2?experience=kusto",
    "https://ms.portal.azure.com/#@tenant/resource/hunter2",
    "https://dataexplorer.azure.us:443/clusters/hunter2",
    "HTTPS://Portal.Azure.CN?hunter2",
  ].map((address): [string, string, string] => [
    `the portal's ${address.slice(0, 30)} in place of a cluster's address, ${address.length}`,
    address,
    'the "URI" of the cluster that is shown there',
  ]),
  ["a query in the address", `${URI}/a?hunter2=1`, "after the name of a database"],
  ["a database that is badly encoded", `${URI}/%zz`, "badly encoded"],
];

for (const [title, text, says] of REFUSED) {
  Deno.test(`parseConnection() refuses ${title} and shows no value`, () => {
    const { message } = assertThrows(() => parseConnection(text), KustoOptionsError, says);
    assert(!message.includes("hunter2"), message);
  });
}

for (const host of ["portal.azure.example.org", "app.fabric.microsoft.com.example.org"]) {
  Deno.test(`parseConnection() takes ${host} for no portal: it may be a trusted host`, () => {
    assertEquals(parseConnection(`https://${host}/agents`), {
      clusterUri: `https://${host}`,
      database: "agents",
    });
  });
}

Deno.test("parseConnection() is quick with a long text of quotes", () => {
  // Some 20 ms here; with a time that grows with the square of the length it would be minutes.
  const began = performance.now();
  assertThrows(() => parseConnection(`${URI};Database=${'"'.repeat(500_001)}`), KustoOptionsError);
  assert(performance.now() - began < 30_000);
});
