/** `GET /api/v1/openapi.json`: the description of the control API. */
import { z } from 'zod';
import type { ApiDeps } from './deps.ts';
import { route } from './api/route.ts';

/** Readable without a credential: it is in the documentation. */
export const getOpenApi = route({
  method: 'GET',
  path: '/api/v1/openapi.json',
  access: 'none',
  summary: 'This document.',
  response: z.record(z.string(), z.unknown()),
  handle: (_request, { openApi }: Pick<ApiDeps, 'openApi'>) => ({ value: openApi() }),
});
