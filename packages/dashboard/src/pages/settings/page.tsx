import { useQuery } from '@tanstack/react-query';
import { Settings2 } from 'lucide-react';
import type { ReactNode } from 'react';
import { settingsQuery } from '../../api/queries.ts';
import type { Settings } from '../../api/types.ts';
import { Badge } from '../../ui/badge.tsx';
import { Copyable } from '../../ui/copy.tsx';
import { FilterBar, useFilters } from '../../ui/filters.tsx';
import { Card, Notice, Page } from '../../ui/page.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { column, DataTable, TwoLines } from '../../ui/table.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';

type Setting = Settings['settings'][number];

const textOf = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

function Value({ setting: { value, secret } }: { readonly setting: Setting }): ReactNode {
  if (secret === true) return <span className="soft">secret, not shown</span>;
  if (value === undefined || value === null) return <span className="soft">not set</span>;
  return <Copyable value={textOf(value)} what="value" lengthMax={Infinity} />;
}

function Origin({ setting: { origin } }: { readonly setting: Setting }): ReactNode {
  return origin === 'default' ? <span className="soft">default</span> : <Badge tone="accent">{origin}</Badge>;
}

const COLUMNS = [
  column<Setting>('path', 'Setting', (setting) => (
    <TwoLines
      second={
        <>
          <Value setting={setting} /> {setting.origin !== 'default' && <Origin setting={setting} />}
        </>
      }
    >
      <Copyable value={setting.path} what="path" lengthMax={Infinity} />
    </TwoLines>
  )),
  column<Setting>('value', 'In force', (setting) => <Value setting={setting} />, { width: '38%', wide: true }),
  column<Setting>(
    'default',
    'Default',
    (setting) =>
      setting.default === undefined || setting.default === null ? (
        <span className="soft">–</span>
      ) : (
        <code>
          <VisibleText text={textOf(setting.default)} />
        </code>
      ),
    { width: '18%', wide: true },
  ),
  column<Setting>('origin', 'From', (setting) => <Origin setting={setting} />, { width: '9.5rem', wide: true }),
];

const CHOICES = [
  {
    name: 'origin',
    label: 'Origin',
    options: [
      ['', 'All origins'],
      ['file', 'From the file'],
      ['environment', 'From the environment'],
      ['default', 'Defaults'],
    ],
  },
] as const;

export function SettingsPage(): ReactNode {
  const query = useQuery(settingsQuery);
  return (
    <Page
      title="Settings"
      lead="The configuration in force, with where each value comes from. It is changed in its file."
    >
      <FilterBar text="text" placeholder="Filter settings" choices={CHOICES} />
      <Loaded query={query} what="the settings" roles="auditor" rows={12}>
        {(settings) => <Content settings={settings} />}
      </Loaded>
    </Page>
  );
}

function Content({ settings: { settings, weakenings } }: { readonly settings: Settings }): ReactNode {
  const [{ text = '', origin }] = useFilters();
  const rows = settings.filter(
    (setting) =>
      (origin === undefined || setting.origin === origin) &&
      `${setting.path} ${textOf(setting.value)}`.toLowerCase().includes(text.toLowerCase()),
  );
  return (
    <>
      {weakenings.length > 0 && (
        <Notice tone="warn" title="Protections that are taken away">
          <ul>
            {weakenings.map((weakening) => (
              <li key={weakening}>
                <VisibleText text={weakening} />
              </li>
            ))}
          </ul>
        </Notice>
      )}
      <Card flush>
        {rows.length === 0 ? (
          <Empty icon={Settings2} title="No setting matches">
            <p>Clear the filters to see all of them.</p>
          </Empty>
        ) : (
          <DataTable label="Settings" rows={rows} columns={COLUMNS} rowKey={({ path }) => path} wrap />
        )}
      </Card>
    </>
  );
}
