/** The folder that a foreign server works in: the same path and the same contents for every run. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from './programs.ts';
import type { ForeignServer } from './server.ts';

const COMMIT_DATE = '2026-01-01T00:00:00Z';

const KUBECONFIG = `apiVersion: v1
kind: Config
clusters: [{ name: none, cluster: { server: "https://127.0.0.1:9" } }]
contexts: [{ name: none, context: { cluster: none, user: none } }]
users: [{ name: none, user: {} }]
current-context: none
`;

/** Empties the folder and fills it, with a repository when the server speaks of one. */
export async function fillScratch(folder: string, server: ForeignServer): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'hello.txt'), 'hello from a file\n');
  writeFileSync(join(folder, 'one.js'), 'export const one = 1;\n');
  writeFileSync(join(folder, 'kubeconfig'), KUBECONFIG);
  if (JSON.stringify(server).includes('{folder}/repository')) await makeRepository(join(folder, 'repository'));
}

async function makeRepository(repository: string): Promise<void> {
  mkdirSync(repository);
  writeFileSync(join(repository, 'read.me'), 'hello\n');
  const git = ['git', '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', '-c', 'commit.gpgsign=false'];
  const env = { GIT_AUTHOR_DATE: COMMIT_DATE, GIT_COMMITTER_DATE: COMMIT_DATE };
  await runProgram([...git, 'init', '--quiet', '--initial-branch=main'], { cwd: repository, env });
  await runProgram([...git, 'add', '.'], { cwd: repository, env });
  await runProgram([...git, 'commit', '--quiet', '--message', 'first commit'], { cwd: repository, env });
}

/** How a server is started, with the scratch folder put in. */
export interface Launch {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export function launchOf(server: ForeignServer, programs: string, folder: string): Launch {
  const [program = '', ...rest] = server.run;
  const command = [join(programs, program), ...rest.map((part) => withFolder(part, folder))];
  const env = Object.entries(server.env ?? {}).map(([name, value]) => [name, withFolder(value, folder)]);
  return { command, env: Object.fromEntries(env) as Record<string, string>, cwd: folder };
}

/** Every `{folder}` in a text or in the texts of a JSON value is the scratch folder. */
export function withFolder<Value>(value: Value, folder: string): Value {
  return JSON.parse(JSON.stringify(value).replaceAll('{folder}', folder)) as Value;
}
