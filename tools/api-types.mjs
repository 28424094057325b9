/**
 * Writes the types of the dashboard from the OpenAPI document, where openapi-typescript is installed. Part of
 * `npm run docs`, because both follow from the endpoints.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tool = join(root, 'packages', 'dashboard', 'node_modules', 'openapi-typescript', 'bin', 'cli.js');
const document = join(root, 'docs', 'reference', 'openapi.json');
const types = join(root, 'packages', 'dashboard', 'src', 'api', 'openapi.d.ts');
if (existsSync(tool)) {
  const { status, stderr } = spawnSync(process.execPath, [tool, document, '--immutable', '-o', types], {
    encoding: 'utf8',
  });
  if (status !== 0) process.stderr.write(stderr);
  process.exitCode = status ?? 1;
}
