/**
 * The metadata that a client may register (RFC 7591). Everything else is dropped before the library reads it: no
 * address that a client names is fetched, and no setting of another protocol changes the consent page.
 */
import { errors } from 'oidc-provider';

/** The last four are added by the library, or belong to a client that was registered before. */
const ACCEPTED_MEMBERS = new Set([
  'client_name',
  'redirect_uris',
  'grant_types',
  'response_types',
  'token_endpoint_auth_method',
  'application_type',
  'require_auth_time',
  'client_id',
  'client_id_issued_at',
  'client_secret',
  'client_secret_expires_at',
]);
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** The grant of RFC 8628: whoever sends somebody a link with a code gets that person's tokens (phishing). */
export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

/**
 * Removes other members.
 *
 * @param ownClients the clients that belong to the gateway.
 * @throws InvalidClientMetadata when an authorization code would be sent over plain HTTP, and for a foreign client that
 *   wants to sign in by device codes.
 */
export function limitMetadata(metadata: Record<string, unknown>, ownClients: ReadonlySet<unknown>): void {
  if ([metadata['grant_types']].flat().includes(DEVICE_CODE) && !ownClients.has(metadata['client_id']))
    throw new errors.InvalidClientMetadata('grant_types must not have the device code');
  for (const key of Object.keys(metadata)) if (!ACCEPTED_MEMBERS.has(key)) delete metadata[key];
  for (const uri of [metadata['redirect_uris']].flat()) {
    const parsed = typeof uri === 'string' ? URL.parse(uri) : null;
    if (parsed?.protocol === 'http:' && !LOOPBACK.has(parsed.hostname))
      throw new errors.InvalidClientMetadata('redirect_uris must use https, or http on a loopback address');
    if (parsed !== null && (parsed.username !== '' || parsed.password !== ''))
      throw new errors.InvalidClientMetadata('redirect_uris must not have credentials');
  }
}
