/**
 * Makes the two files of this folder from the official JSON Schema test suite, so that they can be made again for a
 * later one. The suite is in the source package of `jsonschema` of PyPI:
 *
 *     pip download --no-deps --no-binary :all: jsonschema==4.26.0 && tar xzf jsonschema-4.26.0.tar.gz
 *     node test/conformance/json-schema/pack.ts jsonschema-4.26.0/json
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [, , suite = ''] = process.argv;

for (const draft of ['draft2020-12', 'draft7']) {
  const folder = join(suite, 'tests', draft);
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
  // One line for each file of the suite, so that a change can be read.
  const lines = names
    .sort()
    .map((name) => `${JSON.stringify(name)}: ${JSON.stringify(JSON.parse(readFileSync(join(folder, name), 'utf8')))}`);
  writeFileSync(new URL(`./${draft}.json`, import.meta.url), `{\n${lines.join(',\n')}\n}\n`);
}
