/** The words of a name: `getCustomer`, `get_customer` and `get-customer` have the same two. */
export const wordsOf = (name: string): readonly string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');

/** Verbs that only look. */
export const READING = new Set(
  (
    'analyze ask browse calculate check compare compute convert count describe detect diff echo evaluate explain ' +
    'extract fetch find format get inspect list look lookup measure parse peek ping preview query read render ' +
    'resolve retrieve run scan search see show solve summarize test track translate validate verify view wait ' +
    'watch'
  ).split(' '),
);

/** Verbs that add or change. */
export const WRITING = new Set(
  (
    'activate add adjust append apply approve archive assign batch begin book build change click close commit ' +
    'complete configure confirm connect copy create define deploy download draw duplicate edit enable end execute ' +
    'export fill fork generate import initialize insert install invite join leave load lock log login make mark ' +
    'merge modify move navigate open optimize order pay pin play post press process publish push put rate react ' +
    'record register rename reply report request resize resolve restart resume revert save schedule scrape select ' +
    'set share shuffle sign star start stop store submit subscribe switch sync tag take think transfer trigger ' +
    'type undo unlock update upload upsert use write'
  ).split(' '),
);

/** Verbs that take away. */
export const DELETING = new Set(
  (
    'cancel clear delete destroy disable discard dismiss drop erase kill purge reject remove reset revoke ' +
    'terminate truncate uninstall unsubscribe wipe'
  ).split(' '),
);

/** Verbs that leave the system. */
export const SENDING = new Set('broadcast call email forward message notify send text tweet'.split(' '));

/** Whether a word is a verb that names an action. */
export const isVerb = (word: string): boolean =>
  READING.has(word) || WRITING.has(word) || DELETING.has(word) || SENDING.has(word);
