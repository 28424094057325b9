/** What an endpoint of the admin listener answers with. Those of the control API are declared (`api/route.ts`). */
import type { ServerResponse } from 'node:http';
import type { MaybePromise } from '@sallyport/guard';

/** Methods that an endpoint can serve. `HEAD` is served by the endpoint for `GET`. */
export type EndpointMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What an endpoint outside the control API is given. */
export interface EndpointRequest {
  /** The variable segments of the path by the names that the route gives them. Not decoded: `%` matches no route. */
  readonly params: Readonly<Record<string, string>>;
}

/** What an endpoint returns. */
export interface EndpointResponse {
  readonly status: number;
  /** Content type. */
  readonly type: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Values of `Set-Cookie`. */
  readonly cookies?: readonly string[];
}

/** One operation. Errors that it throws become status 500 and are logged; everything expected is a response. */
export type Endpoint = (request: EndpointRequest) => MaybePromise<EndpointResponse>;

/** A JSON document and a line break. */
export const jsonResponse = (status: number, value: unknown): EndpointResponse => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(value)}\n`,
});

/** What does not exist, whether as a route or as a resource. */
export const NOT_FOUND: EndpointResponse = jsonResponse(404, { error: 'not found' });

/** Writes a response and ends it. Node.js leaves the body out for `HEAD`. */
export function sendResponse(
  response: ServerResponse,
  { status, type, body, headers, cookies = [] }: EndpointResponse,
): void {
  if (cookies.length > 0) response.setHeader('Set-Cookie', [...cookies]);
  response.writeHead(status, { ...headers, 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}
