/** The internal API of the example: customers over REST, with an API key. `node examples/crm-over-rest/crm-server.ts` */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Customer {
  readonly id: string;
  readonly name: string;
  readonly plan: string;
  readonly note?: string;
}

/** What arrived. */
export interface CrmRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Crm {
  readonly url: string;
  readonly requests: readonly CrmRequest[];
  close(): Promise<void>;
}

const PAGE_ITEMS = 20;
const ROUTE = /^\/api\/customers(?:\/(?<id>CUST-\d{5}))?$/;

const madeCustomers = (): Map<string, Customer> =>
  new Map(
    Array.from({ length: 50 }, (_, at) => {
      const id = `CUST-${String(at + 1).padStart(5, '0')}`;
      return [id, { id, name: `Customer ${at + 1}`, plan: at % 3 === 0 ? 'pro' : 'free' }] as const;
    }),
  );

/** @param port 0 for a free one. */
export async function startCrm(key: string, port = 0): Promise<Crm> {
  const customers = madeCustomers();
  const requests: CrmRequest[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = Buffer.concat(await request.toArray()).toString();
      const { method = '', url: target = '', headers } = request;
      requests.push({ method, target, headers, body });
      if (headers['x-api-key'] === key) answer(customers, request, body, response);
      else send(response, 401, { title: 'No key', detail: 'Use the header X-Api-Key.' });
    })();
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`,
    requests,
    close: async () => {
      server.close().closeAllConnections();
      await once(server, 'close').catch(() => undefined);
    },
  };
}

function answer(
  customers: Map<string, Customer>,
  { method, url: target = '' }: IncomingMessage,
  body: string,
  response: ServerResponse,
): void {
  const url = new URL(target, 'http://crm');
  const route = ROUTE.exec(url.pathname);
  if (route === null) return send(response, 404, { title: 'No such path' });
  const id = route.groups?.['id'];
  if (id === undefined) return sendPage(customers, url, response);
  const customer = customers.get(id);
  if (customer === undefined) return send(response, 404, { title: 'Not found', detail: `There is no customer ${id}.` });
  if (method === 'DELETE') {
    customers.delete(id);
    return void response.writeHead(204).end();
  }
  if (method === 'PATCH') {
    const change = JSON.parse(body) as Partial<Customer>;
    if (change.name === 'taken') return send(response, 422, { errors: [{ field: 'name', message: 'is taken' }] });
    customers.set(id, { ...customer, ...change });
  }
  const { note: _note, ...shown } = customers.get(id) ?? customer;
  const history = url.searchParams.get('include_history') === 'true' ? [{ id: 'ORD-1', total: 12.5 }] : undefined;
  return send(response, 200, { ...shown, ...(history !== undefined && { history }) });
}

function sendPage(customers: Map<string, Customer>, { searchParams }: URL, response: ServerResponse): void {
  const name = (searchParams.get('name') ?? '').toLowerCase();
  const plans = searchParams.getAll('filter[plan]');
  const page = Number(searchParams.get('page') ?? '1');
  const found = [...customers.values()].filter(
    (customer) => customer.name.toLowerCase().includes(name) && (plans.length === 0 || plans.includes(customer.plan)),
  );
  const items = found.slice((page - 1) * PAGE_ITEMS, page * PAGE_ITEMS);
  const isLast = page * PAGE_ITEMS >= found.length;
  if (!isLast)
    response.setHeader('link', `</api/customers?name=${encodeURIComponent(name)}&page=${page + 1}>; rel="next"`);
  send(response, 200, items);
}

function send(response: ServerResponse, status: number, body: object): void {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
}

if (import.meta.main) {
  const key = process.env['CRM_API_KEY'];
  if (key === undefined) throw new Error('set CRM_API_KEY');
  const crm = await startCrm(key, 8790);
  process.stdout.write(`${crm.url}\n`);
}
