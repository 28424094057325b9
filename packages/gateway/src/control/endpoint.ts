/** What an endpoint of the operators' listener is: one file each, and a row in `admin.ts`. */
import type { ServerResponse } from 'node:http';

/** @param segments what the variable segments of the route held, in order. */
export type Endpoint = (response: ServerResponse, ...segments: readonly string[]) => void | Promise<void>;

export function sendText(
  response: ServerResponse,
  status: number,
  { type, text }: { readonly type: string; readonly text: string },
): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  sendText(response, status, { type: 'application/json', text: `${JSON.stringify(value)}\n` });
}
