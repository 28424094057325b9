/** The first policy of a server: what its definitions say that they only read, to everybody of a tenant. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { asObject, type JsonObject } from '@sallyport/guard';
import type { Snapshot } from '../snapshot.ts';

/** A definition that a policy can be about. */
export interface PolicySubject {
  readonly kind: string;
  readonly name: string;
  readonly document: JsonObject;
}

/** Which tools the first policy permits. */
export type Permitted = 'read-only' | 'all' | 'none';

/** Whom it permits them to. */
export interface PolicyScope {
  readonly permitted: Permitted;
  /** Absent where there is one tenant only. */
  readonly tenant: string | undefined;
  /** Absent: everybody whom the gateway knows. */
  readonly role: string | undefined;
}

/** Whether an approved definition says of a tool that it only reads. */
export const saysReadOnly = ({ document }: PolicySubject): boolean =>
  asObject(document['annotations'])['readOnlyHint'] === true;

/** The tools that the first policy permits. */
export const permittedTools = (subjects: readonly PolicySubject[], permitted: Permitted): readonly PolicySubject[] =>
  subjects.filter(
    (one) => one.kind === 'tool' && (permitted === 'all' || (permitted === 'read-only' && saysReadOnly(one))),
  );

/** A policy that was written, or left as it was. */
export interface WrittenPolicy {
  readonly file: string;
  readonly isNew: boolean;
  /** Names of the tools that it permits; empty for a file that was there. */
  readonly permits: readonly string[];
}

/** Where the first policy of a server is. */
export const policyFileOf = (configFile: string, server: string, { policies }: Snapshot): string =>
  join(policies.cedar ?? join(dirname(configFile), 'policies'), `${server}.cedar`);

/** Writes the file, unless there is one. */
export function writeFirstPolicy(
  file: string,
  server: string,
  subjects: readonly PolicySubject[],
  scope: PolicyScope,
): WrittenPolicy {
  if (existsSync(file)) return { file, isNew: false, permits: [] };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, firstPolicy(server, subjects, scope), { flag: 'wx' });
  return { file, isNew: true, permits: permittedTools(subjects, scope.permitted).map(({ name }) => name) };
}

/** The text of the file. The tools are named one by one: one that the server adds later is permitted to nobody. */
export function firstPolicy(server: string, subjects: readonly PolicySubject[], scope: PolicyScope): string {
  const permitted = permittedTools(subjects, scope.permitted);
  const others = subjects.filter((one) => one.kind === 'tool' && !permitted.includes(one));
  const parts = [
    `// Who may use the server ${server}. Everything that no policy permits is refused; a forbid always wins.\n`,
  ];
  if (permitted.length > 0)
    parts.push(
      (scope.permitted === 'all'
        ? '// All tools that the server had when it was added.\n'
        : '// Of these tools the server says that they only read.\n') +
        policyText(`${server}-tools`, server, permitted, scope),
    );
  if (scope.permitted !== 'none' && subjects.some(({ kind }) => kind !== 'tool' && kind !== 'server'))
    parts.push(`// Its resources and prompts, once they are approved.\n${readsText(server, scope)}`);
  if (others.length > 0) {
    const text = policyText(`${server}-changes`, server, others, { ...scope, role: `${server}-writer` });
    parts.push(
      '// Of these the server does not say that they only read. Without the comment marks they are permitted to a\n' +
        `// role: sallyport keys create --role ${server}-writer …\n${commentedOut(text)}`,
    );
  }
  return parts.join('\n');
}

const principalOf = ({ role }: PolicyScope): string =>
  role === undefined ? 'principal' : `principal in Role::${JSON.stringify(role)}`;

const conditionOf = ({ tenant }: PolicyScope): string =>
  tenant === undefined ? '' : `principal.tenant == ${JSON.stringify(tenant)} &&\n  `;

function policyText(id: string, server: string, tools: readonly PolicySubject[], scope: PolicyScope): string {
  const names = tools.map(({ name }) => `    Tool::${JSON.stringify(`${server}/${name}`)}`).sort();
  return (
    `@id(${JSON.stringify(id)})\npermit (\n  ${principalOf(scope)},\n  action == Action::"call",\n` +
    `  resource in Server::${JSON.stringify(server)}\n) when {\n  ${conditionOf(scope)}resource in [\n` +
    `${names.join(',\n')}\n  ]\n};\n`
  );
}

function readsText(server: string, scope: PolicyScope): string {
  const { tenant } = scope;
  const when = tenant === undefined ? '' : ` when { principal.tenant == ${JSON.stringify(tenant)} }`;
  return (
    `@id(${JSON.stringify(`${server}-reads`)})\npermit (\n  ${principalOf(scope)},\n` +
    `  action in [Action::"read", Action::"get", Action::"complete", Action::"subscribe"],\n` +
    `  resource in Server::${JSON.stringify(server)}\n)${when};\n`
  );
}

const commentedOut = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `// ${line}`.trimEnd())
    .join('\n')
    .concat('\n');
