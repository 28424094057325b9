/** HTTP requests to systems behind a server: to allowed hosts only, at addresses that were judged. */
export { addressKind, type AddressKind } from './addresses.ts';
export { AddressError, createDialler, judgedLookup, refuseAddress, type DialRules } from './dialler.ts';
