/** B4: the memory of compiled schemas is bounded, and so is the work for those that cannot be compiled. */
import { expect, it } from 'vitest';
import type { Definition, Json } from '../../call.ts';
import { SCHEMA_LIMITS } from './bounds.ts';
import { createSchemaCache } from './schema-cache.ts';

/** How often each schema was read in order to be compiled. */
const compilations = new Map<string, number>();

function tool(name: string, keywords: Record<string, Json>): Definition {
  const schema = { ...keywords };
  Object.defineProperty(schema, 'type', {
    enumerable: true,
    get: () => {
      compilations.set(name, (compilations.get(name) ?? 0) + 1);
      return keywords['type'] ?? 'object';
    },
  });
  return { digest: `sha256:${name}`, document: { inputSchema: schema } } as unknown as Definition;
}

const timesRead = (name: string, read: () => unknown): number => {
  const before = compilations.get(name) ?? 0;
  read();
  return (compilations.get(name) ?? 0) - before;
};

it('B4 schemas of a few bytes whose patterns take a megabyte each are not all kept', () => {
  const cache = createSchemaCache('inputSchema', SCHEMA_LIMITS, 4 * 1024 * 1024);
  const many = Array.from({ length: 20 }, (_, at) => tool(`large${at}`, { pattern: `a{9900}${at}` }));
  for (const one of many) cache(one);
  expect(timesRead('large0', () => cache(many[0] as Definition))).toBeGreaterThan(0);
  expect(timesRead('large19', () => cache(many[19] as Definition))).toBe(0);
});

it('B4 what is used stays, whatever else is compiled', () => {
  const cache = createSchemaCache('inputSchema', SCHEMA_LIMITS, 4 * 1024 * 1024);
  const honest = tool('honest', {});
  cache(honest);
  for (let at = 0; at < 20; at++) {
    cache(tool(`hostile${at}`, { pattern: `b{9900}${at}` }));
    expect(timesRead('honest', () => cache(honest))).toBe(0);
  }
});

it('B4 a schema that cannot be compiled is refused each time, and compiled once', () => {
  const cache = createSchemaCache('inputSchema', SCHEMA_LIMITS);
  const refused = tool('refused', { $ref: 'https://elsewhere.test/schema' });
  expect(() => cache(refused)).toThrow('leaves the schema');
  expect(
    timesRead('refused', () => {
      for (let at = 0; at < 5; at++) expect(() => cache(refused)).toThrow('leaves the schema');
    }),
  ).toBe(0);
});
