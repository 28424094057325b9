/**
 * The formats that are checked, each in linear time; every other format is an annotation, as JSON Schema 2020-12 says.
 */
const DATE = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const TIME = /^([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,9})?([zZ]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const EMAIL = /^[^\s@]{1,64}@[^\s@]{1,253}$/;
/** RFC 5321: between quotes a local part may have spaces and `@`. */
const EMAIL_WITH_QUOTES = /^"[^"\\]{1,62}"@[^\s@]{1,253}$/;

const isDate = (text: string): boolean =>
  DATE.test(text) && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);

/** Format name → whether a text has it. */
export const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  date: (text) =>
    text.length === 10 && DATE.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) && isDate(text),
  time: (text) => text.length <= 30 && TIME.test(text),
  'date-time': (text) =>
    text.length <= 41 &&
    /^[tT ]$/.test(text[10] ?? '') &&
    TIME.test(text.slice(11)) &&
    DATE.test(text.slice(0, 10)) &&
    isDate(text.slice(0, 10)),
  uuid: (text) => /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text),
  uri: (text) => text.length <= 8_192 && /^[a-z][a-z0-9+.-]*:/i.test(text) && URL.canParse(text),
  email: (text) => text.length <= 254 && (EMAIL.test(text) || EMAIL_WITH_QUOTES.test(text)),
  ipv4: (text) =>
    text.split('.').length === 4 && text.split('.').every((part) => /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/.test(part)),
};
