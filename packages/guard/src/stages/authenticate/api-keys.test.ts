/** API keys: only the one who has the secret, only until it ends, and never from what the store holds (A30). */
import { hash } from 'node:crypto';
import { expect, it, vi } from 'vitest';
import type { ApiKey } from '../../ports.ts';
import { API_KEY_ISSUER, API_KEY_REMEMBERED_MS, mintApiKey } from './index.ts';
import { NOW, openHarness, outcomeOf } from './testing/tokens.mts';

const FIELDS = {
  tenant: 'acme',
  subject: 'robot',
  name: 'ci',
  roles: [],
  scopes: [],
  tier: undefined,
  createdAtMs: NOW * 1000,
  expiresAtMs: undefined,
};

/** As the store has it: if this were another hash, a row with the hash of an empty secret would prove nothing. */
const hashOf = (secret: string): string => hash('sha256', `sallyport api key ${secret}`, 'hex');

it('A30 the hash of a secret is the one that a minted key stores', () => {
  const { text, key } = mintApiKey(FIELDS);
  expect(hashOf(text.slice(20))).toBe(key.hash);
});

it.each([
  ['A30 empty', ''],
  ['A30 the prefix alone', 'sp_'],
  ['A30 changeme', 'changeme'],
  ['A30 an example', 'sp_0123456789abcdef_changeme'],
  ['A30 zeros', `sp_${'0'.repeat(16)}_${'A'.repeat(43)}`],
  ['A30 an id without its secret', 'sp_0000000000000001_'],
  ['A30 a short secret', 'sp_0000000000000001_AAAA'],
])('%s opens nothing, even where a row has the hash of an empty secret', async (_name, text) => {
  const harness = openHarness();
  const empty: ApiKey = { ...FIELDS, id: '0000000000000001', hash: hashOf(''), revokedAtMs: undefined };
  for (const id of ['', '0'.repeat(16), '0123456789abcdef', empty.id]) await harness.store.put({ ...empty, id });
  expect(await outcomeOf(harness.bearer(text))).toBe('unauthenticated');
});
it('A30 a minted key has 256 random bits, is stored as a hash, and ends within the stated time', async () => {
  const harness = openHarness();
  const { text, key } = mintApiKey(FIELDS);
  const secret = text.slice(20);
  expect([
    Buffer.from(secret, 'base64url').length,
    JSON.stringify(key).includes(secret),
    mintApiKey(FIELDS).text === text,
  ]).toEqual([32, false, false]);
  await harness.store.put(key);
  const principal = await harness.bearer(text);
  expect(await outcomeOf(harness.bearer(text.slice(0, 20) + mintApiKey(FIELDS).text.slice(20)))).toBe(
    'unauthenticated',
  );
  await harness.store.put({ ...key, revokedAtMs: harness.clock.ms });
  harness.clock.ms += API_KEY_REMEMBERED_MS - 1;
  expect(await harness.bearer(text)).toBe(principal);
  harness.clock.ms += 1;
  expect(await outcomeOf(harness.bearer(text))).toBe('unauthenticated');
});

it.each([
  ['stands still', 0],
  ['is set back', -86_400_000],
] as const)('L7 while the clock %s a revoked key ends all the same', async (_name, jumpMs) => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const harness = openHarness();
  const { text, key } = mintApiKey(FIELDS);
  await harness.store.put(key);
  await harness.bearer(text);
  harness.clock.ms += jumpMs;
  await harness.store.put({ ...key, revokedAtMs: harness.clock.ms });
  vi.advanceTimersByTime(API_KEY_REMEMBERED_MS);
  expect(await outcomeOf(harness.bearer(text))).toBe('unauthenticated');
  vi.useRealTimers();
});

const flip = (text: string, at: number): string =>
  text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1);
const ALTERED: readonly (readonly [name: string, change: (text: string) => string])[] = [
  ['A30 another secret', (text) => flip(text, 30)],
  ['A30 another id', (text) => flip(text, 5)],
  ['A30 upper case', (text) => text.toUpperCase()],
  ['A30 a character more', (text) => `${text}A`],
  ['A30 a character less', (text) => text.slice(0, -1)],
  ['A30 a newline', (text) => `${text}\n`],
  ['A30 another prefix', (text) => text.replace('sp_', 'sq_')],
  ['A30 two keys', (text) => text + text],
];
it.each(ALTERED)('%s is refused, and the valid key is still accepted', async (_name, change) => {
  const harness = openHarness();
  const { text, key } = mintApiKey(FIELDS);
  await harness.store.put(key);
  expect((await harness.bearer(text)).agent.clientId).toBe(`api-key:${key.id}`);
  expect(await outcomeOf(harness.bearer(change(text)))).toBe('unauthenticated');
  expect(await outcomeOf(harness.bearer(text))).toBe('accepted');
});

it('A30 the secret of one key does not open another', async () => {
  const harness = openHarness();
  const [one, other] = [mintApiKey(FIELDS), mintApiKey(FIELDS)];
  for (const { key } of [one, other]) await harness.store.put(key);
  expect(await outcomeOf(harness.bearer(`${one.text.slice(0, 20)}${other.text.slice(20)}`))).toBe('unauthenticated');
});

it.each([
  [-1, 'accepted'],
  [0, 'unauthenticated'],
  [1, 'unauthenticated'],
] as const)('O15 a key %i ms after its expiry is %s, remembered or not', async (after, expected) => {
  const harness = openHarness();
  const { text, key } = mintApiKey({ ...FIELDS, expiresAtMs: harness.clock.ms + 1_000 });
  await harness.store.put(key);
  expect(await outcomeOf(harness.bearer(text))).toBe('accepted');
  harness.clock.ms += 1_000 + after;
  expect(await outcomeOf(harness.bearer(text)), 'remembered').toBe(expected);
  const other = openHarness();
  await other.store.put(key);
  other.clock.ms += 1_000 + after;
  expect(await outcomeOf(other.bearer(text)), 'not remembered').toBe(expected);
});

it('a key becomes the principal of its row, and the same object after another lookup', async () => {
  const harness = openHarness();
  const { text, key } = mintApiKey({
    ...FIELDS,
    roles: ['deployer'],
    scopes: ['mcp'],
    tier: 'gold',
    expiresAtMs: harness.clock.ms + 60_000,
  });
  await harness.store.put(key);
  const principal = await harness.bearer(text);
  expect(principal).toMatchObject({
    user: { issuer: API_KEY_ISSUER, subject: 'robot', roles: ['deployer'], groups: [], claims: {} },
    scopes: ['mcp'],
    tier: 'gold',
    tenantClaim: 'acme',
    expiresAtMs: key.expiresAtMs,
  });
  harness.clock.ms += API_KEY_REMEMBERED_MS;
  expect(await harness.bearer(text)).toBe(principal);
});

it('O8 a flood of keys does not fill the memory', { timeout: 60_000 }, async () => {
  const harness = openHarness();
  const { text, key } = mintApiKey(FIELDS);
  await harness.store.put(key);
  await harness.bearer(text);
  await harness.store.put({ ...key, revokedAtMs: harness.clock.ms });
  expect(await outcomeOf(harness.bearer(text)), 'remembered').toBe('accepted');
  for (let at = 0; at < 10_000; at++) {
    const other = mintApiKey(FIELDS);
    await harness.store.put(other.key);
    await harness.bearer(other.text);
  }
  expect(await outcomeOf(harness.bearer(text)), 'forgotten, so looked up').toBe('unauthenticated');
});
