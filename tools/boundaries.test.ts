/** What may import what: each rule with a sentence for the contributor who breaks it. */
import { describe, expect, it } from 'vitest';
import { isTest, sourcesIn, type Source } from './sources.ts';

const guard = sourcesIn('packages/guard/src').filter((source) => !isTest(source));
const gateway = sourcesIn('packages/gateway/src').filter((source) => !isTest(source));
const server = sourcesIn('packages/server/src').filter((source) => !isTest(source));
const all = [...guard, ...server, ...gateway];

const FOLDERS = ['edge', 'upstream', 'control', 'adapters', 'jwks', 'listen', 'segments'] as const;
/** The folder of a part, in the gateway or in what it shares with servers. */
const folderOf = (path: string): string | undefined =>
  /^packages\/(?:gateway|server)\/src\/([a-z-]+)\//.exec(path)?.[1];
const parts = [...server, ...gateway];

const breaking = (sources: readonly Source[], rule: (source: Source, imported: string) => boolean): string[] =>
  sources.flatMap((source) =>
    source.imports.filter((imported) => rule(source, imported)).map((imported) => `${source.path} imports ${imported}`),
  );

describe('boundaries', () => {
  it('the guard imports no package of ours and opens no socket or file: pass what it needs through a port', () => {
    const forbidden =
      /^(sallyport|@sallyport\/|undici|node:(net|http|tls|fs|child_process|dgram|dns|sqlite|worker_threads))/;
    expect(
      breaking(guard, (_source, imported) => forbidden.test(imported) || imported.startsWith('packages/gateway')),
    ).toEqual([]);
  });

  it('the server package imports no gateway: what both need lies in it, the gateway has its own parts', () => {
    expect(
      breaking(server, (_source, imported) => imported === 'sallyport' || imported.startsWith('packages/gateway')),
    ).toEqual([]);
  });

  it('the guard has one dependency at run time: another one needs an ADR', () => {
    const packages = new Set(
      guard
        .flatMap((source) => source.imports)
        .filter((name) => !name.startsWith('packages/') && !name.startsWith('node:'))
        .map((name) => name.split('/')[0]),
    );
    expect([...packages].sort()).toEqual(['jose']);
  });

  it('only guard.ts mints permits: a permit that anyone can make proves nothing', () => {
    expect(
      all
        .filter((source) => /\bmintPermit\b/.test(source.text))
        .map((source) => source.path)
        .sort(),
    ).toEqual(['packages/guard/src/guard.ts', 'packages/guard/src/permit.ts']);
  });

  it('stages do not import each other, except what limit and validate share: pass what you learned on', () => {
    const shared = new Set([
      'packages/guard/src/stages/validate/index.ts',
      'packages/guard/src/stages/validate/bounds.ts',
      'packages/guard/src/stages/validate/compile.ts',
      'packages/guard/src/stages/limit/refusals.ts',
    ]);
    const stage = (path: string): string | undefined => /stages\/([a-z]+)\//.exec(path)?.[1];
    expect(
      breaking(
        guard,
        ({ path }, imported) =>
          stage(path) !== undefined &&
          stage(imported) !== undefined &&
          stage(path) !== stage(imported) &&
          !shared.has(imported),
      ),
    ).toEqual([]);
  });

  it.each(FOLDERS)('%s does not import the other folders: they meet in gateway.ts or through snapshot.ts', (folder) => {
    const inside = parts.filter((source) => folderOf(source.path) === folder);
    expect(inside.length).toBeGreaterThan(0);
    const others = new Set(
      ['edge', 'upstream', 'control', 'adapters', 'listen', 'segments', 'cli', 'config', 'demo'].filter(
        (other) => other !== folder,
      ),
    );
    // The two listeners read and set headers alike, and the edge says when a body is read.
    const shared = new Set([
      'packages/server/src/listen/security-headers.ts',
      'packages/server/src/listen/header-values.ts',
      'packages/server/src/listen/listener-origin.ts',
      'packages/server/src/listen/pausable-request.ts',
      'packages/server/src/listen/raw-body.ts',
      'packages/server/src/listen/settings.ts',
    ]);
    expect(
      breaking(inside, (_source, imported) => others.has(folderOf(imported) ?? '') && !shared.has(imported)),
    ).toEqual([]);
  });

  it('channels are told what to say: they import the guard, settings and each other only', () => {
    const channels = gateway.filter((source) => folderOf(source.path) === 'channels');
    expect(channels.length).toBeGreaterThan(0);
    const allowed =
      /^(packages\/gateway\/src\/(channels\/|snapshot\.ts)|@sallyport\/guard$|node:timers\/promises$|node:http$)/;
    expect(breaking(channels, (_source, imported) => !allowed.test(imported))).toEqual([]);
  });

  it('mcp is pure and imports the guard only: a fact of the protocol knows nothing of who uses it', () => {
    const protocol = server.filter((source) => folderOf(source.path) === 'mcp');
    expect(protocol.length).toBeGreaterThan(0);
    const allowed = /^(packages\/server\/src\/mcp\/|@sallyport\/guard(\/json)?$)/;
    expect(breaking(protocol, (_source, imported) => !allowed.test(imported))).toEqual([]);
  });

  it('only edge, serve, upstream, cli, demo and the composition import mcp/: stores and settings need no MCP', () => {
    const speakers = new Set(['mcp', 'edge', 'serve', 'upstream', 'cli', 'demo', undefined]);
    expect(
      breaking(
        parts,
        ({ path }, imported) => imported.startsWith('packages/server/src/mcp/') && !speakers.has(folderOf(path)),
      ),
    ).toEqual([]);
  });

  it('only adapters, upstream and listen open sockets or files', () => {
    const opens = /^(undici|node:(net|http|https|tls|child_process|sqlite))$/;
    const allowed = /^packages\/gateway\/src\/(adapters|upstream|demo|cli)\//;
    // Types open nothing, and isIP only reads a text.
    const asTypes = (source: Source, imported: string): boolean =>
      new RegExp(`import (type [^;]*|\\{ isIP \\}) from '${imported}'`).test(source.text);
    expect(
      breaking(
        gateway,
        (source, imported) => opens.test(imported) && !allowed.test(source.path) && !asTypes(source, imported),
      ),
    ).toEqual([]);
  });

  it('of the server package the gateway uses only parts that need no MCP SDK', () => {
    const allowed = /^@sallyport\/server\/(http|lint|openapi|process-tree|sandbox)$/;
    const entry = /^@sallyport\/server(\/|$)/;
    expect(breaking(gateway, (_source, imported) => entry.test(imported) && !allowed.test(imported))).toEqual([]);
  });

  it('only gateway.ts knows everything: the entry, the stdio gateway and the probe of a server use it, and nothing else', () => {
    const users = new Set(['main', 'stdio-gateway', 'probe-server'].map((name) => `packages/gateway/src/${name}.ts`));
    expect(
      breaking(gateway, ({ path }, imported) => imported === 'packages/gateway/src/gateway.ts' && !users.has(path)),
    ).toEqual([]);
    expect(breaking(gateway, (_source, imported) => imported === 'packages/gateway/src/main.ts')).toEqual([]);
  });

  it('no file imports itself by a detour: break the cycle by moving what both need', () => {
    const graph = new Map(
      all.map((source) => [
        source.path,
        source.imports.filter(
          (imported) =>
            !new RegExp(`import type [^;]*from '[^']*${imported.split('/').at(-1)?.replaceAll('.', '\\.')}'`).test(
              source.text,
            ),
        ),
      ]),
    );
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (state.get(path) === 'done') return;
      if (state.get(path) === 'open') {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
        return;
      }
      state.set(path, 'open');
      for (const next of graph.get(path) ?? []) if (graph.has(next)) visit(next, [...trail, path]);
      state.set(path, 'done');
    };
    for (const path of graph.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });
});
