/** The sign-ins of this user at admin listeners, in a file that only they can read. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { asObject, isObject, type Json, type JsonObject } from '@sallyport/guard';
import { parseJson } from '@sallyport/guard/json';
import type { DeviceClient, DeviceTokens } from '../adapters/openid-client/device-sign-in.ts';
import { withFileLock } from '../adapters/sqlite/file-lock.ts';
import { userConfigFolder, type Environment } from '../config.ts';
import { takeFromOthers } from '@sallyport/server/private-file';

/** A sign-in: who gave its tokens, and for which client. */
export interface SavedSignIn extends Omit<DeviceClient, 'scopes'>, DeviceTokens {}

/** The file. */
export interface SavedSignIns {
  readonly file: string;
  /** @param origin of the admin listener. */
  read(origin: string): SavedSignIn | undefined;
  /**
   * Changes one entry while no other process does.
   *
   * @param change `undefined` removes the entry.
   */
  change(
    origin: string,
    change: (current: SavedSignIn | undefined) => Promise<SavedSignIn | undefined>,
  ): Promise<SavedSignIn | undefined>;
}

/** Nothing is made before the first change. */
export function openSavedSignIns(environment: Environment): SavedSignIns {
  const folder = userConfigFolder(environment);
  const file = join(folder, 'sign-ins.json');
  const entries = (): JsonObject => {
    takeFromOthers(file);
    return entriesIn(file);
  };
  const read = (origin: string): SavedSignIn | undefined => signInOf(entries()[origin]);
  return {
    file,
    read,
    async change(origin, change) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return withFileLock(join(folder, 'sign-ins.lock'), async () => {
        const changed = await change(read(origin));
        const { [origin]: _before, ...others } = entries();
        replaceFile(file, { ...others, ...(changed !== undefined && { [origin]: jsonOf(changed) }) });
        return changed;
      });
    },
  };
}

/** A file that cannot be read has no entries: the next sign-in replaces it. */
function entriesIn(file: string): JsonObject {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw thrown;
  }
  return asObject(asObject(parseJson(text))['sign_ins']);
}

/** Whoever reads the file sees the old one or the new one, whole. */
function replaceFile(file: string, entries: JsonObject): void {
  const next = `${file}.new`;
  rmSync(next, { force: true });
  const fd = openSync(next, 'wx', 0o600);
  try {
    writeSync(fd, `${JSON.stringify({ sign_ins: entries }, null, 2)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(next, file);
}

const textOf = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

function signInOf(entry: Json | undefined): SavedSignIn | undefined {
  if (!isObject(entry)) return undefined;
  const issuer = textOf(entry['issuer']);
  const clientId = textOf(entry['client_id']);
  const accessToken = textOf(entry['access_token']);
  if (issuer === undefined || clientId === undefined || accessToken === undefined) return undefined;
  const expiresAtMs = Date.parse(textOf(entry['expires_at']) ?? '');
  return {
    issuer,
    clientId,
    accessToken,
    resource: textOf(entry['resource']),
    refreshToken: textOf(entry['refresh_token']),
    expiresAtMs: Number.isNaN(expiresAtMs) ? undefined : expiresAtMs,
  };
}

const jsonOf = (signIn: SavedSignIn): JsonObject => ({
  issuer: signIn.issuer,
  client_id: signIn.clientId,
  ...(signIn.resource !== undefined && { resource: signIn.resource }),
  access_token: signIn.accessToken,
  ...(signIn.refreshToken !== undefined && { refresh_token: signIn.refreshToken }),
  ...(signIn.expiresAtMs !== undefined && { expires_at: new Date(signIn.expiresAtMs).toISOString() }),
});
