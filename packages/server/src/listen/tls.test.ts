/** The listener with TLS: versions, reloaded certificates, client certificates. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Listener } from './listener.ts';
import { makeCertificate } from './testing/certificate.mts';
import { open, portOf, sendBytes } from './testing/listeners.mts';

describe('TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-tls-'));
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeAll(() => {
    const address = ['-addext', 'subjectAltName=IP:127.0.0.1'];
    for (const name of ['one', 'two']) makeCertificate(folder, name, `${name}.key`, `${name}.pem`, ...address);
    makeCertificate(folder, 'client-ca', 'ca.key', 'ca.pem');
    openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      '/CN=agent',
      '-keyout',
      'agent.key',
      '-out',
      'agent.csr',
    );
    openssl(
      'x509',
      '-req',
      '-in',
      'agent.csr',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-out',
      'agent.pem',
    );
  });
  const use = (name: string): void => {
    for (const kind of ['pem', 'key']) {
      cpSync(at(`${name}.${kind}`), at(`live.${kind}.new`));
      renameSync(at(`live.${kind}.new`), at(`live.${kind}`));
    }
  };
  const tls = (clientCa?: string) => ({ tls: { cert: at('live.pem'), key: at('live.key'), clientCa } });
  const get = (
    listener: Listener,
    options: RequestOptions = {},
  ): Promise<{ status: number; name: string; hsts: string; protocol: string }> =>
    new Promise((resolve, reject) => {
      const request = httpsRequest(
        listener.url,
        { rejectUnauthorized: false, agent: false, ...options },
        (response) => {
          const socket = response.socket as import('node:tls').TLSSocket;
          const name = String(socket.getPeerCertificate().subject.CN);
          const protocol = String(socket.getProtocol());
          response.resume();
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              name,
              protocol,
              hsts: String(response.headers['strict-transport-security']),
            }),
          );
        },
      );
      request.on('error', reject);
      request.end();
    });
  const eventually = async (check: () => Promise<boolean>): Promise<boolean> => {
    for (let i = 0; i < 300; i++) {
      if (await check()) return true;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
  };

  it('H15 accepts 1.2 and 1.3 and nothing older, and sends Strict-Transport-Security', async () => {
    use('one');
    const listener = await open({ settings: tls() });
    expect(listener.url).toMatch(/^https:/);
    expect(await get(listener)).toEqual({ status: 200, name: 'one', hsts: 'max-age=63072000', protocol: 'TLSv1.3' });
    expect((await get(listener, { maxVersion: 'TLSv1.2' })).protocol).toBe('TLSv1.2');
    const old = await new Promise<string>((resolve) => {
      const socket = tlsConnect(
        {
          port: portOf(listener),
          host: '127.0.0.1',
          rejectUnauthorized: false,
          minVersion: 'TLSv1',
          maxVersion: 'TLSv1.1',
          ciphers: 'DEFAULT@SECLEVEL=0',
        },
        () => resolve('connected'),
      );
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    });
    // The alert names the version, not the lack of a cipher.
    expect(old).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  it('plain HTTP on the TLS port is not answered', async () => {
    use('one');
    const listener = await open({ settings: tls() });
    const { text, closed } = await sendBytes(listener, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(text).not.toContain('hello');
    expect(closed).toBe(true);
  });

  it('reloads certificates without a restart, and keeps the old ones when the new ones do not match', async () => {
    use('one');
    const logged: string[] = [];
    const listener = await open({
      settings: tls(),
      limits: { certificatePollMs: 50 },
      log: (level, message) => logged.push(`${level} ${message}`),
    });
    expect((await get(listener)).name).toBe('one');
    use('two');
    expect(await eventually(async () => (await get(listener)).name === 'two')).toBe(true);
    expect(logged).toContain('info certificates reloaded');
    cpSync(at('one.pem'), at('live.pem'));
    expect(
      await eventually(async () =>
        logged.some((line) => line.startsWith('error certificates changed but cannot be used')),
      ),
    ).toBe(true);
    writeFileSync(at('live.key'), 'not a key');
    expect((await get(listener)).name).toBe('two');
    use('one');
    expect(await eventually(async () => (await get(listener)).name === 'one')).toBe(true);
  });

  it('refuses a client without a certificate or with a foreign one', async () => {
    use('one');
    const listener = await open({ settings: tls(at('ca.pem')) });
    await expect(get(listener)).rejects.toThrow();
    await expect(
      get(listener, { cert: readFileSync(at('two.pem')), key: readFileSync(at('two.key')) }),
    ).rejects.toThrow();
    expect(
      (await get(listener, { cert: readFileSync(at('agent.pem')), key: readFileSync(at('agent.key')) })).status,
    ).toBe(200);
  });

  it('does not start with a key that does not belong to the certificate', async () => {
    await expect(
      open({ settings: { tls: { cert: at('one.pem'), key: at('two.key'), clientCa: undefined } } }),
    ).rejects.toThrow();
  });

  it('is not announced by a listener without it', async () => {
    const listener = await open();
    const headers = await new Promise<Record<string, unknown>>((resolve) =>
      httpRequest(listener.url, (response) => {
        response.resume();
        resolve(response.headers);
      }).end(),
    );
    expect(headers['strict-transport-security']).toBeUndefined();
  });
});
