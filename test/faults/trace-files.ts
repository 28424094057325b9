/**
 * Loaded before a program (`--import`): writes down every change that the program makes to the files of a folder, with
 * its order, and every sync with its beginning and its end, so that `power-cut.ts` can make of it what a disk may hold
 * after a power failure at any moment. What the program says on standard output is written down between them.
 *
 * Environment: TRACED_FOLDER, and TRACE_FILE for the events, one JSON text per line.
 */
import fs, { constants } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { sep } from 'node:path';
import type { FileEvent } from './file-events.ts';

const folder = process.env['TRACED_FOLDER'] ?? '';
const real = { ...fs };
const events = real.openSync(process.env['TRACE_FILE'] ?? '', 'a');
/** Paths of the descriptors that are open in the folder. */
const paths = new Map<number, string>();
/** Where a write without a position goes. */
const offsets = new Map<number, number>();
let operations = 0;

type Args = readonly unknown[];
type Callback = (error: unknown, ...results: readonly unknown[]) => void;

const note = (event: FileEvent): void => void real.writeSync(events, `${JSON.stringify(event)}\n`);
const isTraced = (path: unknown): path is string =>
  typeof path === 'string' && (path === folder || path.startsWith(folder + sep));

/** What a call will change, from its arguments; `undefined` when it is not traced. */
type Describe = (args: Args) => Omit<FileEvent & { readonly event: 'begin' }, 'event' | 'operation'> | undefined;

const bytesOf = (data: unknown, from: unknown, count: unknown): Buffer => {
  if (typeof data === 'string') return Buffer.from(data);
  const view = data as Uint8Array;
  const start = typeof from === 'number' ? from : 0;
  const length = typeof count === 'number' ? count : view.byteLength - start;
  return Buffer.from(view.buffer, view.byteOffset + start, length);
};

const onPath =
  (change: 'mkdir' | 'unlink'): Describe =>
  ([path]) =>
    isTraced(path) ? { change, path } : undefined;
const onTwo =
  (change: 'rename' | 'link'): Describe =>
  ([path, to]) =>
    isTraced(to) ? { change, path: String(path), to } : undefined;
const onFile =
  (change: 'sync' | 'truncate'): Describe =>
  ([fd, bytes]) => {
    const path = paths.get(Number(fd));
    if (path === undefined) return undefined;
    return { change, path, fd: Number(fd), ...(change === 'truncate' && { bytes: Number(bytes ?? 0) }) };
  };
const write: Describe = ([fd, data, from, count, position]) => {
  if (fd === 1) note({ event: 'said', text: bytesOf(data, from, count).toString() });
  const path = paths.get(Number(fd));
  if (path === undefined) return undefined;
  const bytes = bytesOf(data, from, count);
  const offset = offsets.get(Number(fd)) ?? 0;
  if (typeof position !== 'number') offsets.set(Number(fd), offset + bytes.length);
  const at = typeof position === 'number' ? position : offset;
  return { change: 'write', path, fd: Number(fd), position: at, data: bytes.toString('base64') };
};

/** Node's functions with this name, with and without `Sync`, are traced. */
const CHANGES: Readonly<Record<string, Describe>> = {
  write,
  ftruncate: onFile('truncate'),
  fsync: onFile('sync'),
  fdatasync: onFile('sync'),
  rename: onTwo('rename'),
  link: onTwo('link'),
  mkdir: onPath('mkdir'),
  unlink: onPath('unlink'),
};

type AnyFunction = (...args: Args) => unknown;
const functions = fs as unknown as Record<string, AnyFunction>;

/** Replaces a function of `node:fs`; what `promisify` needs to know of it stays. */
function replace(name: string, make: (original: AnyFunction) => AnyFunction): void {
  const original = functions[name] as AnyFunction;
  const replaced = make(original);
  for (const key of Object.getOwnPropertySymbols(original))
    Object.defineProperty(replaced, key, Object.getOwnPropertyDescriptor(original, key) as PropertyDescriptor);
  functions[name] = replaced;
}

/** A write may take fewer bytes than given; a folder that is there already is not made again. */
const resultOf = (result: unknown): number | undefined => (typeof result === 'number' ? result : undefined);

function begin(describe: Describe, args: Args): number | undefined {
  const change = describe(args);
  if (change === undefined) return undefined;
  operations += 1;
  note({ event: 'begin', operation: operations, ...change });
  return operations;
}

for (const [name, describe] of Object.entries(CHANGES)) {
  replace(`${name}Sync`, (original) => (...args) => {
    const operation = begin(describe, args);
    try {
      const result = original(...args);
      if (operation !== undefined) note({ event: 'end', operation, done: true, result: resultOf(result) });
      return result;
    } catch (thrown) {
      if (operation !== undefined) note({ event: 'end', operation, done: false });
      throw thrown;
    }
  });
  replace(name, (original) => (...args) => {
    const operation = begin(describe, args);
    if (operation === undefined) return original(...args);
    const callback = args.at(-1) as Callback;
    return original(...args.slice(0, -1), (error: unknown, ...results: readonly unknown[]) => {
      note({ event: 'end', operation, done: !error, result: resultOf(results[0]) });
      callback(error, ...results);
    });
  });
}

function opened(path: unknown, flags: unknown, fd: unknown, isNew: boolean): void {
  if (!isTraced(path)) return;
  paths.set(Number(fd), path);
  offsets.set(Number(fd), 0);
  const isEmptied = typeof flags === 'number' ? (flags & constants.O_TRUNC) !== 0 : String(flags).startsWith('w');
  note({ event: 'opened', path, fd: Number(fd), isNew, isEmptied });
}

replace('openSync', (original) => (path, flags, ...rest) => {
  const isNew = isTraced(path) && !real.existsSync(path);
  const fd = original(path, flags, ...rest);
  opened(path, flags, fd, isNew);
  return fd;
});
replace('open', (original) => (path, flags, ...rest) => {
  const isNew = isTraced(path) && !real.existsSync(path);
  const operation = begin(([at]) => (isTraced(at) ? { change: 'open', path: at } : undefined), [path]);
  const callback = rest.at(-1) as Callback;
  return original(path, flags, ...rest.slice(0, -1), (error: unknown, fd: unknown) => {
    if (!error) opened(path, flags, fd, isNew);
    if (operation !== undefined) note({ event: 'end', operation, done: !error });
    callback(error, fd);
  });
});
const closing = (fd: unknown): void => void paths.delete(Number(fd));
for (const name of ['close', 'closeSync'])
  replace(name, (original) => (fd, ...rest) => {
    closing(fd);
    return original(fd, ...rest);
  });
syncBuiltinESMExports();
