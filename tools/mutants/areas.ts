/** All changes, by the part of the product that they change; what is judged quickest comes first. */
import { adapters } from './adapters.ts';
import { audit } from './audit.ts';
import type { Change } from './change.ts';
import { clientState } from './client-state.ts';
import { config, settings } from './config.ts';
import { control, protocol } from './control.ts';
import { edge } from './edge.ts';
import { guard } from './guard.ts';
import { library } from './library.ts';
import { means } from './means.ts';
import { sandbox } from './sandbox.ts';
import { pins } from './pins.ts';
import { reads } from './reads.ts';
import { rest } from './rest.ts';
import { rights } from './rights.ts';
import { shares } from './shares.ts';
import { stores } from './stores.ts';
import { transports } from './transports.ts';
import { upstream } from './upstream.ts';

export const AREAS: Readonly<Record<string, readonly Change[]>> = {
  guard,
  rights,
  shares,
  protocol,
  config,
  control,
  reads,
  edge,
  'client-state': clientState,
  pins,
  upstream,
  transports,
  audit,
  adapters,
  stores,
  library,
  rest,
  means,
  sandbox,
  settings,
};
