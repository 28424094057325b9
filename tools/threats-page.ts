/** The tests that name each threat, and the page of both. */
import { page, table } from './markdown.ts';
import { isTest, sourcesIn, type Source } from './sources.ts';
import { FAMILIES, THREATS } from './threats.ts';

/** An id as tests and comments write it: not part of a word, a path, an escape or a number. */
const ID = /(?<![\w%\\.\-#/])([AOPHJSRUXDBL]\d{1,2})(?![\w%.-]*[\w%])/g;

const folders = ['packages/guard/src', 'packages/server/src', 'packages/gateway/src', 'test', 'tools'];

/** Every id that a source names, with the files that do. */
export function namedIds(): ReadonlyMap<string, readonly Source[]> {
  const found = new Map<string, Source[]>();
  const sources = folders
    .flatMap((folder) => sourcesIn(folder))
    .filter(({ path }) => !path.startsWith('tools/threats'));
  for (const source of sources) {
    for (const id of new Set([...source.text.matchAll(ID)].map((match) => match[1] ?? ''))) {
      found.set(id, [...(found.get(id) ?? []), source]);
    }
  }
  return found;
}

export const testsOf = (sources: readonly Source[]): readonly string[] =>
  sources
    .filter((source) => isTest(source) || source.path.startsWith('test/'))
    .map(({ path }) => path)
    .sort();

export function threatsPage(): string {
  const named = namedIds();
  const families = Object.entries(FAMILIES).map(([family, title]) => {
    const ids = Object.keys(THREATS).filter((id) => id.startsWith(family));
    const rows = ids.map((id) => {
      const tests = testsOf(named.get(id) ?? []).map((path) => `[${path.split('/').at(-1)}](../../${path})`);
      return [id, THREATS[id]?.threat ?? '', THREATS[id]?.defence ?? '', tests.join(' · ')];
    });
    return `## ${title}\n\n${table(['id', 'threat', 'defence', 'tests'], rows)}`;
  });
  return page(
    'Threats',
    'Tests and comments name these threats by their ids. Each threat has at least one test that names it.',
    ...families,
  );
}
