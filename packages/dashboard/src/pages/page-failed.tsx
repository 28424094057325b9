import type { ErrorComponentProps } from '@tanstack/react-router';
import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from '../ui/button.tsx';
import { Page } from '../ui/page.tsx';
import { Empty } from '../ui/states.tsx';

/** When a page cannot be shown at all: a mistake of ours, or a newer gateway behind an older page. */
export function PageFailed({ error }: ErrorComponentProps): ReactNode {
  return (
    <Page title="This page failed">
      <Empty icon={TriangleAlert} title="The page cannot be shown">
        <p>The gateway may have been updated since this page was opened. Reload it.</p>
        <code>{String(error)}</code>
        <Button onClick={() => location.reload()}>Reload</Button>
      </Empty>
    </Page>
  );
}
