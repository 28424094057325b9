/** Requests to the control API of the same origin: problem details become errors, changes carry the CSRF token. */

/** An answer that is no success (RFC 9457). Status 0: there was no answer. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly correlationId: string | undefined;

  constructor(status: number, code: string, detail: string, correlationId?: string) {
    super(detail);
    this.status = status;
    this.code = code;
    this.correlationId = correlationId;
  }
}

export interface CallOptions {
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly ifMatch?: string | undefined;
  readonly signal?: AbortSignal;
}

let csrfToken = '';

/** The token of the session that was read last; every change carries it. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}

export function apiPath(path: string, query: CallOptions['query'] = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '');
  const text = new URLSearchParams(given).toString();
  return `/api/v1${path}${text === '' ? '' : `?${text}`}`;
}

/** @throws Problem */
export async function callApi(method: string, path: string, options: CallOptions = {}): Promise<Response> {
  const headers = new Headers({ Accept: 'application/json' });
  if (method !== 'GET') {
    headers.set('X-CSRF-Token', csrfToken);
    // Also without a body: no page of another origin can send it without being asked first.
    headers.set('Content-Type', 'application/json');
    if (method === 'POST') headers.set('Idempotency-Key', crypto.randomUUID());
  }
  if (options.ifMatch !== undefined) headers.set('If-Match', options.ifMatch);
  const response = await fetch(apiPath(path, options.query), {
    method,
    headers,
    credentials: 'same-origin',
    redirect: 'error',
    ...(method !== 'GET' && method !== 'DELETE' && { body: JSON.stringify(options.body ?? {}) }),
    ...(options.signal !== undefined && { signal: options.signal }),
  }).catch((thrown: unknown) => {
    if (options.signal?.aborted === true) throw thrown;
    throw new Problem(0, 'NO_ANSWER', 'The gateway did not answer.');
  });
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function problemOf(response: Response): Promise<Problem> {
  const id = response.headers.get('x-correlation-id') ?? undefined;
  const body: unknown = await response.json().catch(() => undefined);
  const { code, detail, title } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const text = [detail, title].find((part) => typeof part === 'string' && part !== '');
  return new Problem(
    response.status,
    typeof code === 'string' ? code : '',
    typeof text === 'string' ? text : `The gateway answered with status ${response.status}.`,
    id,
  );
}

/** @throws Problem */
export async function getJson<Resource>(path: string, options: CallOptions = {}): Promise<Resource> {
  const response = await callApi('GET', path, options);
  return (await response.json()) as Resource;
}

/** @throws Problem */
export async function change<Answer>(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const response = await callApi(method, path, options);
  if (response.status === 204) return undefined as Answer;
  return (await response.json()) as Answer;
}
