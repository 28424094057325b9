/** Code that tries to leave QuickJS, or to use more than it may: the process that it runs in goes on. */
import { describe, expect, it } from 'vitest';
import type { AllLimits, Runner, SandboxResult } from '../sandbox.ts';
import { LIMITS } from '../testing/kinds.mts';
import { createQuickJsRunner } from './run.ts';

const made = await createQuickJsRunner({ languages: ['javascript'] });
const { runner } = made as { runner: Runner };
const javascript = (code: string, limits: Partial<AllLimits> = {}): Promise<Omit<SandboxResult, 'using'>> =>
  runner.run({ language: 'javascript', code }, { ...LIMITS, ...limits });

describe('QuickJS', () => {
  it('runs modules, with files, input, both outputs and an exit code', async () => {
    const code = `
      const text = await Promise.resolve(files['data/in.txt'] + stdin);
      console.log(text, [1, { a: 2 }], undefined, 3n); console.error('problem');
      export default 1;`;
    const run = { language: 'javascript', code, files: { 'data/in.txt': 'given ' }, stdin: 'read' } as const;
    expect(await runner.run(run, LIMITS)).toEqual({
      exitCode: 0,
      stdout: 'given read [1,{"a":2}] undefined 3\n',
      stderr: 'problem\n',
      endedBy: 'exit',
    });
    expect(await javascript('console.log("before"); null.x')).toMatchObject({ exitCode: 1, stdout: 'before\n' });
    expect((await javascript('null.x')).stderr).toMatch(/^TypeError: .*main\.mjs/s);
    expect(await javascript('not a program')).toMatchObject({ exitCode: 1, endedBy: 'exit' });
    expect(await javascript('await new Promise(() => {})')).toMatchObject({ exitCode: 13, endedBy: 'exit' });
  });

  it.each([
    'for (;;);',
    'const again = () => Promise.resolve().then(again); await again();',
    'const again = async () => { for (;;) await 1 }; await again();',
    'try { for (;;); } finally { for (;;); }',
    '/^(a+)+$/.test("a".repeat(60) + "b")',
  ])('X3 what never ends is ended, and this process goes on meanwhile: %s', async (code) => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const ended = await javascript(code, { cpuTimeMs: 60 });
    clearInterval(timer);
    expect(ended).toMatchObject({ endedBy: 'cpu', exitCode: undefined });
    expect(ticks).toBeGreaterThan(0);
  });

  it('X3 the time of the clock is limited too, and a caller that cancels is not kept', async () => {
    expect((await javascript('for (;;);', { timeoutMs: 100 })).endedBy).toBe('time');
    const abort = new AbortController();
    const running = runner.run({ language: 'javascript', code: 'for (;;);', signal: abort.signal }, LIMITS);
    abort.abort();
    expect((await running).endedBy).toBe('cancelled');
  });

  it.each([
    'const held = []; for (let n = 0; n < 100; n++) held.push(new Array(1_000_000).fill(n));',
    'let text = "x"; for (let n = 0; n < 28; n++) text += text; console.log(text.replaceAll("x", "y").length)',
    'const held = []; for (let n = 0; n < 100; n++) held.push(new ArrayBuffer(8_000_000));',
    'new Uint8Array(2 ** 31 - 1)',
  ])('X2 memory is limited: %s', async (code) => {
    const before = process.memoryUsage.rss();
    const ended = await javascript(code);
    expect(['memory', 'exit']).toContain(ended.endedBy);
    expect(ended.exitCode).not.toBe(0);
    expect(process.memoryUsage.rss() - before).toBeLessThan(400 * 1024 ** 2);
  });

  it('X2 a stack without end is an error of the code', async () => {
    expect(await javascript('const f = () => f() + 1; f()')).toMatchObject({ exitCode: 1, endedBy: 'exit' });
  });

  it('X9 a flood of output is cut off', async () => {
    const { endedBy, stdout } = await javascript('for (;;) console.log("x".repeat(1000))');
    expect([endedBy, stdout.length]).toEqual(['output', LIMITS.outputBytesMax]);
    expect((await javascript('console.error("y".repeat(200_000))')).endedBy).toBe('output');
  });

  it('X4 X5 X6 there is nothing of the host: no network, files, environment or modules', async () => {
    const names = [
      'process',
      'require',
      'fetch',
      'Deno',
      'Worker',
      'XMLHttpRequest',
      'WebAssembly',
      'std',
      'os',
      'scriptArgs',
    ];
    const own = 'console.log(Object.getOwnPropertyNames(globalThis).filter((name) => names.includes(name)).length);';
    expect((await javascript(`const names = ${JSON.stringify(names)}; ${own}`)).stdout).toBe('0\n');
    const modules = ['node:fs', 'fs', './other.mjs', '/etc/passwd', 'os', 'std', 'data:text/javascript,1'];
    const imports = `for (const name of ${JSON.stringify(modules)})
      await import(name).then(() => console.log('imported ' + name), () => console.log('refused'));`;
    expect((await javascript(imports)).stdout).toBe('refused\n'.repeat(modules.length));
    expect((await javascript('import "node:fs"')).exitCode).toBe(1);
  });

  it('X5 functions of the host lead nowhere', async () => {
    const escapes = [
      'console.log.constructor("return typeof process")()',
      '(0, eval)("typeof process")',
      'Object.getPrototypeOf(async function* () {}).constructor("yield typeof process")().next().then((r) => r.value)',
      'files.constructor.constructor("return typeof process")()',
    ];
    const tries = escapes.map((escape) => `console.log(await ${escape});`);
    expect((await javascript(tries.join('\n'))).stdout).toBe('undefined\n'.repeat(escapes.length));
    const polluted = 'Object.prototype.endedBy = "exit"; Array.prototype.join = () => { throw 1 }; console.log(1)';
    expect((await javascript(polluted)).endedBy).toBe('exit');
    expect(({} as { endedBy?: string }).endedBy).toBeUndefined();
  });

  it('X12 names of files are checked, and names of prototypes are names like others', async () => {
    const run = (files: Record<string, string>) =>
      runner.run({ language: 'javascript', code: 'console.log(Object.keys(files))', files }, LIMITS);
    await expect(async () => run({ '../x': '' })).rejects.toMatchObject({ code: 'INVALID_FILES' });
    const files = JSON.parse('{"__proto__":"own","constructor":"own"}') as Record<string, string>;
    expect((await run(files)).stdout).toBe('["__proto__","constructor"]\n');
  });

  it('runs nothing but JavaScript, and says so', async () => {
    expect(await createQuickJsRunner({ languages: ['javascript', 'python'] })).toEqual({
      reason: 'it runs JavaScript only, and no python',
    });
  });
});
