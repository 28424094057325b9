/** The same interface as a server of one's own: `CRM_API_KEY=… node examples/crm-over-rest/library.ts` speaks stdio. */
import { readFileSync } from 'node:fs';
import { secureServer, type SecureServer } from '@sallyport/server';
import { http } from '@sallyport/server/http';
import { fromOpenApi } from '@sallyport/server/openapi';

const document = readFileSync(new URL('crm.openapi.yaml', import.meta.url), 'utf8');

/** @param baseUrl where requests go, whatever servers the document names. */
export function crmServer(baseUrl: string, key: () => string): SecureServer {
  const tools = fromOpenApi(document, {
    allow: ['getCustomer', 'searchCustomers', 'PATCH /customers/{customer_id}', 'deleteCustomer'],
    http: http(baseUrl, { internal: true }),
    credentials: { apiKey: key },
    approval: ({ effect }) => (effect === 'delete' ? true : undefined),
    permission: ({ effect }) => (effect === 'read' ? 'customers:read' : 'customers:write'),
    labels: ['private'],
    limit: '60/min',
  });
  return secureServer({
    name: 'crm',
    version: '1.0.0',
    tools,
    roles: { support: ['customers:read'], admin: ['customers:*'] },
  });
}

if (import.meta.main) {
  const key = process.env['CRM_API_KEY'];
  if (key === undefined) throw new Error('set CRM_API_KEY');
  await crmServer('http://127.0.0.1:8790/api', () => key).listen();
}
