/** The description of the control API, judged by a validator of OpenAPI that is not ours. */
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { pages } from './docs.ts';

/** What is used of `@redocly/openapi-core`, which is there with the generator of the dashboard's types. */
interface Validator {
  createConfig(config: object): Promise<unknown>;
  lintFromString(options: { source: string; config: unknown }): Promise<readonly { message: string; ruleId: string }[]>;
}

const { createConfig, lintFromString } = createRequire(import.meta.url)('@redocly/openapi-core') as Validator;

const problemsOf = async (source: string): Promise<readonly string[]> => {
  const rules = { struct: 'error', 'no-unresolved-refs': 'error', 'operation-operationId-unique': 'error' };
  const more = {
    'path-declaration-must-exist': 'error',
    'path-parameters-defined': 'error',
    'no-identical-paths': 'error',
  };
  const config = await createConfig({ rules: { ...rules, ...more } });
  return (await lintFromString({ source, config })).map(({ ruleId, message }) => `${ruleId}: ${message}`);
};

it('docs/reference/openapi.json is OpenAPI 3.1', async () => {
  const source = (await pages()).get('openapi.json') ?? '';
  expect(await problemsOf(source)).toEqual([]);
  expect(JSON.parse(source)).toMatchObject({ openapi: '3.1.0' });
});

it('and the validator finds what is wrong', async () => {
  const source = (await pages()).get('openapi.json') ?? '';
  expect(await problemsOf(source.replaceAll('"responses"', '"respones"'))).not.toEqual([]);
  expect(
    await problemsOf(source.replace('#/components/schemas/Problem"', '#/components/schemas/Nothing"')),
  ).not.toEqual([]);
});
