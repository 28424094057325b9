/**
 * JavaScript without a process of its own: QuickJS in WebAssembly, in a thread that is ended when its time is over. For
 * machines without another sandbox; it confines what the code can name, and needs nothing of the operating system.
 */
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { AllLimits, MadeRunner, SandboxOptions, SandboxResult, SandboxRun } from '../sandbox.ts';
import { checkFiles } from '../stage-files.ts';
import type { InterpreterData, InterpreterMessage } from './messages.ts';

const INTERPRETER = join(import.meta.dirname, `interpreter${extname(import.meta.filename)}`);
/** Of the thread itself; the code's memory is apart. */
const THREAD_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8, stackSizeMb: 2 };

/** @param languages only JavaScript can be interpreted. */
export function createQuickJsRunner({ languages }: SandboxOptions): Promise<MadeRunner> {
  const other = languages.find((language) => language !== 'javascript');
  if (other !== undefined) return Promise.resolve({ reason: `it runs JavaScript only, and no ${other}` });
  const enforcement = { memory: 'interpreter', processes: 'interpreter' } as const;
  return Promise.resolve({ runner: { enforcement, run: interpret } });
}

type Ended = Omit<SandboxResult, 'using'>;

async function interpret(run: SandboxRun, limits: AllLimits): Promise<Ended> {
  const { code, files = {}, stdin = '', signal } = run;
  checkFiles(files);
  const texts = Object.entries(files).map(([name, content]): [string, string] => [name, textOf(content)]);
  const { cpuTimeMs, memoryBytes, outputBytesMax } = limits;
  const data: InterpreterData = {
    ...{ code, stdin, cpuTimeMs, memoryBytes, outputBytesMax },
    files: Object.fromEntries(texts),
  };
  return new Promise((resolve) => {
    const worker = new Worker(INTERPRETER, {
      ...{ workerData: data, env: {}, argv: [], execArgv: [], resourceLimits: THREAD_LIMITS },
      ...{ stdin: false, stdout: true, stderr: true },
    });
    const output = { stdout: '', stderr: '' };
    const end = (endedBy: Ended['endedBy'], exitCode?: number): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      void worker.terminate().then(() => resolve({ exitCode, ...output, endedBy }));
    };
    const onAbort = (): void => end('cancelled');
    const timer = setTimeout(end, limits.timeoutMs, 'time');
    worker.on('message', (message: InterpreterMessage) => {
      if (message.kind === 'output') output[message.stream] += message.text;
      else end(message.endedBy, message.exitCode);
    });
    // A thread that runs out of its own memory ends with an error.
    worker.on('error', () => end('memory'));
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
  });
}

const textOf = (content: string | Uint8Array): string =>
  typeof content === 'string' ? content : Buffer.from(content).toString('utf8');
