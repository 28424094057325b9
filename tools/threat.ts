/** One row of the table of threats. */
export interface Threat {
  readonly threat: string;
  readonly defence: string;
}

/** A threat in a sentence, and the defence against it. */
export const row = (threat: string, defence: string): Threat => ({ threat, defence });
