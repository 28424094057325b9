/** A document and a choice from it → tools. Pure: nothing is fetched, nothing is sent. */
import { asObject, type Json, type JsonObject } from '@sallyport/guard';
import { compileSchema } from '@sallyport/guard/stages';
import { annotationsOf } from '../effects.ts';
import type { OperationBinding, RestTool } from './binding.ts';
import { bodyOf } from './body.ts';
import { cleanText } from './clean-text.ts';
import { TooManySchemas, type Conversion } from './convert-schema.ts';
import { DocumentError } from './document-error.ts';
import { placeholdersOf } from './encode-path.ts';
import { inputOf, type Input } from './input-schema.ts';
import { chosenOperation, operationsOf, type Operation } from './operations.ts';
import { outputOf, type Output } from './output-schema.ts';
import { parametersOf } from './parameters.ts';
import { readDocument, type OpenApiDocument } from './read-document.ts';
import { authOf, credentialPlaces } from './security.ts';
import { isToolName } from './tool-name.ts';

/**
 * What is said of a tool otherwise than in the document.
 *
 * @example
 * ```ts
 * const override: ToolOverride = { name: 'get_customer', description: 'One customer by id.' };
 * ```
 */
export interface ToolOverride {
  /** A verb first, `a-z0-9_`, at most 64 characters. */
  readonly name?: string;
  readonly description?: string;
  readonly effect?: RestTool['effect'];
  /** Values of parameters that callers do not choose, by the name of the parameter. */
  readonly fixed?: Readonly<Record<string, string>>;
  /** `none` publishes no schema of answers: for an interface that does not answer as it says. */
  readonly output?: 'schema' | 'none';
}

/**
 * Which operations become tools.
 *
 * @example
 * ```ts
 * const choice: Choice = { allow: ['getCustomer', 'GET /orders'], credentials: ['bearerAuth'] };
 * ```
 */
export interface Choice {
  /** By `operationId`, `METHOD /path` or the name that the tool would have. Nothing else becomes a tool. */
  readonly allow: readonly string[];
  /** By the same text as in `allow`. */
  readonly override?: Readonly<Record<string, ToolOverride>>;
  /** Names of the security schemes for which there are credentials. */
  readonly credentials?: readonly string[];
  /** Whether what the document asks for in credentials is sent otherwise, for example by a header of the operator. */
  readonly authenticatedOtherwise?: boolean;
}

/**
 * The tools of a document, and what was left out of them.
 *
 * @example
 * ```ts
 * const names = ({ tools }: Converted): readonly string[] => tools.map(({ name }) => name);
 * ```
 */
export interface Converted {
  readonly tools: readonly RestTool[];
  /** For the operator: by tool, what the schemas do not say because it could not be said safely. */
  readonly notes: readonly { readonly tool: string; readonly note: string }[];
}

const SCHEMA_BYTES_MAX = 48 * 1024;
const DESCRIPTION_CHARACTERS_MAX = 1_024;
const TITLE_CHARACTERS_MAX = 100;
/** Tried in order until a schema is small enough to be read by a model and checked; at last without descriptions. */
const ATTEMPTS: readonly Pick<Conversion, 'depthMax' | 'isDescribed'>[] = [
  ...[40, 10, 7, 5, 4, 3, 2, 1].map((depthMax) => ({ depthMax, isDescribed: true })),
  ...[2, 1, 0].map((depthMax) => ({ depthMax, isDescribed: false })),
];

/**
 * @param document text (JSON or YAML), or a document that was read.
 * @throws DocumentError the first of those that `conversionOf` finds.
 * @example
 * ```ts
 * const { tools } = toolsOf(document, { allow: ['getCustomer'] });
 * ```
 */
export function toolsOf(document: string | OpenApiDocument, choice: Choice): Converted {
  const { errors, ...converted } = conversionOf(document, choice);
  if (errors[0] !== undefined) throw errors[0];
  return converted;
}

/**
 * The same with everything that is wrong, so that an operator corrects it in one round.
 *
 * @throws DocumentError for a document that cannot be read at all.
 * @example
 * ```ts
 * const messages = conversionOf(document, choice).errors.map(({ message }) => message);
 * ```
 */
