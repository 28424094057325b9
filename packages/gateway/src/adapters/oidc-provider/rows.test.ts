import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, it, vi } from 'vitest';
import { createRows, UNUSED_CLIENTS_MAX } from './rows.ts';

afterEach(() => void vi.useRealTimers());

it('P11 of unused clients the newest are kept; used clients are always kept', async () => {
  const rows = createRows(new DatabaseSync(':memory:'));
  const [clients, grants] = [rows('Client'), rows('Grant')];
  await clients.upsert('used', { client_id: 'used' }, undefined as never);
  await grants.upsert('grant', { clientId: 'used' }, 60);
  for (let i = 0; i <= UNUSED_CLIENTS_MAX; i++)
    await clients.upsert(`c${i}`, { client_id: `c${i}` }, undefined as never);
  const found = await Promise.all(
    ['used', 'c0', 'c1', `c${UNUSED_CLIENTS_MAX}`].map(async (id) => (await clients.find(id)) !== undefined),
  );
  expect(found).toEqual([true, false, true, true]);
});

it('P4 P10 a code is consumed once; a second use ends its whole grant', async () => {
  const rows = createRows(new DatabaseSync(':memory:'));
  const [codes, tokens, grants] = [rows('AuthorizationCode'), rows('RefreshToken'), rows('Grant')];
  await grants.upsert('g', { accountId: 'alice' }, 60);
  await codes.upsert('code', { grantId: 'g' }, 60);
  await tokens.upsert('token', { grantId: 'g' }, 60);
  await codes.consume('code');
  expect(await codes.find('code')).toMatchObject({ consumed: expect.any(Number) as number });
  await expect(codes.consume('code')).rejects.toThrow('invalid_grant');
  expect([await codes.find('code'), await tokens.find('token'), await grants.find('g')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  await expect(codes.consume('code')).rejects.toThrow('invalid_grant');
});

it('an expired row is not found, and is deleted by the next write', async () => {
  const database = new DatabaseSync(':memory:');
  const codes = createRows(database)('AuthorizationCode');
  await codes.upsert('old', {}, 60);
  vi.setSystemTime(Date.now() + 62_000);
  expect(await codes.find('old')).toBeUndefined();
  await codes.upsert('new', {}, 60);
  expect(database.prepare('SELECT id FROM sign_in').all()).toMatchObject([{ id: 'new' }]);
});
