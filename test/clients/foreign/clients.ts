/** Programs that use client libraries of others: built in the cache folder, and run against a gateway. */
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AT_LOW_PRIORITY, CACHE, install, runProgram } from './install.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));

export interface ForeignClient {
  readonly name: string;
  readonly language: string;
  readonly library: string;
  readonly version: string;
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
      await runProgram([...AT_LOW_PRIORITY, 'go', 'build', '-o', 'client', '.'], {
        cwd: copy,
        env: { GOTOOLCHAIN: 'local' },
      });
    }),
});

const COPY_LIBRARIES = 'dependency:copy-dependencies';

const RUST_CLIENT: ForeignClient = {
  name: 'rmcp',
  language: 'Rust',
  library: 'rmcp',
  version: '3.9.0',
  build: () =>
    inCopy('rust', '3.9.0', ['target/release/sallyport-foreign'], async (copy) => {
      await runProgram([...AT_LOW_PRIORITY, 'cargo', 'build', '--release', '--quiet'], { cwd: copy });
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
  RUST_CLIENT,
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
  if (!existsSync(done)) {
    rmSync(copy, { recursive: true, force: true });
    mkdirSync(copy, { recursive: true });
    cpSync(join(HERE, folder), copy, { recursive: true });
    await build(copy);
    writeFileSync(done, '');
  }
  return built.map((file) => join(copy, file));
}
