/** Every endpoint of the control API. One that is not in this list does not exist. */
import type { ApiRoute } from './api/route.ts';
import { approveApproval, denyApproval } from './approvals/decide.ts';
import { listApprovals } from './approvals/list.ts';
import { getApproval } from './approvals/show.ts';
import type { ApiDeps } from './deps.ts';
import { getOpenApi } from './openapi.ts';

/** The table. */
export const API_ROUTES: readonly ApiRoute<ApiDeps>[] = [
  getOpenApi,
  listApprovals,
  getApproval,
  approveApproval,
  denyApproval,
];
