/** B1: no regular expression of the product can take more than linear time on foreign text. */
import { describe, expect, it } from 'vitest';
import { whyBacktracking } from './backtracking.ts';
import { isTest, sourcesIn, type Source } from './sources.ts';
import { parseSource, walk } from './syntax.ts';

const product = ['packages/guard/src', 'packages/server/src', 'packages/gateway/src']
  .flatMap((folder) => sourcesIn(folder))
  .filter((source) => !isTest(source));

/** Expressions that can take longer, and why that does no harm. */
const ALLOWED: ReadonlyMap<string, string> = new Map([
  ['^(.+?)\\1*$', 'reads secrets of the configuration, which are the operator’s own text'],
  [
    '(?:change|replace)[-_]?(?:me|this)|your[-_].*(?:key|secret|token)|^x+$|insert[-_].*here',
    'reads secrets of the configuration, which are the operator’s own text',
  ],
  ['"(?:[^"\\\\]|\\\\.)*"|\\/\\/[^\\n]*|\\d+', 'reads policies, which are the operator’s own text'],
  ['(?<=:\\/\\/)[^\\s/@:]{1,256}:[^\\s/@]{1,256}(?=@)', 'counts to 256, and begins only behind ://'],
  ['(^|[/\\\\:?#=&])\\.{1,2}([/\\\\?#&]|$)', 'counts to two'],
]);

/** Files that make expressions while they run, and from what. */
const MADE_WHILE_RUNNING: ReadonlyMap<string, string> = new Map([
  ['packages/gateway/src/adapters/pino/redact.ts', 'constant words and characters, written in parts'],
  ['packages/gateway/src/cli/printable.ts', 'a constant set of characters, written in parts'],
  ['packages/gateway/src/config/secrets.ts', 'constant words, written in parts'],
  ['packages/gateway/src/control/api/table.ts', 'the path templates of the routes, which are constants'],
  ['packages/gateway/src/config/servers.ts', 'constant words, written in parts'],
  ['packages/guard/src/stages/validate/patterns/character-set.ts', 'one Unicode property, tested on one character'],
]);

interface Expression {
  readonly at: string;
  readonly pattern: string;
  readonly flags: string;
}

function expressionsIn({ path, text }: Source): readonly Expression[] {
  const tree = parseSource(path, text);
  const found: Expression[] = [];
  walk(tree.program, (node) => {
    const regex = node['regex'] as { readonly pattern: string; readonly flags: string } | null | undefined;
    if (node.type === 'Literal' && regex) found.push({ at: `${path}:${tree.lineOf(node.start)}`, ...regex });
  });
  return found;
}

describe('B1 regular expressions of the product', () => {
  const expressions = product.flatMap(expressionsIn);

  it('there are many, so they are found', () => expect(expressions.length).toBeGreaterThan(100));

  it('none can backtrack beyond linear time: write a loop, or bound the text and say why it is allowed', () => {
    const faults = expressions
      .filter(({ pattern }) => !ALLOWED.has(pattern))
      .flatMap(({ at, pattern, flags }) => {
        const why = whyBacktracking(pattern, flags);
        return why === undefined ? [] : [`${at} /${pattern}/${flags}: ${why}`];
      });
    expect(faults).toEqual([]);
  });

  it('what is allowed is still there', () => {
    const patterns = new Set(expressions.map(({ pattern }) => pattern));
    expect([...ALLOWED.keys()].filter((pattern) => !patterns.has(pattern))).toEqual([]);
  });

  it('an expression that is made while the product runs is made from the product’s own text', () => {
    const makers = product.filter(({ text }) => /\bRegExp\(/.test(text)).map(({ path }) => path);
    expect(makers.sort()).toEqual([...MADE_WHILE_RUNNING.keys()].sort());
  });
});

describe('B1 the search for backtracking', () => {
  it.each([
    '0+$',
    '[.\\-_ ]+$',
    '\\s+$',
    'a*b',
    '(a+)+$',
    '^(a+)+$',
    '^(a|a)*$',
    '^(a|ab|b)*$',
    '^a*a*b',
    '^\\d+\\d+$',
    '^(\\w+\\s?)*$',
    '^(?:a?b?)*$',
    '^.*x.*y',
    '^(a{1,5})+$',
    '^(?!(a+)+$)',
    '(.)\\1',
    '^(?:[a-z]+[0-9]*)+$',
    'x.*y',
  ])('finds /%s/', (pattern) => expect(whyBacktracking(pattern, '')).toBeDefined());

  it.each([
    '^0+$',
    '^[a-z]+$',
    '0+',
    '^(\\d+)(?:\\.(\\d*))?$',
    '^[a-z]+(?:-[a-z]+)*$',
    '[^a-z]+',
    '\\bBearer\\s+[a-z]{6,}',
    '^[a-z]+:[^\\s]*$',
    '(?:a|b)c',
    '^\\s*(;|$)',
    '(?=a)b',
  ])('leaves /%s/ alone', (pattern) => expect(whyBacktracking(pattern, '')).toBeUndefined());
});
