/** The users of the demo. Passwords are made on the first start and kept in the data folder; none is built in. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One user of the demo. */
export interface DemoUser {
  readonly subject: string;
  readonly name: string;
  readonly tenant: string;
  readonly roles: readonly string[];
  /** Rate limit tier; `undefined` = the default one. */
  readonly tier: string | undefined;
  /** What the key of the user may do in the control API; nothing when absent. */
  readonly control?: 'viewer' | 'approver';
  readonly password: string;
}

const USERS: readonly Omit<DemoUser, 'password'>[] = [
  { subject: 'alice', name: 'Alice', tenant: 'acme', roles: ['admin'], tier: undefined },
  { subject: 'bob', name: 'Bob', tenant: 'acme', roles: ['analyst'], tier: undefined, control: 'viewer' },
  { subject: 'carol', name: 'Carol', tenant: 'acme', roles: ['approver'], tier: undefined, control: 'approver' },
  { subject: 'dave', name: 'Dave', tenant: 'globex', roles: ['member'], tier: 'trial' },
];

/** The same users and passwords at every start. `demo-users.json` is readable by its owner only. */
export function openDemoUsers(dataFolder: string): readonly DemoUser[] {
  const file = join(dataFolder, 'demo-users.json');
  const passwordsInFile = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, string>>)
    : {};
  const users = USERS.map((user) => ({
    ...user,
    password: passwordsInFile[user.subject] ?? randomBytes(9).toString('base64url'),
  }));
  const passwords = Object.fromEntries(users.map((user) => [user.subject, user.password]));
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  if (users.some((user) => passwordsInFile[user.subject] !== user.password))
    writeFileSync(file, `${JSON.stringify(passwords, null, 2)}\n`, { mode: 0o600 });
  return users;
}
