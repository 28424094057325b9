/** Programs that use client libraries of others: built in the cache folder, and run against a gateway. */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, install } from './install.ts';
import { AT_LOW_PRIORITY, runProgram } from './programs.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));

export interface ForeignClient {
  readonly name: string;
  readonly language: string;
  readonly library: string;
  readonly version: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The command that runs it, once it is built. @throws Error that says why it cannot be built here. */
  readonly build: () => Promise<readonly string[]>;
}

/** A program in `python/`, run in a virtual environment with one library. */
const pythonClient = (name: string, file: string, library: string, version: string): ForeignClient => ({
  name,
  language: 'Python',
  library,
  version,
  build: async () => {
    const programs = await install({ ecosystem: 'PyPI', package: library, version });
    return [join(programs, 'python'), join(HERE, 'python', file)];
  },
});

/** A module with its `go.mod` in the folder that is named. */
const goClient = (name: string, folder: string, library: string, version: string): ForeignClient => ({
  name,
  language: 'Go',
  library,
  version,
  build: () =>
    inCopy(folder, version, ['client'], async (copy) => {
      const env = { GOTOOLCHAIN: 'local' };
      await runProgram([...AT_LOW_PRIORITY, 'go', 'build', '-o', 'client', '.'], { cwd: copy, env });
    }),
});

const COPY_LIBRARIES = 'dependency:copy-dependencies';

/** A hundred crates, one after the other, so that a machine that is busy stays usable. */
const RUST_BUILD_TIMEOUT_MS = 2_700_000;

const RUST_CLIENT: Omit<ForeignClient, 'name'> = {
  language: 'Rust',
  library: 'rmcp',
  version: '3.9.0',
  build: () =>
    inCopy('rust', '3.9.0', ['target/debug/sallyport-foreign'], async (copy) => {
      const build = [...AT_LOW_PRIORITY, 'cargo', 'build', '--jobs', '1', '--quiet'];
      await runProgram(build, { cwd: copy, timeoutMs: RUST_BUILD_TIMEOUT_MS });
    }),
};

const JAVA_CLIENT: ForeignClient = {
  name: 'java-sdk',
  language: 'Java',
  library: 'io.modelcontextprotocol.sdk:mcp',
  version: '2.1.0',
  build: async () => {
    const [classes = '', libraries = ''] = await inCopy('java', '2.1.0', ['target/classes', 'target/lib'], (copy) =>
      runProgram([...AT_LOW_PRIORITY, 'mvn', '-q', '-B', 'compile', COPY_LIBRARIES, '-DoutputDirectory=target/lib'], {
        cwd: copy,
      }),
    );
    return ['java', '-cp', `${classes}:${libraries}/*`, 'Main'];
  },
};

export const CLIENTS: readonly ForeignClient[] = [
  pythonClient('python-sdk-1', 'mcp_1.py', 'mcp', '1.30.0'),
  pythonClient('python-sdk-2', 'mcp_2.py', 'mcp', '2.3.0'),
  pythonClient('fastmcp', 'fastmcp_client.py', 'fastmcp', '4.0.11'),
  goClient('go-sdk', 'go-official', 'github.com/modelcontextprotocol/go-sdk', 'v1.8.0'),
  goClient('mcp-go', 'go-mcp-go', 'github.com/mark3labs/mcp-go', 'v1.2.1'),
  { ...RUST_CLIENT, name: 'rmcp' },
  // The library begins with `server/discover` only where it is told to.
  { ...RUST_CLIENT, name: 'rmcp-discover', env: { RMCP_LIFECYCLE: 'discover' } },
  JAVA_CLIENT,
];

/** Builds in a copy within the cache, so that nothing is written into the repository. @returns the built files. */
async function inCopy(
  folder: string,
  version: string,
  built: readonly string[],
  build: (copy: string) => Promise<unknown>,
): Promise<readonly string[]> {
  const copy = join(CACHE, 'clients', `${folder}@${version}`);
  const done = join(copy, '.built');
  const sources = sourcesIn(join(HERE, folder));
  if (!existsSync(done) || readFileSync(done, 'utf8') !== sources) {
    mkdirSync(copy, { recursive: true });
    // What was compiled before stays: only what has changed is compiled again.
    cpSync(join(HERE, folder), copy, { recursive: true });
    await build(copy);
    writeFileSync(done, sources);
  }
  return built.map((file) => join(copy, file));
}

/** A hash over all of its files, so that a client that was changed is built again. */
function sourcesIn(folder: string): string {
  const hash = createHash('sha256');
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()))
    hash.update(readFileSync(join(entry.parentPath, entry.name)));
  return hash.digest('hex');
}
