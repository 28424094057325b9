/** The audit log without its files: records, redaction, the Merkle tree, its tiles and its checkpoints. */
export { createSigner, openCheckpoint, parseVkey, type Checkpoint, type Signer } from './checkpoint.ts';
export { cosignedAtMs, parseWitnessKey } from './cosignature.ts';
export type { AuditRecord, Outcome, OutcomeStatus, Recorder, Trail } from './record.ts';
export { changeRecord, createRecorder, type KnownName, logRecord, unknownOutcome } from './recorder.ts';
export { createRedactor, type Redactor } from './redact.ts';
export { createTileReader, inclusionProofFromTiles, isComplete, parseTilePath, type Tile } from './tiles.ts';
export {
  consistencyProof,
  consistencyProofInParts,
  createFrontier,
  HASH_BYTES,
  inclusionProof,
  inclusionProofInParts,
  leafHash,
  rootOf,
  verifyConsistency,
  verifyInclusion,
  type Frontier,
  type Hash,
  type LeafAt,
  type ProofInParts,
} from './tree.ts';
