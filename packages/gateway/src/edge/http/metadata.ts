/** RFC 9728: which authorization servers the gateway trusts, for itself and for every server's endpoint. */
import type { JsonObject } from '@sallyport/guard';

export const METADATA_PATH = '/.well-known/oauth-protected-resource';

export function protectedResource(resource: string, issuers: readonly string[], scopes: readonly string[]): JsonObject {
  return {
    resource,
    authorization_servers: issuers,
    bearer_methods_supported: ['header'],
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    resource_name: 'Sallyport',
  };
}

const quoted = (value: string): string => `"${value.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '')}"`;

export interface Challenge {
  readonly publicUrl: string;
  readonly endpoint: string;
  readonly scope: string;
  readonly error: string | undefined;
}

/** RFC 6750 section 3 with RFC 9728 section 5.1; every value comes from the configuration or our own table. */
export function challenge({ publicUrl, endpoint, scope, error }: Challenge): string {
  const parts = [`resource_metadata=${quoted(`${publicUrl}${METADATA_PATH}${endpoint}`)}`];
  if (scope !== '') parts.push(`scope=${quoted(scope)}`);
  if (error !== undefined) parts.push(`error=${quoted(error)}`);
  return `Bearer ${parts.join(', ')}`;
}