export function conversionOf(
  document: string | OpenApiDocument,
  choice: Choice,
): Converted & { readonly errors: readonly DocumentError[] } {
  const read = typeof document === 'string' ? readDocument(document) : document;
  const operations = operationsOf(read);
  const notes: { tool: string; note: string }[] = [];
  const errors: DocumentError[] = [];
  const tools: RestTool[] = [];
  for (const name of Object.keys(choice.override ?? {}))
    if (!choice.allow.includes(name))
      errors.push(new DocumentError('is not among the operations that are allowed', [], name));
  for (const name of choice.allow) {
    try {
      const operation = chosenOperation(operations, name);
      const tool = toolOf(read, operation, choice, choice.override?.[name] ?? {}, notes);
      if (tools.some((other) => other.name === tool.name))
        throw new DocumentError(`would be a second tool ${tool.name}: give it another name`);
      tools.push(tool);
    } catch (thrown) {
      if (!(thrown instanceof DocumentError)) throw thrown;
      errors.push(new DocumentError(`${name}: ${thrown.message}`, thrown.pointer, name));
    }
  }
  return { tools, notes, errors };
}

function toolOf(
  document: OpenApiDocument,
  operation: Operation,
  { credentials = [], authenticatedOtherwise = false }: Choice,
  override: ToolOverride,
  notes: { tool: string; note: string }[],
): RestTool {
  const name = override.name ?? operation.derivedName;
  if (!isToolName(name))
    throw new DocumentError(`the name ${JSON.stringify(name.slice(0, 80))} must be 1-64 characters of a-z 0-9 _`);
  const found = new Set<string>();
  const note = (finding: string): void => void found.add(finding);
  const { root } = document;
  const auth = authOf(root, operation, new Set(credentials), authenticatedOtherwise);
  const fixed = fixedPlaces(root, operation, override.fixed ?? {});
  const skip = new Set([...credentialPlaces(root), ...Object.keys(fixed).map((key) => key.toLowerCase())]);
  const parameters = parametersOf(root, operation, skip, note);
  const body = bodyOf(document, operation.method, operation.description['requestBody'], operation.pointer);
  const input = smallest(document, 'input', note, (conversion) => inputOf(conversion, parameters, body), operation);
  requirePlaces(operation, input, fixed);
  const output = override.output === 'none' ? undefined : outputUnlessTooLarge(document, operation, note);
  for (const finding of found) notes.push({ tool: name, note: finding });
  const effect = override.effect ?? effectOf(operation.method);
  return {
    name,
    ...titleOf(operation),
    description: override.description ?? descriptionOf(operation),
    inputSchema: input.schema,
    ...(output?.schema !== undefined && { outputSchema: output.schema }),
    effect,
    annotations: annotationsOf(effect, IDEMPOTENT.has(operation.method)),
    operation: bindingOf(operation, input, output, auth, fixed),
  };
}

const bindingOf = (
  { method, path }: Operation,
  { parameters, body }: Input,
  output: Output | undefined,
  auth: OperationBinding['auth'],
  fixed: OperationBinding['fixed'],
): OperationBinding => ({
  method,
  template: path,
  parameters,
  ...(body !== undefined && { body }),
  auth,
  fixed,
  answer: output?.shape ?? 'none',
  accepts: output?.accepts ?? [],
});

/** Converts with less and less depth until the schema is small enough and can be checked. */
function smallest<T extends { readonly schema?: JsonObject }>(
  document: OpenApiDocument,
  direction: Conversion['direction'],
  note: (finding: string) => void,
  convert: (conversion: Conversion) => T,
  { pointer }: Operation,
): T {
  let why = '';
  for (const attempt of ATTEMPTS) {
    const found: string[] = [];
    const made = unlessTooMany(() =>
      convert({ document, direction, ...attempt, note: (finding) => void found.push(finding) }),
    );
    why = made === undefined ? 'has too many parts' : (faultOf(made.schema) ?? '');
    if (made === undefined || why !== '') continue;
    for (const finding of found) note(`${direction}: ${finding}`);
    return made;
  }
  throw new DocumentError(`the schema of its ${direction === 'input' ? 'arguments' : 'answers'} ${why}`, pointer);
}

function unlessTooMany<T>(convert: () => T): T | undefined {
  try {
    return convert();
  } catch (thrown) {
    if (thrown instanceof TooManySchemas) return undefined;
    throw thrown;
  }
}

