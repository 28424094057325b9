/**
 * Loaded with `--import` into a gateway that runs from source: marks the entry of every function of the product, and
 * writes down which files a call runs through. SIGUSR2 begins a trace; the next SIGUSR2 writes it to the file that
 * `SALLYPORT_TRACE` names.
 */
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isFunction, parseSource, walk, type SyntaxNode } from './syntax.ts';

/** The files on the stack when a function was entered, the function's own first. */
export type Entry = readonly string[];

const isProduct = (file: string | null | undefined): boolean =>
  /\/packages\/[a-z]+\/src\//.test(file ?? '') && !/\/testing\//.test(file ?? '');

const MARK = 'globalThis.__entered();';
let entries: Entry[] | undefined;

/**
 * Puts a mark at the beginning of every function body. Line numbers stay, because nothing is put on a line of its own.
 */
function mark(path: string, text: string): string {
  const inserts: [number, string][] = [];
  walk(parseSource(path, text).program, (node) => {
    if (!isFunction(node) || node['body'] === null) return;
    const body = node['body'] as SyntaxNode;
    if (body.type === 'BlockStatement' || body.type === 'FunctionBody') inserts.push([body.start + 1, MARK]);
    else inserts.push([body.start, `(${MARK.slice(0, -1)}, `], [body.end, ')']);
  });
  let marked = text;
  for (const [at, insert] of inserts.sort((a, b) => b[0] - a[0]))
    marked = marked.slice(0, at) + insert + marked.slice(at);
  return marked;
}

function filesOnStack(): Entry {
  const { prepareStackTrace } = Error;
  const holder: { stack?: unknown } = {};
  Error.prepareStackTrace = (_error, sites) => sites.map((site) => site.getFileName() ?? '');
  Error.captureStackTrace(holder, filesOnStack);
  const files = holder.stack as string[];
  Error.prepareStackTrace = prepareStackTrace;
  return files.slice(1).filter(isProduct);
}

Error.stackTraceLimit = 100;
Object.assign(globalThis, { __entered: () => entries?.push(filesOnStack()) });

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.startsWith('file:') || !isProduct(fileURLToPath(url)) || loaded.source == null) return loaded;
    return { ...loaded, source: mark(fileURLToPath(url), loaded.source.toString()) };
  },
});

process.on('SIGUSR2', () => {
  // eslint-disable-next-line no-process-env -- a tool, not the product
  const file = process.env['SALLYPORT_TRACE'] ?? '';
  if (entries !== undefined) writeFileSync(`${file}.trace`, JSON.stringify(entries));
  else writeFileSync(file, 'tracing');
  entries = entries === undefined ? [] : undefined;
});
