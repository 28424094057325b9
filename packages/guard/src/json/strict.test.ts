import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GuardError } from '../errors.ts';
import { canonicalize, parseStrict, requestBytes } from './index.ts';

const limits = { bytesMax: 1_000_000, depthMax: 32, keysMax: 1_000 };
const parse = (text: string | Buffer) => parseStrict(typeof text === 'string' ? Buffer.from(text) : text, limits);

function codeOf(text: string | Buffer): string {
  try {
    parse(text);
    return 'accepted';
  } catch (thrown) {
    if (!(thrown instanceof GuardError)) throw thrown;
    return thrown.code;
  }
}

const REFUSED: readonly [row: string, text: string | Buffer][] = [
  ['J1 __proto__ as a key', '{"a":{"__proto__":{"polluted":true}}}'],
  ['J1 __proto__ escaped', '{"a":{"\\u005f_proto__":{"polluted":true}}}'],
  ['J2 duplicate at the top', '{"method":"a","method":"b"}'],
  ['J2 duplicate in params', '{"params":{"name":"a","name":"b"}}'],
  ['J2 duplicate in arguments', '{"params":{"arguments":{"x":1,"y":2,"x":3}}}'],
  ['J2 duplicate inside an array', '{"a":[{"b":1,"b":1}]}'],
  ['J2 duplicate, one of them escaped', '{"method":"a","\\u006dethod":"b"}'],
  ['J4 deeper than the limit', `${'['.repeat(33)}${']'.repeat(33)}`],
  ['J4 100,000 deep', '['.repeat(100_000)],
  ['J4 more keys than the limit', `{${Array.from({ length: 1_001 }, (_, i) => `"k${i}":1`).join(',')}}`],
  ['J4 1e400', '[1e400]'],
  ['J4 2^53 + 1', '[9007199254740993]'],
  ['J4 2^53', '[9007199254740992]'],
  ['J4 -(2^53 + 1)', '[-9007199254740993]'],
  ['J4 a big integer with an exponent', '[1e20]'],
  ['J6 digits that a double loses', '[0.10000000000000000555]'],
  ['J6 a fraction beyond double precision', '[123456789.123456789123]'],
  ['B1 a number of 100,000 zeros', `[1.${'0'.repeat(100_000)}1]`],
  ['B1 a number longer than the limit', `[1.${'0'.repeat(127)}]`],
  ['J4 NaN', '[NaN]'],
  ['J4 Infinity', '[-Infinity]'],
  ['J4 leading zero', '[01]'],
  ['J4 a plus sign', '[+1]'],
  ['J4 hexadecimal', '[0x10]'],
  ['J4 lone high surrogate', '["\\ud800"]'],
  ['J4 lone low surrogate in a key', '{"\\udc00":1}'],
  ['J4 surrogates in the wrong order', '["\\udc00\\ud800"]'],
  ['J4 NUL', '["a\\u0000b"]'],
  ['J4 a raw control character', '["a\nb"]'],
  ['J4 trailing data', '{} {}'],
  ['J4 trailing comma', '[1,]'],
  ['J4 a comment', '[1/*x*/]'],
  ['J4 a string that does not end', '{"a":"b'],
  ['J4 an escape that does not end', '{"a":"b\\"}'],
  ['H10 byte order mark', Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d])],
  ['H10 UTF-16', Buffer.from('{}', 'utf16le')],
  ['A17 invalid UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22])],
  ['A17 overlong UTF-8', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
  ['A17 surrogates as UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ['nothing', ''],
];

it('B7 a document has no more objects and lists than can be read in a moment', () => {
  const limits = { bytesMax: 1_000_000, depthMax: 64, keysMax: 1_000 };
  const lists = (count: number): Buffer => Buffer.from(`[${'{},[],'.repeat((count - 1) / 2)}1]`);
  expect(parseStrict(lists(99_999), limits).value).toHaveLength(99_999);
  expect(() => parseStrict(lists(100_001), limits)).toThrow(/more than 100000 objects and lists/);
  expect(parseStrict(lists(100_001), { ...limits, keysMax: 200_000 }).value).toHaveLength(100_001);
});

describe('the strict parser refuses', () => {
  it.each(REFUSED)('%s', (_row, text) => expect(codeOf(text)).toBe('parse_error'));

  it('J4 a body above the limit', () => {
    expect(codeOf(`"${'x'.repeat(1_000_000)}"`)).toBe('payload_too_large');
    expect(codeOf(`"${'x'.repeat(999_998)}"`)).toBe('accepted');
  });

  it('without a word of the input in the message', () => {
    for (const [, text] of REFUSED) {
      try {
        parse(text);
      } catch (thrown) {
        expect((thrown as Error).message).not.toMatch(/polluted|method|arguments/);
      }
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('the strict parser accepts', () => {
  it.each([
    '{}',
    '[]',
    '"x"',
    '0',
    '-0',
    'null',
    ' {"a" : [ 1 , 2.5 , -3e2 , 0.1 ] } ',
    '[9007199254740991,-9007199254740991]',
    '{"constructor":{"prototype":1},"toString":2,"hasOwnProperty":3}',
    '["\\ud83d\\ude00","😀","\\"\\\\","a\\\\"]',
    '[1.5e-7,100,1E2,12345.678]',
    `[1.${'0'.repeat(126)}]`,
    '{"a":{"b":{"c":{}}},"b":1}',
    `["${'é'.repeat(100)}\\"${'x'.repeat(100)}"]`,
  ])('%s', (text) => expect(parse(text).value).toEqual(JSON.parse(text)));

  it('anything that JSON.stringify writes, when it is exact', () => {
    const json = fc
      .jsonValue({ maxDepth: 6 })
      .filter(
        (value) =>
          !JSON.stringify(value).includes('__proto__') &&
          everyNumber(value, isPortable) &&
          !/\\u0000|\\ud/.test(JSON.stringify(value)),
      );
    fc.assert(
      fc.property(json, fc.nat(3), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parse(text).value).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  it('J2 no document in which a slow reader finds a duplicate key', () => {
    const key = fc.constantFrom('a', 'b', '\\u0061', 'c"'.replace('"', '\\"'));
    const object = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('1', '"x:y"', 'null', '"\\\\"'),
        tie('object'),
        tie('array'),
      ),
      object: fc
        .array(fc.tuple(key, tie('value')), { maxLength: 3 })
        .map((pairs) => `{${pairs.map(([k, v]) => `"${k}": ${String(v)}`).join(' , ')}}`),
      array: fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
    })).object;
    fc.assert(
      fc.property(object, (text) => {
        expect(codeOf(String(text)) === 'parse_error').toBe(hasDuplicate(String(text)));
      }),
      { numRuns: 2_000 },
    );
  });
});

const everyNumber = (value: unknown, test: (n: number) => boolean): boolean =>
  typeof value === 'number'
    ? test(value)
    : value === null || typeof value !== 'object' || Object.values(value).every((inner) => everyNumber(inner, test));
const isPortable = (n: number): boolean => !Number.isInteger(n) || Number.isSafeInteger(n);

/** The slow reader: a revived parse sees each object's keys once, a tokenizer sees them as written. */
function hasDuplicate(text: string): boolean {
  let duplicate = false;
  const stack: Set<string>[] = [];
  for (const token of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g)) {
    if (token[0] === '{') stack.push(new Set());
    else if (token[0] === '}') stack.pop();
    else if (token[1] !== undefined) {
      const key = JSON.parse(token[0].slice(0, -token[1].length)) as string;
      if (stack.at(-1)?.has(key)) duplicate = true;
      stack.at(-1)?.add(key);
    }
  }
  return duplicate;
}

describe('spans', () => {
  const text =
    '{"jsonrpc":"2.0", "\\u0070arams" : ' +
    '{ "name":"x", "arguments" : {"b": [1, 2], "a":{"arguments":0}} , "_meta":{}} ,"id":7 }';
  const slice = (span: readonly [number, number] | undefined) => span && text.slice(...span);

  it('give the byte range of each member', () => {
    const parsed = parse(text);
    expect(slice(parsed.span('params', 'arguments'))).toBe('{"b": [1, 2], "a":{"arguments":0}}');
    expect(slice(parsed.span('params', '_meta'))).toBe('{}');
    expect(slice(parsed.span('id'))).toBe('7');
    expect(slice(parsed.span('jsonrpc'))).toBe('"2.0"');
    expect(parsed.span('params', 'b')).toBeUndefined();
    expect(parsed.span('arguments')).toBeUndefined();
  });

  it('J6 arguments are sent as the bytes that were judged', () => {
    const bytes = Buffer.from(text);
    const span = parse(text).span('params', 'arguments');
    const raw = bytes.subarray(...(span ?? [0, 0]));
    const sent = requestBytes({
      id: 1,
      method: 'tools/call',
      params: { name: 'y', arguments: { a: 'other' } },
      rawArguments: raw,
    });
    expect(sent.toString()).toBe(
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":' +
        '{"name":"y","arguments":{"b": [1, 2], "a":{"arguments":0}}}}',
    );
  });

  it('agree with the value in every document', () => {
    const inner = fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 });
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ maxLength: 4 }), fc.oneof(inner, fc.jsonValue({ maxDepth: 2 })), { maxKeys: 5 }),
        (value) => {
          const json = JSON.stringify(value, null, 1);
          if (codeOf(json) !== 'accepted') return;
          const bytes = Buffer.from(json);
          const parsed = parse(json);
          for (const [key, member] of Object.entries(value)) {
            expect(JSON.parse(bytes.subarray(...(parsed.span(key) ?? [0, 0])).toString())).toEqual(
              JSON.parse(JSON.stringify(member)),
            );
            if (member === null || typeof member !== 'object' || Array.isArray(member)) continue;
            for (const [name, deep] of Object.entries(member)) {
              expect(JSON.parse(bytes.subarray(...(parsed.span(key, name) ?? [0, 0])).toString())).toEqual(
                JSON.parse(JSON.stringify(deep)),
              );
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('RFC 8785', () => {
  it('the example of the RFC, section 3.2.3', () => {
    const input = {
      '€': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew',
      '1': 'One',
      '😀': 'Emoji',
      '\u0080': 'Control',
      ö: 'Latin',
    };
    expect(Object.keys(JSON.parse(canonicalize(input)) as object).filter((key) => key !== '1')).toEqual([
      '\r',
      '\u0080',
      'ö',
      '€',
      '😀',
      '\ufb33',
    ]);
    expect(
      canonicalize({
        numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 1e-27],
        string: '€$\u000f\nA\'B"\\\\"/',
        literals: [null, true, false],
      }),
    ).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });
});

it('B1 a number of more than 128 characters is refused by its length, before anything is computed from it', () => {
  const number = (characters: number): string => `[1.${'0'.repeat(characters - 3)}1]`;
  expect(() => parse(`[1.${'0'.repeat(126)}]`)).not.toThrow();
  for (const characters of [129, 10_000]) expect(() => parse(number(characters))).toThrow('longer than 128 characters');
});
