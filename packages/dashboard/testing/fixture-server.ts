/**
 * The dashboard over a control API of fixtures, for tests of the pages alone and for work on them
 * (`npm run dashboard`). It asks for no password: a cookie says which role looks.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDashboard } from '../../gateway/src/control/dashboard/dashboard.ts';
import { readDashboardFiles } from '../../gateway/src/control/dashboard/files.ts';
import type { Approval, Role, Session } from '../src/api/types.ts';
import { ACCESS } from './data-access.ts';
import { APPROVALS } from './data-approvals.ts';
import { CAROL, inMinutes, ISSUER, minutesAgo, PASSKEYS } from './data-people.ts';
import * as data from './data.ts';

export interface FixtureOptions {
  /** Replaces what a path answers. */
  readonly answers?: Readonly<Record<string, unknown>>;
  readonly calls?: number;
  readonly port?: number;
}

export interface Fixture {
  readonly url: string;
  /** Changes that the page asked for: method, path and body. */
  readonly changes: readonly (readonly [method: string, path: string, body: unknown])[];
  /** Sends an event to every page. */
  readonly send: (event: string, content: unknown) => void;
  readonly setAnswer: (path: string, answer: unknown) => void;
  readonly close: () => Promise<void>;
}

const ROLES: readonly (Role | 'stranger')[] = ['viewer', 'approver', 'auditor', 'operator', 'admin', 'stranger'];

