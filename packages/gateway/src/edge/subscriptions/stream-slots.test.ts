import { principalKey } from '@sallyport/guard/stages';
import { expect, it } from 'vitest';
import { createStreamSlots } from './stream-slots.ts';

const keyOf = (subject: string, client: string, tenant: string) =>
  principalKey({ issuer: 'https://issuer.test', subject }, { clientId: client, actors: [] }, tenant);

it('B7 the streams of a user are counted together, whatever its client ids, and nobody else’s', () => {
  const slots = createStreamSlots();
  for (const client of ['one', 'two']) slots.take(keyOf('alice', client, 'acme'), 2);
  expect(() => slots.take(keyOf('alice', 'three', 'acme'), 2)).toThrow(
    expect.objectContaining({ code: 'rate_limited' }),
  );
  slots.take(keyOf('alice', 'one', 'globex'), 2);
  slots.take(keyOf('bob', 'one', 'acme'), 2);
  slots.release(keyOf('alice', 'one', 'acme'));
  slots.take(keyOf('alice', 'three', 'acme'), 2);
});
