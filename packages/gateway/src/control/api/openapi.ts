/** The OpenAPI 3.1 document of the control API, made from the declarations that validate it. */
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiResponsesObject } from 'zod-openapi';
import { PROBLEMS, type ProblemCode } from '../problem.ts';
import { needsText } from './access.ts';
import type { ApiRoute } from './route.ts';

const problemSchema = z
  .object({
    type: z.string().describe('`urn:sallyport:problem:` and the code in lower case.'),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
    detail: z.string(),
    errors: z
      .array(
        z.object({
          in: z.enum(['query', 'body']),
          pointer: z.string().describe('JSON Pointer (RFC 6901).'),
          message: z.string(),
        }),
      )
      .optional()
      .describe('Every value that is not valid.'),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details.' });

const TYPES = { json: 'application/json', lines: 'application/x-ndjson', events: 'text/event-stream' } as const;

const DESCRIPTION =
  'Everything is of one tenant, that of the session or of the credential. A browser has a session cookie, and sends ' +
  '`X-CSRF-Token` with every change; programs have an access token or an API key. ' +
  'Unknown members and parameters are refused.';

/** @param version of this program. */
export function openApiDocument(routes: readonly ApiRoute<never>[], version: string): object {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Sallyport control API',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The admin listener.' }],
    paths,
    components: {
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: '__Host-sallyport-session' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
    },
  });
}

function operationOf(route: ApiRoute<never>): ZodOpenApiOperationObject {
  const { method, path, access, summary, description, params, query, body } = route;
  return {
    operationId: operationId(method, path),
    summary,
    ...(description !== undefined && { description }),
    tags: [path.split('/')[3] ?? ''],
    'x-sallyport-access': needsText(route),
    security: access === 'none' ? [] : [{ session: [] }, { bearer: [] }],
    requestParams: { path: params, query, header: headersOf(route) },
    ...(body !== undefined && {
      requestBody: { content: { 'application/json': { schema: body } }, required: !acceptsNothing(body) },
    }),
    responses: responsesOf(route),
  };
}

const acceptsNothing = (body: z.ZodObject): boolean => body.safeParse({}).success;

/** `GET /api/v1/servers/{name}` is `get_servers_name`. */
const operationId = (method: string, path: string): string =>
  `${method.toLowerCase()}${path.slice('/api/v1'.length).replaceAll(/[/{}.-]+/g, '_')}`.replace(/_$/, '');

function headersOf({ ifMatch, idempotent }: ApiRoute<never>): z.ZodObject {
  return z.object({
    ...(ifMatch === 'required' && { 'If-Match': z.string().describe('The `ETag` that is changed.') }),
    ...(ifMatch === 'optional' && { 'If-Match': z.string().optional().describe('The `ETag` that is changed.') }),
    ...(idempotent === true && {
      'Idempotency-Key': z
        .string()
        .max(128)
        .optional()
        .describe('The same key and body get the same answer for a day.'),
    }),
  });
}

function responsesOf(route: ApiRoute<never>): ZodOpenApiResponsesObject {
  const { status = 200, format, response } = route;
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of problemsOf(route)) {
    const [problemStatus] = PROBLEMS[code];
    byStatus.set(problemStatus, [...(byStatus.get(problemStatus) ?? []), code]);
  }
  return {
    [`${status}`]: { description: 'Done.', content: { [TYPES[format]]: { schema: response } } },
    ...Object.fromEntries(
      [...byStatus].map(([problemStatus, codes]) => [
        `${problemStatus}`,
        {
          description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}`).join(' '),
          content: { 'application/problem+json': { schema: problemSchema } },
        },
      ]),
    ),
  };
}

/** Those that the frame finds, and those that the endpoint declares. */
function problemsOf({ access, method, params, query, body, ifMatch, idempotent, errors = [] }: ApiRoute<never>) {
  const takesInput = body !== undefined || Object.keys(query.shape).length > 0;
  const found: ProblemCode[] = ['FORBIDDEN_ORIGIN', 'INTERNAL', ...errors];
  if (takesInput || method !== 'GET') found.push('INVALID_REQUEST', 'INVALID_ARGUMENT');
  if (method !== 'GET') found.push('PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE');
  if (access !== 'none') found.push('UNAUTHENTICATED', 'RATE_LIMITED');
  if (access !== 'none' && access !== 'person') found.push('PERMISSION_DENIED');
  if (access !== 'none' && method !== 'GET') found.push('CSRF');
  if (Object.keys(params.shape).length > 0) found.push('NOT_FOUND');
  if (ifMatch !== undefined) found.push('PRECONDITION_FAILED');
  if (ifMatch === 'required') found.push('PRECONDITION_REQUIRED');
  if (idempotent === true) found.push('IDEMPOTENCY_KEY_REUSED');
  return [...new Set(found)].sort((a, b) => PROBLEMS[a][0] - PROBLEMS[b][0]);
}
