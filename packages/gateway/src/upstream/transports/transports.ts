/**
 * The transports to servers, one row per kind in the configuration. A new transport is a folder, a row here and an
 * entry in the configuration schema; nothing else in the gateway asks for the kind.
 */
import type { ServerTransport } from '../../snapshot.ts';
import { openapiTransport } from '../openapi/openapi.ts';
import { httpTransport } from './http/http.ts';
import { stdioTransport } from './stdio/stdio.ts';
import type { TransportKind } from './transport-kind.ts';

/** A kind without a row does not compile. */
export const TRANSPORTS: Readonly<Record<ServerTransport['kind'], TransportKind>> = {
  http: httpTransport,
  stdio: stdioTransport,
  openapi: openapiTransport,
};
