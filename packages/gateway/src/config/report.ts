/**
 * Collects the errors of a configuration and the settings that weaken a protection. Nothing stops at the first error.
 */
import type { ConfigError, Path, ParsedYaml } from './positions.ts';
import { closest } from './suggest.ts';

/** Errors and weakenings, in the order in which they were found. */
export interface Report {
  /** @param comparedWith another setting that decides whether this is an error. */
  error(path: Path, message: string, comparedWith?: Path): void;
  /** Of another file, which the setting names. */
  errorAt(position: Pick<ConfigError, 'file' | 'line' | 'column'>, path: Path, message: string): void;
  weaken(sentence: string): void;
  /** Where the value of a path stands. */
  positionOf(path: Path): Pick<ConfigError, 'file' | 'line' | 'column'>;
  readonly errors: readonly ReportedError[];
  readonly weakenings: readonly string[];
}

/** An error, and the setting that it is about. */
export interface ReportedError extends ConfigError {
  readonly path: Path;
  /** Another setting that decides whether this is an error. */
  readonly comparedWith?: Path | undefined;
}

/** An empty report. @param original where a part of the configuration stands in the file. */
export function openReport(yaml: ParsedYaml, original: (path: Path) => Path): Report {
  const errors: ReportedError[] = [];
  const weakenings: string[] = [];
  return {
    errors,
    weakenings,
    error: (path, message, comparedWith) => {
      const inFile = original(path);
      errors.push({ ...yaml.positionOf(inFile), message: sentence(inFile, message), path: inFile, comparedWith });
    },
    errorAt: (position, path, message) => {
      const inFile = original(path);
      errors.push({ ...position, message: sentence(inFile, message), path: inFile });
    },
    weaken: (text) => weakenings.push(text),
    positionOf: (path) => yaml.positionOf(original(path)),
  };
}

const sentence = (path: Path, message: string): string =>
  path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`;

/** The part of a zod issue that is used here. */
export interface Issue {
  readonly code?: string | undefined;
  readonly path: Path;
  readonly message: string;
  readonly keys?: readonly string[] | undefined;
  readonly issues?: readonly { readonly message: string }[] | undefined;
  readonly origin?: string | undefined;
  readonly minimum?: number | bigint | undefined;
  readonly maximum?: number | bigint | undefined;
}

/** @param jsonSchema the schema whose keys are suggested for an unknown key. */
export function errorsOfIssue(issue: Issue, yaml: ParsedYaml, jsonSchema: unknown): ConfigError[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(jsonSchema, issue.path);
    return (issue.keys ?? []).map((key) => {
      const suggestion = closest(key, known);
      const path = [...issue.path, key];
      return {
        ...yaml.positionOf(path, true),
        message: sentence(path, `unknown key${suggestion === undefined ? '' : `; did you mean "${suggestion}"?`}`),
      };
    });
  }
  if (issue.code === 'invalid_key') {
    return [
      {
        ...yaml.positionOf(issue.path, true),
        message: sentence(issue.path, `the name ${issue.issues?.[0]?.message ?? 'is not valid'}`),
      },
    ];
  }
  const message =
    boundOf(issue) ??
    issue.message
      .replace(/^Invalid input: /, '')
      .replace(/^Invalid option: /, '')
      .replace(/, received undefined$/, ', but it is missing');
  return [{ ...yaml.positionOf(issue.path), message: sentence(issue.path, message) }];
}

const COUNTED: Readonly<Record<string, readonly [singular: string, plural: string]>> = {
  array: ['entry', 'entries'],
  string: ['character', 'characters'],
  object: ['key', 'keys'],
};

/** A value that is too small or too large, in words; `undefined` for every other issue. */
function boundOf({ code, origin = '', minimum, maximum }: Issue): string | undefined {
  if (code !== 'too_small' && code !== 'too_big') return undefined;
  const bound = code === 'too_small' ? minimum : maximum;
  const comparison = code === 'too_small' ? 'at least' : 'at most';
  const noun = COUNTED[origin]?.[Number(bound) === 1 ? 0 : 1];
  return noun === undefined ? `must be ${comparison} ${bound}` : `must have ${comparison} ${bound} ${noun}`;
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
}

/** The keys that an object at this path may have; `[]` where there is no such object. */
export function knownKeys(schema: unknown, path: Path): readonly string[] {
  let node: SchemaNode | undefined = schema as SchemaNode;
  for (const step of path) {
    const properties: SchemaNode['properties'] = node?.properties;
    if (typeof step === 'number') node = node?.items;
    else if (properties !== undefined && Object.hasOwn(properties, String(step))) node = properties[String(step)];
    else node = typeof node?.additionalProperties === 'object' ? node.additionalProperties : undefined;
  }
  const options = [node, ...(node?.anyOf ?? [])];
  return options.flatMap((option) => Object.keys(option?.properties ?? {}));
}
