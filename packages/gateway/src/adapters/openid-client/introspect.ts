/** Asks an issuer about a token (RFC 7662) on `openid-client`, as a client that is registered there. */
import type { JsonObject } from '@sallyport/guard';
import type { Introspect } from '@sallyport/guard/stages';
import { tokenIntrospection, type Configuration } from 'openid-client';
import type { IntrospectionSettings } from '../../snapshot.ts';
import { discover } from './discover.ts';

/** How long metadata of an issuer is used before it is fetched again. */
const METADATA_MS = 10 * 60_000;

/** @param settingsOf the client of this gateway at an issuer, read for every question. @param nowMs of metadata. */
export function createIntrospect(
  settingsOf: (issuer: string) => IntrospectionSettings | undefined,
  nowMs: () => number = () => performance.now(),
): Introspect {
  let known:
    | { readonly name: string; readonly configuration: Promise<Configuration>; readonly untilMs: number }
    | undefined;
  const configurationOf = (
    issuer: string,
    { clientId, clientSecret }: IntrospectionSettings,
  ): Promise<Configuration> => {
    const name = JSON.stringify([issuer, clientId, clientSecret]);
    if (known?.name === name && known.untilMs > nowMs()) return known.configuration;
    const configuration = discover(issuer, clientId, clientSecret);
    known = { name, configuration, untilMs: nowMs() + METADATA_MS };
    configuration.catch(() => (known = undefined));
    return configuration;
  };
  return async (issuer, token) => {
    const settings = settingsOf(issuer);
    if (settings === undefined) throw new Error('the issuer has no introspection settings');
    const configuration = await configurationOf(issuer, settings);
    const { active, ...claims } = await tokenIntrospection(configuration, token, { token_type_hint: 'access_token' });
    return active ? (claims as JsonObject) : undefined;
  };
}
