/**
 * Names of notifications that are not about a changed list; for those see `lists.ts` (MCP, schema of each revision).
 */

/** By what each notification says. */
export const NOTIFICATION = {
  /** From legacy clients, after the handshake. */
  initialized: 'notifications/initialized',
  cancelled: 'notifications/cancelled',
  progress: 'notifications/progress',
  /** A log message. */
  message: 'notifications/message',
  resourceUpdated: 'notifications/resources/updated',
  /** From legacy clients. */
  rootsListChanged: 'notifications/roots/list_changed',
  /** From servers of 2025-11-25. */
  elicitationComplete: 'notifications/elicitation/complete',
  /** The state of a task in 2025-11-25. */
  taskStatus: 'notifications/tasks/status',
  /** The state of a task in the tasks extension (SEP-2663). */
  task: 'notifications/tasks',
  /** The first message of a modern subscription. */
  subscriptionAcknowledged: 'notifications/subscriptions/acknowledged',
} as const;

/** True for the state of a task, in the notification of either era. */
export const isTaskNotification = (method: string): boolean =>
  method === NOTIFICATION.task || method === NOTIFICATION.taskStatus;
