/** The title of the note after which the notes server says something else of a tool. */
export const TAKEN_OVER = 'Taken over';
