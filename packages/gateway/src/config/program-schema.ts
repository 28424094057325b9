/** The keys of a server that is a program: how it is started, and what it may use. */
import { z } from 'zod';
import { sandbox } from './sandbox-schema.ts';
import { nonEmptyText, textOrSecret } from './values.ts';

const ENVIRONMENT_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** Keys of `servers.<name>`. */
export const programKeys = {
  command: z
    .union([nonEmptyText, z.array(z.string().min(1).max(4096)).min(1).max(256)], {
      error: 'must be a program, or a list of a program and its arguments',
    })
    .optional()
    .describe('Program of a stdio server, alone or in a list with its arguments; no shell.'),
  args: z.array(z.string().max(4096)).max(256).optional().describe('Its arguments, after those in `command`.'),
  cwd: nonEmptyText.optional().describe('Working folder of the program.'),
  env: z
    .record(z.string().regex(ENVIRONMENT_NAME), textOrSecret)
    .default({})
    .describe('Environment of the program, besides PATH, HOME, LANG, TMPDIR and a mark (`SALLYPORT_CHILD`).'),
  passEnvironment: z
    .array(z.string().regex(ENVIRONMENT_NAME))
    .max(64)
    .optional()
    .describe(
      'Variables of the gateway that the program gets too, where they are set. Absent: those of proxies without a ' +
        'password, `NODE_EXTRA_CA_CERTS`, `SSL_CERT_FILE` and `SSL_CERT_DIR`; `[]` for none.',
    ),
  sandbox: sandbox
    .optional()
    .describe(
      'Confines the program with bubblewrap: no network, nothing of the machine but the programs of the system and ' +
        'what is listed, limits for everything that it starts. Where that is not possible, the server is not started.',
    ),
};
