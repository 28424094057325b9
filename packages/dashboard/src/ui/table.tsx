/**
 * A table of any length: only the rows in sight are in the page. Each row has one link, which is what the keys j and k
 * and a click on the row go to.
 */
import {
  FlexRender,
  tableFeatures,
  useTable,
  type ColumnDef,
  type Row as TableRowModel,
  type RowData,
} from '@tanstack/react-table';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState, type MouseEvent, type ReactNode } from 'react';
import { useShortcuts } from '../shell/shortcuts.tsx';
import styles from './table.module.css';

/** How a column looks. */
export interface ColumnLook {
  readonly number?: boolean;
  readonly width?: string;
  /** Left out on narrow screens. */
  readonly wide?: boolean;
}

const features = tableFeatures({ columnMeta: {} as ColumnLook });
export type Column<Row extends RowData> = ColumnDef<typeof features, Row, unknown>;

/** A column whose cell is made of the whole row. */
export const column = <Row extends RowData>(
  id: string,
  header: string,
  cell: (row: Row) => ReactNode,
  meta: ColumnLook = {},
): Column<Row> => ({ id, header, cell: ({ row }) => cell(row.original), meta });

export interface DataTableProps<Row extends RowData> {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly rowKey: (row: Row) => string;
  /** Whether values are shown whole, on as many lines as they need; otherwise what is too long is cut. */
  readonly wrap?: boolean;
  /** Whether there are rows that have not been read yet. */
  readonly hasMore?: boolean;
  /** Called when the end of what was read comes into sight. */
  readonly onEnd?: () => void;
  readonly dim?: (row: Row) => boolean;
}

const ROW_HEIGHT = 40;
const OVERSCAN = 8;
/** Older rows are asked for when the last row in the page is this near to the end. */
const READ_AHEAD = 12;

export function DataTable<Row extends RowData>(props: DataTableProps<Row>): ReactNode {
  const { label, rows, columns, rowKey, hasMore, onEnd, wrap = false } = props;
  const body = useRef<HTMLTableSectionElement>(null);
  const { shown, above, below, scrollTo, measure } = useRowsInSight(body, rows.length, onEnd);
  useRowKeys(body, rows.length, scrollTo);
  const first = shown[0] ?? 0;
  const past = first + shown.length;
  // Of 100,000 records the table makes rows of those in sight only.
  const data = useMemo(() => rows.slice(first, past), [rows, first, past]);
  const table = useTable({ features, columns, data, getRowId: rowKey });
  return (
    <table
      className={styles['table']}
      data-wrap={wrap || undefined}
      aria-label={label}
      aria-rowcount={hasMore === true ? -1 : rows.length + 1}
    >
      <thead>
        {table.getHeaderGroups().map((group) => (
          <tr key={group.id} aria-rowindex={1}>
            {group.headers.map(({ id, column: { columnDef } }) => (
              <th key={id} scope="col" className={cellClass(columnDef.meta)} style={{ width: columnDef.meta?.width }}>
                {typeof columnDef.header === 'string' ? columnDef.header : ''}
              </th>
            ))}
          </tr>
        ))}
      </thead>
      <tbody ref={body}>
        <Spacer height={above} />
        {table.getRowModel().rows.map((row, at) => (
          <TableRow
            key={row.id}
            row={row}
            columns={columns}
            index={first + at}
            isDim={props.dim?.(row.original) === true}
            measure={wrap ? measure : undefined}
          />
        ))}
        <Spacer height={below} />
      </tbody>
    </table>
  );
}

interface TableRowProps<Row extends RowData> {
  readonly row: TableRowModel<typeof features, Row>;
  readonly columns: readonly Column<Row>[];
  readonly index: number;
  readonly isDim: boolean;
  /** For rows whose height is that of what they hold. */
  readonly measure: ((row: HTMLElement | null) => void) | undefined;
}

function PlainTableRow<Row extends RowData>({ row, index, isDim, measure }: TableRowProps<Row>): ReactNode {
  return (
    <tr
      ref={measure}
      aria-rowindex={index + 2}
      data-index={index}
      data-row={index}
      data-dim={isDim || undefined}
      onClick={followLink}
    >
      {row.getAllCells().map((cell) => (
        <td key={cell.id} className={cellClass(cell.column.columnDef.meta)}>
          <FlexRender cell={cell} />
        </td>
      ))}
    </tr>
  );
}

