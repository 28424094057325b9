/** Changes of what is compared with pins, listed and withheld. */
import { changesIn, type Change } from './change.ts';

const inPins = changesIn('packages/gateway/src/upstream/pins');
const DRIFT = ['drift.test.ts', 'poisoning.test.ts', 'current-pins.test.ts'];

export const pins: readonly Change[] = [
  ...inPins('compare-definition.ts', DRIFT, [
    ["if (pin === undefined && settings.pin === 'approval')", 'if (false)'],
    ['if (pin.digest !== digest) {', 'if (false) {'],
    [
      'if (!deps.drift.mark(key, digest)) return { servedDigest: undefined, ',
      'if (!deps.drift.mark(key, digest)) return { servedDigest: digest, ',
    ],
    ["  deps.report({ kind: 'restored', server, definition: kind, name });\n", ''],
  ]),
  ...inPins(
    'compare-list.ts',
    ['two-processes.test.ts', 'drift.test.ts'],
    [
      ['for (const name of await pinnedOtherwise(deps, after, newcomers)) served.delete(name);', ''],
      ['if (servedChanged) deps.changed(settings.name, kind);', ''],
    ],
  ),
  ...inPins(
    'compare-list.ts',
    ['screen.test.ts', 'space.test.ts'],
    [
      ["kind !== 'tool' || settings.allowTools?.includes(String(nameOf(document))) !== false", 'true'],
      ['if (free >= 0) return true;', 'return true;'],
      ['if (noSpace !== undefined) withheld.push', 'if (false) withheld.push'],
      ['if (noSpace !== undefined && pins.get(settings.name, kind, name) === undefined) continue;', ''],
    ],
  ),
  ...inPins(
    'current-pins.ts',
    ['current-pins.test.ts'],
    [
      ["if (ageMs(state) > state.silenceMsMax) throw new Error('the pins cannot be read');", ''],
      ['performance.now() - reading.startedAtMs < AGE_MS_MAX', 'true'],
      [
        'if (ageMs(state) < AGE_MS_MAX) return indexFor(state);',
        'if (ageMs(state) < Infinity) return indexFor(state);',
      ],
      ['    state.readAtMs = startedAtMs;', '    state.readAtMs = performance.now();'],
      ['if (settings !== state.settings) {', 'if (false) {'],
      ['if (version === known.version) return known;', 'if (known.pins.length > 0) return known;'],
      ['SILENCE_MS_MAX = 5_000', 'SILENCE_MS_MAX = 5_000_000'],
      ['setInterval(() => readInBackground(state), POLL_MS)', 'setInterval(() => undefined, POLL_MS)'],
      ['    if (!state.failing)\n', ''],
    ],
  ),
  ...inPins(
    'definition-bytes.ts',
    ['space.test.ts'],
    [
      ['if (bytes > DEFINITION_BYTES_MAX) return', 'if (false) return'],
      ['if (neededBytes > freeBytes) return', 'if (false) return'],
      ['      freeBytes -= neededBytes;\n', ''],
      ['DEFINITION_BYTES_MAX = 256 * 1024', 'DEFINITION_BYTES_MAX = 256 * 1024 * 1024'],
      ['SERVER_BYTES_MAX = 8 * 1024 * 1024', 'SERVER_BYTES_MAX = 8 * 1024 * 1024 * 1024'],
      ['Buffer.byteLength(JSON.stringify(document))', 'Object.keys(document).length'],
    ],
  ),
  ...inPins(
    'digest.ts',
    ['digest.test.ts'],
    [
      ["if (kind === 'resource') return", 'if (isObject(document)) return'],
      ['    ...(instructions === undefined ? {} : { instructions }),\n', ''],
      ['capabilities: isObject(capabilities) ? knownServerCapabilities(capabilities) : {}', 'capabilities: {}'],
      ['const { version: _version, ...words }', 'const { version: _version, title: _title, ...words }'],
    ],
  ),
  ...inPins(
    'names.ts',
    ['names.test.ts', 'screen.test.ts'],
    [
      ["return owner === undefined ? undefined : 'begins with the prefix of a server';", 'return owner && undefined;'],
      ["if (!(kind === 'tool' ? TOOL : PROMPT).test(name)) return", 'if (false) return'],
      [' : spellingFault(kind, name);', ' : undefined;'],
      ["name.normalize('NFKC')", 'name'],
      [".replace(/1/g, 'l')", ''],
      ['[`case ${plain.toLowerCase()}`, `shape ${skeleton}`]', '[`case ${plain}`, `shape ${skeleton}`]'],
    ],
  ),
  ...inPins(
    'pin-index.ts',
    ['space.test.ts', 'screen.test.ts', 'drift.test.ts'],
    [
      ["|| (kind === 'tool' && settings.allowTools?.includes(name) === false)", ''],
      ['        (one) => one.documentBytes,', '        () => 0,'],
    ],
  ),
  ...inPins(
    'read-list.ts',
    ['read-list.test.ts', 'screen.test.ts'],
    [
      ['page < PAGES_MAX', 'true'],
      ['bytes += result.receivedBytes;', 'bytes += 0;'],
      ['if (bytes > LIST_BYTES_MAX) throw', 'if (false) throw'],
      ['if (documents.length > DEFINITIONS_MAX[kind])', 'if (false)'],
      ['cursors.has(next) || next.length > CURSOR_CHARACTERS_MAX', 'cursors.has(next)'],
      ['cursors.has(next) || next.length > CURSOR_CHARACTERS_MAX', 'next.length > CURSOR_CHARACTERS_MAX'],
      ['PAGE_BYTES_MAX = 8 * 1024 * 1024', 'PAGE_BYTES_MAX = 8 * 1024 * 1024 * 1024'],
    ],
  ),
  ...inPins(
    'screen.ts',
    ['screen.test.ts'],
    [
      ["if ((timesListed.get(name) ?? 0) > 1) return 'listed more than once';", ''],
      ["  return 'looks like another name';\n", '  return undefined;\n'],
      ['for (const name of pinnedNames) addName(namesByKey, kind, name);', ''],
      ['return shape ?? schemaFault(kind, document);', 'return shape;'],
    ],
  ),
  ...inPins('shape.ts', ['screen.test.ts'], [["    : 'not shaped as the schema of MCP says';", '    : undefined;']]),
  ...inPins(
    'template.ts',
    ['template.test.ts'],
    [
      ['uri.length > URI_CHARACTERS_MAX || hasDotSegments(uri)', 'uri.length > URI_CHARACTERS_MAX'],
      ['uri.length > URI_CHARACTERS_MAX || hasDotSegments(uri)', 'hasDotSegments(uri)'],
      ['reserved || SEGMENT.test(value)', 'true'],
      ['return position === uri.length ? values : undefined;', 'return values;'],
      ['charactersLeft -= value.length;', ''],
      ['  return true;\n}', '  return false;\n}'],
      ['parts.length > PARTS_MAX ? undefined : parts', 'parts'],
    ],
  ),
  ...inPins(
    'verify.ts',
    ['drift.test.ts'],
    [
      ['catalog.isDrifting(server, kind, name) || pins.get', 'pins.get'],
      ['|| pins.get(server, kind, name)?.digest !== digest', ''],
      ['if (shownDigest === undefined) throw', 'if (false) throw'],
      ["if (shownDigest !== digest) throw new GuardError('quarantined');", ''],
      ['settings.verifyIntervalMs === 0 || owner?.isGateway', 'owner?.isGateway'],
      ['<= settings.verifyIntervalMs ? last : undefined', '<= Infinity ? last : undefined'],
      ['pinned?.digest === digest && !verifier', '!verifier'],
    ],
  ),
  ...inPins(
    'server-profile.ts',
    ['poisoning.test.ts', 'drift.test.ts'],
    [
      ['text === canonicalize(pinnedDocument) || written.has(key)', 'text === canonicalize(pinnedDocument)'],
      ['if (pinned === undefined) await pinnedOtherwise(deps, after, [live]);', ''],
    ],
  ),
  ...inPins(
    'server-queues.ts',
    ['two-processes.test.ts', 'drift.test.ts'],
    [['previous === undefined ? work() : previous.then(work, work)', 'work()']],
  ),
  ...inPins(
    'withheld.ts',
    ['withheld.test.ts'],
    [
      ['if (reported.size >= REMEMBERED_MAX) reported.clear();', ''],
      ["name.replace(/[^\\x20-\\x7e]/g, '?').slice(0, 128)", 'name'],
      ['withheld.slice(0, OF_ONE_LIST_MAX)', 'withheld'],
      ['if (reported.has(key)) return;', ''],
    ],
  ),
];
