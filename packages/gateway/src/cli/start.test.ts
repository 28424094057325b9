/** `sallyport start`: signals, reloads, and errors at the start. */
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { file, run, signals, type Ran } from './testing/run.mts';

describe('start', () => {
  it('runs until a signal, closes, and reloads a changed file', async () => {
    const config = file('start.yaml', 'tenants: [acme]');
    const events: string[] = [];
    const started: Promise<Ran> = run(['start', '--config', config, '--json'], {
      start: async (snapshot, role) => {
        events.push(`start ${role} ${snapshot.tenants.join()}`);
        return {
          gatewayUrl: 'http://127.0.0.1:1',
          adminUrl: 'http://127.0.0.1:2',
          close: async () => void events.push('close'),
          reload: (next) => void events.push(`reload ${next.tenants.join()}`),
          rejected: (errors) => void events.push(`rejected ${errors.join()}`),
        };
      },
    });
    const until = async (event: string): Promise<void> => {
      await expect.poll(() => events, { timeout: 15_000 }).toContain(event);
    };
    await until('start all acme');
    // Signals are followed as soon as the file is.
    await expect.poll(() => signals.listenerCount('SIGHUP'), { timeout: 15_000 }).toBe(1);
    writeFileSync(config, 'tenants: [acme, globex]');
    await until('reload acme,globex');
    writeFileSync(config, 'tenants: 3');
    signals.emit('SIGHUP');
    signals.emit('SIGTERM');
    const { code, out, err } = await started;
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ gateway_url: 'http://127.0.0.1:1', admin_url: 'http://127.0.0.1:2' });
    expect(err, 'standard error is for the log').toBe('');
    expect(events).toContain(`rejected ${config}:1:10: tenants: expected array, received number`);
    expect(events.at(-1)).toBe('close');
    expect(signals.listenerCount('SIGTERM') + signals.listenerCount('SIGHUP')).toBe(0);
  });

  it.each<[name: string, atStart: (config: string) => void]>([
    ['a SIGHUP', () => signals.emit('SIGHUP')],
    ['a file that changes', (config) => writeFileSync(config, 'tenants: [acme, globex]')],
  ])('L9 %s during the start neither ends the process nor is lost', async (_name, atStart) => {
    const config = file('early.yaml', 'tenants: [acme]');
    let isReloaded = false;
    const ran = run(['start', '--config', config, '--json'], {
      start: async () => {
        expect(signals.listenerCount('SIGHUP'), 'else the process ends').toBe(1);
        atStart(config);
        const reload = (): void => void (isReloaded = true);
        return { gatewayUrl: 'http://127.0.0.1:1', adminUrl: 'http://127.0.0.1:2', close: async () => {}, reload };
      },
    });
    await expect.poll(() => isReloaded, { timeout: 15_000 }).toBe(true);
    signals.emit('SIGTERM');
    expect((await ran).code).toBe(0);
  });

  it('does not start with a configuration that has errors', async () => {
    expect(await run(['start', '--config', file('bad2.yaml', 'a: 1')])).toMatchObject({ code: 1, out: '' });
  });

  it('a port that is in use is reported in one sentence', async () => {
    const ran = await run(['start', '--json'], {
      start: async () => {
        throw new Error('gateway: 127.0.0.1:8700 is in use by another process');
      },
    });
    expect(ran).toEqual({ code: 1, out: '', err: 'gateway: 127.0.0.1:8700 is in use by another process\n' });
  });
});
