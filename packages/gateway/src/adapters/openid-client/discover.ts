/** The metadata of an issuer, for a client that is registered there. */
import { isLoopback } from '@sallyport/guard';
import {
  allowInsecureRequests,
  ClientSecretBasic,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  None,
  type Configuration,
} from 'openid-client';
import { checkedFetch } from './checked-fetch.ts';

/** Plain HTTP is for loopback only. @throws Error when the issuer cannot be reached, or names another issuer. */
export async function discover(
  issuer: string,
  clientId: string,
  clientSecret: string | undefined,
): Promise<Configuration> {
  const url = new URL(issuer);
  const isPlainLoopback = url.protocol === 'http:' && isLoopback(url.hostname);
  const authentication = clientSecret === undefined ? None() : ClientSecretBasic(clientSecret);
  const configuration = await discovery(url, clientId, undefined, authentication, {
    [customFetch]: checkedFetch(issuer),
    execute: isPlainLoopback ? [allowInsecureRequests] : [],
  });
  configuration[customFetch] = checkedFetch(issuer);
  // The ID token comes over TLS, and its signature is checked nevertheless: a proxy may end TLS on the way.
  enableNonRepudiationChecks(configuration);
  return configuration;
}
