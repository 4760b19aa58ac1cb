/**
 * What the auth metadata endpoint tells clients of the sign-in service.
 *
 * All else are the values that the official clients assume where the endpoint is missing: the public cloud's.
 *
 * @module
 */

/** The public cloud's sign-in service. */
export const publicLoginEndpoint = "https://login.microsoftonline.com";

/** The endpoint's body, with the sign-in service given. */
export const metadataBody = (loginEndpoint: string): string =>
  JSON.stringify({
    AzureAD: {
      LoginEndpoint: loginEndpoint,
      LoginMfaRequired: false,
      KustoClientAppId: "db662dc1-0cfe-4e1c-a843-19a68e65be58",
      KustoClientRedirectUri: "https://microsoft/kustoclient",
      KustoServiceResourceId: "https://kusto.kusto.windows.net",
      FirstPartyAuthorityUrl:
        "https://login.microsoftonline.com/f8cdef31-a31e-4b4a-93e4-5f571e91255a",
    },
  });
