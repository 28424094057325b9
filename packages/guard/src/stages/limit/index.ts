/** Stage 6: is there budget left? One unit per call from every bucket that applies, or from none. */
export { addressRule } from './address.ts';
export { createLimit, type LimitSetting, type LimitTiers } from './budget.ts';
export { retryDetail } from './rate-limited.ts';
export { createRefusals, type Refusals } from './refusals.ts';
