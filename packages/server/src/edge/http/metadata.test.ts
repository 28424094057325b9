/** The challenge of a refused request. */
import { GuardError } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import { challenge, challengeHeaders } from './metadata.ts';

const URL_TEXT = 'https://gateway.example/.well-known/oauth-protected-resource/mcp';
const SNAPSHOT = {
  gateway: { publicUrl: 'https://gateway.example' },
  issuers: [{ issuer: 'https://issuer.example', requiredScopes: ['mcp'] }],
} as unknown as Parameters<typeof challengeHeaders>[0];
const ROUTE = { endpoint: '/mcp', server: undefined };

describe('WWW-Authenticate', () => {
  it.each([
    ['a quote', 'a", error="none', 'a, error=none'],
    ['a backslash', 'a\\" b', 'a b'],
    ['a line break', 'a\r\nSet-Cookie: b=c', 'aSet-Cookie: b=c'],
    ['a character beyond ASCII', 'aé\u2028b', 'ab'],
  ])('P16 %s in a scope, an error or a URL ends no quoted string', (_name, text, shown) => {
    expect(challenge('Bearer', URL_TEXT, text, undefined)).toBe(
      `Bearer resource_metadata="${URL_TEXT}", scope="${shown}"`,
    );
    expect(challenge('Bearer', URL_TEXT, '', text)).toBe(`Bearer resource_metadata="${URL_TEXT}", error="${shown}"`);
    expect(challenge('Bearer', text, '', undefined)).toBe(`Bearer resource_metadata="${shown}"`);
  });

  it('P16 names the scopes of the configuration, and of the error only what the guard wrote', () => {
    const error = new GuardError('unauthenticated', { message: 'Not from here: "quoted".' });
    expect(challengeHeaders(SNAPSHOT, ROUTE, error)).toEqual({
      'WWW-Authenticate': `Bearer resource_metadata="${URL_TEXT}", scope="mcp"`,
    });
  });

  it('is there only when other credentials can help', () => {
    for (const code of ['not_permitted', 'not_found', 'rate_limited', 'internal'] as const)
      expect(challengeHeaders(SNAPSHOT, ROUTE, new GuardError(code)), code).toEqual({});
    const scope = new GuardError('insufficient_scope', { data: { error: 'insufficient_scope', scope: 'admin' } });
    expect(challengeHeaders(SNAPSHOT, ROUTE, scope)['WWW-Authenticate']).toContain('scope="admin"');
  });
});