function faultOf(schema: JsonObject | undefined): string | undefined {
  if (schema === undefined) return undefined;
  if (JSON.stringify(schema).length > SCHEMA_BYTES_MAX) return `is larger than ${SCHEMA_BYTES_MAX} bytes`;
  try {
    compileSchema(schema);
    return undefined;
  } catch (thrown) {
    return `cannot be checked: ${thrown instanceof Error ? thrown.message : 'it does not compile'}`;
  }
}

/** A schema of answers that cannot be checked is not published; the answers still are. */
function outputUnlessTooLarge(
  document: OpenApiDocument,
  operation: Operation,
  note: (finding: string) => void,
): Output | undefined {
  try {
    return smallest(document, 'output', note, (conversion) => outputOf(conversion, operation), operation);
  } catch (thrown) {
    if (!(thrown instanceof DocumentError)) throw thrown;
    note(`no schema of answers: ${thrown.message}`);
    return undefined;
  }
}

/** Parameters with values of the operator, by `in:name`. */
function fixedPlaces(
  root: JsonObject,
  operation: Operation,
  fixed: Readonly<Record<string, string>>,
): Record<string, string> {
  const names = Object.entries(fixed);
  if (names.length === 0) return {};
  const known = parametersOf(root, operation, new Set(), () => undefined).map(({ binding }) => binding);
  return Object.fromEntries(
    names.map(([name, value]) => {
      const binding = known.find((candidate) => candidate.name === name);
      if (binding === undefined || binding.in === 'cookie')
        throw new DocumentError(`has no parameter ${JSON.stringify(name)} that could be fixed`);
      if (!/^[\x20-\x7e]{1,1024}$/.test(value))
        throw new DocumentError(`the fixed value of ${JSON.stringify(name)} cannot be sent`);
      return [`${binding.in}:${name}`, value];
    }),
  );
}

/** Each place of the path must have a parameter, or a caller's text would be sent as a placeholder. */
function requirePlaces(
  { path, pointer }: Operation,
  { parameters }: Input,
  fixed: Readonly<Record<string, string>>,
): void {
  for (const name of placeholdersOf(path)) {
    const isFilled = parameters.some((parameter) => parameter.in === 'path' && parameter.name === name);
    if (!isFilled && fixed[`path:${name}`] === undefined)
      throw new DocumentError(`the path has a place {${name}} without a parameter`, pointer);
  }
  const segments = path.split('/').slice(1);
  const isBroken = segments.some(
    (segment, at) => /^\.{0,2}$/.test(segment) && (segment !== '' || at < segments.length - 1),
  );
  if (isBroken || /[?#\s\\\p{Cc}]/u.test(path))
    throw new DocumentError('the path has a query, a fragment, an empty part or a step up', pointer);
}

function titleOf({ description }: Operation): { readonly title?: string } {
  const title = cleanText(description['summary'], TITLE_CHARACTERS_MAX);
  return title === '' ? {} : { title };
}

function descriptionOf({ description, method, path }: Operation): string {
  const summary = cleanText(description['summary'], DESCRIPTION_CHARACTERS_MAX);
  const text = cleanText(description['description'], DESCRIPTION_CHARACTERS_MAX);
  const both = text.toLowerCase().startsWith(summary.toLowerCase()) ? text : joined(summary, text);
  const known = both === '' ? `${method} ${path}` : both;
  const isDeprecated = description['deprecated'] === true;
  return cleanText(isDeprecated ? `Deprecated. ${known}` : known, DESCRIPTION_CHARACTERS_MAX);
}

function joined(summary: string, text: string): string {
  if (summary === '' || text === '') return `${summary}${text}`;
  return `${/[.!?…]$/.test(summary) ? summary : `${summary}.`} ${text}`;
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY']);

function effectOf(method: string): RestTool['effect'] {
  if (SAFE.has(method)) return 'read';
  return method === 'DELETE' ? 'delete' : 'write';
}

/** What can be repeated without more effect. */
const IDEMPOTENT = new Set([...SAFE, 'PUT', 'DELETE']);

/**
 * The servers that a document names: for the operator to read. Requests go where the configuration says.
 *
 * @example
 * ```ts
 * const suggestions = serversIn(readDocument(text));
 * ```
 */
export function serversIn({ root }: OpenApiDocument): readonly string[] {
  const servers = root['servers'];
  if (!Array.isArray(servers)) return [];
  return (servers as readonly Json[]).flatMap((server) => cleanText(asObject(server)['url'], 200) || []);
}
