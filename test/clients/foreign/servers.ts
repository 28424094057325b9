/** All foreign servers that are tried: those of npm, PyPI and Go. */
import type { ForeignServer } from './server.ts';
import { GO_SERVERS } from './servers-go.ts';
import { NPM_SERVERS } from './servers-npm.ts';
import { PYPI_SERVERS } from './servers-pypi.ts';

export const SERVERS: readonly ForeignServer[] = [...NPM_SERVERS, ...PYPI_SERVERS, ...GO_SERVERS];
