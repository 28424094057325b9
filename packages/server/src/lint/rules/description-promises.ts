import { descriptionOf, type Rule } from '../rule.ts';

const PROMISES: readonly RegExp[] = [
  /\bguarantee[sd]?\b/i,
  /\b100 ?% (?:accurate|reliable|safe|secure)\b/i,
  /\bbest (?:tool|choice|way) (?:for|to)\b/i,
  /\b(?:world[- ]class|cutting[- ]edge|revolutionary|unmatched|the only tool|never fails)\b/i,
  /\bbetter than (?:any|all) other\b/i,
];

/** A description makes no promises and does not praise itself. */
export const descriptionPromises: Rule = {
  id: 'description-promises',
  severity: 'warning',
  onlyOwn: false,
  check(definition) {
    const text = descriptionOf(definition);
    const promise = PROMISES.map((pattern) => pattern.exec(text)?.[0]).find((match) => match !== undefined);
    return promise === undefined
      ? []
      : [{ at: '/description', message: `"${promise}" is a promise: state what the tool does.` }];
  },
};
