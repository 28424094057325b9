/** Files of tenants, and one program over them: `DOCUMENTS=/srv/documents node examples/documents/server.ts`. */
import { secureServer, tool, type SecureServer } from '@sallyport/server';
import { openFiles } from '@sallyport/server/files';
import { arg, openCommand } from '@sallyport/server/shell';
import { z } from 'zod';

const path = z.string().max(1_024).describe('Path of a file, as list_files shows it');

/** @param root has a folder for each tenant. */
export async function documentsServer(root: string): Promise<SecureServer> {
  const files = await openFiles({ root, tenancy: { by: 'folder' }, writes: 'allowed', readBytesMax: 64 * 1024 });

  const listFiles = tool({
    name: 'list_files',
    description: 'Lists files, also in folders below.',
    input: z.object({ glob: z.string().max(100).default('**').describe('Such as **/*.txt') }),
    effect: 'read',
    permission: 'files:read',
    run: async (call) => ({ ...(await files.list(call, '', { depth: 5, glob: call.input.glob })) }),
  });

  const readFile = tool({
    name: 'read_file',
    description: 'Reads a text file. A long one comes in parts; the note says where to go on.',
    input: z.object({ path, offset: z.int().min(0).default(0).describe('Byte to begin at') }),
    effect: 'read',
    permission: 'files:read',
    run: async (call) => ({ ...(await files.read(call, call.input.path, call.input.offset)) }),
  });

  const writeFile = tool({
    name: 'write_file',
    description: 'Writes a new text file. An existing one is not replaced.',
    input: z.object({ path, text: z.string().max(100_000).describe('The whole text') }),
    effect: 'write',
    permission: 'files:write',
    run: async (call) => {
      await files.write(call, call.input.path, call.input.text);
      return 'Written.';
    },
  });

  const count = openCommand({
    program: '/usr/bin/wc',
    args: [arg.flag('lines', '-l'), '--', arg.path('path', { files })],
    limits: { cpuSeconds: 5 },
    timeoutMs: 5_000,
  });
  const countWords = tool({
    name: 'count_words',
    description: 'Counts lines, words and bytes of a file, or lines only.',
    input: z.object({ path, lines: z.boolean().default(false).describe('Count lines only') }),
    effect: 'read',
    permission: 'files:read',
    run: async (call) => {
      const { exitCode, stdout } = await count.run(call, call.input);
      return { counts: exitCode === 0 ? (stdout.match(/\d+/g) ?? []).slice(0, 3).map(Number) : [] };
    },
  });

  return secureServer({
    name: 'documents',
    tools: [listFiles, readFile, writeFile, countWords],
    tenants: ['acme', 'globex'],
    roles: { reader: ['files:read'], writer: ['files:*'] },
  });
}

if (import.meta.main) {
  const root = process.env['DOCUMENTS'];
  if (root === undefined) throw new Error('set DOCUMENTS');
  await (await documentsServer(root)).listen();
}
