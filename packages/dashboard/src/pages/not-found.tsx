import { Link } from '@tanstack/react-router';
import { Compass } from 'lucide-react';
import type { ReactNode } from 'react';
import { Page } from '../ui/page.tsx';
import { Empty } from '../ui/states.tsx';

export function NotFound(): ReactNode {
  return (
    <Page title="Page not found">
      <Empty icon={Compass} title="There is no page at this address">
        <p>
          Go back, or to the <Link to="/">overview</Link>.
        </p>
      </Empty>
    </Page>
  );
}
