/** B9: what refused tokens may cost the log. */
import { expect, it } from 'vitest';
import { createRefusedTokens } from './refused-tokens.ts';

it('each reason is logged once a minute with the setting that would accept it, and twenty reasons at most', () => {
  const lines: unknown[] = [];
  let nowMs = 0;
  const refused = createRefusedTokens(
    (level, message, fields) => void lines.push([level, message, fields]),
    () => nowMs,
  );
  const audience = { claim: 'aud', found: '"account"', accept: 'identity.issuers[].audience' };
  refused('audience', audience);
  refused('audience', audience);
  refused('expired', undefined);
  expect(lines).toEqual([
    [
      'warn',
      'a token was refused',
      { fault: 'audience', claim: 'aud', found: '"account"', accepted_by: 'identity.issuers[].audience' },
    ],
  ]);
  for (let i = 0; i < 1_000; i += 1) refused('issuer', { claim: 'iss', found: `"${i}"`, accept: 'x' });
  expect(lines).toHaveLength(20);
  nowMs = 60_000;
  refused('audience', audience);
  expect(lines).toHaveLength(21);
});
