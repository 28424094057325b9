import { CircleSlash } from 'lucide-react';
import type { ReactNode } from 'react';
import { Page } from '../ui/page.tsx';
import { Empty } from '../ui/states.tsx';

export function NotYet(): ReactNode {
  return (
    <Page title="Not available in this version">
      <Empty icon={CircleSlash} title="This page comes with a later version">
        <p>The command line shows the same: sallyport --help.</p>
      </Empty>
    </Page>
  );
}
