import type { Identity } from '@sallyport/guard';
import { expect, it } from 'vitest';
import { createStreamSlots } from './stream-slots.ts';

const caller = (subject: string, clientId: string, tenant: string): Identity =>
  ({
    principal: { user: { issuer: 'https://issuer.test', subject }, agent: { clientId, actors: [] } },
    tenant: { id: tenant },
  }) as unknown as Identity;
const refused = expect.objectContaining({ code: 'rate_limited' });

it('B7 the streams of a user are counted together, whatever its client ids, and nobody else’s', () => {
  const slots = createStreamSlots(1_000);
  const [first] = ['one', 'two'].map((client) => slots.take(caller('alice', client, 'acme'), 2));
  expect(() => slots.take(caller('alice', 'three', 'acme'), 2)).toThrow(refused);
  slots.take(caller('alice', 'one', 'globex'), 2);
  slots.take(caller('bob', 'one', 'acme'), 2);
  first?.();
  first?.();
  slots.take(caller('alice', 'three', 'acme'), 2);
  expect(() => slots.take(caller('alice', 'four', 'acme'), 2)).toThrow(refused);
});

it('B7 a tenant of many users leaves streams to other tenants', () => {
  const slots = createStreamSlots(90);
  let open = 0;
  for (let user = 0; user < 90; user++)
    try {
      slots.take(caller(`user ${user}`, 'one', 'acme'), 4);
      open += 1;
    } catch (thrown) {
      expect(thrown).toEqual(refused);
    }
  expect(open).toBe(60);
  for (let at = 0; at < 4; at++) slots.take(caller('carol', 'one', 'globex'), 4);
});
