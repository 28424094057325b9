/** Every endpoint of the control API. One that is not in this list does not exist. */
import type { ApiRoute } from './api/route.ts';
import { approveApproval, denyApproval } from './approvals/decide.ts';
import { listApprovals } from './approvals/list.ts';
import { getApproval } from './approvals/show.ts';
import { getProof } from './audit/proof.ts';
import { exportCalls } from './calls/export.ts';
import { listCalls } from './calls/list.ts';
import { getCall } from './calls/show.ts';
import type { ApiDeps } from './deps.ts';
import { getOpenApi } from './openapi.ts';
import { getOverview } from './overview/show.ts';
import { approveDefinition } from './servers/definition-approve.ts';
import { listDefinitions } from './servers/definition-list.ts';
import { getDefinition } from './servers/definition-show.ts';
import { listServers } from './servers/list.ts';
import { getServer } from './servers/show.ts';

/** The table. */
export const API_ROUTES: readonly ApiRoute<ApiDeps>[] = [
  getOpenApi,
  getOverview,
  listCalls,
  exportCalls,
  getCall,
  getProof,
  listServers,
  getServer,
  listDefinitions,
  getDefinition,
  approveDefinition,
  listApprovals,
  getApproval,
  approveApproval,
  denyApproval,
];