/** Whether a row shows what it showed before. Each time others come into sight, the table makes new row models. */
const showsTheSame = <Row extends RowData>(before: TableRowProps<Row>, after: TableRowProps<Row>): boolean =>
  before.row.original === after.row.original &&
  before.columns === after.columns &&
  before.index === after.index &&
  before.isDim === after.isDim &&
  before.measure === after.measure;

/** Each scroll event renders the table. The rows that stay in sight are not rendered again. */
const TableRow = memo(PlainTableRow, showsTheSame) as typeof PlainTableRow;

/** Which rows are in sight, and the height of those above and below. */
function useRowsInSight(
  body: { readonly current: HTMLElement | null },
  count: number,
  onEnd: (() => void) | undefined,
): {
  readonly shown: readonly number[];
  readonly above: number;
  readonly below: number;
  readonly scrollTo: (index: number) => void;
  readonly measure: (row: HTMLElement | null) => void;
} {
  const margin = useTopOf(body);
  const virtualizer = useWindowVirtualizer({
    count,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
    scrollMargin: margin,
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= count - READ_AHEAD) onEnd?.();
  }, [last, count, onEnd]);
  const end = (items.at(-1)?.end ?? margin) - margin;
  return {
    shown: items.map(({ index }) => index),
    above: (items[0]?.start ?? margin) - margin,
    below: Math.max(0, virtualizer.getTotalSize() - end),
    scrollTo: (index) => virtualizer.scrollToIndex(index, { align: 'auto' }),
    measure: virtualizer.measureElement,
  };
}

const cellClass = (look: ColumnLook | undefined): string =>
  [look?.number === true ? styles['number'] : '', look?.wide === true ? styles['wide'] : ''].join(' ');

/** One cell: more of them would be columns of their own where narrow screens leave columns out. */
function Spacer({ height }: { readonly height: number }): ReactNode {
  if (height <= 0) return null;
  return (
    <tr aria-hidden className={styles['spacer']}>
      <td style={{ height }} />
    </tr>
  );
}

/** A cell with a second line on narrow screens, for what the columns say that are left out there. */
export function TwoLines({
  children,
  second,
}: {
  readonly children: ReactNode;
  readonly second: ReactNode;
}): ReactNode {
  return (
    <div className={styles['lines']}>
      <div>{children}</div>
      <div className={styles['second']}>{second}</div>
    </div>
  );
}

/** A button in a cell. Its word stands under the head of its column, and the row keeps its height. */
export function RowAction({ children }: { readonly children: ReactNode }): ReactNode {
  return <span className={styles['action']}>{children}</span>;
}

/** Where the rows begin on the page. */
function useTopOf(body: { readonly current: HTMLElement | null }): number {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const measured = (body.current?.getBoundingClientRect().top ?? 0) + scrollY;
    setTop((before) => (Math.abs(before - measured) < 1 ? before : measured));
  });
  return top;
}

/** A click in the row is a click on its link, unless it was for something else in the row, or selected text. */
function followLink(event: MouseEvent<HTMLTableRowElement>): void {
  const target = event.target instanceof Element ? event.target : undefined;
  if (target?.closest('a, button, input, label') !== null || getSelection()?.isCollapsed === false) return;
  event.currentTarget.querySelector<HTMLElement>('a')?.click();
}

/** j and k move the focus from row to row. */
function useRowKeys(
  body: { readonly current: HTMLElement | null },
  count: number,
  scrollTo: (index: number) => void,
): void {
  const [wanted, setWanted] = useState<number>();
  const focused = (): number => {
    const row = document.activeElement?.closest<HTMLElement>('[data-row]');
    return row !== null && row !== undefined && body.current?.contains(row) === true ? Number(row.dataset['row']) : -1;
  };
  const move = (step: number): void => {
    const next = Math.min(Math.max(focused() + step, 0), count - 1);
    if (next < 0) return;
    scrollTo(next);
    setWanted(next);
  };
  useShortcuts({
    j: { what: 'Next row', run: () => move(1) },
    k: { what: 'Previous row', run: () => move(-1) },
  });
  useEffect(() => {
    if (wanted === undefined) return;
    const link = body.current?.querySelector<HTMLElement>(`[data-row="${String(wanted)}"] a`);
    if (link === null || link === undefined) return;
    link.focus();
    setWanted(undefined);
  });
}
