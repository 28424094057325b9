/** A changed configuration file is put in force, and one that is half written is not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigError } from '../config.ts';
import type { Snapshot } from '../snapshot.ts';
import { followConfig, type ConfigFollower } from './follow.ts';

let folder: string;
let file: string;
let follower: ConfigFollower;
let snapshots: Snapshot[];
let errors: ConfigError[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-follow-'));
  file = join(folder, 'sallyport.yaml');
  writeFileSync(file, 'tenants: [acme]\n');
  snapshots = [];
  errors = [];
  follower = followConfig(file, {
    environment: {},
    onSnapshot: (snapshot) => snapshots.push(snapshot),
    onErrors: (found) => errors.push(...found),
    pollMs: 3_600_000,
  });
});

afterEach(() => {
  follower.stop();
  rmSync(folder, { recursive: true });
});

describe('a configuration file that changes', () => {
  it('is put in force', () => {
    writeFileSync(file, 'tenants: [acme, globex]\n');
    follower.readNow();
    expect(snapshots.map(({ tenants }) => tenants)).toEqual([['acme', 'globex']]);
    expect(errors).toEqual([]);
  });

  it.each(['', ' \n\n'])('is not put in force while it is empty (%j): no tenant and no server disappears', (text) => {
    writeFileSync(file, text);
    follower.readNow();
    expect(snapshots).toEqual([]);
    expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('the file is empty')]);
  });

  it('reports the errors of a bad file and keeps following', () => {
    writeFileSync(file, 'tenants: [acme\n');
    follower.readNow();
    expect(snapshots).toEqual([]);
    expect(errors).not.toEqual([]);
    writeFileSync(file, 'tenants: [acme]\n');
    follower.readNow();
    expect(snapshots).toHaveLength(1);
  });
});
