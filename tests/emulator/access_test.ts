import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Answer, Service, streamable } from "./service.ts";

const tokens = {
  v: ["viewer"],
  i: ["ingestor"],
  u: ["user"],
  a: ["admin"],
  vi: ["viewer", "ingestor"],
} as const;

async function guarded(): Promise<Service> {
  const service = new Service({ tokens, schemaCacheLag: false });
  for (const csl of streamable("T", "a:string")) {
    const answer = await as(service, "a", "/v1/rest/mgmt", csl);
    assertEquals(answer.status, 200);
  }
  return service;
}

function as(service: Service, token: string, path: string, csl: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}` };
  return service.post(path, { db: "NetDefaultDB", csl }, headers);
}

for (const authorization of ["", "Bearer wrong", "Basic v", "Bearer __proto__"]) {
  Deno.test(`a request with the authorization '${authorization}' is answered with 401`, async () => {
    const service = await guarded();
    const { status, text, headers } = await service.post(
      "/v2/rest/query",
      { db: "NetDefaultDB", csl: "print 1" },
      authorization === "" ? {} : { authorization },
    );
    assertEquals([status, JSON.parse(text)], [
      401,
      { Message: "Authorization has been denied for this request." },
    ]);
    assertStringIncludes(headers.get("www-authenticate") ?? "", "Bearer");
  });
}

const query = "/v2/rest/query";
const command = "/v1/rest/mgmt";
const rights: readonly (readonly [string, string, Readonly<Record<string, number>>])[] = [
  [query, "T", { v: 200, i: 403, u: 200, a: 200, vi: 200 }],
  [command, ".show tables", { v: 200, i: 403, u: 200, a: 200 }],
  [command, ".create table N (a:string)", { v: 403, i: 403, u: 200, a: 200 }],
  [command, ".alter table T policy caching hot = 1d", { v: 403, i: 403, u: 403, a: 200 }],
  [command, ".delete table T records <| T | where a == ''", { v: 403, vi: 403, a: 200 }],
  [command, ".clear database cache streamingingestion schema", { v: 403, i: 200, a: 200 }],
  [command, ".ingest inline into table T <| x", { v: 403, i: 200, vi: 200, a: 200 }],
];

for (const [path, csl, expected] of rights) {
  Deno.test(`roles decide who may run ${csl}`, async () => {
    const service = await guarded();
    for (const [token, status] of Object.entries(expected)) {
      const answer = await as(service, token, path, csl);
      assertEquals([token, answer.status], [token, status]);
      if (status === 403) {
        assertEquals(answer.error?.code, "Forbidden");
        assertStringIncludes(answer.error?.["@message"] ?? "", "is not authorized to");
      }
    }
  });
}

Deno.test("streaming needs the ingestor's role", async () => {
  const service = await guarded();
  const stream = (token: string): Promise<Answer> =>
    service.stream("T", '{"a":"x"}', "streamFormat=Json", { authorization: `Bearer ${token}` });
  assertEquals([(await stream("v")).status, (await stream("i")).status], [403, 200]);
});
