/**
 * The sandbox of a stdio server. Paths that would give the program what a sandbox is there to keep from it are errors:
 * the data folder of the gateway, the machine's own folders, and paths that the program could change into links.
 */
import { relative, resolve } from 'node:path';
import type { SandboxSettings } from '../snapshot.ts';
import type { ConfigInput } from './input.ts';
import type { ParsedSandbox } from './sandbox-schema.ts';

/** What the sandbox makes itself, and sockets of the machine's services. */
const MACHINE_FOLDERS = ['/proc', '/sys', '/dev', '/run', '/var/run', '/etc/shadow'];
const MEMORY_BYTES_MIN = 32 * 1024 ** 2;
/** They are read by what starts the sandbox, outside of it. */
const LOADER_VARIABLE = /^(?:LD_|GLIBC_TUNABLES$)/;

/** Errors go to the report. */
export function buildSandbox(
  input: ConfigInput,
  name: string,
  sandbox: ParsedSandbox,
  environmentNames: readonly string[],
): SandboxSettings {
  const path = ['servers', name, 'sandbox'];
  const { network, memory, cpu, processes, temporary, openFiles } = sandbox;
  if (memory < MEMORY_BYTES_MIN) input.report.error([...path, 'memory'], 'must be at least 32Mi');
  for (const variable of environmentNames.filter((text) => LOADER_VARIABLE.test(text)))
    input.report.error(
      ['servers', name, 'env', variable],
      'would load code into what starts the sandbox, outside of it',
    );
  const [readOnly, writable] = (['readOnly', 'writable'] as const).map((key) =>
    sandbox[key].map((text, index) => {
      const resolved = resolve(input.folder, text);
      const problem = problemOf(input, resolved, sandbox.writable, text);
      if (problem !== undefined) input.report.error([...path, key, index], problem);
      return resolved;
    }),
  );
  return {
    network: network === 'none' ? [] : network.map(readDestination),
    readOnly: readOnly ?? [],
    writable: writable ?? [],
    memoryBytes: memory,
    cpus: cpu,
    processes,
    scratchBytes: temporary,
    openFiles,
  };
}

function problemOf(input: ConfigInput, path: string, writable: readonly string[], text: string): string | undefined {
  const { data, audit } = input.config;
  const own = [data, audit.folder ?? data].map((folder) => resolve(input.folder, folder));
  if (path === '/') return 'is everything: name the folders that the program needs';
  if (own.some((folder) => isWithin(path, folder) || isWithin(folder, path)))
    return 'would show the data folder of the gateway, with its keys and its audit log';
  if (MACHINE_FOLDERS.some((folder) => isWithin(folder, path) || isWithin(path, folder)))
    return 'is not for programs in a sandbox: it holds sockets, devices or secrets of the machine';
  const parent = writable.find((other) => other !== text && isWithin(resolve(input.folder, other), path));
  if (parent !== undefined) return `is inside ${parent}, where the program could put a link in its place`;
  return undefined;
}

const isWithin = (folder: string, path: string): boolean => {
  const inside = relative(folder, path);
  return inside === '' || (inside !== '..' && !inside.startsWith('../'));
};

/** `api.example.com:443` or `[::1]:443`. */
function readDestination(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[|\]$/g, '');
  return { host: host.toLowerCase(), port: Number(text.slice(colon + 1)) };
}
