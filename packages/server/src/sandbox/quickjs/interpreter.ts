/**
 * The thread that interprets JavaScript: QuickJS, compiled to WebAssembly. The code has the language, `console`,
 * `files` and `stdin`, and nothing of this process; its memory is that of one WebAssembly memory with a fixed maximum.
 */
import { parentPort, workerData } from 'node:worker_threads';
import releaseVariant from '@jitl/quickjs-wasmfile-release-sync';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
} from 'quickjs-emscripten-core';
import type { EndedBy } from '../sandbox.ts';
import type { InterpreterData, InterpreterMessage } from './messages.ts';

/** Of the JavaScript API of WebAssembly, which Node.js has and leaves to the types of browsers. */
declare const WebAssembly: { readonly Memory: new (pages: { initial: number; maximum: number }) => object };

/** The package describes what `require` gives, which is one level deeper. */
const variant = releaseVariant as unknown as QuickJSSyncVariant;
const PAGE_BYTES = 64 * 1024;
/** What the compiled program itself needs, before any code. */
const OWN_PAGES = 256;
const STACK_BYTES_MAX = 256 * 1024;
/** Callbacks of promises that run between two looks at the time. */
const JOBS_AT_ONCE = 100;
/** As Node.js exits when the code waits for what never comes. */
const NEVER_SETTLED = 13;

const data = workerData as InterpreterData;
const send = (message: InterpreterMessage): void => parentPort?.postMessage(message);
let ended: EndedBy | undefined;
const left = { stdout: data.outputBytesMax, stderr: data.outputBytesMax };

/** Turns what an argument of `console` is into text, inside: nothing of the code runs out here. */
const PRELUDE = `
((write) => {
  const show = (value) => {
    if (typeof value === 'string') return value;
    if (value instanceof Error) return value.name + ': ' + value.message + '\\n' + value.stack;
    try { return JSON.stringify(value) ?? String(value) } catch { return String(value) }
  };
  const printer = (stream) => (...values) => write(stream, values.map(show).join(' ') + '\\n');
  const [out, error] = [printer('stdout'), printer('stderr')];
  globalThis.console = { log: out, info: out, debug: out, warn: error, error };
})`;

const isSpent = (): boolean => {
  const used = process.threadCpuUsage();
  if ((used.user + used.system) / 1000 > data.cpuTimeMs) ended ??= 'cpu';
  return ended !== undefined;
};

function write(stream: 'stdout' | 'stderr', text: string): void {
  if (left[stream] <= 0) return;
  const bytes = Buffer.from(text);
  const kept = bytes.subarray(0, left[stream]).toString('utf8');
  if (kept !== '') send({ kind: 'output', stream, text: kept });
  left[stream] -= bytes.length;
  if (left[stream] <= 0) ended ??= 'output';
}

/** Both are set by the code's own host, and cannot be changed by it. */
function defineGlobals(context: QuickJSContext): void {
  const print = context.newFunction('write', (stream, text) => {
    write(context.getString(stream) === 'stderr' ? 'stderr' : 'stdout', context.getString(text));
  });
  const prelude = context.unwrapResult(context.evalCode(PRELUDE, 'prelude'));
  context.unwrapResult(context.callFunction(prelude, context.undefined, print)).dispose();
  const texts = context.newObject();
  for (const [name, text] of Object.entries(data.files))
    context.defineProp(texts, name, { value: context.newString(text), enumerable: true });
  context.setProp(context.global, 'files', texts);
  context.setProp(context.global, 'stdin', context.newString(data.stdin));
  for (const handle of [print, prelude, texts]) handle.dispose();
}

/** @returns the exit code. */
function runCode(context: QuickJSContext, runtime: QuickJSRuntime): number {
  const result = context.evalCode(data.code, 'main.mjs', { type: 'module' });
  if (result.error !== undefined) return failed(context, result.error);
  const failure = runJobs(context, runtime);
  if (failure !== undefined) return failed(context, failure);
  const state = context.getPromiseState(result.value);
  if (state.type === 'pending') return NEVER_SETTLED;
  return state.type === 'rejected' ? failed(context, state.error) : 0;
}

function runJobs(context: QuickJSContext, runtime: QuickJSRuntime): QuickJSHandle | undefined {
  while (runtime.hasPendingJob()) {
    if (isSpent()) return context.undefined;
    const result = runtime.executePendingJobs(JOBS_AT_ONCE);
    if (result.error !== undefined) return result.error;
  }
  return undefined;
}

function failed(context: QuickJSContext, error: QuickJSHandle): number {
  const thrown: unknown = context.dump(error);
  const { name, message, stack } = Object(thrown) as { name?: unknown; message?: unknown; stack?: unknown };
  if (name === 'InternalError' && message === 'out of memory') ended ??= 'memory';
  const text = typeof message === 'string' ? `${String(name)}: ${message}\n${String(stack)}` : String(thrown);
  if (ended === undefined) write('stderr', `${text.trimEnd()}\n`);
  return 1;
}

async function interpret(): Promise<number> {
  const pages = OWN_PAGES + Math.ceil(data.memoryBytes / PAGE_BYTES);
  const wasmMemory = new WebAssembly.Memory({ initial: OWN_PAGES, maximum: pages });
  const quickJs = await newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmMemory }));
  const runtime = quickJs.newRuntime();
  runtime.setMemoryLimit(data.memoryBytes);
  runtime.setMaxStackSize(STACK_BYTES_MAX);
  runtime.setInterruptHandler(isSpent);
  const context = runtime.newContext();
  defineGlobals(context);
  return runCode(context, runtime);
}

/** What QuickJS itself cannot survive is mostly a lack of memory for its own work. */
const exitCode = await interpret().catch(() => {
  ended ??= 'memory';
  return 1;
});
send({ kind: 'end', endedBy: ended ?? 'exit', exitCode: ended === undefined ? exitCode : undefined });
