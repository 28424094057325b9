/** On which page browsers allow passkeys (WebAuthn, relying party identifier). */
import { isIP } from 'node:net';
import type { RelyingParty } from './passkeys.ts';

/** @returns `undefined` for an address that is no host name under https, and not localhost either. */
export function passkeyParty(publicUrl: string): RelyingParty | undefined {
  const { protocol, hostname, origin } = new URL(publicUrl);
  const isSecure = protocol === 'https:' || hostname === 'localhost';
  return isSecure && isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? { id: hostname, origin } : undefined;
}

/** What is wrong with an address, for people. */
export const noPasskeysAt = (publicUrl: string): string =>
  `Browsers allow passkeys on a host name under https, or on localhost, and this page is ${publicUrl} : ` +
  'set admin.publicUrl, such as https://gate.example.com or http://localhost:8701.';
