/** `GET /api/v1/settings`: the settings in force, each with its default and its origin, and what they weaken. */
import { z } from 'zod';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';

/** Without secrets: a reference is shown, never what it stands for. */
export const getSettings = route({
  method: 'GET',
  path: '/api/v1/settings',
  access: 'auditor',
  summary: 'The settings in force, and what they weaken.',
  response: z.object({
    settings: z.array(
      z.object({
        path: z.string(),
        value: z.json().describe('As it is written; `null` in place of what may be a secret.'),
        default: z.json().optional(),
        origin: z.enum(['file', 'environment', 'default']).describe('`environment`: a reference to a variable.'),
        secret: z.boolean().describe('Whether a part of the value is not shown.'),
      }),
    ),
    weakenings: z.array(z.string()),
    version: z.string().describe('Hash of the configuration file.'),
  }),
  handle(_request, { installation }: Pick<ApiDeps, 'installation'>) {
    const { settings, settingsVersion, weakenings } = installation();
    const shown = settings().map(({ default: standard, value, ...rest }) => ({
      ...rest,
      value: structuredClone(value) as z.input<ReturnType<typeof z.json>>,
      ...(standard !== undefined && { default: structuredClone(standard) as z.input<ReturnType<typeof z.json>> }),
    }));
    return {
      value: { settings: shown, weakenings: [...weakenings], version: settingsVersion },
      version: settingsVersion,
    };
  },
});
