import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PAGE_ADDRESSES } from './addresses.ts';
import { createDashboard } from './dashboard.ts';
import type { DashboardFile } from './files.ts';

const file = (type: string, text: string, immutable: boolean): DashboardFile => ({
  type,
  etag: `tag-of-${text}`,
  immutable,
  plain: Buffer.from(text),
  br: Buffer.from(`br ${text}`),
  gzip: Buffer.from(`gzip ${text}`),
});

const FILES = new Map([
  ['/index.html', file('text/html; charset=utf-8', 'page', false)],
  ['/theme.js', file('text/javascript; charset=utf-8', 'theme', false)],
  ['/assets/index-abc.js', file('text/javascript; charset=utf-8', 'script', true)],
]);

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

describe('the pages of the admin listener', () => {
  let server: Server;
  beforeAll(async () => {
    const pages = createDashboard(FILES);
    server = createServer((request, response) => {
      if (!pages(request, response)) response.writeHead(418).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => server.close());

  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      const request = httpRequest({ port, host: '127.0.0.1', path, headers, method, agent: false }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
      });
      request.on('error', reject);
      request.end();
    });

  it('A26 U15 H3 allow nothing inline, no other host, no frame, and no text that becomes markup', async () => {
    for (const path of ['/', '/approvals/abc?x=1', '/theme.js', '/assets/index-abc.js']) {
      const policy = String((await ask(path)).headers['content-security-policy']);
      expect(policy.split('; ').sort(), path).toEqual([
        "base-uri 'none'",
        "connect-src 'self'",
        "default-src 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "img-src 'self' data:",
        "require-trusted-types-for 'script'",
        "script-src 'self'",
        "style-src 'self'",
        "trusted-types 'none'",
      ]);
    }
  });

  it('A14 are at exact paths, and leave every other path and method to the endpoints', async () => {
    for (const path of PAGE_ADDRESSES.map((address) => address.replaceAll(/\$[a-z]+/g, 'x%2Fy')))
      expect(await ask(path), path).toMatchObject({ status: 200, text: 'page' });
    for (const path of ['/index.html', '//', '/approvals/', '/approvals/a/b', '/assets/', '/assets/../index.html'])
      expect((await ask(path)).status, path).toBe(418);
    for (const path of [
      '/constructor',
      '/__proto__',
      '/api/v1/approvals',
      '/auth/login',
      '/metrics',
      '/audit/a/tile/0/0',
    ])
      expect((await ask(path)).status, path).toBe(418);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) expect((await ask('/', {}, method)).status).toBe(418);
  });

  it('a person at a wrong address gets a page that says so, with status 404', async () => {
    const accept = { Accept: 'text/html,application/xhtml+xml' };
    expect(await ask('/aprovals', accept)).toMatchObject({ status: 404, text: 'page' });
    for (const path of ['/api/v2', '/auth/x', '/metrics', '/assets/old.js', '/.well-known/x', '/api'])
      expect((await ask(path, accept)).status, path).toBe(418);
  });

  it('are sent compressed, and not again when they did not change', async () => {
    const { text, headers } = await ask('/', { 'Accept-Encoding': 'gzip, deflate, br' });
    expect([text, headers['content-encoding'], headers['vary']]).toEqual(['br page', 'br', 'Accept-Encoding']);
    expect((await ask('/', { 'Accept-Encoding': 'gzip;q=0.5, br;q=0' })).text).toBe('gzip page');
    expect((await ask('/', { 'Accept-Encoding': 'identity' })).text).toBe('page');
    const known = { 'If-None-Match': String(headers['etag']), 'Accept-Encoding': 'br' };
    expect(await ask('/', known)).toMatchObject({ status: 304, text: '' });
    expect((await ask('/', { 'If-None-Match': String(headers['etag']) })).status).toBe(200);
    expect((await ask('/', {}, 'HEAD')).headers['content-length']).toBe('4');
  });

  it('only files that have a digest in their name are kept without asking again', async () => {
    expect((await ask('/assets/index-abc.js')).headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect((await ask('/')).headers['cache-control']).toBe('no-cache');
    expect((await ask('/theme.js')).headers['cache-control']).toBe('no-cache');
  });

  it('have the addresses that the router in the browser has', () => {
    const router = join(import.meta.dirname, '../../../../dashboard/src/router.tsx');
    const paths = [...readFileSync(router, 'utf8').matchAll(/path: '([^']+)'/g)].map(([, path]) => path);
    expect(paths.sort()).toEqual([...PAGE_ADDRESSES].sort());
  });
});
