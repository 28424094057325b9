/**
 * What a client may say of itself when it registers (RFC 7591). Everything else is dropped before the library reads it, so
 * that no address of a stranger is ever fetched and no setting of another protocol changes what is asked of the user.
 */
import { errors } from 'oidc-provider';

/** The last four are the library's own, and of a client that was registered before. */
const KEPT = new Set([
  'client_name',
  'redirect_uris',
  'grant_types',
  'response_types',
  'token_endpoint_auth_method',
  'application_type',
  'client_id',
  'client_id_issued_at',
  'client_secret',
  'client_secret_expires_at',
]);
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** @throws when a code would travel in the clear. */
export function limitMetadata(metadata: Record<string, unknown>): void {
  for (const key of Object.keys(metadata)) if (!KEPT.has(key)) delete metadata[key];
  for (const uri of [metadata['redirect_uris']].flat()) {
    const parsed = typeof uri === 'string' ? URL.parse(uri) : null;
    if (parsed?.protocol === 'http:' && !LOOPBACK.has(parsed.hostname))
      throw new errors.InvalidClientMetadata('redirect_uris must use https, or http on a loopback address');
    if (parsed !== null && (parsed.username !== '' || parsed.password !== ''))
      throw new errors.InvalidClientMetadata('redirect_uris must not have credentials');
  }
}
