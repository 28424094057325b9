/** `sallyport stdio`: the credential and the server that it passes on. */
import { describe, expect, it } from 'vitest';
import { file, run } from './testing/run.mts';

describe('stdio', () => {
  const config = (): string => file('stdio.yaml', 'servers: { notes: { url: https://x } }');
  it('needs a credential, and passes it on', async () => {
    expect((await run(['stdio', '--config', config()])).err).toContain('SALLYPORT_TOKEN is not set');
    const seen: unknown[] = [];
    await run(['stdio', '--config', config(), '--server', 'notes'], {
      environment: { SALLYPORT_TOKEN: 'sp_x' },
      stdio: async (_snapshot, server, token) => void seen.push({ server, token }),
    });
    expect(seen).toEqual([{ server: 'notes', token: 'sp_x' }]);
  });

  it('a server that is not configured is refused', async () => {
    expect(
      await run(['stdio', '--config', config(), '--server', 'nope'], { environment: { SALLYPORT_TOKEN: 'sp_x' } }),
    ).toMatchObject({ code: 1, out: '' });
  });
});
