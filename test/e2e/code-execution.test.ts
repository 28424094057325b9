/** The example code-execution: a model's program in each sandbox that works here. */
import { describe, expect, it } from 'vitest';
import { createSandbox, type Sandbox, type SandboxKind } from '@sallyport/server/sandbox';
import { callAs, expectRefused } from '@sallyport/server/testing';
import { codeServer, openSandbox } from '../../examples/code-execution/server.ts';

const limits = { timeoutMs: 3_000, cpuTimeMs: 400, outputBytesMax: 64 * 1024 };

async function sandboxOf(kind: SandboxKind): Promise<Sandbox | undefined> {
  try {
    return await createSandbox({ languages: ['javascript'], kinds: [kind], limits });
  } catch (error) {
    process.stderr.write(`skipped: ${(error as Error).message}\n`);
    return undefined;
  }
}

describe.each(['bubblewrap', 'quickjs'] as const)('code execution with %s', async (kind) => {
  const sandbox = await sandboxOf(kind);

  it.skipIf(sandbox === undefined)('runs the program of a model, and says what it can do about a limit', async () => {
    const server = codeServer(sandbox as Sandbox);
    const analyst = callAs(server, { subject: 'ann', roles: ['analyst'] });
    const run = (code: string) => analyst.callTool('run_javascript', { code });
    const result = { exit_code: 0, stdout: '42\n', stderr: '' };
    expect(await run('console.log(6 * 7)')).toMatchObject({ structuredContent: result });
    expect(await run('throw new Error("own")')).toMatchObject({ structuredContent: { exit_code: 1 } });
    const ended = await run('for (;;);');
    expect(ended).toMatchObject({
      isError: true,
      structuredContent: { error_code: 'CODE_ENDED', suggestion: 'Make it do less, or in smaller steps.' },
    });
    await expectRefused(
      callAs(server, { subject: 'bob', roles: [] }).callTool('run_javascript', { code: '1' }),
      'NOT_FOUND',
    );
  });
});

it('takes a sandbox that works here', async () => {
  const { using } = await openSandbox();
  expect(['bubblewrap', 'quickjs']).toContain(using);
});
