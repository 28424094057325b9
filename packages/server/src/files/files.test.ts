/** Files for tools: no path, link, race or special file leads out of the root, and everything has an end. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contextOf } from '../../../../test/fixtures/call-context.ts';
import { checkSpelling } from './folder.ts';
import { compileGlob } from './glob.ts';
import { openFiles, type Files, type WritableFiles } from './index.ts';

const base = mkdtempSync(join(tmpdir(), 'files-'));
const root = join(base, 'root');
const outside = join(base, 'outside');
const acme = contextOf('acme');
let files: WritableFiles;

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? String(error),
  );
const descriptors = (): number => readdirSync('/proc/self/fd').length;

beforeAll(async () => {
  mkdirSync(join(root, 'folder/deeper/deepest'), { recursive: true });
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret.txt'), 'OUTSIDE');
  writeFileSync(join(root, 'note.txt'), 'inside\nwith needle\n');
  writeFileSync(join(root, 'folder/one.log'), 'a needle here');
  writeFileSync(join(root, 'folder/deeper/two.log'), 'none');
  writeFileSync(join(root, 'folder/deeper/bytes.bin'), Buffer.from([0, 1, 255]));
  files = await openFiles({ root, tenancy: { by: 'shared' }, writes: 'allowed' });
});
afterAll(async () => {
  await files?.close();
  rmSync(base, { recursive: true });
});

describe('a path', () => {
  it.each([
    ['R1 one that goes up', '../outside/secret.txt'],
    ['R1 one that goes up in the middle', 'folder/../../outside/secret.txt'],
    ['R1 one with a dot', './note.txt'],
    ['R1 an absolute one', '/etc/passwd'],
    ['R1 one with an empty name', 'folder//one.log'],
    ['R1 one that ends with a slash', 'folder/'],
    ['R1 one with a backslash', '..\\outside\\secret.txt'],
    ['R1 one with NUL', 'note.txt\0.png'],
    ['R1 an encoded one', '%2e%2e/outside/secret.txt'],
    ['R1 an encoded separator', '..%2foutside'],
    ['R1 a doubly encoded one', '%252e%252e%252foutside'],
    ['R1 an encoded NUL', 'note.txt%00'],
    ['R1 full-width dots', '\uff0e\uff0e/outside'],
    ['R1 a full-width slash', '..\uff0foutside'],
    ['R1 a division slash', '..\u2215outside'],
    ['R1 two dots in one character', '\u2025/outside'],
    ['R1 an overlong mixture', '....//....//etc/passwd'],
    ['R1 a path with a parameter', '..;/outside'.replace('..', '..%2e')],
    ['R14 a drive', 'C:/Windows/win.ini'],
    ['R14 a network path', '//server/share'],
    ['R14 a stream', 'note.txt:hidden'],
    ['R14 a device', 'NUL'],
    ['R14 a device with an ending', 'folder/con.txt'],
    ['R14 a device with a digit', 'COM1'],
    ['R14 a name with a dot at its end', 'note.txt.'],
    ['R14 a name with a space at its end', 'note.txt '],
    ['R1 a line break', 'note.txt\n'],
    ['R1 a lone surrogate', '\ud800'],
    ['R1 a name that is too long', 'x'.repeat(256)],
    ['R1 a path that is too long', 'x/'.repeat(2_500) + 'x'],
    ['R1 a path that is too deep', 'x/'.repeat(70) + 'x'],
    ['J10 what is no text', ['note.txt'] as unknown as string],
  ])('%s is refused everywhere', async (_what, path) => {
    expect(await codeOf(files.read(acme, path))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(files.list(acme, path))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(files.search(acme, { text: 'x', path }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(files.write(acme, path, 'x'))).toBe('INVALID_ARGUMENT');
  });

  it('may have letters of any language, spaces, dots and percent signs', async () => {
    const path = 'новая папка/100 % größe…/.hidden-ファイル.txt';
    await files.write(acme, path, 'content');
    expect(await files.read(acme, path)).toEqual({ text: 'content', bytes: 7, isComplete: true });
    rmSync(join(root, 'новая папка'), { recursive: true });
  });
});

describe('R14 a link', () => {
  it('is not followed: to a file, to a folder, on the way, dangling, to itself', async () => {
    symlinkSync(join(outside, 'secret.txt'), join(root, 'to-file'));
    symlinkSync(outside, join(root, 'to-folder'));
    symlinkSync(join(root, 'note.txt'), join(root, 'inside'));
    symlinkSync('/nowhere', join(root, 'dangling'));
    symlinkSync('loop', join(root, 'loop'));
    symlinkSync('/proc/self/root', join(root, 'magic'));
    for (const path of [
      'to-file',
      'to-folder',
      'to-folder/secret.txt',
      'inside',
      'dangling',
      'loop',
      'magic/etc/passwd',
    ]) {
      expect([path, await codeOf(files.read(acme, path))]).toEqual([path, 'PERMISSION_DENIED']);
      expect([path, await codeOf(files.list(acme, path))]).toEqual([path, 'PERMISSION_DENIED']);
      expect([path, await codeOf(files.write(acme, path, 'x', 'create-or-replace'))]).toEqual([
        path,
        'PERMISSION_DENIED',
      ]);
    }
    const { items } = await files.list(acme);
    expect(items.filter(({ kind }) => kind === 'link').length).toBe(6);
    expect((await files.search(acme, { text: 'OUTSIDE' })).items).toEqual([]);
    expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe('OUTSIDE');
    for (const name of ['to-file', 'to-folder', 'inside', 'dangling', 'loop', 'magic']) rmSync(join(root, name));
  });

  it('of the hard kind is refused unless it is allowed', async () => {
    linkSync(join(outside, 'secret.txt'), join(root, 'hard'));
    expect(await codeOf(files.read(acme, 'hard'))).toBe('PERMISSION_DENIED');
    expect((await files.search(acme, { text: 'OUTSIDE' })).items).toEqual([]);
    const allowing = await openFiles({ root, tenancy: { by: 'shared' }, hardLinks: 'allow' });
    expect((await allowing.read(acme, 'hard')).text).toBe('OUTSIDE');
    await allowing.close();
    rmSync(join(root, 'hard'));
  });

  it.skipIf(process.platform !== 'linux')('that takes the place of a folder in any moment leads nowhere', async () => {
    const folder = join(root, 'swapped');
    mkdirSync(folder);
    writeFileSync(join(folder, 'secret.txt'), 'INSIDE');
    const worker = new Worker(SWAP, { eval: true, workerData: { folder, outside, base } });
    const seen = { inside: 0, refused: 0, written: 0 };
    // Until both states were met often, so that the swaps fell between the steps of a look-up many times.
    for (let round = 0; round < 300 || seen.inside < 20 || seen.refused < 20; round++) {
      const text = await files.read(acme, 'swapped/secret.txt').then(
        (read) => read.text,
        () => 'refused',
      );
      expect(['INSIDE', 'refused']).toContain(text);
      if (text === 'INSIDE') seen.inside += 1;
      else seen.refused += 1;
      const listed = await files.list(acme, '', { depth: 2, glob: 'swapped/*' }).catch(() => ({ items: [] }));
      expect(listed.items.map(({ path }) => path)).not.toContain('swapped/of-outside');
      if (round % 10 === 0)
        await files.write(acme, `swapped/w${round}`, 'x').then(
          () => (seen.written += 1),
          () => undefined,
        );
    }
    await worker.terminate();
    expect(readdirSync(outside)).toEqual(['secret.txt']);
    rmSync(folder, { recursive: true, force: true });
  });
});

/** Puts a link to the outside in the place of the folder, and back, as fast as it can. */
const SWAP = `
const { renameSync, symlinkSync, rmSync } = require('node:fs');
const { folder, outside, base } = require('node:worker_threads').workerData;
const link = base + '/link', aside = base + '/aside';
// A write may have made the folder anew meanwhile.
const move = (from, to) => {
  for (;;) {
    try { return renameSync(from, to); } catch {}
    try { rmSync(to, { recursive: true, force: true }); } catch {}
  }
};
symlinkSync(outside, link);
for (;;) {
  move(folder, aside); move(link, folder);
  move(folder, link); move(aside, folder);
}`;

