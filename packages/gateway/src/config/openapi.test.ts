/** Servers that are REST interfaces: what is wrong is said with file and line, in the configuration or the document. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfigText, secretsOf } from '../config.ts';
import type { Snapshot } from '../snapshot.ts';
import { followConfig } from './follow.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-openapi-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DOCUMENT = `openapi: 3.0.3
info: { title: "CR\u202eM", version: '2' }
paths:
  /customers/{id}:
    get:
      operationId: getCustomer
      security: [{ key: [] }]
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses: { '200': { description: ok } }
    put:
      operationId: putCustomer
      requestBody: { $ref: 'https://evil.test/body.yaml' }
      responses: { '200': { description: ok } }
components:
  securitySchemes: { key: { type: apiKey, in: header, name: X-Key } }
`;
const SERVER = {
  openapi: './crm.yaml',
  baseUrl: 'https://crm.internal/api',
  credentials: { key: { secret: 'env:CRM_KEY' } },
  tools: { allow: ['getCustomer'] },
};

const load = (crm: object, document = DOCUMENT): Snapshot | readonly string[] => {
  writeFileSync(join(folder, 'crm.yaml'), document);
  const text = JSON.stringify({ servers: { crm } }, undefined, 1);
  const loaded = loadConfigText(text, 'sallyport.yaml', { environment: { CRM_KEY: 'k-0123456789abcdef' }, folder });
  if ('snapshot' in loaded) return loaded.snapshot;
  return loaded.errors.map(
    ({ file, line, column, message }) => `${file.replace(folder, '.')}:${line}:${column} ${message}`,
  );
};
const errors = (crm: object, document?: string): string => {
  const loaded = load(crm, document);
  return Array.isArray(loaded) ? loaded.join('\n') : '';
};

describe('a server that is a REST interface', () => {
  it('has the tools that are listed, and the credential behind the reference', () => {
    const snapshot = load(SERVER) as Snapshot;
    const [server] = snapshot.servers;
    expect(server).toMatchObject({
      allowTools: ['get_customer'],
      transport: {
        kind: 'openapi',
        title: 'CRM',
        baseUrl: 'https://crm.internal/api',
        credentials: { key: 'k-0123456789abcdef' },
      },
    });
    expect(secretsOf(snapshot)).toContain('k-0123456789abcdef');
    expect(JSON.stringify(snapshot.written)).not.toContain('k-0123456789abcdef');
    expect(Object.isFrozen(server)).toBe(true);
  });

  it('is another version of the settings when its document changed', () => {
    const versions = [DOCUMENT, DOCUMENT.replace('X-Key', 'X-Other')].map(
      (text) => (load(SERVER, text) as Snapshot).version,
    );
    expect(new Set(versions).size).toBe(2);
  });

  it.each<readonly [why: string, more: object, error: RegExp]>([
    [
      'an unknown operation',
      { tools: { allow: ['getCustomers'] } },
      /^sallyport\.yaml:\d+:\d+ servers\.crm\.tools\.allow\.0: .*near: .*"getCustomer"/,
    ],
    [
      'R5 an operation that refers to an address',
      { tools: { allow: ['putCustomer'] } },
      /^\.\/crm\.yaml:12:7 .*leads out of the document/,
    ],
    ['no list of operations', { tools: {} }, /servers\.crm\.tools: must list the operations/],
    ['no credential', { credentials: {} }, /servers\.crm\.tools\.allow\.0: getCustomer: needs credentials for "key"/],
    [
      'a credential that is not there',
      { credentials: { key: { secret: 'env:NONE' } } },
      /credentials\.key\.secret: .*NONE is not set/,
    ],
    ['a credential in clear', { credentials: { key: 'abc' } }, /credentials\.key: must be \{ secret/],
    ['no address', { baseUrl: undefined }, /servers\.crm: must have "baseUrl"/],
    ['plain HTTP', { baseUrl: 'http://crm.internal' }, /baseUrl: must be https outside loopback/],
    ['an address with a query', { baseUrl: 'https://crm.internal/?a=1' }, /baseUrl: must not have a query/],
    ['an address of another scheme', { baseUrl: 'file:///etc' }, /baseUrl: must be an http or https URL/],
    ['no such file', { openapi: './none.yaml' }, /servers\.crm\.openapi: the file does not exist/],
    ['another kind of server, too', { url: 'https://mcp.test/' }, /must have one of "url", "command", "openapi"/],
    ['keys of another kind', { env: { A: 'b' } }, /servers\.crm\.env: is for servers with "command" only/],
    [
      'an override of what is not allowed',
      { tools: { allow: ['getCustomer'], override: { other: {} } } },
      /override\.other/,
    ],
    [
      'a secret in clear',
      { tools: { allow: ['getCustomer'], override: { getCustomer: { fixed: { 'api-key': 'abcdef' } } } } },
      /fixed\.api-key: looks like a secret/,
    ],
    ['a reserved header', { headers: { Host: 'evil.test' } }, /headers\.Host/],
  ])('with %s is refused with its place', (_why, more, error) => {
    expect(errors({ ...SERVER, ...more })).toMatch(error);
  });

  it('with a document that cannot be read is refused with the line', () => {
    expect(errors(SERVER, 'a: [')).toMatch(
      /^\.\/crm\.yaml:1:\d+ servers\.crm\.openapi: the document is neither JSON nor YAML/,
    );
    expect(errors(SERVER, 'info: {}\nswagger: "2.0"')).toMatch(/^\.\/crm\.yaml:2:1 .*Swagger 2\.0/);
  });

  it('says every error in one round', () => {
    const lines = errors({ ...SERVER, tools: { allow: ['a', 'putCustomer', 'getCustomer'] }, credentials: {} }).split(
      '\n',
    );
    expect(lines.length).toBe(3);
  });

  it('operations are refused for other servers', () => {
    const crm = { url: 'https://mcp.test/', tools: { allow: ['GET /x'], override: { a: {} } } };
    expect(errors(crm)).toMatch(/names an operation[^]*is for servers with "openapi" only/);
  });

  it('is read again when its document changes', async () => {
    const config = join(folder, 'sallyport.yaml');
    writeFileSync(join(folder, 'crm.yaml'), DOCUMENT);
    writeFileSync(config, JSON.stringify({ servers: { crm: SERVER } }));
    const { promise, resolve } = Promise.withResolvers<Snapshot>();
    const follower = followConfig(config, {
      environment: { CRM_KEY: 'k-0123456789abcdef' },
      documents: [join(folder, 'crm.yaml')],
      onSnapshot: resolve,
      onErrors: () => undefined,
      pollMs: 10,
    });
    writeFileSync(join(folder, 'crm.yaml'), `${DOCUMENT}# changed\n`);
    expect((await promise).servers.length).toBe(1);
    follower.stop();
  });
});
