/**
 * A server whose tool runs code that a model wrote, in a sandbox: `node examples/code-execution/server.ts` speaks stdio.
 * Without a sandbox it does not start.
 */
import { secureServer, tool, ToolError, type SecureServer } from '@sallyport/server';
import { createSandbox, type EndedBy, type Sandbox } from '@sallyport/server/sandbox';

/** What a model can do about each way to end. */
const ADVICE: Readonly<Partial<Record<EndedBy, string>>> = {
  time: 'Make it do less, or in smaller steps.',
  cpu: 'Make it do less, or in smaller steps.',
  memory: 'Work on parts of the data, one after the other.',
  processes: 'Start fewer processes.',
  output: 'Print a summary only.',
};

/** @param sandbox one that was made for JavaScript. */
export function codeServer(sandbox: Sandbox): SecureServer {
  const runJavascript = tool({
    name: 'run_javascript',
    description:
      'Runs a program in JavaScript and returns what it prints. There are no network, packages or files to keep: ' +
      'every run begins anew.',
    input: {
      type: 'object',
      properties: {
        code: { type: 'string', minLength: 1, maxLength: 20_000, description: 'The program: an ES module.' },
      },
      required: ['code'],
    },
    effect: 'read',
    permission: 'code:run',
    limit: '30/min',
    examples: [{ code: 'console.log(6 * 7)' }],
    run: async ({ input, signal }) => {
      const result = await sandbox.run({ language: 'javascript', code: String(input['code']), signal });
      if (result.endedBy !== 'exit') {
        const suggestion = ADVICE[result.endedBy];
        throw new ToolError('CODE_ENDED', `The program was ended: ${result.endedBy}.`, {
          ...(suggestion && { suggestion }),
        });
      }
      return { exit_code: result.exitCode ?? 0, stdout: result.stdout, stderr: result.stderr };
    },
  });
  return secureServer({ name: 'code', version: '1.0.0', tools: [runJavascript], roles: { analyst: ['code:run'] } });
}

/** The sandbox of this server: what works here of bubblewrap, containers and QuickJS. */
export const openSandbox = (): Promise<Sandbox> =>
  createSandbox({
    languages: ['javascript'],
    limits: { timeoutMs: 5_000, memoryBytes: 128 * 1024 ** 2, outputBytesMax: 64 * 1024 },
  });

if (import.meta.main) await codeServer(await openSandbox()).listen();
