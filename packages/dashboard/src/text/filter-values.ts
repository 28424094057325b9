/** Filters as they stand in the address. */
export type FilterValues = Readonly<Record<string, string | undefined>>;
