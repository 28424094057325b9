import { nameOf, type Rule } from '../rule.ts';

const SNAKE_CASE = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;
const OTHER = /^[A-Za-z0-9_.-]+$/;
const CHARACTERS_MAX = 64;

/** Names are snake_case and not too long for any client. */
export const nameShape: Rule = {
  id: 'name-shape',
  severity: 'warning',
  onlyOwn: true,
  check(definition) {
    if (definition.kind !== 'tool' && definition.kind !== 'prompt') return [];
    const name = nameOf(definition);
    if (name.length > CHARACTERS_MAX)
      return [{ at: '/name', message: `The name has ${name.length} characters; some clients take ${CHARACTERS_MAX}.` }];
    if (!OTHER.test(name)) return [{ at: '/name', message: 'The name has characters that MCP does not allow.' }];
    return SNAKE_CASE.test(name) ? [] : [{ at: '/name', message: 'Write the name in snake_case, as get_customer.' }];
  },
};
