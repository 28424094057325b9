/** The settings of a server that is a REST interface: which operations of its OpenAPI document become tools. */
import { z } from 'zod';
import { nonEmptyText, secret, sizeInMemory, toolName } from './values.ts';

const OPERATION = /^[A-Z]{1,20} \/\S{0,2000}$/;
const SCHEME_NAME = /^[A-Za-z0-9._-]{1,128}$/;

/** A tool, or an operation of an OpenAPI document by method and path. */
export const toolOrOperation = z.union([toolName, z.string().regex(OPERATION)], {
  error: 'must be the exact name of a tool, or METHOD /path of an operation (with openapi)',
});

/** What is said of a tool otherwise than in the document. */
export const toolOverride = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be 1-64 characters of a-z 0-9 _')
    .optional()
    .describe('Name of the tool.'),
  description: z.string().min(1).max(4096).optional().describe('What a model reads of it.'),
  effect: z
    .enum(['read', 'write', 'delete', 'send'])
    .optional()
    .describe('Overrides what follows from the HTTP method.'),
  fixed: z
    .record(z.string().min(1).max(256), nonEmptyText)
    .default({})
    .describe('Values of parameters that callers do not choose.'),
  output: z
    .enum(['schema', 'none'])
    .default('schema')
    .describe('`none`: answers are not checked, for an interface that does not answer as its document says.'),
});

const credential = z.union(
  [
    secret,
    z.strictObject({
      user: nonEmptyText.describe('Of HTTP basic authentication.'),
      password: secret.describe('Of HTTP basic authentication.'),
    }),
  ],
  { error: 'must be { secret: env:NAME }, or { user: NAME, password: { secret: env:NAME } }' },
);

/** Keys of `servers.<name>` that belong to a REST interface. */
export const openapiKeys = {
  openapi: nonEmptyText
    .optional()
    .describe(
      'OpenAPI 3.0, 3.1 or 3.2 document, a file in JSON or YAML: the operations that `tools.allow` lists become ' +
        'tools. Instead of `url` or `command`. Read again when it changes.',
    ),
  baseUrl: nonEmptyText
    .optional()
    .describe(
      'With `openapi`: where requests go (scheme, host, port, base path), whatever servers the document names.',
    ),
  credentials: z
    .record(z.string().regex(SCHEME_NAME), credential)
    .default({})
    .describe("With `openapi`: credentials by security scheme of the document. The caller's own token is never sent."),
  trimAnswers: sizeInMemory
    .prefault('64Ki')
    .describe('With `openapi`: a longer answer loses the end of its lists, and the model reads what was left out.'),
};
