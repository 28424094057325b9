/** Builds the dashboard unless it is up to date. @returns whether a build was needed. */
export function buildDashboard(): boolean;