describe('R14 a special file', () => {
  it('is not opened: a pipe does not block, and a socket or a device is none', async () => {
    execFileSync('mkfifo', [join(root, 'pipe')]);
    const server = createServer().listen(join(root, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    const special = process.getuid?.() === 0 ? ['pipe', 'socket', 'device'] : ['pipe', 'socket'];
    if (special.includes('device')) execFileSync('mknod', [join(root, 'device'), 'c', '1', '5']);
    for (const path of special) {
      expect([path, await codeOf(files.read(acme, path))]).toEqual([path, 'PERMISSION_DENIED']);
      expect([path, await codeOf(files.write(acme, path, 'x', 'replace'))]).toEqual([path, 'PERMISSION_DENIED']);
      expect([path, await codeOf(files.list(acme, path))]).toEqual([path, 'PERMISSION_DENIED']);
    }
    expect((await files.search(acme, { text: 'needle' })).items.length).toBe(2);
    expect((await files.list(acme)).items.filter(({ kind }) => kind === 'other').length).toBe(special.length);
    await new Promise((resolve) => server.close(resolve));
    for (const path of special) rmSync(join(root, path), { force: true });
  });

  it('a file of /proc, which says that it is empty, is read as empty; a folder is none', async () => {
    expect(await codeOf(files.read(acme, 'folder'))).toBe('PERMISSION_DENIED');
    expect(await codeOf(files.read(acme, ''))).toBe('PERMISSION_DENIED');
    expect(await codeOf(files.read(acme, 'note.txt/x'))).toBe('NOT_FOUND');
    expect(await codeOf(files.read(acme, 'none'))).toBe('NOT_FOUND');
  });
});

describe('one spelling', () => {
  it('R14 is accepted where the file system takes upper and lower case for the same', async () => {
    // A folder that looks every name up in lower case, as such a file system does.
    const insensitive = {
      pathOf: (name: string) => join(root, name.toLowerCase()),
      path: root,
      [Symbol.asyncDispose]: async () => undefined,
    };
    const stats = lstatSync(join(root, 'note.txt'));
    await expect(checkSpelling(insensitive, 'note.txt', stats)).resolves.toBeUndefined();
    await expect(checkSpelling(insensitive, 'NOTE.txt', stats)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('is no rule where both are files', async () => {
    writeFileSync(join(root, 'NOTE.TXT'), 'other');
    expect((await files.read(acme, 'NOTE.TXT')).text).toBe('other');
    expect((await files.read(acme, 'note.txt')).text).toContain('inside');
    rmSync(join(root, 'NOTE.TXT'));
  });
});

describe('tenants', () => {
  it('S7 have a folder each and see no other, whatever they are called', async () => {
    const homes = join(base, 'homes');
    mkdirSync(join(homes, 'acme'), { recursive: true });
    mkdirSync(join(homes, 'globex'));
    writeFileSync(join(homes, 'acme/a.txt'), 'of acme');
    writeFileSync(join(homes, 'all.txt'), 'of nobody');
    const own = await openFiles({ root: homes, tenancy: { by: 'folder' } });
    expect((await own.read(acme, 'a.txt')).text).toBe('of acme');
    expect(await codeOf(own.read(contextOf('globex'), 'a.txt'))).toBe('NOT_FOUND');
    expect((await own.list(acme, '', { depth: 5 })).items.map(({ path }) => path)).toEqual(['a.txt']);
    for (const tenant of ['..', '.', 'acme/../globex', '/etc', 'a\0', '%2e%2e'])
      expect([tenant, await codeOf(own.list(contextOf(tenant)))]).toEqual([tenant, 'PERMISSION_DENIED']);
    expect(await codeOf(own.list(contextOf('nobody')))).toBe('NOT_FOUND');
    await own.close();
    const one = await openFiles({ root: homes, tenancy: { by: 'one', tenant: 'acme' } });
    expect(await codeOf(one.read(contextOf('globex'), 'all.txt'))).toBe('PERMISSION_DENIED');
    await one.close();
  });
});

describe('limits', () => {
  let small: Files;
  beforeAll(async () => {
    small = await openFiles({
      root,
      tenancy: { by: 'shared' },
      readBytesMax: 10,
      entriesMax: 2,
      depthMax: 2,
      matchesMax: 1,
      searchBytesMax: 25,
    });
  });
  afterAll(() => small?.close());

  it('a long file is read in parts that are whole characters', async () => {
    writeFileSync(join(root, 'long.txt'), 'äöüäöüäöü');
    const first = await small.read(acme, 'long.txt', 1).catch(() => undefined);
    expect(first).toBeUndefined();
    const begin = await small.read(acme, 'long.txt');
    expect(begin).toMatchObject({ text: 'äöüäö', isComplete: false, bytes: 18 });
    expect(begin.note).toContain('Read on with offset 10.');
    expect(await small.read(acme, 'long.txt', 10)).toMatchObject({ text: 'üäöü' });
    expect(await codeOf(small.readBytes(acme, 'long.txt'))).toBe('TOO_LARGE');
    expect(await codeOf(files.read(acme, 'folder/deeper/bytes.bin'))).toBe('NOT_TEXT');
    expect([...(await files.readBytes(acme, 'folder/deeper/bytes.bin'))]).toEqual([0, 1, 255]);
    for (const offset of [-1, 0.5, Number.NaN])
      expect(await codeOf(files.read(acme, 'note.txt', offset))).toBe('INVALID_ARGUMENT');
    rmSync(join(root, 'long.txt'));
  });

  it('lists and searches end, and say that there is more', async () => {
    expect(await small.list(acme, '', { depth: 2 })).toMatchObject({ isComplete: false, items: { length: 2 } });
    expect(await codeOf(small.list(acme, '', { depth: 3 }))).toBe('INVALID_ARGUMENT');
    expect(await small.search(acme, { text: 'needle' })).toMatchObject({ isComplete: false, items: { length: 1 } });
    const all = await files.search(acme, { text: 'needle', glob: '**/*.log' });
    expect(all).toEqual({ items: [{ path: 'folder/one.log', line: 1, text: 'a needle here' }], isComplete: true });
    const listed = await files.list(acme, 'folder', { depth: 3, glob: '**/*.log' });
    expect(listed.items.map(({ path }) => path)).toEqual(['folder/deeper/two.log', 'folder/one.log']);
  });

  it('a cancelled call looks at nothing more, and no descriptor stays open', async () => {
    const before = descriptors();
    const cancel = new AbortController();
    cancel.abort(new Error('gone'));
    await expect(files.list(contextOf('acme', { signal: cancel.signal }))).rejects.toThrow('gone');
    await files.list(acme, '', { depth: 8 });
    await files.search(acme, { text: 'needle' });
    for (const path of ['none', 'folder/none', 'note.txt/x', 'folder', 'folder/deeper/bytes.bin'])
      await codeOf(files.read(acme, path));
    expect(descriptors()).toBe(before);
    await expect(openFiles({ root, tenancy: { by: 'shared' }, entriesMax: 0 })).rejects.toThrow('entriesMax');
    await expect(openFiles({ root: join(root, 'note.txt'), tenancy: { by: 'shared' } })).rejects.toThrow();
  });

  it('B1 a hostile pattern costs its length times that of the path', () => {
    const matches = compileGlob('*a'.repeat(99));
    expect(matches('a'.repeat(3_000) + 'b')).toBe(false);
    expect(() => compileGlob('x'.repeat(201))).toThrow('1 to 200');
  });

  it.each([
    ['*.log', 'a.log', true],
    ['*.log', 'b/a.log', false],
    ['**/*.log', 'a.log', true],
    ['**/*.log', 'b/c/a.log', true],
    ['**/x', 'ax', false],
    ['a/**/b', 'a/b', true],
    ['a/**/b', 'a/c/d/b', true],
    ['a/**/b', 'a/xb', false],
    ['a/**', 'a/b/c', true],
    ['?.log', '/.log', false],
    ['[a]', 'a', false],
    ['a.c', 'abc', false],
  ])('the pattern %s and the path %s: %s', (pattern, path, expected) => {
    expect(compileGlob(pattern)(path)).toBe(expected);
  });
});

describe('a write', () => {
  it('puts the whole file in place or nothing, and replaces only what it is asked to', async () => {
    await files.write(acme, 'new/one/file.txt', 'first');
    expect(await codeOf(files.write(acme, 'new/one/file.txt', 'x'))).toBe('CONFLICT');
    expect(await codeOf(files.write(acme, 'new/one/none.txt', 'x', 'replace'))).toBe('NOT_FOUND');
    chmodSync(join(root, 'new/one/file.txt'), 0o640);
    await files.write(acme, 'new/one/file.txt', 'second', 'replace');
    expect((await files.read(acme, 'new/one/file.txt')).text).toBe('second');
    expect(statSync(join(root, 'new/one/file.txt')).mode & 0o777).toBe(0o640);
    expect(readdirSync(join(root, 'new/one'))).toEqual(['file.txt']);
    expect(await codeOf(files.write(acme, 'note.txt/x', 'x'))).toBe('PERMISSION_DENIED');
    expect(await codeOf(files.write(acme, 'folder', 'x', 'create-or-replace'))).toBe('PERMISSION_DENIED');
    expect(await codeOf(files.write(acme, 'big', new Uint8Array(1024 * 1024 + 1)))).toBe('TOO_LARGE');
    rmSync(join(root, 'new'), { recursive: true });
  });

  it('lets one of many win that create the same file', async () => {
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) => codeOf(files.write(acme, 'once', `${index}`))),
    );
    expect(all.filter((code) => code === 'done').length).toBe(1);
    expect(all.filter((code) => code === 'CONFLICT').length).toBe(19);
    rmSync(join(root, 'once'));
  });

  it('needs files that were opened for it', async () => {
    const readOnly = await openFiles({ root, tenancy: { by: 'shared' } });
    await expect((readOnly as WritableFiles).write(acme, 'x', 'x')).rejects.toThrow('read-only');
    await readOnly.close();
  });

  it('reads and writes by paths where races are accepted, without following links', async () => {
    const byPath = await openFiles({ root, tenancy: { by: 'shared' }, writes: 'allowed', races: 'allowed' });
    symlinkSync(outside, join(root, 'link'));
    await byPath.write(acme, 'f/g.txt', 'text');
    expect((await byPath.read(acme, 'f/g.txt')).text).toBe('text');
    expect(await codeOf(byPath.read(acme, 'link/secret.txt'))).toBe('PERMISSION_DENIED');
    expect(readlinkSync(join(root, 'link'))).toBe(outside);
    await byPath.close();
    for (const name of ['f', 'link']) rmSync(join(root, name), { recursive: true });
  });
});
