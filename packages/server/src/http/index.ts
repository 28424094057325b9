/** HTTP requests to systems behind a server: to allowed hosts only, at addresses that were judged. */
export { addressKind, type AddressKind } from './addresses.ts';
export { clientCredentials, type ClientCredentials } from './client-credentials.ts';
export {
  http,
  type EncodedRequest,
  type Http,
  type HttpAnswer,
  type HttpOptions,
  type HttpRequestOptions,
} from './client.ts';
export { AddressError, createDialler, judgedLookup, refuseAddress, type DialRules } from './dialler.ts';
export type { CredentialHeaders } from './headers.ts';
export { path, segments, withQuery, type PathValue, type SafePath } from './path.ts';
