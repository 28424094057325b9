import { descriptionOf, type Rule } from '../rule.ts';

const PROMISES =
  /\b(?:guarantee[sd]?|100 ?% (?:accurate|reliable|safe|secure)|best (?:tool|choice|way) (?:for|to)|world[- ]class|cutting[- ]edge|revolutionary|unmatched|better than (?:any|all) other|the only tool|never fails)\b/i;

/** A description makes no promises and does not praise itself. */
export const descriptionPromises: Rule = {
  id: 'description-promises',
  severity: 'warning',
  onlyOwn: false,
  check(definition) {
    const [promise] = PROMISES.exec(descriptionOf(definition)) ?? [];
    return promise === undefined
      ? []
      : [{ at: '/description', message: `"${promise}" is a promise: state what the tool does.` }];
  },
};
