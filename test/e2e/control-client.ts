/** Requests to the control API of a gateway of a test, and calls whose traces are read over it. */
import { request } from 'undici';
import { expect } from 'vitest';
import { connect } from '../attacks/mcp-client.ts';
import type { TestGateway } from './gateway.ts';

export type Document = Readonly<Record<string, unknown>>;
/** A document that may be a page of a list. */
export type Page = Document & { readonly items: readonly Document[] };

/** The client whose tokens the control API of these tests accepts. */
export const CONSOLE = 'console';

export interface ControlClient {
  /** The access token of a person on the dashboard. */
  person(subject: string, roles: readonly string[], tenant?: string): Promise<string>;
  /** No answer ever holds a text that is marked as a secret. */
  api(
    token: string,
    path: string,
    body?: object,
    method?: 'GET' | 'POST' | 'DELETE',
  ): Promise<{ readonly status: number; readonly text: string; readonly document: Page }>;
  /** The result of a tool call, or its error. */
  call(token: string, server: string, name: string, args: object): Promise<Document>;
}

export function controlClient(gateway: () => TestGateway): ControlClient {
  return {
    person: (subject, roles, tenant = 'acme') =>
      gateway().token('bob', { sub: subject, client_id: CONSOLE, roles, tenant_id: tenant }),
    async api(token, path, body, method = body === undefined ? 'GET' : 'POST') {
      const { statusCode, body: answer } = await request(`${gateway().adminUrl}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      expect(text).not.toContain('CANARY');
      return { status: statusCode, text, document: JSON.parse(text) as Page };
    },
    async call(token, server, name, args) {
      const client = await connect(`${gateway().url}/mcp/${server}`, token, 'modern');
      const { result, error } = await client.call({ id: 1, name, arguments: args as Record<string, unknown> }).done;
      return (result ?? { error }) as Document;
    },
  };
}
