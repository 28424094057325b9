/** The key `servers.<name>.sandbox`: what a program of a stdio server may see and use. */
import { z } from 'zod';
import { nonEmptyText, size } from './values.ts';

const DESTINATION = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9.-]{0,252}):[1-9]\d{0,4}$/;
const DESTINATION_MESSAGE = 'must be host:port, such as api.example.com:443; there are no patterns';
const PATH_MESSAGE = 'must be a path';
const paths = z.array(nonEmptyText.describe(PATH_MESSAGE)).max(64).default([]);

/** The settings of a sandbox, as they are written. */
export const sandbox = z.strictObject({
  network: z
    .union(
      [
        z.literal('none'),
        z
          .array(
            z
              .string(DESTINATION_MESSAGE)
              .regex(DESTINATION, DESTINATION_MESSAGE)
              .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, DESTINATION_MESSAGE),
          )
          .min(1)
          .max(256),
      ],
      { error: 'must be none, or a list of host:port' },
    )
    .default('none')
    .describe(
      'What the program may reach: nothing, or hosts with their ports, through a proxy that the variable ' +
        'HTTPS_PROXY names. A program that knows no proxy reaches nothing.',
    ),
  readOnly: paths.describe('Files and folders that it may read, besides the programs of the system.'),
  writable: paths.describe('Files and folders that it may change. What is in them is not limited in size.'),
  memory: size.prefault('512Mi').describe('Memory of everything that it starts, files in its /tmp included.'),
  cpu: z
    .number()
    .min(0.01)
    .max(1024)
    .optional()
    .describe('Processors, such as 0.5. Needs control groups; without them the server is not started.'),
  processes: z.int().min(8).max(32_768).default(128).describe('Processes and threads.'),
  temporary: size.prefault('64Mi').describe('Size of its /tmp, which is empty at the start and gone at the end.'),
  openFiles: z.int().min(16).max(1_048_576).default(1024).describe('Open files of each process.'),
});

/** A sandbox as the schema read it. */
export type ParsedSandbox = z.output<typeof sandbox>;
