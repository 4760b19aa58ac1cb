import { assertEquals } from "@std/assert";
import { isTrustedResource, isTrustedSignIn } from "../src/service/sign_in_hosts.ts";

const SIGN_IN: [endpoint: string, trusted: string[], accepted: boolean][] = [
  ["https://login.microsoftonline.com", [], true],
  ["https://login.microsoftonline.us", [], true],
  ["https://login.partner.microsoftonline.cn/", [], true],
  ["http://localhost:9000", [], true],
  ["http://login.microsoftonline.com", [], false],
  ["https://login.microsoftonline.com.evil.example", [], false],
  ["https://evil.example/login.microsoftonline.com", [], false],
  ["https://login.example.com", ["login.example.com"], true],
  ["login.microsoftonline.com", [], false],
];

for (const [endpoint, trusted, accepted] of SIGN_IN) {
  const hosts = trusted.length > 0 ? ` when ${trusted} is trusted` : "";
  Deno.test(`isTrustedSignIn() is ${accepted} for ${endpoint}${hosts}`, () => {
    assertEquals(isTrustedSignIn(endpoint, trusted), accepted);
  });
}

const RESOURCES: [resource: string, accepted: boolean][] = [
  ["https://kusto.kusto.windows.net", true],
  ["https://api.kusto.windows.net", true],
  ["https://kusto.kusto.chinacloudapi.cn", true],
  ["https://graph.microsoft.com", false],
  ["https://management.azure.com/", false],
  ["api://something", false],
];

for (const [resource, accepted] of RESOURCES) {
  Deno.test(`isTrustedResource() is ${accepted} for ${resource}`, () => {
    assertEquals(isTrustedResource(resource, []), accepted);
  });
}
