/** What can be written as a statement, and what cannot. */
import { describe, expect, it } from 'vitest';
import type { CallContext } from '../call-context.ts';
import type { SqlDatabase } from './database.ts';
import { sql, type Sql, type SqlValue } from './fragment.ts';
import { render } from './render.ts';

const shown = (statement: Sql, access: 'read' | 'write' = 'read'): ReturnType<typeof render> =>
  render(statement, 'acme', access, (number) => `$${number}`);

const spaced = (statement: Sql): ReturnType<typeof render> => {
  const rendered = shown(statement);
  return { ...rendered, text: rendered.text.replaceAll(/\s+/g, ' ').trim() };
};

describe('a statement', () => {
  it('has placeholders where the author wrote values, also in nested parts, numbered through', () => {
    const status = sql`status = ${'open'}`;
    const statement = sql`select id from orders where ${status} and total > ${5} and tenant = ${sql.tenant}`;
    expect(spaced(statement)).toEqual({
      text: 'select id from orders where status = $1 and total > $2 and tenant = $3',
      values: ['open', 5, 'acme'],
      namesTenant: true,
    });
  });

  it('has lists, conditions, choices, names and patterns that are safe for every input', () => {
    const order = { newest: sql`placed_at desc`, largest: sql`total desc` };
    const any = sql.join([sql`a = ${1}`, sql`b = ${2}`], 'or');
    const statement = sql`select ${sql.identifier('id', ['id', 'name'])} from orders
      where ${any} and id in ${sql.list([1, 2])} and name like ${sql.contains('50%_\\')}
      order by ${sql.choose('newest', order)}`;
    expect(spaced(statement).text).toBe(
      'select "id" from orders where ( ( a = $1 ) or ( b = $2 ) ) and id in ( $3 , $4 ) ' +
        "and name like $5 escape '\\' order by placed_at desc",
    );
    expect(shown(statement).values).toEqual([1, 2, 1, 2, '%50\\%\\_\\\\%']);
    expect(shown(sql`select 1 where 1 in ${sql.list([])}`).text).toContain('(select null where 1 = 0)');
    expect(() => sql.join([], 'and')).toThrow('nothing to join');
  });

  it('R4 cannot be a text that was put together: it does not compile, and does not run', () => {
    const name = "x' or '1'='1";
    const put = `select * from users where name = '${name}'`;
    const database = { read: async (_: CallContext, statement: Sql) => shown(statement) } as unknown as SqlDatabase;
    // @ts-expect-error a text is no statement
    const read = (): Promise<unknown> => database.read({} as CallContext, put);
    // @ts-expect-error sql is written before a template
    const called = (): Sql => sql(put);
    const forged = Object.assign([put], { raw: [put] });
    expect(() => shown(put as unknown as Sql)).toThrow('never a text');
    expect(() => shown({ text: put } as unknown as Sql)).toThrow('never a text');
    expect(called).toThrow('never called with a text');
    expect(() => sql(forged)).toThrow('never called with a text');
    void read().catch(() => undefined);
  });

  it.each<[string, () => Sql]>([
    ['a second statement', () => sql`select 1; drop table users`],
    ['a line comment', () => sql`select 1 -- ${2}`],
    ['a block comment', () => sql`select /* ${2} */ 1`],
    ['a value in quotes', () => sql`select '${'x'}'`],
    ['a quote that stays open', () => sql`select 'x`],
    ['a name that stays open', () => sql`select "x`],
    ['a string with escapes', () => sql`select E'\\' or ${1}`],
    ['a name with escapes', () => sql`select U&"\0073"`],
    ['a dollar quote', () => sql`select $$x$$`],
    ['a placeholder of its own', () => sql`select $1`],
    ['a change of settings', () => sql`select set_config('app.tenant', 'other', true)`],
    ['a change of settings as a quoted name', () => sql`select "set_config"('app.tenant', 'other', true)`],
  ])('R4 does not have %s', (_, write) => expect(write).toThrow(TypeError));

  it('R4 has no comment, string or placeholder that begins in one part and ends in another', () => {
    expect(spaced(sql`select 1 -${sql`-${2}`}`).text).toBe('select 1 - - $1');
    expect(spaced(sql`select 1 /${sql`* 2`}`).text).toBe('select 1 / * 2');
    expect(spaced(sql`select ${1}0, E${sql`'\\'`}`).text).toBe("select $1 0, E '\\'");
  });

  it('may have quotes, doubled quotes and semicolons in quotes', () => {
    expect(spaced(sql`select 'it''s; -- $1' as "a;b", ${1}`).text).toBe(`select 'it''s; -- $1' as "a;b", $1`);
  });

  it.each([
    'insert into t',
    'copy t to stdout',
    'set role admin',
    'reset all',
    'commit',
    'do language x',
    'explain select',
  ])('R4 does not read with: %s', (text) => {
    const strings = Object.freeze(Object.assign([text], { raw: Object.freeze([text]) }));
    expect(() => shown(sql(strings as unknown as TemplateStringsArray))).toThrow(TypeError);
  });

  it('J10 takes no value of another type, and converts none', () => {
    for (const value of [undefined, {}, [], ['x'], Number.NaN, Infinity, () => 1, Symbol('x'), new Date('x')])
      expect(() => sql`select ${value as SqlValue}`).toThrow('a value of a statement is');
    // pg calls toPostgres of an object.
    expect(() => sql`select ${{ toPostgres: () => 'x' } as unknown as SqlValue}`).toThrow('a value of a statement is');
  });

  it('R1 refuses texts that a database changes or cannot hold, with an error for the model', () => {
    for (const value of ['a\0b', '\ud800', 'x\udfff'])
      expect(() => sql`select ${value}`).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => sql.contains('\0')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => sql.list(Array.from({ length: 1_001 }, () => 1))).toThrow('more than 1000 values');
  });

  it('R2 takes no order or name that is not on the list of the author', () => {
    const order = { newest: sql`placed_at desc` };
    for (const name of ['id; drop table x', 'constructor', '__proto__', 'toString', '', 'NEWEST'])
      expect(() => sql.choose(name, order)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    for (const name of ['id"', 'ID', '', 'secret'])
      expect(() => sql.identifier(name, ['id'])).toThrow('none of the columns');
    expect(() => sql.identifier('a"b', ['a"b'])).toThrow(TypeError);
  });
});
