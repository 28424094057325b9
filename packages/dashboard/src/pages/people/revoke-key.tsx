import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { change } from '../../api/client.ts';
import type { ApiKey } from '../../api/types.ts';
import { useAnnounce } from '../../ui/announce.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Notice } from '../../ui/page.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';

export interface RevokeKeyProps {
  readonly apiKey: ApiKey;
  readonly onClose: () => void;
}

export function RevokeKey({ apiKey, onClose }: RevokeKeyProps): ReactNode {
  const queries = useQueryClient();
  const announce = useAnnounce();
  const revoke = useMutation({
    mutationFn: () => change('DELETE', `/keys/${encodeURIComponent(apiKey.id)}`),
    onSuccess: () => {
      announce('Revoked');
      void queries.invalidateQueries({ queryKey: ['keys'] });
      onClose();
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Revoke this key?"
      description={
        <>
          <VisibleText text={apiKey.name ?? apiKey.id} /> stops working at once, for good.
        </>
      }
    >
      {revoke.error !== null && <Notice tone="bad" title={revoke.error.message} />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="danger" disabled={revoke.isPending} onClick={() => revoke.mutate()}>
          Revoke
        </Button>
      </DialogActions>
    </Dialog>
  );
}