/** Which roles may read what, as the control API has it. */
const READERS: readonly (readonly [path: RegExp, roles: readonly Role[]])[] = [
  [/^\/servers\/[^/]+\/access$/, ['auditor', 'operator']],
  [/^\/people/, ['operator', 'auditor']],
  [/^\/(overview|servers)/, ['viewer', 'approver', 'auditor', 'operator']],
  [/^\/(calls|audit|settings)/, ['auditor']],
  [/^\/policies$/, ['auditor']],
  [/^\/policies\//, ['operator']],
  [/^\/keys/, ['operator']],
];

export async function startFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const streams = new Set<ServerResponse>();
  const changes: [string, string, unknown][] = [];
  const answers = new Map(Object.entries(options.answers ?? {}));
  const dashboard = createDashboard(readDashboardFiles());
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (dashboard(request, response)) return;
    if (url.pathname.startsWith('/auth/login')) return signIn(url, response);
    if (url.pathname === '/api/v1/events') return openStream(streams, request, response);
    void answerApi({ request, response, url, answers, changes, calls: options.calls ?? 500 });
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    changes,
    setAnswer: (path, answer) => answers.set(path, answer),
    send: (event, content) => {
      for (const stream of streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(content)}\n\n`);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function signIn(url: URL, response: ServerResponse): void {
  const role = url.searchParams.get('role') ?? 'admin';
  response
    .writeHead(303, { Location: url.searchParams.get('return_to') ?? '/', 'Set-Cookie': `role=${role}; Path=/` })
    .end();
}

function openStream(streams: Set<ServerResponse>, request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.write(': open\n\n');
  streams.add(response);
  request.on('close', () => streams.delete(response));
}

function roleOf({ headers }: IncomingMessage): Role | 'stranger' | undefined {
  const value = /(?:^|; )role=(\w+)/.exec(headers.cookie ?? '')?.[1];
  return ROLES.find((role) => role === value);
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly answers: ReadonlyMap<string, unknown>;
  readonly changes: [string, string, unknown][];
  readonly calls: number;
}

async function answerApi(exchange: Exchange): Promise<void> {
  const { request, response, url, answers, changes } = exchange;
  const role = roleOf(request);
  const path = url.pathname.replace('/api/v1', '');
  const send = (status: number, body: unknown): void => {
    const type = status < 400 ? 'application/json' : 'application/problem+json';
    response.writeHead(status, { 'Content-Type': type, ETag: '"1"', 'X-Correlation-ID': 'fixture-0001' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  if (role === undefined) return send(401, { code: 'UNAUTHENTICATED', detail: 'Sign in.' });
  const allowed = READERS.find(([pattern]) => pattern.test(path))?.[1];
  if (allowed !== undefined && role !== 'admin' && !allowed.some((name) => name === role))
    return send(403, { code: 'NOT_PERMITTED', detail: 'Your role does not include this.' });
  if (request.method !== 'GET') {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    changes.push([request.method ?? '', path, JSON.parse(Buffer.concat(chunks).toString() || '{}')]);
    if (path === '/session') response.setHeader('Set-Cookie', 'role=; Path=/; Max-Age=0');
    const known = path.endsWith('/access') ? ACCESS : {};
    return send(200, answers.get(`${request.method ?? ''} ${path}`) ?? known);
  }
  const answer = answers.get(path) ?? answerTo(path, url.searchParams, role, exchange.calls);
  return answer === undefined ? send(404, { code: 'NOT_FOUND', detail: 'There is no such thing.' }) : send(200, answer);
}

const sessionOf = (role: Role | 'stranger'): Session => ({
  user: role === 'approver' ? CAROL : { issuer: ISSUER, subject: 'dana', name: 'Dana Okafor' },
  tenant: 'acme',
  tenants: ['acme', 'globex'],
  roles: role === 'stranger' ? [] : [role],
  installation_roles: role === 'stranger' ? [] : [role],
  csrf_token: 'fixture',
  expires_at: inMinutes(480),
  auth_time: minutesAgo(5),
  demo: true,
});

function answerTo(path: string, query: URLSearchParams, role: Role | 'stranger', calls: number): unknown {
  const [, resource = '', name = '', part = '', kind = '', id = ''] = path
    .split('/')
    .map((text) => decodeURIComponent(text));
  switch (resource) {
    case 'session':
      return sessionOf(role);
    case 'overview':
      return data.OVERVIEW;
    case 'approvals':
      return name === '' ? { items: listApprovals(query, role) } : APPROVALS.find((one) => one.id === name);
    case 'servers':
      return answerServers(name, part, kind, id);
    case 'calls':
      return name === '' ? listCalls(query, calls) : data.CALL;
    case 'policies':
      return data.POLICIES;
    case 'keys':
      return { items: data.KEYS };
    case 'passkeys':
      return { items: PASSKEYS };
    case 'people':
      return { items: data.PEOPLE };
    case 'settings':
      return data.SETTINGS;
    default:
      return undefined;
  }
}

function listApprovals(query: URLSearchParams, role: Role | 'stranger'): readonly Approval[] {
  const status = query.get('status');
  const tool = query.get('tool') ?? '';
  if (role === 'stranger') return [];
  return APPROVALS.filter((one) => (status === null || one.status === status) && one.tool.includes(tool));
}

function answerServers(name: string, part: string, kind: string, id: string): unknown {
  if (name === '') return { items: data.SERVERS };
  if (part === '') return data.SERVERS.find((server) => server.name === name);
  if (kind === '') return { items: name === 'payments' ? data.DEFINITIONS : [] };
  if (id === 'refund') return data.CHANGED_TOOL;
  const found = data.DEFINITIONS.find((definition) => definition.name === id && definition.kind === kind);
  return found && { ...found, live: found.definition, diff: [], hidden_characters: [] };
}

function listCalls(query: URLSearchParams, count: number): unknown {
  const newest = Number(query.get('cursor') ?? '') || count;
  const limit = Number(query.get('limit') ?? 50);
  const oldest = Math.max(0, newest - limit);
  const items = Array.from({ length: newest - oldest }, (_, at) => data.callAt(newest - 1 - at, count)).filter(
    ({ status, tool = '' }) => (query.get('status') ?? status) === status && tool.includes(query.get('tool') ?? ''),
  );
  return { items, ...(oldest > 0 && { next_cursor: String(oldest) }) };
}

if (process.argv[1] === import.meta.filename) {
  const { url } = await startFixture({ port: Number(process.argv[2] ?? 0) });
  process.stdout.write(`${url}/auth/login?role=admin&return_to=/ (roles: ${ROLES.join(', ')})\n`);
}
