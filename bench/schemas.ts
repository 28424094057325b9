/**
 * What checking a value against a schema costs: each hostile schema in CPU milliseconds, and honest schemas as a ratio
 * to ajv in the same process. `node --conditions=sallyport-source bench/schemas.ts`
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Json, JsonObject } from '@sallyport/guard';
import { compileSchema } from '@sallyport/guard/stages';
import { HOSTILE_SCHEMAS } from '../packages/guard/src/stages/validate/testing/hostile-schemas.ts';

const TIMES = 20_000;
const WORST_SHOWN = 10;

/** CPU time of this process, so that other work on the machine does not count. */
function cpuMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

function check(schema: Json, value: Json): string {
  try {
    return compileSchema(schema)(value).length === 0 ? 'valid' : 'invalid';
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

const person: JsonObject = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 100 },
    email: { type: 'string', pattern: '^[^@\\s]+@[^@\\s]+$' },
    age: { type: 'integer', minimum: 0, maximum: 150 },
    tags: { type: 'array', items: { type: 'string' }, maxItems: 20 },
    kind: { enum: ['a', 'b', 'c'] },
  },
  required: ['name'],
  additionalProperties: false,
};
const alice: JsonObject = { name: 'Alice', email: 'alice@example.test', age: 30, tags: ['x', 'y'], kind: 'b' };
const HONEST: readonly (readonly [name: string, schema: JsonObject, value: Json])[] = [
  ['one text', { type: 'object', properties: { q: { type: 'string' } }, required: ['q'] }, { q: 'hello' }],
  ['a person', person, alice],
  ['fifty people', { type: 'array', items: person }, Array.from({ length: 50 }, () => alice)],
];

const write = (line: string): void => void process.stdout.write(`${line}\n`);
const times = HOSTILE_SCHEMAS.map(([name, schema, value]) => {
  let end = '';
  const ms = cpuMs(() => {
    end = check(schema, value);
  });
  return { name, ms, end };
}).toSorted((a, b) => b.ms - a.ms);
write(`${times.length} hostile schemas; the slowest, in CPU milliseconds with compiling:`);
for (const { name, ms, end } of times.slice(0, WORST_SHOWN)) write(`  ${ms.toFixed(1).padStart(7)}  ${name}: ${end}`);

write('honest schemas, CPU microseconds a check: own, ajv, ratio; milliseconds to compile: own, ajv');
for (const [name, schema, value] of HONEST) {
  const rounds = Array.isArray(value) ? TIMES / 50 : TIMES;
  const ajv = new Ajv2020({ strict: false, ownProperties: true }).compile(schema);
  const own = compileSchema(schema);
  const measure = (run: () => void): number =>
    Math.min(
      ...[0, 1, 2, 3, 4].map(() =>
        cpuMs(() => {
          for (let at = 0; at < rounds; at++) run();
        }),
      ),
    ) *
    (1_000 / rounds);
  const [ownUs, ajvUs] = [measure(() => own(value)), measure(() => ajv(value))];
  const compileOwn = cpuMs(() => compileSchema(schema));
  const compileAjv = cpuMs(() => new Ajv2020({ strict: false, ownProperties: true }).compile(schema));
  const figures = [ownUs, ajvUs, ownUs / ajvUs, compileOwn, compileAjv].map((figure) => figure.toFixed(2).padStart(8));
  write(`  ${name.padEnd(14)}${figures.join('')}`);
}
