/** Invariant 11: what weakens a protection is logged and recorded by whatever serves calls, `stdio` as well. */
import { expect, it } from 'vitest';
import { openInstallation, startGatewayProcess } from '../attacks/installation.ts';
import { openUpstream } from '../attacks/upstream.ts';

const WEAKENING =
  'servers.one: definitions are trusted when they are first seen (pin: first_use), not approved by a person';

it.each(['start', 'stdio'])('sallyport %s logs and records what weakens a protection', async (command) => {
  const upstream = await openUpstream();
  const installation = await openInstallation({ servers: { one: { url: upstream.url } } });
  try {
    const said = await (command === 'stdio'
      ? installation
          .run(['stdio'], { env: { SALLYPORT_TOKEN: await installation.token('alice') }, input: '' })
          .then(({ stderr }) => stderr)
      : startGatewayProcess(installation).then(async (running) => {
          await running.stop();
          return running.output();
        }));
    expect(said).toContain(WEAKENING);
    const { stdout } = await installation.command(['audit', 'search', '--tenant', '_', '--json']);
    const records = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { operation: string; weakenings?: string[] });
    expect(
      records.filter(({ operation }) => operation === 'gateway.start').map(({ weakenings }) => weakenings),
    ).toEqual([[WEAKENING]]);
  } finally {
    await installation.close();
    await upstream.close();
  }
});
