/** Every endpoint of the control API. One that is not in this list does not exist. */
import type { ApiRoute } from './api/route.ts';
import { approveApproval, denyApproval } from './approvals/decide.ts';
import { listApprovals } from './approvals/list.ts';
import { getApproval } from './approvals/show.ts';
import { approvalPasskey } from './approvals/passkey-options.ts';
import { withdrawApproval } from './approvals/withdraw.ts';
import { getProof } from './audit/proof.ts';
import { exportCalls } from './calls/export.ts';
import { listCalls } from './calls/list.ts';
import { getCall } from './calls/show.ts';
import type { ApiDeps } from './deps.ts';
import { getEvents } from './events/show.ts';
import { createKey } from './keys/create.ts';
import { listKeys } from './keys/list.ts';
import { revokeKey } from './keys/revoke.ts';
import { getOpenApi } from './openapi.ts';
import { getOverview } from './overview/show.ts';
import { listPasskeys } from './passkeys/list.ts';
import { passkeyOptions, registerPasskey } from './passkeys/register.ts';
import { removePasskey } from './passkeys/remove.ts';
import { listPeople } from './people/list.ts';
import { explainPolicies } from './policies/explain.ts';
import { getPolicies } from './policies/files.ts';
import { tryCall } from './policies/try.ts';
import { getSettings } from './settings/show.ts';
import { getAccess } from './servers/access.ts';
import { approveDefinition } from './servers/definition-approve.ts';
import { listDefinitions } from './servers/definition-list.ts';
import { rejectDefinition } from './servers/definition-reject.ts';
import { getDefinition } from './servers/definition-show.ts';
import { listServers } from './servers/list.ts';
import { getServer } from './servers/show.ts';
import { changeTenant } from './session/change-tenant.ts';
import { endSession } from './session/end.ts';
import { getSession } from './session/show.ts';

/** The table. */
export const API_ROUTES: readonly ApiRoute<ApiDeps>[] = [
  getOpenApi,
  getOverview,
  listCalls,
  exportCalls,
  getCall,
  getProof,
  getPolicies,
  getSettings,
  getEvents,
  explainPolicies,
  tryCall,
  listPeople,
  listKeys,
  createKey,
  revokeKey,
  listServers,
  getServer,
  getAccess,
  listDefinitions,
  getDefinition,
  approveDefinition,
  getSession,
  endSession,
  changeTenant,
  rejectDefinition,
  listApprovals,
  getApproval,
  approveApproval,
  denyApproval,
  withdrawApproval,
  approvalPasskey,
  listPasskeys,
  passkeyOptions,
  registerPasskey,
  removePasskey,
];
